// SPDX-License-Identifier: GPL-3.0-or-later

/// What a write names; the value is of no use where nothing can be written, so it is not kept.
/// Source: Core 5.4, vol. 3, part F, 3.4.5.1.
public struct ATTWriteRequest: Hashable, Sendable {
  public var handle: ATTHandle

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .writeRequest)
    handle = try cursor.handle(pdu, "Attribute Handle")
  }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.6.1.
public struct ATTPrepareWriteRequest: Hashable, Sendable {
  public var handle: ATTHandle
  /// Bytes from the start of the value.
  public var offset: UInt16

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .prepareWriteRequest)
    handle = try cursor.handle(pdu, "Attribute Handle")
    offset = try cursor.uint16(pdu, "Value Offset")
  }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.6.3.
public struct ATTExecuteWriteRequest: Hashable, Sendable {
  public enum Flags: UInt8, Sendable { case cancel = 0x00, write = 0x01 }
  public var flags: Flags

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .executeWriteRequest)
    guard let flags = Flags(rawValue: try cursor.uint8(pdu, "Flags")) else {
      throw ParseError(.invalid, field: "Flags", offset: 1)
    }
    self.flags = flags
    try cursor.finish(after: "Flags")
  }

  /// The answer where no write was prepared. Source: the same, 3.4.6.4.
  static let response: [UInt8] = [ATTOpcode.executeWriteResponse.rawValue]
}
