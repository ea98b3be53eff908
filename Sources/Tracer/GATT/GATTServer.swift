// SPDX-License-Identifier: GPL-3.0-or-later

/// Answers what one connected device asks of this kiosk's attributes. One value a connection: it knows what
/// MTU was agreed. Source: Core 5.4, vol. 3, part F, 3.4; part G.
///
/// The id can change between two requests. So it is only given whole: its 12 bytes fit into a response at
/// every MTU, and a Read Blob from within it is refused as Attribute Not Long, which Core allows for a value
/// of fixed length that fits. No reader can put two slots' ids together.
public struct GATTServer: Sendable {
  /// What the characteristic holds: the id of the slot. While it is nil, reading it is an Unlikely Error.
  public var bluezoneID: BluezoneID?
  /// The longest PDU that the other side takes, bytes.
  public private(set) var mtu = ATTMTU.least

  private let database: GATTDatabase

  public init(database: GATTDatabase, bluezoneID: BluezoneID? = nil) {
    self.database = database
    self.bluezoneID = bluezoneID
  }

  /// A kiosk's. `deviceName`: at most `TracerLimits.deviceNameBytes` bytes. `appearance`: Assigned Numbers, 0
  /// for unknown.
  public init(bluezoneID: BluezoneID? = nil, deviceName: String = "Bluezone", appearance: UInt16 = 0) {
    self.init(database: .kiosk(deviceName: deviceName, appearance: appearance), bluezoneID: bluezoneID)
  }

  /// Takes over the MTU that a `GATTReader` agreed on the same connection: it holds for both directions.
  public mutating func use(mtu: Int) { self.mtu = ATTMTU.agreed(mtu, TracerLimits.attMTU) }

  /// The answer to one PDU. nil where none is owed: to commands, confirmations and whatever is meant for a
  /// client.
  public mutating func respond(to pdu: [UInt8]) -> [UInt8]? {
    guard let first = pdu.first else { return nil }
    let opcode = ATTOpcode(rawValue: first)
    guard opcode.kind == .request else { return nil }
    guard pdu.count <= TracerLimits.attMTU, let request = try? ATTRequest(pdu.span) else {
      return ATTErrorResponse(opcode, .none, .invalidPDU).pdu
    }
    do {
      return try respond(to: request)
    } catch {
      return error.pdu
    }
  }

  private mutating func respond(to request: ATTRequest) throws(ATTErrorResponse) -> [UInt8] {
    switch request {
    case .exchangeMTU(let request): exchangeMTU(request)
    case .findInformation(let request): try findInformation(request)
    case .findByTypeValue(let request): try findByTypeValue(request)
    case .readByType(let request): try readByType(request)
    case .read(let request):
      ATTReadResponse(value: try value(of: request.handle, for: .readRequest), mtu: mtu).pdu
    case .readBlob(let request): try readBlob(request)
    case .readMultiple(let request): try readMultiple(request)
    case .readByGroupType(let request): try readByGroupType(request)
    case .write(let request): throw refusal(ofWriting: request.handle, for: .writeRequest)
    case .prepareWrite(let request): throw refusal(ofWriting: request.handle, for: .prepareWriteRequest)
    // Nothing can be prepared, so there is nothing to write or to cancel: that is a success.
    case .executeWrite: ATTExecuteWriteRequest.response
    case .unknown(let opcode): throw ATTErrorResponse(opcode, .none, .requestNotSupported)
    }
  }

  // MARK: Requests

  private mutating func exchangeMTU(_ request: ATTExchangeMTURequest) -> [UInt8] {
    use(mtu: Int(request.clientRxMTU))
    return ATTExchangeMTUResponse(serverRxMTU: UInt16(clamping: TracerLimits.attMTU)).pdu
  }

  private func findInformation(_ request: ATTFindInformationRequest) throws(ATTErrorResponse) -> [UInt8] {
    try check(request.handles, for: .findInformationRequest)
    var response = ATTFindInformationResponse()
    for handle in database.handles(in: request.handles) {
      guard let attribute = database[handle], response.append(handle, attribute.type, mtu: mtu) else { break }
    }
    guard !response.isEmpty else { throw notFound(request.handles, for: .findInformationRequest) }
    return response.pdu
  }

  private func findByTypeValue(_ request: ATTFindByTypeValueRequest) throws(ATTErrorResponse) -> [UInt8] {
    try check(request.handles, for: .findByTypeValueRequest)
    let type = ATTUUID(request.type)
    var response = ATTFindByTypeValueResponse()
    for handle in database.handles(in: request.handles) {
      guard let attribute = database[handle], attribute.type == type,
        attribute.value == .constant(request.value)
      else { continue }
      guard response.append(database.group(startingAt: handle), mtu: mtu) else { break }
    }
    guard !response.groups.isEmpty else { throw notFound(request.handles, for: .findByTypeValueRequest) }
    return response.pdu
  }

  private func readByType(_ request: ATTReadByTypeRequest) throws(ATTErrorResponse) -> [UInt8] {
    try check(request.handles, for: .readByTypeRequest)
    var response = ATTReadByTypeResponse()
    for handle in database.handles(in: request.handles) where database[handle]?.type == request.type {
      do {
        guard response.append(handle, try value(of: handle, for: .readByTypeRequest), mtu: mtu) else { break }
      } catch {
        // Those before it are given; it is asked for again and refused then.
        guard response.items.isEmpty else { break }
        throw error
      }
    }
    guard !response.items.isEmpty else { throw notFound(request.handles, for: .readByTypeRequest) }
    return response.pdu
  }

  private func readByGroupType(_ request: ATTReadByGroupTypeRequest) throws(ATTErrorResponse) -> [UInt8] {
    try check(request.handles, for: .readByGroupTypeRequest)
    guard request.groupType == .primaryService || request.groupType == .secondaryService else {
      throw ATTErrorResponse(.readByGroupTypeRequest, request.handles.start, .unsupportedGroupType)
    }
    var response = ATTReadByGroupTypeResponse()
    for handle in database.handles(in: request.handles) where database[handle]?.type == request.groupType {
      let value = try value(of: handle, for: .readByGroupTypeRequest)
      guard response.append(database.group(startingAt: handle), value, mtu: mtu) else { break }
    }
    guard !response.items.isEmpty else { throw notFound(request.handles, for: .readByGroupTypeRequest) }
    return response.pdu
  }

  private func readBlob(_ request: ATTReadBlobRequest) throws(ATTErrorResponse) -> [UInt8] {
    let value = try value(of: request.handle, for: .readBlobRequest)
    let offset = Int(request.offset)
    guard offset <= value.count else {
      throw ATTErrorResponse(.readBlobRequest, request.handle, .invalidOffset)
    }
    if database[request.handle]?.value == .bluezoneID, offset > 0, offset < value.count {
      throw ATTErrorResponse(.readBlobRequest, request.handle, .attributeNotLong)
    }
    return ATTReadBlobResponse(value: value, offset: request.offset, mtu: mtu).pdu
  }

  private func readMultiple(_ request: ATTReadMultipleRequest) throws(ATTErrorResponse) -> [UInt8] {
    var values: [[UInt8]] = []
    for handle in request.handles { values.append(try value(of: handle, for: request.opcode)) }
    return request.isVariable
      ? ATTReadMultipleVariableResponse(values: values, mtu: mtu).pdu
      : ATTReadMultipleResponse(values: values, mtu: mtu).pdu
  }

  // MARK: What they share

  private func value(of handle: ATTHandle, for request: ATTOpcode) throws(ATTErrorResponse) -> [UInt8] {
    switch database[handle]?.value {
    case .constant(let value): return value
    case .bluezoneID:
      // Core names no attribute with this error. Source: vol. 3, part F, 3.3.
      guard let bluezoneID else { throw ATTErrorResponse(request, .none, .unlikelyError) }
      return bluezoneID.bytes
    case nil: throw ATTErrorResponse(request, handle, .invalidHandle)
    }
  }

  private func check(_ handles: ATTHandleRange, for request: ATTOpcode) throws(ATTErrorResponse) {
    guard handles.isValid else { throw ATTErrorResponse(request, handles.start, .invalidHandle) }
  }

  private func notFound(_ handles: ATTHandleRange, for request: ATTOpcode) -> ATTErrorResponse {
    ATTErrorResponse(request, handles.start, .attributeNotFound)
  }

  private func refusal(ofWriting handle: ATTHandle, for request: ATTOpcode) -> ATTErrorResponse {
    ATTErrorResponse(request, handle, database[handle] == nil ? .invalidHandle : .writeNotPermitted)
  }
}
