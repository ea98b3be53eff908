// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("An HCI command") struct HCICommandTests {
  private static let address = BluetoothAddress(bits: 0x7442_C094_26BB, isRandom: true)

  /// Every command that the host sends, with the packet as the Core specification lays it out.
  private static let golden: [(HCICommand, String)] = [
    (.reset, "01 030c 00"),
    (HCICommand(.readLocalVersionInformation), "01 0110 00"),
    (HCICommand(.readLocalSupportedCommands), "01 0210 00"),
    (HCICommand(.readLocalSupportedFeatures), "01 0310 00"),
    (HCICommand(.readBDADDR), "01 0910 00"),
    // Bits 4, 15, 25 and 61.
    (.setEventMask, "01 010c 08 1080000200000020"),
    (.writeLEHostSupport, "01 6d0c 02 0100"),
    (HCICommand(.leReadBufferSize), "01 0220 00"),
    (HCICommand(.leReadLocalSupportedFeatures), "01 0320 00"),
    (.leSetEventMask, "01 0120 08 0312020000000000"),
    (.leSetRandomAddress(address), "01 0520 06 bb2694c04274"),
    (
      .leSetAdvertisingParameters(intervalMin: 0x00A0, intervalMax: 0x01B0),
      "01 0620 0f a000 b001 00 01 00 000000000000 07 00"
    ),
    (
      .leSetAdvertisingData(SamplePackets.androidForm),
      "01 0820 20 17 020106 0303564e 0fffb522 \(SamplePackets.id) 0000000000000000"
    ),
    (.leSetAdvertisingEnable(true), "01 0a20 01 01"),
    (.leSetAdvertisingEnable(false), "01 0a20 01 00"),
    (.leSetScanParameters(active: false, interval: 0x0060, window: 0x0130), "01 0b20 07 00 6000 3001 01 00"),
    (.leSetScanParameters(active: true, interval: 0x0010, window: 0x0010), "01 0b20 07 01 1000 1000 01 00"),
    (.leSetScanEnable(true), "01 0c20 02 01 00"),
    (.leSetScanEnable(false), "01 0c20 02 00 00"),
    (.disconnect(handle: 0x0040, reason: .remoteUserTerminated), "01 0604 03 4000 13"),
  ]

  private func command(_ packet: [UInt8]) throws -> HCICommand { try HCICommand(packet: packet.span) }

  @Test("Each has the bytes of the specification and is read back") func goldenBytes() throws {
    for (sent, text) in Self.golden {
      #expect(sent.packet == bytes(text), "\(sent.opcode)")
      #expect(try command(sent.packet) == sent)
    }
  }

  @Test("Cut at any byte, or with one more, it is refused") func everyTruncation() {
    for packet in Self.golden.map(\.0.packet) {
      for count in 0..<packet.count {
        #expect(throws: ParseError.self) { try command(Array(packet.prefix(count))) }
      }
      #expect(throws: ParseError(.trailing, field: "parameters", offset: packet.count)) {
        try command(packet + [0])
      }
    }
  }

  @Test("Another packet is no command", arguments: [0x00, 0x02, 0x03, 0x04, 0xFF] as [UInt8]) func indicator(
    type: UInt8
  ) {
    #expect(throws: ParseError(.invalid, field: "packet indicator", offset: 0)) {
      try command([type, 0x03, 0x0C, 0])
    }
  }

  @Test(
    "Advertising data has a field of 31 bytes, whatever there is to fill it",
    arguments: [0, 1, 30, 31, 32, 300])
  func advertisingData(count: Int) {
    let parameters = HCICommand.leSetAdvertisingData([UInt8](repeating: 0xEE, count: count)).parameters
    #expect(parameters.count == 32)
    #expect(Int(parameters[0]) == min(count, 31))
    #expect(parameters.dropFirst().count { $0 == 0xEE } == min(count, 31))
  }

  @Test("Parameters end at 255 bytes", arguments: [254, 255, 256, 1000]) func parameterLimit(count: Int)
    throws
  {
    let long = HCICommand(HCIOpcode(rawValue: 0xFC01), [UInt8](repeating: 1, count: count))
    #expect(long.parameters.count == min(count, 255))
    #expect(try command(long.packet) == long)
  }

  @Test("Every opcode of ours has a name, others a number") func names() {
    let names = Self.golden.map { "\($0.0.opcode)" }
    #expect(names.allSatisfy { !$0.contains("0x") })
    #expect(Set(names).count == Set(Self.golden.map(\.0.opcode)).count)
    #expect("\(HCIOpcode(rawValue: 0xFC01))" == "command 0xfc01")
    #expect("\(HCIOpcode.none)" == "no command")
  }

  @Test("A status has a name or its number") func statuses() {
    #expect("\(HCIStatus.commandDisallowed)" == "command disallowed")
    #expect("\(HCIStatus(rawValue: 0x3E))" == "error 0x3e")
  }
}
