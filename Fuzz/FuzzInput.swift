// SPDX-License-Identifier: GPL-3.0-or-later

/// An input read as a list of choices. Past its end everything is zero or empty, so that each input means something.
struct FuzzInput {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset >= bytes.count }

  mutating func uint8() -> UInt8 {
    guard offset < bytes.count else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func uint16() -> UInt16 { UInt16(uint8()) | UInt16(uint8()) << 8 }

  /// One byte of length, 255 for a length of two bytes that follow, and as many bytes as there are of that.
  mutating func piece() -> [UInt8] {
    let short = uint8()
    let count = short == 255 ? Int(uint16()) : Int(short)
    let end = min(offset + count, bytes.count)
    defer { offset = end }
    return Array(bytes[min(offset, end)..<end])
  }

  mutating func rest() -> [UInt8] {
    defer { offset = bytes.count }
    return Array(bytes[min(offset, bytes.count)...])
  }

  /// What `piece` reads as `bytes`.
  static func piece(_ bytes: [UInt8]) -> [UInt8] {
    bytes.count < 255
      ? [UInt8(bytes.count)] + bytes : [255] + UInt16(clamping: bytes.count).littleEndianBytes + bytes
  }
}
