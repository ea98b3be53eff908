// SPDX-License-Identifier: GPL-3.0-or-later

/// Source: Core 5.4, vol. 3, part F, 3.4.4.9.
public struct ATTReadByGroupTypeRequest: Hashable, Sendable {
  public var handles: ATTHandleRange
  public var groupType: ATTUUID

  public init(handles: ATTHandleRange, groupType: ATTUUID) {
    self.handles = handles
    self.groupType = groupType
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readByGroupTypeRequest)
    let start = try cursor.handle(pdu, "Starting Handle")
    handles = ATTHandleRange(start, try cursor.handle(pdu, "Ending Handle"))
    groupType = try cursor.uuid(pdu, "Attribute Group Type")
  }

  public var pdu: [UInt8] { [ATTOpcode.readByGroupTypeRequest.rawValue] + handles.bytes + groupType.bytes }
}

/// Groups with the values of their declarations, all of one length. Source: Core 5.4, vol. 3, part F,
/// 3.4.4.10.
public struct ATTReadByGroupTypeResponse: Hashable, Sendable {
  public struct Item: Hashable, Sendable {
    public var group: ATTHandleRange
    public var value: [UInt8]
  }
  public private(set) var items: [Item] = []
  /// The first value's, before it was cut.
  private var valueLength = 0

  public init() {}

  /// Whether the group was taken in: it still fits and its value is as long as the others. The first one
  /// always is; what its value has too much for a response is left out.
  public mutating func append(_ group: ATTHandleRange, _ value: [UInt8], mtu: Int) -> Bool {
    if items.isEmpty {
      valueLength = value.count
    } else {
      guard value.count == valueLength, 2 + (items.count + 1) * (4 + value.count) <= mtu else { return false }
    }
    items.append(Item(group: group, value: Array(value.prefix(min(mtu - 6, 251)))))
    return true
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readByGroupTypeResponse)
    let length = Int(try cursor.uint8(pdu, "Length"))
    guard length >= 4 else { throw ParseError(.invalid, field: "Length", offset: 1) }
    valueLength = length - 4
    repeat {
      let start = try cursor.handle(pdu, "Attribute Handle")
      let group = ATTHandleRange(start, try cursor.handle(pdu, "End Group Handle"))
      let value = try cursor.range(valueLength, "Attribute Value").map { pdu[$0] }
      items.append(Item(group: group, value: value))
    } while cursor.remaining > 0
  }

  public var pdu: [UInt8] {
    let length = UInt8(clamping: 4 + (items.first?.value.count ?? 0))
    return [ATTOpcode.readByGroupTypeResponse.rawValue, length] + items.flatMap { $0.group.bytes + $0.value }
  }
}
