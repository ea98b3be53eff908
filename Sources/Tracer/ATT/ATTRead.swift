// SPDX-License-Identifier: GPL-3.0-or-later

/// Source: Core 5.4, vol. 3, part F, 3.4.4.3.
public struct ATTReadRequest: Hashable, Sendable {
  public var handle: ATTHandle

  public init(handle: ATTHandle) { self.handle = handle }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readRequest)
    handle = try cursor.handle(pdu, "Attribute Handle")
    try cursor.finish(after: "Attribute Handle")
  }

  public var pdu: [UInt8] { [ATTOpcode.readRequest.rawValue] + handle.rawValue.littleEndianBytes }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.4.4.
public struct ATTReadResponse: Hashable, Sendable {
  public var value: [UInt8]

  /// The first bytes of `value` that fit.
  public init(value: [UInt8], mtu: Int) { self.value = Array(value.prefix(max(mtu - 1, 0))) }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readResponse)
    value = try cursor.rest(pdu, "Attribute Value")
  }

  public var pdu: [UInt8] { [ATTOpcode.readResponse.rawValue] + value }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.4.5.
public struct ATTReadBlobRequest: Hashable, Sendable {
  public var handle: ATTHandle
  /// Bytes from the start of the value.
  public var offset: UInt16

  public init(handle: ATTHandle, offset: UInt16) {
    self.handle = handle
    self.offset = offset
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readBlobRequest)
    handle = try cursor.handle(pdu, "Attribute Handle")
    offset = try cursor.uint16(pdu, "Value Offset")
    try cursor.finish(after: "Value Offset")
  }

  public var pdu: [UInt8] {
    [ATTOpcode.readBlobRequest.rawValue] + handle.rawValue.littleEndianBytes + offset.littleEndianBytes
  }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.4.6.
public struct ATTReadBlobResponse: Hashable, Sendable {
  public var partValue: [UInt8]

  /// The bytes of `value` from `offset` that fit.
  public init(value: [UInt8], offset: UInt16, mtu: Int) {
    partValue = Array(value.dropFirst(Int(offset)).prefix(max(mtu - 1, 0)))
  }

  public var pdu: [UInt8] { [ATTOpcode.readBlobResponse.rawValue] + partValue }
}
