// SPDX-License-Identifier: GPL-3.0-or-later

/// Any request that a client can make. Source: Core 5.4, vol. 3, part F, 3.4.
public enum ATTRequest: Hashable, Sendable {
  case exchangeMTU(ATTExchangeMTURequest)
  case findInformation(ATTFindInformationRequest)
  case findByTypeValue(ATTFindByTypeValueRequest)
  case readByType(ATTReadByTypeRequest)
  case read(ATTReadRequest)
  case readBlob(ATTReadBlobRequest)
  case readMultiple(ATTReadMultipleRequest)
  case readByGroupType(ATTReadByGroupTypeRequest)
  case write(ATTWriteRequest)
  case prepareWrite(ATTPrepareWriteRequest)
  case executeWrite(ATTExecuteWriteRequest)
  /// A request that nobody had defined when this was written.
  case unknown(ATTOpcode)

  /// Reads a whole PDU whose opcode is of the kind `request`.
  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    let opcode = ATTOpcode(rawValue: try cursor.uint8(pdu, "Attribute Opcode"))
    switch opcode {
    case .exchangeMTURequest: self = .exchangeMTU(try ATTExchangeMTURequest(pdu))
    case .findInformationRequest: self = .findInformation(try ATTFindInformationRequest(pdu))
    case .findByTypeValueRequest: self = .findByTypeValue(try ATTFindByTypeValueRequest(pdu))
    case .readByTypeRequest: self = .readByType(try ATTReadByTypeRequest(pdu))
    case .readRequest: self = .read(try ATTReadRequest(pdu))
    case .readBlobRequest: self = .readBlob(try ATTReadBlobRequest(pdu))
    case .readMultipleRequest: self = .readMultiple(try ATTReadMultipleRequest(pdu))
    case .readMultipleVariableRequest: self = .readMultiple(try ATTReadMultipleRequest(pdu, isVariable: true))
    case .readByGroupTypeRequest: self = .readByGroupType(try ATTReadByGroupTypeRequest(pdu))
    case .writeRequest: self = .write(try ATTWriteRequest(pdu))
    case .prepareWriteRequest: self = .prepareWrite(try ATTPrepareWriteRequest(pdu))
    case .executeWriteRequest: self = .executeWrite(try ATTExecuteWriteRequest(pdu))
    default:
      guard opcode.kind == .request else { throw ParseError(.invalid, field: "Attribute Opcode", offset: 0) }
      self = .unknown(opcode)
    }
  }
}
