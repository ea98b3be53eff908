// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Writing a btsnoop recording") struct BtsnoopWriterTests {
  private func record(
    _ packet: [UInt8], microseconds: Int64 = 0, isReceived: Bool = true, drops: UInt32 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    #expect(
      BtsnoopWriter.append(packet, microseconds: microseconds, isReceived: isReceived, drops: drops, to: &bytes))
    return bytes
  }

  @Test("The file begins with its name, version 1 and data link 1002") func header() {
    #expect(BtsnoopWriter.fileHeader == bytes("6274736e6f6f7000 00000001 000003ea"))
  }

  @Test("A recorded record comes out byte for byte") func golden() {
    let packet = SamplePackets.Recorded.nearbyInfo
    let written = record(packet, microseconds: 0x00E2_824D_8EEF_4B0A - 62_168_256_000_000_000)
    #expect(written == bytes("0000002d 0000002d 00000003 00000000 00e2824d8eef4b0a") + packet)
  }

  @Test("The epoch is the one BlueZ counts from") func epoch() {
    // 2000-01-01T00:00:00Z. Source: BlueZ, src/shared/btsnoop.c, btsnoop_write().
    let written = record([4], microseconds: 946_684_800_000_000)
    #expect(Array(written[16..<24]) == bytes("00e03ab44a676000"))
  }

  @Test("Flags say the direction, and whether it is data") func flags() {
    for (indicator, isReceived, expected) in [
      (1, false, 2), (4, true, 3), (2, false, 0), (2, true, 1), (3, false, 0), (3, true, 1), (1, true, 3),
      (0xFF, true, 1), (0, false, 0),
    ] as [(UInt8, Bool, UInt8)] {
      #expect(Array(record([indicator, 0, 0], isReceived: isReceived)[8..<12]) == [0, 0, 0, expected])
    }
  }

  @Test("Drops are written as they are") func drops() {
    #expect(Array(record([4], drops: 0x0102_0304)[12..<16]) == [1, 2, 3, 4])
    #expect(Array(record([4], drops: .max)[12..<16]) == [255, 255, 255, 255])
  }

  @Test("A packet without its indicator, or longer than readers take, is refused") func lengths() {
    var output: [UInt8] = [9]
    let limit = TracerLimits.recordBytes
    for count in [0, limit + 1] {
      let packet = [UInt8](repeating: 4, count: count)
      #expect(!BtsnoopWriter.takes(packet))
      #expect(!BtsnoopWriter.append(packet, microseconds: 0, isReceived: true, drops: 0, to: &output))
      #expect(output == [9])
    }
    for count in [1, limit] {
      #expect(record([UInt8](repeating: 4, count: count)).count == BtsnoopWriter.recordHeaderBytes + count)
    }
  }

  @Test("Times at the ends do not trap") func times() throws {
    for (time, expected) in [
      (Int64.max, Int64.max - BtsnoopReader.epochOffset), (.min, .min), (0, 0), (-1, -1),
      (.max - BtsnoopReader.epochOffset, .max - BtsnoopReader.epochOffset),
    ] {
      var reader = try BtsnoopReader(BtsnoopWriter.fileHeader + record([4], microseconds: time))
      #expect(try reader.next()?.microseconds == expected)
    }
  }

  @Test("What is written is read again, by seed", arguments: 1...20 as ClosedRange<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var file = BtsnoopWriter.fileHeader
    var expected: [BtsnoopReader.Record] = []
    for _ in 0..<100 {
      let packet = (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let record = BtsnoopReader.Record(
        packet: packet, microseconds: .random(in: 0...4_000_000_000_000_000, using: &random),
        isReceived: .random(using: &random))
      expected.append(record)
      #expect(
        BtsnoopWriter.append(
          packet, microseconds: record.microseconds, isReceived: record.isReceived, drops: 0, to: &file))
    }
    var reader = try BtsnoopReader(file)
    for record in expected { #expect(try reader.next() == record, "seed \(seed)") }
    #expect(try reader.next() == nil)
  }
}
