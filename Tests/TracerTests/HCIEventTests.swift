// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("An HCI event") struct HCIEventTests {
  private func event(_ packet: [UInt8]) throws -> HCIEvent { try HCIEvent(packet: packet.span) }
  private func event(_ text: String) throws -> HCIEvent { try event(bytes(text)) }

  @Test("Command complete, with and without return parameters") func commandComplete() throws {
    #expect(
      try event("040e04 01 030c 00")
        == .commandComplete(credits: 1, opcode: .reset, status: .success, parameters: 7..<7))
    #expect(
      try event("040e0a 05 0910 00 665544332211")
        == .commandComplete(credits: 5, opcode: .readBDADDR, status: .success, parameters: 7..<13))
    #expect(
      try event("040e04 00 0a20 0c")
        == .commandComplete(
          credits: 0, opcode: .leSetAdvertisingEnable, status: .commandDisallowed, parameters: 7..<7))
  }

  @Test("Command complete for no command only grants credits, and has no status") func noCommand() throws {
    #expect(
      try event("040e03 01 0000")
        == .commandComplete(credits: 1, opcode: .none, status: .success, parameters: 6..<6))
  }

  @Test("Command status") func commandStatus() throws {
    #expect(
      try event("040f04 00 03 0604") == .commandStatus(credits: 3, opcode: .disconnect, status: .success))
    #expect(
      try event("040f04 01 01 0b20")
        == .commandStatus(credits: 1, opcode: .leSetScanParameters, status: .unknownCommand))
  }

  @Test("Connections come and go, by the 12 bits of their handle") func connections() throws {
    guard case .leConnectionComplete(let complete) = try event(SamplePackets.leConnectionComplete) else {
      Issue.record("no connection")
      return
    }
    #expect(complete.status == .success && complete.handle == 0x040)
    #expect(
      try event("040504 00 40f0 13")
        == .disconnectionComplete(status: .success, handle: 0x040, reason: .remoteUserTerminated))
    guard case .leConnectionComplete(let failed) = try event("043e13 01 3c ff0f" + String(repeating: "00", count: 15))
    else {
      Issue.record("no connection")
      return
    }
    #expect(failed.status == HCIStatus(rawValue: 0x3C) && failed.handle == 0xFFF)
  }

  @Test("An enhanced connection complete says the same, with the peer and the role") func enhanced() throws {
    let plain = "01 00 4000 01 01 665544332211 1800 0000 9001 00"
    let enhanced = "0a 00 4000 01 01 665544332211 000000000000 000000000000 1800 0000 9001 00"
    guard case .leConnectionComplete(let one) = try event("043e13" + plain),
      case .leConnectionComplete(let other) = try event("043e1f" + enhanced)
    else {
      Issue.record("no connection")
      return
    }
    #expect(one == other && one.role == .peripheral)
    #expect(one.peer == BluetoothAddress(bits: 0x1122_3344_5566, isRandom: true))
    // Handles above 0xEFF are reserved; found by fuzzing.
    #expect(throws: ParseError.self) { try event("043e13 01 00 000f 01 01 665544332211 1800 0000 9001 00") }
    #expect(throws: ParseError.self) { try event("043e13 01 00 4000 02 01 665544332211 1800 0000 9001 00") }
  }

  @Test("A hardware error tells its code") func hardwareError() throws {
    #expect(try event("041001 42") == .hardwareError(code: 0x42))
  }

  @Test("An advertising report tells where its reports lie") func advertisingReport() throws {
    #expect(try event(SamplePackets.Recorded.nearbyInfo) == .leAdvertisingReport(reports: 4..<45))
  }

  @Test("Events of no use are told by their code, whatever they hold") func others() throws {
    #expect(try event("041305 01 4000 0100") == .numberOfCompletedPackets(counts: 3..<8))
    #expect(try event("04ff00") == .other(code: 0xFF))
    #expect(try event("043e02 0d00") == .leExtendedAdvertisingReport(reports: 4..<5))
    #expect(try event("043e02 0c00") == .other(code: 0x3E))
    #expect(try event([0x04, 0xFF, 0xFF] + [UInt8](repeating: 1, count: 255)) == .other(code: 0xFF))
  }

  @Test("Cut at any byte, no event is read", arguments: SamplePackets.events) func everyTruncation(
    packet: [UInt8]
  ) throws {
    _ = try event(packet)
    for count in 0..<packet.count {
      #expect(throws: ParseError.self, "cut at \(count)") { try event(Array(packet.prefix(count))) }
    }
  }

  @Test("One byte too many is refused", arguments: SamplePackets.events) func trailing(packet: [UInt8]) {
    #expect(throws: ParseError(.trailing, field: "event parameters", offset: packet.count)) {
      try event(packet + [0])
    }
  }

  @Test(
    "An event whose own length is a byte short or long is refused",
    arguments: [
      SamplePackets.commandStatus, SamplePackets.disconnectionComplete, SamplePackets.hardwareError,
      SamplePackets.leConnectionComplete,
    ]) func wrongLength(packet: [UInt8])
  {
    var short = Array(packet.dropLast())
    short[2] -= 1
    #expect { try event(short) } throws: { ($0 as? ParseError)?.problem == .truncated }
    var long = packet + [0]
    long[2] += 1
    #expect { try event(long) } throws: { ($0 as? ParseError)?.problem == .trailing }
  }

  @Test("A command complete without its status is cut off") func missingStatus() {
    #expect(throws: ParseError(.truncated, field: "Status", offset: 6)) { try event("040e03 01 030c") }
    #expect(throws: ParseError(.truncated, field: "Command_Opcode", offset: 4)) { try event("040e02 01 03") }
    #expect(throws: ParseError(.truncated, field: "Num_HCI_Command_Packets", offset: 3)) {
      try event("040e00")
    }
    #expect(throws: ParseError(.truncated, field: "Subevent_Code", offset: 3)) { try event("043e00") }
  }

  @Test("A packet that is no event is refused", arguments: [0x00, 0x01, 0x02, 0x03, 0x05, 0xFF] as [UInt8])
  func indicator(type: UInt8) {
    #expect(throws: ParseError(.invalid, field: "packet indicator", offset: 0)) {
      try event([type, 0x10, 1, 0])
    }
  }
}
