// SPDX-License-Identifier: GPL-3.0-or-later

/// Source: Core 5.4, vol. 3, part F, 3.4.4.1.
public struct ATTReadByTypeRequest: Hashable, Sendable {
  public var handles: ATTHandleRange
  public var type: ATTUUID

  public init(handles: ATTHandleRange, type: ATTUUID) {
    self.handles = handles
    self.type = type
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readByTypeRequest)
    let start = try cursor.handle(pdu, "Starting Handle")
    handles = ATTHandleRange(start, try cursor.handle(pdu, "Ending Handle"))
    type = try cursor.uuid(pdu, "Attribute Type")
  }

  public var pdu: [UInt8] { [ATTOpcode.readByTypeRequest.rawValue] + handles.bytes + type.bytes }
}

/// Attributes of one type with their values, all of one length. Source: Core 5.4, vol. 3, part F, 3.4.4.2.
public struct ATTReadByTypeResponse: Hashable, Sendable {
  public struct Item: Hashable, Sendable {
    public var handle: ATTHandle
    public var value: [UInt8]
  }
  public private(set) var items: [Item] = []
  /// The first value's, before it was cut.
  private var valueLength = 0

  public init() {}

  /// Whether the attribute was taken in: it still fits and its value is as long as the others. The first one
  /// always is; what its value has too much for a response is left out.
  public mutating func append(_ handle: ATTHandle, _ value: [UInt8], mtu: Int) -> Bool {
    if items.isEmpty {
      valueLength = value.count
    } else {
      guard value.count == valueLength, 2 + (items.count + 1) * (2 + value.count) <= mtu else { return false }
    }
    items.append(Item(handle: handle, value: Array(value.prefix(min(mtu - 4, 253)))))
    return true
  }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .readByTypeResponse)
    let length = Int(try cursor.uint8(pdu, "Length"))
    guard length >= 2 else { throw ParseError(.invalid, field: "Length", offset: 1) }
    valueLength = length - 2
    repeat {
      let handle = try cursor.handle(pdu, "Attribute Handle")
      let value = try cursor.range(valueLength, "Attribute Value").map { pdu[$0] }
      items.append(Item(handle: handle, value: value))
    } while cursor.remaining > 0
  }

  public var pdu: [UInt8] {
    let length = UInt8(clamping: 2 + (items.first?.value.count ?? 0))
    return [ATTOpcode.readByTypeResponse.rawValue, length]
      + items.flatMap { $0.handle.rawValue.littleEndianBytes + $0.value }
  }
}

extension ByteCursor {
  /// The UUID that ends a PDU, of 2 or 16 bytes.
  mutating func uuid(_ bytes: Span<UInt8>, _ field: StaticString) throws(ParseError) -> ATTUUID {
    let start = offset
    let value = try rest(bytes, field)
    guard let uuid = ATTUUID(value) else {
      let problem: ParseError.Problem = value.count < 16 ? .truncated : .trailing
      throw ParseError(problem, field: "\(field)", offset: start)
    }
    return uuid
  }
}
