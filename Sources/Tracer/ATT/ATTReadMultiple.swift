// SPDX-License-Identifier: GPL-3.0-or-later

/// Read Multiple and Read Multiple Variable, which ask alike. Source: Core 5.4, vol. 3, part F, 3.4.4.7,
/// 3.4.4.11.
public struct ATTReadMultipleRequest: Hashable, Sendable {
  /// Whether the answer names each value's length.
  public var isVariable: Bool
  /// Two or more, in the order wanted, repetitions allowed.
  public var handles: [ATTHandle]

  public init(handles: [ATTHandle], isVariable: Bool = false) {
    self.handles = handles
    self.isVariable = isVariable
  }

  public init(_ pdu: Span<UInt8>, isVariable: Bool = false) throws(ParseError) {
    self.isVariable = isVariable
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, isVariable ? .readMultipleVariableRequest : .readMultipleRequest)
    handles = [try cursor.handle(pdu, "Set Of Handles")]
    repeat { handles.append(try cursor.handle(pdu, "Set Of Handles")) } while cursor.remaining > 0
  }

  public var opcode: ATTOpcode { isVariable ? .readMultipleVariableRequest : .readMultipleRequest }
  public var pdu: [UInt8] { [opcode.rawValue] + handles.flatMap { $0.rawValue.littleEndianBytes } }
}

/// The values one after the other, cut where the PDU ends. Source: Core 5.4, vol. 3, part F, 3.4.4.8.
public struct ATTReadMultipleResponse: Hashable, Sendable {
  public var setOfValues: [UInt8]

  public init(values: [[UInt8]], mtu: Int) { setOfValues = Array(values.joined().prefix(max(mtu - 1, 0))) }

  public var pdu: [UInt8] { [ATTOpcode.readMultipleResponse.rawValue] + setOfValues }
}

/// Each value after its length. The last one is cut where the PDU ends, its length stays whole; a length is
/// never cut. Source: Core 5.4, vol. 3, part F, 3.4.4.12.
public struct ATTReadMultipleVariableResponse: Hashable, Sendable {
  public var tuples: [UInt8]

  public init(values: [[UInt8]], mtu: Int) {
    tuples = []
    for value in values {
      let room = mtu - 1 - tuples.count
      guard room >= 2 else { break }
      tuples += UInt16(clamping: value.count).littleEndianBytes + value.prefix(room - 2)
    }
  }

  public var pdu: [UInt8] { [ATTOpcode.readMultipleVariableResponse.rawValue] + tuples }
}
