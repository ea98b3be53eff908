// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The GATT server") struct GATTServerTests {
  private static let id = BluezoneID(bytes(SampleConnections.id))
  private static let otherID = BluezoneID(bytes("00112233445566778899aabb"))
  private static let service = ATTTests.service
  private static let characteristic = ATTTests.characteristic

  /// A conversation: what is asked and what is answered, one after the other on one connection.
  private func converse(
    _ server: inout GATTServer, _ lines: [(String, String?)],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (request, response) in lines {
      #expect(
        server.respond(to: bytes(request)) == response.map { bytes($0) }, "asked \(request)",
        sourceLocation: sourceLocation)
    }
  }

  private func converse(_ lines: [(String, String?)], sourceLocation: SourceLocation = #_sourceLocation) {
    var server = GATTServer(bluezoneID: Self.id)
    converse(&server, lines, sourceLocation: sourceLocation)
  }

  // MARK: Conversations

  @Test("A phone asks as iOS does: MTU, all services, its characteristics, the id") func phone() {
    var server = GATTServer(bluezoneID: Self.id)
    converse(
      &server,
      [
        ("02 0f02", "03 0002"),
        ("10 0100 ffff 0028", "11 06 0100 0500 0018 0600 0600 0118"),
        ("10 0700 ffff 0028", "11 14 0700 0900" + Self.service),
        ("10 0a00 ffff 0028", "01 10 0a00 0a"),
        ("08 0700 0900 0228", "01 08 0700 0a"),
        ("08 0700 0900 0328", "09 15 0800 02 0900" + Self.characteristic),
        ("0a 0900", "0b" + SampleConnections.id),
      ])
    #expect(server.mtu == 512)
  }

  @Test("A phone asks as Android does: the service by its UUID") func byUUID() {
    converse([
      ("02 0002", "03 0002"),
      ("06 0100 ffff 0028" + Self.service, "07 0700 0900"),
      ("06 0800 ffff 0028" + Self.service, "01 06 0800 0a"),
      ("06 0100 ffff 0028 0018", "07 0100 0500"),
      ("06 0100 ffff 0028 0118", "07 0600 0600"),
      ("06 0100 ffff 0028 5650", "01 06 0100 0a"),
    ])
  }

  @Test("Find Information lists types of one form at a time") func findInformation() {
    converse([
      ("04 0100 ffff", "05 01 0100 0028 0200 0328 0300 002a 0400 0328 0500 012a"),
      ("04 0600 ffff", "05 01 0600 0028 0700 0028 0800 0328"),
      ("04 0900 ffff", "05 02 0900" + Self.characteristic),
      ("04 0a00 ffff", "01 04 0a00 0a"),
      ("04 0300 0300", "05 01 0300 002a"),
      ("04 ffff ffff", "01 04 ffff 0a"),
      ("02 0002", "03 0002"),
      (
        "04 0100 ffff",
        "05 01 0100 0028 0200 0328 0300 002a 0400 0328 0500 012a 0600 0028 0700 0028 0800 0328"
      ),
    ])
  }

  @Test("Find By Type Value compares whole values, and knows where a group ends") func findByTypeValue() {
    converse([
      ("06 0100 ffff 0328 02 0300 002a", "07 0200 0300"),
      ("06 0100 ffff 0328 02 0500 012a", "07 0400 0500"),
      ("06 0100 ffff 0328 02 0900" + Self.characteristic.prefix(30), "01 06 0100 0a"),
      ("06 0100 ffff 002a 426c75657a6f6e65", "07 0300 0300"),
      ("06 0100 ffff 002a 426c75657a6f6e", "01 06 0100 0a"),
      ("06 0100 ffff 002a", "01 06 0100 0a"),
      ("06 0100 ffff 0128 0018", "01 06 0100 0a"),
    ])
  }

  @Test("The group of the last characteristic ends with the attributes") func lastGroup() {
    converse([
      ("02 0002", "03 0002"), ("06 0100 ffff 0328 02 0900" + Self.characteristic, "07 0800 0900"),
    ])
  }

  @Test("Read By Type gives values of one length, types in either form") func readByType() {
    converse([
      ("08 0100 ffff 0328", "09 07 0200 02 0300 002a 0400 02 0500 012a"),
      ("08 0500 ffff 0328", "09 15 0800 02 0900" + Self.characteristic),
      ("08 0900 ffff 0328", "01 08 0900 0a"),
      ("08 0100 ffff fb349b5f8000008000100000 03280000", "09 07 0200 02 0300 002a 0400 02 0500 012a"),
      ("08 0100 ffff 002a", "09 0a 0300 426c75657a6f6e65"),
      ("08 0100 ffff 012a", "09 04 0500 0000"),
      ("08 0100 ffff" + Self.characteristic, "09 0e 0900" + SampleConnections.id),
      ("08 0100 ffff" + Self.service, "01 08 0100 0a"),
    ])
  }

  @Test("Read By Group Type knows services alone") func readByGroupType() {
    converse([
      ("10 0100 ffff fb349b5f8000008000100000 00280000", "11 06 0100 0500 0018 0600 0600 0118"),
      ("10 0200 0600 0028", "11 06 0600 0600 0118"),
      ("10 0100 0100 0028", "11 06 0100 0500 0018"),
      ("10 0200 0500 0028", "01 10 0200 0a"),
      ("10 0100 ffff 0128", "01 10 0100 0a"),
      ("10 0100 ffff 0328", "01 10 0100 10"),
      ("10 0300 ffff" + Self.service, "01 10 0300 10"),
    ])
  }

  @Test("Every attribute is read") func read() {
    converse([
      ("0a 0100", "0b 0018"), ("0a 0200", "0b 02 0300 002a"), ("0a 0300", "0b 426c75657a6f6e65"),
      ("0a 0400", "0b 02 0500 012a"), ("0a 0500", "0b 0000"), ("0a 0600", "0b 0118"),
      ("0a 0700", "0b" + Self.service), ("0a 0800", "0b 02 0900" + Self.characteristic),
      ("0a 0900", "0b" + SampleConnections.id),
      ("0a 0000", "01 0a 0000 01"), ("0a 0a00", "01 0a 0a00 01"), ("0a ffff", "01 0a ffff 01"),
    ])
  }

  @Test("Read Multiple joins values, and names the first handle at fault") func readMultiple() {
    converse([
      ("0e 0100 0500", "0f 0018 0000"),
      ("0e 0900 0300", "0f" + SampleConnections.id + "426c75657a6f6e65"),
      // 24 bytes of values do not fit into 22.
      ("0e 0900 0900", "0f" + SampleConnections.id + SampleConnections.id.prefix(20)),
      ("0e 0100 0a00 0000", "01 0e 0a00 01"),
      ("0e 0000 0a00", "01 0e 0000 01"),
      ("20 0100 0500", "21 0200 0018 0200 0000"),
      ("20 0900 0300", "21 0c00" + SampleConnections.id + "0800 426c75657a6f"),
      ("20 0100 0a00", "01 20 0a00 01"),
    ])
  }

  @Test("Nothing can be written, prepared or signed") func write() {
    converse([
      ("12 0300 41", "01 12 0300 03"), ("12 0900", "01 12 0900 03"), ("12 0000 41", "01 12 0000 01"),
      ("12 0a00 41", "01 12 0a00 01"),
      ("16 0300 0000 41", "01 16 0300 03"), ("16 0300 ffff", "01 16 0300 03"),
      ("16 0a00 0000", "01 16 0a00 01"),
      // Nothing was prepared, so writing or cancelling nothing succeeds.
      ("18 00", "19"), ("18 01", "19"), ("18 02", "01 18 0000 04"),
      ("52 0300 41", nil), ("52", nil), ("d2 1200 1337 01000000f1871e933c900ff2", nil), ("d2", nil),
      ("0a 0300", "0b 426c75657a6f6e65"),
    ])
  }

  @Test("Unknown requests are not supported, unknown commands ignored", arguments: UInt8.min...UInt8.max)
  func unknown(opcode: UInt8) {
    var server = GATTServer(bluezoneID: Self.id)
    let response = server.respond(to: [opcode])
    switch ATTOpcode(rawValue: opcode).kind {
    case .request:
      let isKnown = ATTTests.requests.contains { $0[0] == opcode }
      #expect(response == [0x01, opcode, 0, 0, isKnown ? 0x04 : 0x06])
    case .command, .confirmation, .response, .notification, .indication: #expect(response == nil)
    }
  }

  @Test("What is meant for a client gets no answer, so that two devices do not talk for ever")
  func notForServer() {
    converse([
      ("", nil), ("01 0a 0300 01", nil), ("03 0002", nil), ("0b 41", nil), ("1b 0300 41", nil),
      ("1d 0300 41", nil),
      ("1e", nil), ("1e 00", nil), ("23 0300 0100 41 0500 0100 42", nil),
    ])
  }

  @Test("Handle 0 and a start after the end are invalid handles", arguments: ["04", "06", "08", "10"])
  func invalidRanges(opcode: String) {
    let rest = opcode == "04" ? "" : opcode == "06" ? "0028 0018" : "0028"
    converse([
      (opcode + "0000 ffff" + rest, "01" + opcode + "0000 01"),
      (opcode + "0000 0000" + rest, "01" + opcode + "0000 01"),
      (opcode + "0200 0100" + rest, "01" + opcode + "0200 01"),
      (opcode + "ffff feff" + rest, "01" + opcode + "ffff 01"),
    ])
    if opcode == "10" { converse([("10 0000 ffff 0328", "01 10 0000 01")]) }
  }

  @Test("A request cut at any byte, or too long, is an invalid PDU", arguments: ATTTests.requests)
  func malformed(pdu: [UInt8]) {
    var server = GATTServer(bluezoneID: Self.id)
    for count in 1..<pdu.count where (try? ATTRequest(Array(pdu.prefix(count)).span)) == nil {
      #expect(server.respond(to: Array(pdu.prefix(count))) == [0x01, pdu[0], 0, 0, 0x04], "cut at \(count)")
    }
    if (try? ATTRequest((pdu + [0]).span)) == nil {
      #expect(server.respond(to: pdu + [0]) == [0x01, pdu[0], 0, 0, 0x04])
    }
    #expect(server.mtu == ATTMTU.least)
  }

  @Test("Requests end at the offered MTU", arguments: [-1, 0, 1]) func longest(over: Int) {
    var server = GATTServer(bluezoneID: Self.id)
    let request = bytes("12 0300") + [UInt8](repeating: 1, count: TracerLimits.attMTU - 3 + over)
    #expect(server.respond(to: request) == bytes(over <= 0 ? "01 12 0300 03" : "01 12 0000 04"))
  }

  // MARK: MTU, long values, the id

  @Test(
    "The MTU is the smaller one, and 23 for whoever offers less",
    arguments: [
      (0, 23), (22, 23), (23, 23), (24, 24), (185, 185), (511, 511), (512, 512), (513, 512), (65535, 512),
    ])
  func mtu(client: Int, agreed: Int) {
    var server = GATTServer()
    #expect(server.mtu == 23)
    let request = ATTExchangeMTURequest(clientRxMTU: UInt16(clamping: client)).pdu
    #expect(server.respond(to: request) == bytes("03 0002"))
    #expect(server.mtu == agreed)
    var other = GATTServer()
    other.use(mtu: client)
    #expect(other.mtu == agreed)
  }

  @Test("A long name is read in parts, up to the MTU", arguments: [0, 1, 21, 22, 23, 43, 44, 45, 88, 248])
  func longRead(count: Int) {
    let name = String(repeating: "Kiosk at gate 7 ", count: 16).prefix(count)
    var server = GATTServer(deviceName: String(name))
    var value = Array((server.respond(to: bytes("0a 0300")) ?? []).dropFirst())
    var part = value
    while part.count == server.mtu - 1 {
      let request = ATTReadBlobRequest(handle: ATTHandle(rawValue: 3), offset: UInt16(value.count)).pdu
      let response = server.respond(to: request) ?? [0]
      #expect(response[0] == 0x0D && response.count <= server.mtu)
      part = Array(response.dropFirst())
      value += part
    }
    #expect(value == Array(name.utf8))
  }

  @Test("An offset at the end gives nothing, one behind it is invalid") func offsets() {
    converse([
      ("0c 0300 0000", "0d 426c75657a6f6e65"), ("0c 0300 0700", "0d 65"), ("0c 0300 0800", "0d"),
      ("0c 0300 0900", "01 0c 0300 07"), ("0c 0300 ffff", "01 0c 0300 07"),
      ("0c 0000 0000", "01 0c 0000 01"), ("0c 0a00 0000", "01 0c 0a00 01"),
    ])
  }

  @Test("Names end at 248 bytes, and with a whole character") func longestName() {
    for (name, count) in [
      (String(repeating: "k", count: 247), 247), (String(repeating: "k", count: 248), 248),
      (String(repeating: "k", count: 249), 248), (String(repeating: "k", count: 247) + "é", 247),
      (String(repeating: "k", count: 246) + "é", 248), ("", 0),
    ] {
      var server = GATTServer(deviceName: name)
      server.use(mtu: 512)
      let response = server.respond(to: bytes("0a 0300"))
      #expect(response == [0x0B] + Array(name.utf8).prefix(count))
    }
  }

  @Test("Appearance is what was set") func appearance() {
    var server = GATTServer(appearance: 0x0140)
    #expect(server.respond(to: bytes("0a 0500")) == bytes("0b 4001"))
  }

  @Test("Without an id its value is an unlikely error, everything else goes on") func noID() {
    var server = GATTServer()
    converse(
      &server,
      [
        ("0a 0900", "01 0a 0000 0e"), ("0c 0900 0000", "01 0c 0000 0e"), ("0e 0300 0900", "01 0e 0000 0e"),
        ("20 0900 0300", "01 20 0000 0e"), ("08 0100 ffff" + Self.characteristic, "01 08 0000 0e"),
        ("06 0100 ffff 0028" + Self.service, "07 0700 0900"), ("0a 0800", "0b 02 0900" + Self.characteristic),
      ])
    server.bluezoneID = Self.id
    converse(&server, [("0a 0900", "0b" + SampleConnections.id)])
  }

  @Test("A read that spans a slot change never joins two ids") func slotChange() throws {
    var server = GATTServer(bluezoneID: Self.id)
    converse(&server, [("0a 0900", "0b" + SampleConnections.id)])
    server.bluezoneID = Self.otherID
    for offset in 0...13 {
      let request = ATTReadBlobRequest(handle: ATTHandle(rawValue: 9), offset: UInt16(offset)).pdu
      let expected =
        switch offset {
        case 0: "0d 00112233445566778899aabb"
        case 12: "0d"
        case 13: "01 0c 0900 07"
        default: "01 0c 0900 0b"
        }
      #expect(server.respond(to: request) == bytes(expected))
    }
    converse(&server, [("0a 0900", "0b 00112233445566778899aabb")])
  }

  @Test("Its text and its mirror say nothing of the id") func secrecy() {
    let server = GATTServer(bluezoneID: BluezoneID([UInt8](repeating: 0xAB, count: 12)))
    var text = "\(server)" + String(reflecting: server)
    dump(server, to: &text)
    #expect(!text.contains("171") && !text.lowercased().contains("abab"))
  }

  // MARK: Garbage

  @Test("Whatever is asked, the answer is well formed and fits", arguments: [1, 20_200_901])
  func garbage(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var server = GATTServer(bluezoneID: Self.id, deviceName: String(repeating: "kiosk", count: 20))
    var answers: [UInt8: Int] = [:]
    for i in 0..<100_000 {
      if i.isMultiple(of: 500) {
        server = GATTServer(
          bluezoneID: i.isMultiple(of: 1500) ? nil : Self.id, deviceName: "kiosk at the gate of ward 7")
      }
      let pdu = SampleConnections.request(i, &random)
      let mtu = server.mtu
      guard let response = server.respond(to: pdu) else {
        check(pdu.isEmpty || ATTOpcode(rawValue: pdu[0]).kind != .request, "seed \(seed), round \(i)")
        continue
      }
      check(response.count <= mtu, "seed \(seed), round \(i)")
      check(SampleConnections.isWellFormed(response, to: pdu), "seed \(seed), round \(i)")
      check((ATTMTU.least...TracerLimits.attMTU).contains(server.mtu), "seed \(seed), round \(i)")
      answers[response[0], default: 0] += 1
    }
    // The canary: every response came.
    #expect(
      Set(answers.keys) == [1, 3, 5, 7, 9, 0x0B, 0x0D, 0x0F, 0x11, 0x19, 0x21], "seed \(seed)")
  }
}
