// SPDX-License-Identifier: GPL-3.0-or-later

/// Source: Core 5.4, vol. 3, part F, 3.4.3.3.
public struct ATTFindByTypeValueRequest: Hashable, Sendable {
  public var handles: ATTHandleRange
  /// A 16-bit UUID: there is no longer form of this request.
  public var type: UInt16
  public var value: [UInt8]

  public init(handles: ATTHandleRange, type: UInt16, value: [UInt8]) {
    self.handles = handles
    self.type = type
    self.value = value
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .findByTypeValueRequest)
    let start = try cursor.handle(pdu, "Starting Handle")
    handles = ATTHandleRange(start, try cursor.handle(pdu, "Ending Handle"))
    type = try cursor.uint16(pdu, "Attribute Type")
    value = try cursor.rest(pdu, "Attribute Value")
  }

  public var pdu: [UInt8] {
    [ATTOpcode.findByTypeValueRequest.rawValue] + handles.bytes + type.littleEndianBytes + value
  }
}

/// The attributes found, each with the end of its group. Source: Core 5.4, vol. 3, part F, 3.4.3.4.
public struct ATTFindByTypeValueResponse: Hashable, Sendable {
  public private(set) var groups: [ATTHandleRange] = []

  public init() {}

  /// Whether the group still fits.
  public mutating func append(_ group: ATTHandleRange, mtu: Int) -> Bool {
    guard 1 + 4 * (groups.count + 1) <= mtu else { return false }
    groups.append(group)
    return true
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .findByTypeValueResponse)
    repeat {
      let start = try cursor.handle(pdu, "Found Attribute Handle")
      groups.append(ATTHandleRange(start, try cursor.handle(pdu, "Group End Handle")))
    } while cursor.remaining > 0
  }

  public var pdu: [UInt8] { [ATTOpcode.findByTypeValueResponse.rawValue] + groups.flatMap(\.bytes) }
}
