// SPDX-License-Identifier: GPL-3.0-or-later

/// A binary heap of times with an index each, earliest first, ties by index; one word an entry.
struct TimeHeap: Sendable {
  private var items: [UInt64] = []
  private static let indexBits: UInt64 = 20

  var first: (time: Int64, index: Int)? {
    guard let item = items.first else { return nil }
    return (Int64(item >> Self.indexBits), Int(item & (1 << Self.indexBits - 1)))
  }

  /// `time` is not negative and below 2^43, `index` below 2^20.
  mutating func insert(time: Int64, index: Int) {
    items.append(Self.item(time, index))
    var at = items.count - 1
    while at > 0, items[at] < items[(at - 1) / 2] {
      items.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  mutating func removeFirst() {
    guard let last = items.popLast(), !items.isEmpty else { return }
    sink(last)
  }

  mutating func replaceFirst(time: Int64, index: Int) {
    guard !items.isEmpty else { return }
    sink(Self.item(time, index))
  }

  private mutating func sink(_ item: UInt64) {
    var at = 0
    let count = items.count
    while true {
      var child = 2 * at + 1
      guard child < count else { break }
      if child + 1 < count, items[child + 1] < items[child] { child += 1 }
      guard items[child] < item else { break }
      items[at] = items[child]
      at = child
    }
    items[at] = item
  }

  private static func item(_ time: Int64, _ index: Int) -> UInt64 {
    UInt64(max(time, 0)) << indexBits | UInt64(index)
  }
}
