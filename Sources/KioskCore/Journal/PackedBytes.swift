// SPDX-License-Identifier: GPL-3.0-or-later

/// What the packs of the contact log and the pages of the journal have in common.
enum PackedBytes {
  /// A big-endian number; 0 when `offset` and its length do not lie inside the bytes.
  @inline(__always)
  static func number<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: Span<UInt8>, _ offset: Int, as type: T.Type) -> T
  {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<T>.size else { return 0 }
    // Any bytes are an integer, and the place was checked.
    return unsafe T(bigEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// Of the bytes from `offset` on, whose number is a multiple of four. Words of eight bytes, each taken in by steps that are
  /// one-to-one: a change within one word is found for certain, any other but once in 2⁶⁴. One nanosecond a word; against
  /// what rots, not against people.
  static func checksum(_ bytes: Span<UInt8>, from start: Int, seed: UInt64) -> UInt64 {
    var sum = seed
    func take(_ word: UInt64) {
      sum = (sum ^ word) &* multiplier
      sum ^= sum >> 32
    }
    var offset = start
    while bytes.count - offset >= 8 {
      take(number(bytes, offset, as: UInt64.self))
      offset += 8
    }
    if bytes.count - offset >= 4 { take(UInt64(number(bytes, offset, as: UInt32.self))) }
    return sum
  }

  static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
}
