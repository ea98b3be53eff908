// SPDX-License-Identifier: GPL-3.0-or-later

extension UInt16 {
  /// The two bytes in the order of the air, least significant first.
  var littleEndianBytes: [UInt8] { [UInt8(self & 0xFF), UInt8(self >> 8)] }
}

extension ByteCursor {
  /// Takes all that is left.
  mutating func rest(_ bytes: Span<UInt8>, _ field: StaticString) throws(ParseError) -> [UInt8] {
    try range(remaining, field).map { bytes[$0] }
  }
}
