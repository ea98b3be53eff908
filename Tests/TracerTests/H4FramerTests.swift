// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Cutting a byte stream into packets") struct H4FramerTests {
  private static let acl = bytes("02 4020 0500 0102030405")
  private static let synchronous = bytes("03 4000 03 010203")
  private static let command = HCICommand.setEventMask.packet
  private static let all =
    SamplePackets.events + [
      acl, synchronous, command, bytes("04ff00"), bytes("02 0000 0000"), bytes("03 0000 00"),
    ]

  @Test("Many packets in one piece come out in order") func together() throws {
    var framer = H4Framer()
    #expect(try framer.append(Self.all.joined()) == Self.all)
    #expect(framer.pendingBytes == 0)
    #expect(try framer.append([]) == [])
  }

  @Test("A stream cut in two at any byte gives the same packets") func everySplit() throws {
    let stream = Array(Self.all.joined())
    for cut in 0...stream.count {
      var framer = H4Framer()
      let packets = try framer.append(stream.prefix(cut)) + framer.append(stream.dropFirst(cut))
      #expect(packets == Self.all, "cut at \(cut)")
      #expect(framer.pendingBytes == 0)
    }
  }

  @Test("Byte by byte, each packet comes with its last byte") func byteByByte() throws {
    var framer = H4Framer()
    for packet in Self.all {
      for byte in packet.dropLast() { #expect(try framer.append(CollectionOfOne(byte)) == []) }
      #expect(framer.pendingBytes == packet.count - 1)
      #expect(try framer.append(packet.suffix(1)) == [packet])
      #expect(framer.pendingBytes == 0)
    }
  }

  @Test("Ten thousand packets at once come out") func many() throws {
    var framer = H4Framer()
    let stream = (0..<10_000).flatMap { _ in SamplePackets.hardwareError }
    #expect(try framer.append(stream).count == 10_000)
    #expect(framer.pendingBytes == 0)
  }

  @Test("A byte that starts no packet is out of step", arguments: 0...255) func unknownType(type: Int) throws {
    var framer = H4Framer()
    if (1...4).contains(type) {
      #expect(try framer.append([UInt8(type)]) == [])
    } else {
      #expect(throws: H4Framer.Failure.unknownPacketType(UInt8(type))) { try framer.append([UInt8(type)]) }
    }
  }

  @Test("Out of step after good packets, and from then on") func outOfStep() {
    var framer = H4Framer()
    let failure = H4Framer.Failure.unknownPacketType(0x05)
    #expect(throws: failure) { try framer.append(SamplePackets.hardwareError + [0x05]) }
    #expect(throws: failure) { try framer.append(SamplePackets.hardwareError) }
  }

  @Test("Data packets end at their limit", arguments: [-1, 0, 1]) func oversized(over: Int) throws {
    let length = TracerLimits.aclPayloadBytes + over
    let packet =
      [0x02, 0x40, 0x00, UInt8(length & 0xFF), UInt8(length >> 8)] + [UInt8](repeating: 1, count: length)
    var framer = H4Framer()
    if over <= 0 {
      #expect(try framer.append(packet) == [packet])
    } else {
      #expect(throws: H4Framer.Failure.oversizedPacket(bytes: length)) { try framer.append(packet.prefix(5)) }
    }
  }

  @Test("What is held back is never more than the largest packet") func bounded() throws {
    var framer = H4Framer()
    let packet =
      [0x02, 0x40, 0x00, 0x00, 0x10] + [UInt8](repeating: 1, count: TracerLimits.aclPayloadBytes - 1)
    for byte in packet { #expect(try framer.append(CollectionOfOne(byte)).isEmpty) }
    #expect(framer.pendingBytes == TracerLimits.aclPayloadBytes + 4)
  }

  @Test("The longest event is 255 bytes") func longestEvent() throws {
    let packet = [0x04, 0xFF, 0xFF] + [UInt8](repeating: 0x05, count: 255)
    var framer = H4Framer()
    #expect(try framer.append(packet) == [packet])
  }
}
