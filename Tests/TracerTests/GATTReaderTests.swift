// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The GATT reader") struct GATTReaderTests {
  private static let service = ATTTests.service
  private static let characteristic = ATTTests.characteristic
  private static let id = BluezoneID(bytes(SampleConnections.id))

  private enum Line {
    /// The device says; the reader says.
    case answer(String, String)
    case wait(String)
    case notMine(String)
    case done(String, GATTReader.Outcome)
  }

  private func converse(_ lines: [Line], sourceLocation: SourceLocation = #_sourceLocation) {
    var reader = GATTReader()
    #expect(reader.start() == bytes("02 0002"), sourceLocation: sourceLocation)
    for line in lines {
      let (pdu, step): (String, GATTReader.Step) =
        switch line {
        case .answer(let pdu, let next): (pdu, .send(bytes(next)))
        case .wait(let pdu): (pdu, .wait)
        case .notMine(let pdu): (pdu, .notMine)
        case .done(let pdu, let outcome): (pdu, .done(outcome))
        }
      #expect(reader.receive(bytes(pdu)) == step, "heard \(pdu)", sourceLocation: sourceLocation)
    }
  }

  private func id() throws -> GATTReader.Outcome { .id(try #require(Self.id)) }
  private static let findService = "06 0100 ffff 0028" + service
  private static let toService: [Line] = [.answer("03 b900", findService)]
  private static let toCharacteristic = toService + [.answer("07 1000 2000", "08 1000 2000 0328")]
  private static let toValue =
    toCharacteristic + [.answer("09 15 1100 02 1200" + characteristic, "0a 1200")]
  private static let walk = toService + [.answer("01 06 0100 06", "10 0100 ffff 0028")]

  // MARK: Conversations

  @Test("MTU, service, characteristic, value: the id") func straight() throws {
    converse(Self.toValue + [.done("0b" + SampleConnections.id, try id())])
  }

  @Test("The MTU agreed on is told") func mtu() {
    for (answer, mtu) in [("03 b900", 185), ("03 1600", 23), ("03 0000", 23), ("03 0502", 512)] {
      var reader = GATTReader()
      #expect(reader.mtu == nil)
      _ = reader.start()
      #expect(reader.receive(bytes(answer)) == .send(bytes(Self.findService)))
      #expect(reader.mtu == mtu)
    }
  }

  @Test("A device that does not exchange MTUs is no obstacle", arguments: ["06", "04", "0e", "80"])
  func mtuRefused(code: String) throws {
    converse(
      [.answer("01 02 0000" + code, Self.findService)] + Self.toValue.dropFirst()
        + [.done("0b" + SampleConnections.id, try id())])
  }

  @Test("Characteristics are looked through in several rounds, short and long UUIDs") func rounds() throws {
    converse(
      Self.toCharacteristic + [
        .answer("09 07 1100 02 1200 002a 1300 12 1400 012a", "08 1400 2000 0328"),
        .answer("09 15 1500 02 1600" + Self.service, "08 1600 2000 0328"),
        .answer("09 15 1e00 12 1f00" + Self.characteristic, "0a 1f00"),
        .done("0b" + SampleConnections.id, try id()),
      ])
  }

  @Test("Several in one answer: the first one that fits is read") func several() throws {
    let service = Self.service
    let characteristic = Self.characteristic
    converse(
      Self.toCharacteristic + [
        .answer(
          "09 15 1100 02 1200" + service + "1300 02 1400" + characteristic + "1500 02 1600" + characteristic,
          "0a 1400"),
        .done("0b" + SampleConnections.id, try id()),
      ])
  }

  @Test("The walk over all services finds it too") func walk() throws {
    converse(
      Self.walk + [
        .answer("11 06 0100 0500 0018 0600 0900 0118", "10 0a00 ffff 0028"),
        .answer("11 14 1000 2000" + Self.service, "08 1000 2000 0328"),
        .answer("09 15 1100 02 1200" + Self.characteristic, "0a 1200"),
        .done("0b" + SampleConnections.id, try id()),
      ])
  }

  @Test("No such service") func noService() {
    converse(Self.toService + [.done("01 06 0100 0a", .noService)])
    converse(Self.walk + [.done("01 10 0100 0a", .noService)])
    converse(Self.walk + [.done("11 06 0100 ffff 0018", .noService)])
    converse(
      Self.walk + [.answer("11 06 0100 0500 0018", "10 0600 ffff 0028"), .done("01 10 0600 0a", .noService)])
  }

  @Test("A service without the characteristic: the next one of the same UUID, then none")
  func noCharacteristic() {
    converse(Self.toCharacteristic + [.done("01 08 1000 0a", .noService)])
    converse(
      Self.toCharacteristic + [
        .answer("09 07 1f00 02 2000 002a", "08 2000 2000 0328"), .done("01 08 2000 0a", .noService),
      ])
    converse(
      Self.toService + [
        .answer("07 1000 2000 3000 ffff", "08 1000 2000 0328"), .answer("01 08 1000 0a", "08 3000 ffff 0328"),
        .done("01 08 3000 0a", .noService),
      ])
  }

  @Test("A second service of the same UUID is looked into") func secondService() throws {
    converse(
      Self.toService + [
        .answer("07 1000 1200 3000 3200", "08 1000 1200 0328"),
        .answer("09 07 1100 02 1200 002a", "08 1200 1200 0328"),
        .answer("01 08 1200 0a", "08 3000 3200 0328"),
        .answer("09 15 3100 02 3200" + Self.characteristic, "0a 3200"),
        .done("0b" + SampleConnections.id, try id()),
      ])
  }

  @Test("Only exactly 12 bytes are an id", arguments: [0, 1, 11, 12, 13, 22, 184, 511]) func length(
    count: Int
  ) throws {
    let value = String(repeating: "5a", count: count)
    let id = BluezoneID(bytes(value))
    converse(Self.toValue + [.done("0b" + value, id.map { .id($0) } ?? .wrongLength(count))])
  }

  @Test("A refusal is told, with its code") func refused() {
    converse(Self.toService + [.done("01 06 0000 0e", .refused(.unlikelyError))])
    converse(Self.walk + [.done("01 10 0100 10", .refused(.unsupportedGroupType))])
    converse(Self.walk + [.done("01 10 0100 06", .refused(.requestNotSupported))])
    converse(Self.toCharacteristic + [.done("01 08 1000 08", .refused(.insufficientAuthorization))])
    converse(Self.toValue + [.done("01 0a 1200 05", .refused(.insufficientAuthentication))])
    converse(Self.toValue + [.done("01 0a 1200 0a", .refused(.attributeNotFound))])
    converse(Self.toValue + [.done("01 0a 1200 9f", .refused(ATTErrorCode(rawValue: 0x9F)))])
  }

  // MARK: What else the device says

  @Test("The device's own requests are for the server, at any time", arguments: [0, 1, 2, 3]) func notMine(
    after: Int
  ) {
    let lines = Array(Self.toValue.prefix(after))
    let others: [Line] = ATTTests.requests.map { .notMine(Hex.string($0)) }
    converse(lines + others + [.notMine("1e"), .notMine("52 0300 41"), .notMine("1c 00"), .notMine("ff")])
    converse(lines + others + Array(Self.toValue.dropFirst(after)))
  }

  @Test("Notifications are ignored, an indication is confirmed, and the reading goes on") func unasked()
    throws
  {
    for after in 0...3 {
      converse(
        Self.toValue.prefix(after) + [
          .wait("1b 0300 41"), .wait("1b"), .wait("23 0300 0100 41 0500 0000"), .answer("1d 0300 41", "1e"),
          .answer("1d", "1e"), .wait(""),
        ] + Self.toValue.dropFirst(after) + [.done("0b" + SampleConnections.id, try id())])
    }
  }

  @Test("After the end responses are ignored, indications still confirmed, requests still the server's")
  func after() {
    converse(
      Self.toService + [
        .done("01 06 0100 0a", .noService), .wait("03 b900"), .wait("0b" + SampleConnections.id),
        .answer("1d 0300 41", "1e"), .notMine("02 0002"), .wait("1b 0300 41"),
      ])
  }

  @Test("Before the start every response is out of order") func notStarted() {
    for text in ["03 b900", "01 02 0000 06", "0b"] {
      var reader = GATTReader()
      #expect(reader.receive(bytes(text)) == .done(.malformed))
    }
  }

  @Test("It can be started again") func again() {
    var reader = GATTReader()
    _ = reader.start()
    #expect(reader.receive(bytes("0b")) == .done(.malformed))
    #expect(reader.start() == bytes("02 0002") && reader.mtu == nil)
    #expect(reader.receive(bytes("03 b900")) == .send(bytes(Self.findService)))
  }

  @Test("A response to something else is malformed", arguments: [0, 1, 2, 3]) func outOfOrder(after: Int) {
    // The opcode of the answer that is awaited after so many lines, and what it answers.
    let awaited: [(UInt8, UInt8)] = [(0x03, 0x02), (0x07, 0x06), (0x09, 0x08), (0x0B, 0x0A)]
    let wrong = [
      "03 b900", "05 01 0100 0028", "07 1000 2000", "09 15 1100 02 1200" + Self.characteristic, "0b 00",
      "0d 00",
      "0f 00", "11 14 1000 2000" + Self.service, "13", "17 0300 0000", "19", "21 0100 00 0100 00",
    ]
    for text in wrong where bytes(text)[0] != awaited[after].0 {
      converse(Self.toValue.prefix(after) + [.done(text, .malformed)])
    }
    for request in [0x02, 0x04, 0x06, 0x08, 0x0A, 0x10, 0x12, 0x00] as [UInt8]
    where request != awaited[after].1 {
      converse(Self.toValue.prefix(after) + [.done("01" + Hex.string([request]) + "0000 06", .malformed)])
    }
  }

  @Test("An answer cut at any byte is malformed, unless what is left is one") func truncation() {
    let answers: [([Line], String)] = [
      ([], "03 b900"), ([], "01 02 0000 06"), (Self.toService, "07 1000 2000"),
      (Self.toService, "01 06 0100 0a"),
      (Self.toCharacteristic, "09 15 1100 02 1200" + Self.characteristic),
      (Self.toCharacteristic, "01 08 1000 0a"),
      (Self.walk, "11 14 1000 2000" + Self.service), (Self.toValue, "01 0a 1200 05"),
    ]
    for (lines, text) in answers {
      let whole = bytes(text)
      for count in 1..<whole.count {
        converse(lines + [.done(Hex.string(whole.prefix(count)), .malformed)])
      }
      converse(lines + [.done(Hex.string(whole) + "00", .malformed)])
    }
  }

  @Test("Handles that cannot be are malformed") func badHandles() {
    for groups in [
      "0000 0900", "0900 0800", "1000 2000 1000 2000", "1000 2000 2000 3000", "1000 ffff 2000 3000",
    ] {
      converse(Self.toService + [.done("07" + groups, .malformed)])
    }
    // Before what was asked, or never further.
    converse(Self.walk + [.done("11 06 0000 0500 0018", .malformed)])
    converse(
      Self.walk + [
        .answer("11 06 0100 0500 0018", "10 0600 ffff 0028"), .done("11 06 0500 0900 0118", .malformed),
      ])
    converse(Self.walk + [.done("11 07 0100 0500 001800", .malformed)])
    for item in [
      // Before the service, after it, its value before or at the declaration, or after the service.
      "0f00 02 1200 002a", "2100 02 2200 002a", "1100 02 1000 002a", "1100 02 1100 002a", "1100 02 2100 002a",
      "1100 02 0000 002a", "1100 02 1200 002a 1100 02 1200 012a", "1300 02 1400 002a 1100 02 1200 012a",
    ] { converse(Self.toCharacteristic + [.done("09 07" + item, .malformed)]) }
    for item in ["09 06 1100 02 1200 00", "09 08 1100 02 1200 002a00", "09 02 1100"] {
      converse(Self.toCharacteristic + [.done(item, .malformed)])
    }
  }

  @Test("Answers end at the offered MTU", arguments: [-1, 0, 1]) func longest(over: Int) {
    let value = String(repeating: "00", count: TracerLimits.attMTU - 1 + over)
    converse(
      Self.toValue + [
        .done("0b" + value, over <= 0 ? .wrongLength(TracerLimits.attMTU - 1 + over) : .malformed)
      ])
  }

  @Test("Other UUIDs can be read, short ones too") func otherUUIDs() throws {
    var reader = GATTReader(service: .genericAccess, characteristic: .deviceName)
    var server = GATTServer(deviceName: "twelve bytes")
    var step = GATTReader.Step.send(reader.start())
    var asked: [[UInt8]] = []
    while case .send(let pdu) = step {
      asked.append(pdu)
      step = reader.receive(server.respond(to: pdu) ?? [])
    }
    let expected = try #require(BluezoneID("twelve bytes".utf8))
    #expect(step == .done(.id(expected)))
    #expect(
      asked == [
        bytes("02 0002"), bytes("06 0100 ffff 0028 0018"), bytes("08 0100 0500 0328"), bytes("0a 0300"),
      ])
  }

  @Test("Requests end at their limit", arguments: [-1, 0, 1]) func roundTrips(over: Int) throws {
    // MTU, the service by value, the characteristic and the value are four; the rest goes into the walk.
    let walks = TracerLimits.gattRoundTrips - 4 + over
    var reader = GATTReader()
    _ = reader.start()
    _ = reader.receive(bytes("03 b900"))
    var step = reader.receive(bytes("01 06 0100 06"))
    for i in 1..<walks {
      let handle = UInt16(i).littleEndianBytes
      #expect(step == .send(bytes("10") + handle + bytes("ffff 0028")))
      step = reader.receive(bytes("11 06") + handle + handle + bytes("0018"))
    }
    step = reader.receive(bytes("11 14 0010 0011" + Self.service))
    step = reader.receive(bytes("09 15 0110 02 0210" + Self.characteristic))
    if over <= 0 {
      #expect(step == .send(bytes("0a 0210")))
      step = reader.receive(bytes("0b" + SampleConnections.id))
      #expect(try step == .done(id()))
    } else {
      #expect(step == .done(.malformed))
    }
  }

  @Test("A device that never comes to an end is given up") func endless() {
    var reader = GATTReader()
    _ = reader.start()
    var step = reader.receive(bytes("03 b900"))
    step = reader.receive(bytes("01 06 0100 06"))
    var sent = 3
    var handle: UInt16 = 1
    while case .send = step {
      step = reader.receive(
        bytes("11 06") + handle.littleEndianBytes + handle.littleEndianBytes + bytes("0018"))
      handle += 1
      if case .send = step { sent += 1 }
    }
    #expect(step == .done(.malformed) && sent == TracerLimits.gattRoundTrips)
  }

  // MARK: With our own server

  /// A device with much else, so that answers are long.
  private static let phone: GATTDatabase = {
    var database = GATTDatabase()
    database.addService(.genericAccess)
    database.addCharacteristic(.deviceName, .constant(Array("phone".utf8)))
    // The service once without the characteristic.
    database.addService(.bluezoneService)
    database.addCharacteristic(.appearance, .constant([0, 0]))
    for i in 0..<12 { database.addService(ATTUUID(high: 0x1234, low: UInt64(i))) }
    database.addService(.bluezoneService)
    for i in 0..<30 {
      database.addCharacteristic(ATTUUID(high: 0x5678, low: UInt64(i)), .constant([1]))
    }
    database.addCharacteristic(.bluezoneID, .bluezoneID)
    return database
  }()

  /// One side of a connection: what it hears as packets, it answers as packets.
  private struct Side {
    var reassembler = L2CAPReassembler()
    var server: GATTServer

    init(_ server: GATTServer) { self.server = server }

    /// The attribute PDU that is whole after this packet.
    mutating func receive(_ packet: [UInt8]) throws -> [UInt8]? {
      let frame = reassembler.append(try ACLData(packet: packet.span), in: packet.span)
      #expect(frame == nil || frame?.channel == .attributeProtocol)
      return frame?.payload
    }

    static func packets(_ pdu: [UInt8]) -> [[UInt8]] {
      let frame = L2CAPFrame(channel: .attributeProtocol, payload: pdu)
      return ACLData.packets(handle: 0x040, frame: frame.bytes, largestData: 27)
    }
  }

  @Test(
    "It reads our own server through packets of 27 bytes, each side asking the other",
    arguments: [false, true])
  func endToEnd(refusesFindByTypeValue: Bool) throws {
    var phone = Side(GATTServer(database: Self.phone, bluezoneID: Self.id))
    var kiosk = Side(GATTServer(bluezoneID: BluezoneID(bytes("00112233445566778899aabb"))))
    var reader = GATTReader()
    var phoneReader = GATTReader()
    // What is on its way, and to whom.
    var toPhone = Side.packets(reader.start())
    var toKiosk = Side.packets(phoneReader.start())
    var outcomes: [GATTReader.Outcome] = []

    func hear(_ pdu: [UInt8], _ side: inout Side, _ reader: inout GATTReader) -> [[UInt8]] {
      if refusesFindByTypeValue, pdu.first == 0x06 { return Side.packets(bytes("01 06 0100 06")) }
      switch reader.receive(pdu) {
      case .send(let pdu):
        if let mtu = reader.mtu { side.server.use(mtu: mtu) }
        return Side.packets(pdu)
      case .wait: return []
      case .notMine: return side.server.respond(to: pdu).map(Side.packets) ?? []
      case .done(let outcome):
        outcomes.append(outcome)
        return []
      }
    }

    var packets = 0
    while !toPhone.isEmpty || !toKiosk.isEmpty {
      packets += toPhone.count + toKiosk.count
      let (heardByPhone, heardByKiosk) = (toPhone, toKiosk)
      (toPhone, toKiosk) = ([], [])
      for packet in heardByPhone {
        if let pdu = try phone.receive(packet) { toKiosk += hear(pdu, &phone, &phoneReader) }
      }
      for packet in heardByKiosk {
        if let pdu = try kiosk.receive(packet) { toPhone += hear(pdu, &kiosk, &reader) }
      }
    }
    let kioskID = try #require(kiosk.server.bluezoneID)
    #expect(try Set(outcomes) == [id(), .id(kioskID)])
    #expect(outcomes.count == 2)
    #expect(phone.server.mtu == 512 && kiosk.server.mtu == 512)
    #expect(phone.reassembler.drops == L2CAPReassembler.Drops())
    #expect(kiosk.reassembler.drops == L2CAPReassembler.Drops())
    // The kiosk's side alone fits into two packets a request; the phone's characteristics do not.
    #expect(packets > 30)
  }

  @Test("Against a server without an id it is refused") func serverWithoutID() {
    var server = GATTServer()
    var reader = GATTReader()
    var step = GATTReader.Step.send(reader.start())
    while case .send(let pdu) = step { step = reader.receive(server.respond(to: pdu) ?? []) }
    #expect(step == .done(.refused(.unlikelyError)))
  }

  // MARK: Garbage

  @Test("Whatever is answered, it asks well, ends, and does not trap", arguments: [1, 20_200_901])
  func garbage(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var outcomes: [GATTReader.Outcome: Int] = [:]
    var pdus = 0
    while pdus < 100_000 {
      var reader = GATTReader()
      var server = GATTServer(bluezoneID: Self.id)
      let walks = Bool.random(using: &random)
      // A whole run is damaged now and then; else the reader would seldom come far.
      let damage = Int.random(in: 2...12, using: &random)
      var asked = reader.start()
      var sent = 1
      var isDone = false
      for _ in 0..<400 where !isDone {
        pdus += 1
        var pdu = server.respond(to: asked) ?? []
        if walks, asked.first == 0x06 { pdu = bytes("01 06 0100 06") }
        if Int.random(in: 0..<damage, using: &random) == 0 {
          pdu = Bool.random(using: &random) ? mutated(pdu, using: &random) : Self.answer(to: asked, &random)
        }
        switch reader.receive(pdu) {
        case .send(let next):
          check(next.count <= ATTMTU.least, "seed \(seed), PDU \(pdus)")
          if next == [0x1E] { continue }
          _ = try ATTRequest(next.span)
          asked = next
          sent += 1
        case .wait, .notMine: break
        case .done(let outcome):
          isDone = true
          let kind: GATTReader.Outcome =
            switch outcome {
            case .wrongLength: .wrongLength(0)
            case .refused: .refused(.unlikelyError)
            case .id, .noService, .malformed: outcome
            }
          outcomes[kind, default: 0] += 1
        }
      }
      check(isDone && sent <= TracerLimits.gattRoundTrips, "seed \(seed), PDU \(pdus)")
    }
    // The canary: every end was reached.
    let read = try outcomes[id()] ?? 0
    #expect(outcomes.count >= 5 && read > 0, "seed \(seed)")
  }

  /// A response of the right form with numbers of chance.
  private static func answer(to request: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    func handle() -> [UInt8] {
      let most: UInt16 = Bool.random(using: &random) ? 20 : .max
      return UInt16.random(in: 0...most, using: &random).littleEndianBytes
    }
    func value(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255, using: &random) } }
    var pdu: [UInt8]
    switch request.first {
    case 0x02: return [0x03] + handle()
    case 0x06: pdu = [0x07]
    case 0x08: pdu = [0x09, 7]
    case 0x10: pdu = [0x11, 6]
    default: return [0x0B] + value(Int.random(in: 0...24, using: &random))
    }
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      pdu += handle()
      if request.first == 0x08 { pdu += value(1) }
      pdu += handle()
      if request.first != 0x06 { pdu += value(2) }
    }
    return pdu
  }
}
