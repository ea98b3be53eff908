// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("An ACL data packet") struct ACLDataTests {
  private func acl(_ text: String) throws -> ACLData { try ACLData(packet: bytes(text).span) }

  @Test("It tells its connection, which piece of a frame it is and where it lies") func read() throws {
    let start = try acl("02 4020 0700 03000400 020002")
    #expect(start.handle == 0x040 && start.boundary == .firstFlushable && start.data == 5..<12)
    let continuation = try acl("02 fe1e 0100 aa")
    #expect(
      continuation.handle == 0xEFE && continuation.boundary == .continuation && continuation.data == 5..<6)
    #expect(try acl("02 0100 0000").boundary == .firstNonFlushable)
    #expect(try acl("02 0100 0000").data.isEmpty)
    #expect(start.boundary.isFirst && !continuation.boundary.isFirst)
  }

  @Test("Handles end at 0x0EFF") func handles() throws {
    #expect(try acl("02 ff0e 0000").handle == ACLData.largestHandle)
    #expect(throws: ParseError(.invalid, field: "Connection_Handle", offset: 1)) { try acl("02 000f 0000") }
    #expect(throws: ParseError(.invalid, field: "Connection_Handle", offset: 1)) { try acl("02 ff0f 0000") }
  }

  @Test("A whole frame in one packet and a broadcast are not of LE") func flags() {
    #expect(throws: ParseError(.invalid, field: "PB_Flag", offset: 1)) { try acl("02 4030 0000") }
    for flag in ["60", "a0", "e0"] {
      #expect(throws: ParseError(.invalid, field: "BC_Flag", offset: 1)) { try acl("02 40\(flag) 0000") }
    }
  }

  @Test("Cut at any byte, or with one too many, it is refused") func truncation() {
    let packet = bytes("02 4020 0700 03000400 020002")
    for count in 0..<packet.count {
      #expect(throws: ParseError.self, "cut at \(count)") {
        try ACLData(packet: Array(packet.prefix(count)).span)
      }
    }
    #expect(throws: ParseError(.trailing, field: "Data", offset: 12)) {
      try ACLData(packet: (packet + [0]).span)
    }
    #expect(throws: ParseError(.invalid, field: "packet indicator", offset: 0)) { try acl("04 4020 0000") }
  }

  @Test("A short frame goes out as one packet") func short() {
    let packets = ACLData.packets(handle: 0x040, frame: bytes("03000400 020002"), largestData: 27)
    #expect(packets == [bytes("02 4000 0700 03000400 020002")])
  }

  @Test("A frame is cut at the controller's size", arguments: [26, 27, 28, 53, 54, 55, 81, 82])
  func cut(count: Int) throws {
    let frame = (0..<count).map { UInt8($0) }
    let packets = ACLData.packets(handle: 0xEFF, frame: frame, largestData: 27)
    #expect(packets.count == (count + 26) / 27)
    var joined: [UInt8] = []
    for (i, packet) in packets.enumerated() {
      let acl = try ACLData(packet: packet.span)
      #expect(acl.handle == 0xEFF && acl.boundary == (i == 0 ? .firstNonFlushable : .continuation))
      #expect(acl.data.count <= 27)
      joined += packet[acl.data]
    }
    #expect(joined == frame)
  }

  @Test("The second piece is a continuation") func continuation() {
    let packets = ACLData.packets(handle: 0x001, frame: [UInt8](repeating: 7, count: 28), largestData: 27)
    #expect(packets.first?.prefix(5) == bytes("02 0100 1b00")[...])
    #expect(packets.last == bytes("02 0110 0100 07"))
  }

  @Test("Sizes that no controller may name are brought into bounds") func sizes() {
    let frame = [UInt8](repeating: 1, count: 100)
    for size in [Int.min, -1, 0, 1, TracerLimits.leastACLDataBytes - 1, TracerLimits.leastACLDataBytes] {
      #expect(ACLData.packets(handle: 1, frame: frame, largestData: size).count == 4)
    }
    #expect(
      ACLData.packets(handle: 1, frame: frame, largestData: TracerLimits.leastACLDataBytes + 22).count == 3)
    let long = [UInt8](repeating: 1, count: 0x1_0000)
    #expect(ACLData.packets(handle: 1, frame: long, largestData: .max).map(\.count) == [0xFFFF + 5, 1 + 5])
    #expect(ACLData.packets(handle: 1, frame: [], largestData: 27).isEmpty)
  }
}
