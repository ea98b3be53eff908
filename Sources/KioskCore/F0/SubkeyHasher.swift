// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Walks the key chains of many cases at once. The core says which and how far; how the machine hashes fastest is the
/// edge's business.
public struct SubkeyHasher: Sendable {
  /// How it hashes, for benchmarks and `kiosk doctor`.
  public let name: String
  private let nextDay: @Sendable (inout [UInt32]) -> Void
  private let walkSlots: @Sendable ([UInt32], Range<Int>, Int, inout [UInt64]) -> Void

  /// Words of a key (`BluezoneKey.words`).
  public static let keyWords = 8

  /// - Parameters:
  ///   - nextDay: replaces each key by the next day's. Keys are eight words each, one after the other.
  ///   - walkSlots: gives the ids of so many slots of the daily keys numbered in the range: two numbers an id
  ///     (`BluezoneID.high` and `low`), the ids of a key together, from the array's start. The array has room.
  public init(
    name: String, nextDay: @escaping @Sendable (inout [UInt32]) -> Void,
    walkSlots: @escaping @Sendable ([UInt32], Range<Int>, Int, inout [UInt64]) -> Void
  ) {
    self.name = name
    self.nextDay = nextDay
    self.walkSlots = walkSlots
  }

  public func advance(_ keys: inout [UInt32]) {
    if !keys.isEmpty { nextDay(&keys) }
  }

  public func walk(_ keys: [UInt32], _ range: Range<Int>, slots: Int, into ids: inout [UInt64]) {
    let numbers = 2 * range.count * slots
    if ids.count < numbers { ids.append(contentsOf: repeatElement(0, count: numbers - ids.count)) }
    if numbers > 0 { walkSlots(keys, range, slots, &ids) }
  }

  /// By the library's SHA-256, a key at a time: works everywhere, and is what the fast ways are checked against.
  public static let portable = Self(
    name: "portable",
    nextDay: { keys in
      var next: [UInt32] = []
      next.reserveCapacity(keys.count)
      for start in stride(from: 0, to: keys.count, by: keyWords) {
        guard let key = BluezoneKey(words: keys[start..<min(start + keyWords, keys.count)]) else { continue }
        next += key.next.words
      }
      keys = next
    },
    walkSlots: { keys, range, slots, ids in
      var place = 0
      for number in range {
        guard let key = BluezoneKey(words: keys[number * keyWords..<(number + 1) * keyWords]) else { continue }
        var subKey = key.firstSubKey
        for slot in 0..<slots {
          if slot > 0 { subKey = subKey.next }
          let id = subKey.bluezoneID
          ids[place] = id.high
          ids[place + 1] = UInt64(id.low)
          place += 2
        }
      }
    })
}
