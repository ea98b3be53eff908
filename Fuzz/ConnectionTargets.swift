// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// Data packets of one connection, one piece of the input each; the frames go to signalling and SMP.
  static let l2cap = FuzzTarget(name: "l2cap", seeds: l2capSeeds) { input in
    var input = FuzzInput(input)
    var reassembler = L2CAPReassembler()
    // The reference: all bytes since the last start, nil where no frame can come of them.
    var collected: [UInt8]?
    while !input.isAtEnd {
      let kind = input.uint8()
      let piece = input.piece()
      // Bit 7: the packet as it is; else its header is made, with the boundary flag of bits 0 and 1.
      let header = [0x02, 0x40, kind << 4 & 0x30] + UInt16(clamping: piece.count).littleEndianBytes
      let packet = kind & 0x80 != 0 ? piece : header + piece
      guard let acl = try? ACLData(packet: packet.span) else { continue }
      hold(packet.count == acl.data.upperBound && acl.data.lowerBound == 5, "data lies inside its packet")
      let data = Array(packet[acl.data])
      collected = acl.boundary.isFirst ? data : collected.map { $0 + data }
      let frame = reassembler.append(acl, in: packet.span)
      hold(frame == expectedFrame(&collected), "frames are put together as they were cut")
      hold(reassembler.pendingBytes <= L2CAPFrame.headerBytes + TracerLimits.l2capPayloadBytes, "little is held back")
      if let frame { check(frame) }
    }
  }

  private static func expectedFrame(_ collected: inout [UInt8]?) -> L2CAPFrame? {
    guard let bytes = collected, bytes.count >= 4 else { return nil }
    let declared = Int(bytes[0]) | Int(bytes[1]) << 8
    guard declared <= TracerLimits.l2capPayloadBytes, bytes.count <= 4 + declared else {
      collected = nil
      return nil
    }
    guard bytes.count == 4 + declared else { return nil }
    collected = nil
    return try? L2CAPFrame(bytes.span)
  }

  private static func check(_ frame: L2CAPFrame) {
    hold((try? L2CAPFrame(frame.bytes.span)) == frame, "a frame is read as it was written")
    var other = L2CAPReassembler()
    var again: L2CAPFrame?
    for packet in ACLData.packets(handle: 0x40, frame: frame.bytes, largestData: 27) {
      guard let acl = try? ACLData(packet: packet.span) else { fail("own packets can be read") }
      hold(again == nil && acl.data.count <= 27, "a frame is whole with its last packet")
      again = other.append(acl, in: packet.span)
    }
    hold(again == frame, "a frame that is cut is put together again")
    for role in [LERole.central, .peripheral] {
      for accepts in [false, true] {
        guard
          let answer = LESignalling.answer(frame.payload, role: role, acceptsParameterUpdate: accepts)
        else { continue }
        hold(answer.count <= TracerLimits.leSignallingBytes, "an answer fits into the least signalling MTU")
        hold(answer[1] == frame.payload[1] && answer[1] != 0, "an answer has its request's identifier")
        hold(answer.count == 4 + Int(answer[2]) + Int(answer[3]) << 8, "an answer is as long as it says")
        hold(LESignalling.answer(answer, role: role) == nil, "an answer is not answered")
      }
      if let answer = SMP.answer(frame.payload, role: role) {
        hold(answer == [0x05, 0x05] && SMP.answer(answer, role: role) == nil, "pairing fails, and that is all")
      }
    }
    if let update = try? L2CAPConnectionParameterUpdateRequest(frame.payload.span), update.isAllowed {
      hold(
        update.intervalMin >= 6 && update.intervalMax <= 3200 && update.timeout <= 3200, "parameters are in range")
    }
  }

  private static let l2capSeeds: [[UInt8]] = {
    let frames = [
      "0300 0400 02 0002", "0c00 0500 12 01 0800 1800 2800 0000 c800", "0700 0600 01 03 00 01 10 07 07",
      "0000 0500", "0600 0500 01 02 0200 0000", "0102 0400 00",
    ].map { bytes($0) }
    return frames.map { [2] + FuzzInput.piece($0) }
      + frames.map { [2] + FuzzInput.piece(Array($0.prefix(3))) + [1] + FuzzInput.piece(Array($0.dropFirst(3))) }
      + [[0x80] + FuzzInput.piece(bytes("024020 0700 0300 0400 02 0002"))]
  }()

  private static let id = BluezoneID((1...12).map { UInt8($0) })

  // MARK: ATT

  /// A conversation of requests with one server.
  static let attRequests = FuzzTarget(
    name: "att-requests",
    seeds: [
      ["02 0f02", "10 0100 ffff 0028", "08 0700 0900 0328", "0a 0900"],
      ["06 0100 ffff 0028 67a607add1172fa1c44bf573564e0000", "04 0100 ffff", "0c 0300 0200"],
      ["0e 0900 0300", "20 0100 0500 0300", "12 0300 41", "16 0300 0000 41", "18 01", "52 0300 41"],
      ["08 0100 ffff 89a607add1172fa1c44bf573564e0000", "0c 0900 0300", "02 1700", "20 0900 0900 0900"],
    ].map { pdus in [0x81, 24] + pdus.flatMap { FuzzInput.piece(bytes($0)) } }
  ) { input in
    var input = FuzzInput(input)
    let kind = input.uint8()
    let name = String(repeating: "Trạm ", count: Int(kind & 0x7F))
    var server = GATTServer(bluezoneID: kind & 0x80 != 0 ? id : nil, deviceName: name)
    // Near the least there are most edges.
    server.use(mtu: Int(input.uint8()))
    while !input.isAtEnd {
      let request = input.piece()
      let mtu = server.mtu
      let response = server.respond(to: request)
      hold((ATTMTU.least...TracerLimits.attMTU).contains(server.mtu), "the MTU is in range")
      hold(server.mtu == mtu || request.first == 0x02, "only an exchange changes the MTU")
      let isRequest = request.first.map { ATTOpcode(rawValue: $0).kind == .request } ?? false
      hold((response != nil) == isRequest, "each request has one response, nothing else has")
      guard let response else { continue }
      hold(response.count <= mtu, "a response fits into the MTU")
      hold(isWellFormed(response, to: request), "a response is one that Core allows: \(Hex.string(response))")
      hold(server.respond(to: response) == nil, "a response is not answered")
    }
  }

  private static func isWellFormed(_ response: [UInt8], to request: [UInt8]) -> Bool {
    let count = response.count
    let asked = request[0]
    switch response[0] {
    case 0x01: return count == 5 && response[1] == asked && response[4] != 0
    case 0x03: return asked == 0x02 && count == 3
    case 0x05:
      guard asked == 0x04, count > 2 else { return false }
      return response[1] == 1 ? (count - 2) % 4 == 0 : response[1] == 2 && (count - 2) % 18 == 0
    case 0x07: return asked == 0x06 && (try? ATTFindByTypeValueResponse(response.span))?.groups.isEmpty == false
    case 0x09: return asked == 0x08 && (try? ATTReadByTypeResponse(response.span))?.items.isEmpty == false
    case 0x11: return asked == 0x10 && (try? ATTReadByGroupTypeResponse(response.span))?.items.isEmpty == false
    case 0x19: return asked == 0x18 && count == 1
    case 0x21: return asked == 0x20 && count >= 3
    default: return [0x0B, 0x0D, 0x0F].contains(response[0]) && asked == response[0] - 1
    }
  }

  /// A reader that is told whatever the input says, or that reads a server whose attributes the input chose.
  static let attResponses = FuzzTarget(
    name: "att-responses",
    seeds: [
      [
        "03 0002", "07 0700 0900", "09 15 0800 02 0900 89a607add1172fa1c44bf573564e0000",
        "0b 0102030405060708090a0b0c",
      ],
      ["01 02 0000 06", "01 06 0100 06", "11 06 0100 0500 0018", "01 10 0600 0a"],
      ["1b 0300 41", "1d 0300 41", "03 1700", "07 0100 0500 0600 ffff", "01 08 0100 0a", "01 08 0600 0a"],
    ].map { pdus in [0] + pdus.flatMap { FuzzInput.piece(bytes($0)) } }
      + [[1, 0, 1, 2, 2, 4, 5], [1, 1, 4, 1, 5, 3, 7, 2, 5, 5], [5, 0, 5]]
  ) { input in
    var input = FuzzInput(input)
    let kind = input.uint8()
    if kind & 1 == 0 { readInput(&input) } else { readServer(&input, findsServices: kind & 2 == 0) }
  }

  private static func readInput(_ input: inout FuzzInput) {
    var reader = GATTReader()
    check(request: reader.start(), mtu: nil)
    var requests = 1
    var isDone = false
    while !input.isAtEnd {
      let pdu = input.piece()
      switch reader.receive(pdu) {
      case .send([0x1E]): hold(pdu.first == 0x1D, "only an indication is confirmed")
      case .send(let request):
        hold(!isDone, "nothing is asked once it is over")
        check(request: request, mtu: reader.mtu)
        requests += 1
      case .done(let outcome):
        hold(!isDone, "it is over once")
        isDone = true
        if case .id(let id) = outcome { hold(pdu == [0x0B] + id.bytes, "the id is what was read") }
      case .wait, .notMine: break
      }
      hold(requests <= TracerLimits.gattRoundTrips, "rounds are bounded")
    }
  }

  private static func check(request: [UInt8], mtu: Int?) {
    hold((ATTMTU.least...TracerLimits.attMTU).contains(mtu ?? ATTMTU.least), "the MTU is in range")
    hold(request.count <= mtu ?? ATTMTU.least, "a request fits into the MTU")
    hold(request.first.map { ATTOpcode(rawValue: $0).kind } == .request, "what is sent is a request")
    hold((try? ATTRequest(request.span)) != nil, "what is sent can be read")
  }

  private static func readServer(_ input: inout FuzzInput, findsServices: Bool) {
    var database = GATTDatabase()
    while !input.isAtEnd, database.attributes.count < 200 {
      let choice = input.uint8()
      switch choice % 8 {
      case 0: database.addService(.genericAccess)
      case 1, 2: database.addService(.bluezoneService)
      case 3: database.addService(ATTUUID(UInt16(choice) << 8))
      case 4: database.addCharacteristic(.deviceName, .constant([UInt8](repeating: choice, count: Int(choice))))
      case 5: database.addCharacteristic(.bluezoneID, .bluezoneID)
      case 6: database.addCharacteristic(ATTUUID(high: UInt64(choice), low: 1), .constant([choice]))
      default: database.addCharacteristic(.bluezoneID, .constant([UInt8](repeating: 7, count: Int(choice >> 3))))
      }
    }
    var server = GATTServer(database: database, bluezoneID: id)
    var reader = GATTReader()
    var request = reader.start()
    for _ in 0..<TracerLimits.gattRoundTrips {
      check(request: request, mtu: reader.mtu)
      // A phone that cannot find a service, so that all of them are walked.
      let response =
        !findsServices && request[0] == 0x06 ? [0x01, 0x06, 1, 0, 0x06] : server.respond(to: request)
      guard let response else { fail("the server answers the reader") }
      switch reader.receive(response) {
      case .send(let next): request = next
      case .done(let outcome):
        checkReading(outcome, of: database)
        return
      case .wait, .notMine: fail("the reader goes on after a response")
      }
    }
    fail("the reader ends within its rounds")
  }

  private static func checkReading(_ outcome: GATTReader.Outcome, of database: GATTDatabase) {
    // The first characteristic with the id that stands inside a Bluezone service is the one that counts.
    var isInside = false
    var expected: GATTDatabase.Value?
    for attribute in database.attributes where expected == nil {
      if attribute.type == .primaryService {
        isInside = attribute.value == .constant(ATTUUID.bluezoneService.bytes)
      } else if isInside, attribute.type == .bluezoneID {
        expected = attribute.value
      }
    }
    switch outcome {
    case .id(let read):
      hold(expected == .bluezoneID && read == id || expected == .constant(read.bytes), "the id is the one in the table")
    case .wrongLength(let count):
      guard case .constant(let value) = expected else { fail("a value of another length is there") }
      hold(value.count == count && count != BluezoneID.byteCount, "the length is that of the value")
    case .noService: hold(expected == nil, "what is there is found")
    // More than the rounds reach: at worst two for each attribute.
    case .malformed:
      hold(2 * database.attributes.count + 4 > TracerLimits.gattRoundTrips, "a sound server is understood")
    case .refused: fail("a sound server refuses nothing")
    }
  }
}
