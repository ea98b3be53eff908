// SPDX-License-Identifier: GPL-3.0-or-later

/// Source: Core 5.4, vol. 3, part F, 3.4.3.1.
public struct ATTFindInformationRequest: Hashable, Sendable {
  public var handles: ATTHandleRange

  public init(handles: ATTHandleRange) { self.handles = handles }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .findInformationRequest)
    let start = try cursor.handle(pdu, "Starting Handle")
    handles = ATTHandleRange(start, try cursor.handle(pdu, "Ending Handle"))
    try cursor.finish(after: "Ending Handle")
  }

  public var pdu: [UInt8] { [ATTOpcode.findInformationRequest.rawValue] + handles.bytes }
}

/// Handles with their types, all of one form. Source: Core 5.4, vol. 3, part F, 3.4.3.2.
public struct ATTFindInformationResponse: Hashable, Sendable {
  /// Format: 1 for UUIDs of 16 bits, 2 for 128.
  private var format: UInt8 = 0x01
  private var data: [UInt8] = []

  public init() {}

  public var isEmpty: Bool { data.isEmpty }

  /// Whether the pair was taken in: it still fits and has the form of the others.
  public mutating func append(_ handle: ATTHandle, _ type: ATTUUID, mtu: Int) -> Bool {
    let format: UInt8 = type.short == nil ? 0x02 : 0x01
    let pair = handle.rawValue.littleEndianBytes + type.bytes
    guard data.isEmpty || format == self.format, 2 + data.count + pair.count <= mtu else { return false }
    self.format = format
    data += pair
    return true
  }

  public var pdu: [UInt8] { [ATTOpcode.findInformationResponse.rawValue, format] + data }
}
