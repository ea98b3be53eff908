// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads the id of one iPhone over one connection: MTU, service, characteristic, value. One value a
/// connection. Source: Core 5.4, vol. 3, part G, 4.3.1, 4.4, 4.6.2, 4.8.1; docs/bluezone.md, Radio.
///
/// It knows no time: whoever owns it gives the whole attempt its seconds.
public struct GATTReader: Sendable {
  public enum Outcome: Hashable, Sendable {
    case id(BluezoneID)
    /// The device has no such service, or the service no such characteristic.
    case noService
    /// The value was read and is not an id. Its bytes, at most as many as fit into one response.
    case wrongLength(Int)
    /// The device refused a step.
    case refused(ATTErrorCode)
    /// The device answered something else than what was asked, or went on beyond
    /// `TracerLimits.gattRoundTrips`.
    case malformed
  }

  public enum Step: Hashable, Sendable {
    /// Send this PDU.
    case send([UInt8])
    /// Nothing is to be sent; the answer is still awaited.
    case wait
    /// The PDU is for the server: the device asks something itself.
    case notMine
    /// The reading is over; what comes later is no longer looked at.
    case done(Outcome)
  }

  /// What was agreed, nil until then: the connection's server takes it over (`GATTServer.use(mtu:)`).
  public private(set) var mtu: Int?

  private enum State: Hashable {
    case notStarted
    case exchangingMTU
    case findingService
    /// Looks at all services from a handle on, where the device cannot find one.
    case walkingServices(from: ATTHandle)
    /// Looks at the characteristics of the first of `services`, from a handle on.
    case findingCharacteristic(from: ATTHandle)
    case readingValue
    case finished
  }

  private let service: ATTUUID
  private let characteristic: ATTUUID
  private var state = State.notStarted
  /// Found, and not yet looked through; at most what one response holds.
  private var services: ArraySlice<ATTHandleRange> = []
  private var requestsSent = 0
  /// Where the walk over all services goes on once `services` are looked through.
  private var walkOn: ATTHandle?

  public init(service: ATTUUID = .bluezoneService, characteristic: ATTUUID = .bluezoneID) {
    self.service = service
    self.characteristic = characteristic
  }

  /// The first PDU to send once the connection stands. Starts over if called again.
  public mutating func start() -> [UInt8] {
    self = Self(service: service, characteristic: characteristic)
    state = .exchangingMTU
    requestsSent = 1
    return ATTExchangeMTURequest(clientRxMTU: UInt16(clamping: TracerLimits.attMTU)).pdu
  }

  /// Takes one PDU of the attribute channel.
  public mutating func receive(_ pdu: [UInt8]) -> Step {
    guard let first = pdu.first else { return .wait }
    let opcode = ATTOpcode(rawValue: first)
    switch opcode.kind {
    case .request, .command, .confirmation: return .notMine
    // Nobody asked for them, yet an indication's sender waits.
    case .notification: return .wait
    case .indication: return .send(ATTHandleValueConfirmation.pdu)
    case .response: break
    }
    guard state != .finished else { return .wait }
    guard pdu.count <= TracerLimits.attMTU else { return finish(.malformed) }
    do {
      return opcode == .errorResponse ? try refused(pdu.span) : try answered(pdu.span)
    } catch {
      return finish(.malformed)
    }
  }

  // MARK: Answers

  /// A response that does not belong to the step is refused by its parser.
  private mutating func answered(_ pdu: Span<UInt8>) throws(ParseError) -> Step {
    switch state {
    case .exchangingMTU:
      mtu = ATTMTU.agreed(TracerLimits.attMTU, Int(try ATTExchangeMTUResponse(pdu).serverRxMTU))
      return findService()
    case .findingService:
      return look(into: try ATTFindByTypeValueResponse(pdu).groups, from: .first)
    case .walkingServices(let start):
      return walk(try ATTReadByGroupTypeResponse(pdu).items, from: start)
    case .findingCharacteristic(let start):
      return look(at: try ATTReadByTypeResponse(pdu).items, from: start)
    case .readingValue:
      let value = try ATTReadResponse(pdu).value
      return finish(BluezoneID(value).map(Outcome.id) ?? .wrongLength(value.count))
    case .notStarted, .finished: return finish(.malformed)
    }
  }

  private mutating func refused(_ pdu: Span<UInt8>) throws(ParseError) -> Step {
    let error = try ATTErrorResponse(pdu)
    guard error.request == awaited else { return finish(.malformed) }
    switch state {
    // It stays with the least MTU then, which is enough.
    case .exchangingMTU: return findService()
    case .findingService where error.code == .requestNotSupported: return walkServices(from: .first)
    case .findingService where error.code == .attributeNotFound: return finish(.noService)
    case .walkingServices where error.code == .attributeNotFound: return finish(.noService)
    case .findingCharacteristic where error.code == .attributeNotFound: return nextService()
    default: return finish(.refused(error.code))
    }
  }

  /// The request whose answer is awaited.
  private var awaited: ATTOpcode? {
    switch state {
    case .notStarted, .finished: nil
    case .exchangingMTU: .exchangeMTURequest
    case .findingService: .findByTypeValueRequest
    case .walkingServices: .readByGroupTypeRequest
    case .findingCharacteristic: .readByTypeRequest
    case .readingValue: .readRequest
    }
  }

  // MARK: Steps

  private mutating func findService() -> Step {
    guard let type = ATTUUID.primaryService.short else { return finish(.malformed) }
    let request = ATTFindByTypeValueRequest(handles: .all, type: type, value: service.bytes)
    return send(request.pdu, then: .findingService)
  }

  private mutating func walkServices(from start: ATTHandle) -> Step {
    let request = ATTReadByGroupTypeRequest(handles: ATTHandleRange(start, .last), groupType: .primaryService)
    return send(request.pdu, then: .walkingServices(from: start))
  }

  private mutating func walk(_ items: [ATTReadByGroupTypeResponse.Item], from start: ATTHandle) -> Step {
    let found = items.filter { ATTUUID($0.value) == service }.map(\.group)
    guard isInOrder(items.map(\.group), from: start), items.allSatisfy({ ATTUUID($0.value) != nil }) else {
      return finish(.malformed)
    }
    walkOn = items.last?.group.end.next
    if !found.isEmpty { return look(into: found, from: start) }
    return nextService()
  }

  private mutating func look(into found: [ATTHandleRange], from start: ATTHandle) -> Step {
    guard isInOrder(found, from: start) else { return finish(.malformed) }
    services = found[...]
    return findCharacteristic()
  }

  /// Whether groups are valid and none starts before the end of the one before it, as an answer must give
  /// them. It also means that every round goes further.
  private func isInOrder(_ groups: [ATTHandleRange], from start: ATTHandle) -> Bool {
    var next: ATTHandle? = start
    for group in groups {
      guard let least = next, group.isValid, group.start >= least else { return false }
      next = group.end.next
    }
    return true
  }

  /// Looks into the first of `services` from its start.
  private mutating func findCharacteristic() -> Step {
    guard let service = services.first else { return finish(.noService) }
    return findCharacteristic(from: service.start, in: service)
  }

  private mutating func findCharacteristic(from start: ATTHandle, in service: ATTHandleRange) -> Step {
    let request = ATTReadByTypeRequest(handles: ATTHandleRange(start, service.end), type: .characteristic)
    return send(request.pdu, then: .findingCharacteristic(from: start))
  }

  /// A device may have the service more than once.
  private mutating func nextService() -> Step {
    services = services.dropFirst()
    if services.isEmpty, let next = walkOn {
      walkOn = nil
      return walkServices(from: next)
    }
    return findCharacteristic()
  }

  private mutating func look(at items: [ATTReadByTypeResponse.Item], from start: ATTHandle) -> Step {
    guard let service = services.first else { return finish(.noService) }
    var next: ATTHandle? = start
    var valueHandle: ATTHandle?
    for item in items {
      guard let least = next, item.handle >= least, item.handle <= service.end,
        let declaration = try? CharacteristicDeclaration(item.value.span),
        declaration.valueHandle > item.handle, declaration.valueHandle <= service.end
      else { return finish(.malformed) }
      if declaration.uuid == characteristic, valueHandle == nil { valueHandle = declaration.valueHandle }
      next = item.handle.next
    }
    if let valueHandle { return send(ATTReadRequest(handle: valueHandle).pdu, then: .readingValue) }
    guard let next, next <= service.end else { return nextService() }
    return findCharacteristic(from: next, in: service)
  }

  /// The value of a characteristic declaration. Source: Core 5.4, vol. 3, part G, 3.3.1.
  private struct CharacteristicDeclaration {
    var valueHandle: ATTHandle
    var uuid: ATTUUID

    init(_ value: Span<UInt8>) throws(ParseError) {
      var cursor = ByteCursor(value)
      // Whether it can be read is for the device to say when it is asked.
      _ = try cursor.uint8(value, "Characteristic Properties")
      valueHandle = try cursor.handle(value, "Characteristic Value Handle")
      uuid = try cursor.uuid(value, "Characteristic UUID")
    }
  }

  private mutating func send(_ pdu: [UInt8], then next: State) -> Step {
    guard requestsSent < TracerLimits.gattRoundTrips else { return finish(.malformed) }
    requestsSent += 1
    state = next
    return .send(pdu)
  }

  private mutating func finish(_ outcome: Outcome) -> Step {
    state = .finished
    services = []
    return .done(outcome)
  }
}
