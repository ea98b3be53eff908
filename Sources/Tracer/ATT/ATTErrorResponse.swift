// SPDX-License-Identifier: GPL-3.0-or-later

/// A request could not be done. Source: Core 5.4, vol. 3, part F, 3.4.1.1.
public struct ATTErrorResponse: Error, Hashable, Sendable {
  /// What was asked.
  public var request: ATTOpcode
  /// The attribute at fault, `.none` where it is not about one.
  public var handle: ATTHandle
  public var code: ATTErrorCode

  public init(_ request: ATTOpcode, _ handle: ATTHandle, _ code: ATTErrorCode) {
    self.request = request
    self.handle = handle
    self.code = code
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .errorResponse)
    request = ATTOpcode(rawValue: try cursor.uint8(pdu, "Request Opcode In Error"))
    handle = try cursor.handle(pdu, "Attribute Handle In Error")
    code = ATTErrorCode(rawValue: try cursor.uint8(pdu, "Error Code"))
    try cursor.finish(after: "Error Code")
  }

  public var pdu: [UInt8] {
    [ATTOpcode.errorResponse.rawValue, request.rawValue] + handle.rawValue.littleEndianBytes + [code.rawValue]
  }
}
