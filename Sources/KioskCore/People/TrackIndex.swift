// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Which place each address that is around has: the one look-up that a report costs.
///
/// Open addressing with linear probing, at most half full. Not a `Dictionary`: its hash alone is a sixth of a report's
/// time. The hash is no secret, so whoever forges addresses can make the look-ups long, but never longer than one walk
/// through `CoreLimits.devices` entries of 16 bytes, some microseconds.
struct TrackIndex: Sendable {
  private struct Entry: Sendable {
    var address = BluetoothAddress(bits: 0, isRandom: false)
    /// Below 0: free.
    var track: Int32 = -1
  }

  /// A power of two of them.
  private var entries = [Entry](repeating: Entry(), count: 64)
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  subscript(_ address: BluetoothAddress) -> Int32? {
    let entry = entries[place(of: address)]
    return entry.track < 0 ? nil : entry.track
  }

  /// `track` is not below 0.
  mutating func insert(_ address: BluetoothAddress, _ track: Int32) {
    if 2 * (count + 1) > entries.count { grow() }
    let place = place(of: address)
    if entries[place].track < 0 { count += 1 }
    entries[place] = Entry(address: address, track: track)
  }

  mutating func remove(_ address: BluetoothAddress) {
    var hole = place(of: address)
    guard entries[hole].track >= 0 else { return }
    count -= 1
    // What stands behind without a gap moves up, unless it would come to stand before its own beginning.
    var place = hole
    while true {
      place = (place + 1) & mask
      guard entries[place].track >= 0 else { break }
      let way = (place - start(of: entries[place].address)) & mask
      guard way >= (place - hole) & mask else { continue }
      entries[hole] = entries[place]
      hole = place
    }
    entries[hole] = Entry()
  }

  private var mask: Int { entries.count - 1 }

  /// Where it stands, or the free place where it would.
  private func place(of address: BluetoothAddress) -> Int {
    var place = start(of: address)
    while entries[place].track >= 0, entries[place].address != address { place = (place + 1) & mask }
    return place
  }

  /// Fibonacci hashing: the high bits of the product depend on all of the address. Source: D. Knuth, The Art of Computer
  /// Programming, vol. 3, 6.4.
  private func start(of address: BluetoothAddress) -> Int {
    let bits = address.bits << 1 | (address.isRandom ? 1 : 0)
    return Int(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
  }

  private mutating func grow() {
    let old = entries
    entries = [Entry](repeating: Entry(), count: 2 * old.count)
    for entry in old where entry.track >= 0 { entries[place(of: entry.address)] = entry }
  }
}
