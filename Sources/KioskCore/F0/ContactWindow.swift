// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The contacts of some log slots, to look ids up in: 12 bytes of id and 4 of slot each, a filter of two bytes and a
/// table of eight or sixteen a contact.
///
/// An id is looked up in the filter first: three bits of one word, a few in a hundred strangers pass it. What passes is compared
/// with the ids themselves. The places depend on a seed, so that nobody can send ids that share them.
public struct ContactWindow: Sendable {
  /// Log slots that hold contacts, in order.
  public private(set) var occupied: [Int64] = []
  private let multiplier: UInt64
  private var highs: [UInt64] = []
  private var lows: [UInt32] = []
  /// Places in `occupied`.
  private var places: [UInt32] = []
  private var filter: [UInt64] = [0]
  private var filterShift: UInt64 = 63
  private var table: [UInt32] = [0]
  private var tableShift: UInt64 = 63

  init(seed: UInt64) { multiplier = seed | 1 }

  public var count: Int { highs.count }

  mutating func removeAll() {
    occupied.removeAll(keepingCapacity: true)
    highs.removeAll(keepingCapacity: true)
    lows.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }

  /// Adds a contact; slots come in order.
  public mutating func append(slot: Int64, high: UInt64, low: UInt32) {
    guard highs.count < Int(UInt32.max) else { return }
    if occupied.last != slot { occupied.append(slot) }
    highs.append(high)
    lows.append(low)
    places.append(UInt32(truncatingIfNeeded: occupied.count - 1))
  }

  /// Adds the contacts of a pack, or nothing of one that is damaged.
  public mutating func append(_ ids: Span<UInt8>, slot: Int64) throws(ParseError) {
    try ContactPack.forEachID(ids, slot: slot) { append(slot: slot, high: $0, low: $1) }
  }

  /// Makes filter and table, after the last contact was added.
  mutating func seal() {
    let words = Self.powerOfTwo(atLeast: highs.count / 4)
    filter.removeAll(keepingCapacity: true)
    filter.append(contentsOf: repeatElement(0, count: words))
    filterShift = UInt64(64 - max(words.trailingZeroBitCount, 1))
    let slots = Self.powerOfTwo(atLeast: 2 * highs.count)
    table.removeAll(keepingCapacity: true)
    table.append(contentsOf: repeatElement(0, count: slots))
    tableShift = UInt64(64 - slots.trailingZeroBitCount)
    for index in highs.indices {
      let mixed = mix(highs[index], UInt64(lows[index]))
      filter[Int(truncatingIfNeeded: mixed &>> filterShift)] |= Self.bits(mixed)
      var place = Int(truncatingIfNeeded: mixed &>> tableShift)
      while table[place] != 0 { place = (place + 1) & (slots - 1) }
      table[place] = UInt32(truncatingIfNeeded: index + 1)
    }
  }

  /// Whether an id may be here; false is certain.
  @inline(__always)
  func mayHold(_ high: UInt64, _ low: UInt64) -> Bool {
    let mixed = mix(high, low)
    let bits = Self.bits(mixed)
    return filter[Int(truncatingIfNeeded: mixed &>> filterShift)] & bits == bits
  }

  /// Gives each log slot of a range in which the id was heard.
  func forEachSlot<Failure: Error>(
    of high: UInt64, _ low: UInt64, in range: ClosedRange<Int64>, _ body: (Int64) throws(Failure) -> Void
  ) throws(Failure) {
    var place = Int(truncatingIfNeeded: mix(high, low) &>> tableShift)
    while table[place] != 0 {
      let index = Int(table[place] - 1)
      if highs[index] == high, UInt64(lows[index]) == low, range.contains(occupied[Int(places[index])]) {
        try body(occupied[Int(places[index])])
      }
      place = (place + 1) & (table.count - 1)
    }
  }

  /// The high bits of it are well mixed.
  @inline(__always)
  private func mix(_ high: UInt64, _ low: UInt64) -> UInt64 {
    let once = (high ^ (low &* 0x9E37_79B9_7F4A_7C15)) &* multiplier
    return (once ^ (once &>> 32)) &* multiplier
  }

  /// Three bits of 64. They lie below those that choose the word, and are mixed well enough by the two multiplications.
  @inline(__always)
  private static func bits(_ mixed: UInt64) -> UInt64 {
    1 &<< ((mixed &>> 14) & 63) | 1 &<< ((mixed &>> 20) & 63) | 1 &<< ((mixed &>> 26) & 63)
  }

  private static func powerOfTwo(atLeast count: Int) -> Int {
    var power = 2
    while power < count { power *= 2 }
    return power
  }
}
