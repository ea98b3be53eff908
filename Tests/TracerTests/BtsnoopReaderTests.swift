// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Reading a btsnoop recording") struct BtsnoopReaderTests {
  private typealias Failure = BtsnoopReader.Failure
  private static let header = bytes("6274736e6f6f7000 00000001 000003ea")
  /// 2020-05-01T00:00:00Z, as btsnoop counts.
  private static let time = BtsnoopReader.epochOffset + 1_588_291_200_000_000

  private static func record(
    _ packet: [UInt8], original: UInt32? = nil, included: UInt32? = nil, flags: UInt32 = 3, time: Int64 = time
  ) -> [UInt8] {
    func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
      stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    let count = UInt32(packet.count)
    return bigEndian(original ?? included ?? count) + bigEndian(included ?? count) + bigEndian(flags)
      + bigEndian(UInt32(0)) + bigEndian(time) + packet
  }

  private func reader(_ records: [UInt8]...) throws -> BtsnoopReader {
    try BtsnoopReader(Self.header + records.joined())
  }
  private func damaged(_ record: Int, _ offset: Int, _ reason: String) -> Failure {
    .damagedRecord(record: record, offset: offset, reason: reason)
  }

  @Test("A recorded record, byte for byte") func golden() throws {
    let file =
      Self.header
      + bytes("0000002d 0000002d 00000003 00000000 00e2824d8eef4b0a") + SamplePackets.Recorded.nearbyInfo
    var reader = try BtsnoopReader(file)
    let record = try #require(try reader.next())
    #expect(record.packet == SamplePackets.Recorded.nearbyInfo && record.isReceived)
    #expect(record.microseconds == 0x00E2_824D_8EEF_4B0A - 62_168_256_000_000_000)
    #expect(try reader.next() == nil)
    #expect(try reader.next() == nil)
  }

  @Test("Records come in order, with their time and direction") func several() throws {
    var reader = try reader(
      Self.record([4, 1, 0]), Self.record([], flags: 2), Self.record([1, 2], flags: 0, time: Self.time + 1))
    let start: Int64 = 1_588_291_200_000_000
    #expect(try reader.next() == .init(packet: [4, 1, 0], microseconds: start, isReceived: true))
    #expect(try reader.next() == .init(packet: [], microseconds: start, isReceived: false))
    #expect(try reader.next() == .init(packet: [1, 2], microseconds: start + 1, isReceived: false))
    #expect(try reader.next() == nil)
  }

  @Test("A file of its header alone has no records") func empty() throws {
    var reader = try reader()
    #expect(try reader.next() == nil)
  }

  @Test("The header cut at any byte is no btsnoop file", arguments: 0..<16) func headerTruncation(count: Int) {
    #expect(throws: Failure.notBtsnoop) { try BtsnoopReader(Array(Self.header.prefix(count))) }
  }

  @Test("A wrong byte in the first eight is no btsnoop file", arguments: 0..<8) func magic(at: Int) {
    var file = Self.header
    file[at] ^= 0x20
    #expect(throws: Failure.notBtsnoop) { try BtsnoopReader(file) }
  }

  @Test("Other versions and data links are refused by number") func unsupported() {
    let magic = Self.header.prefix(8)
    #expect(throws: Failure.unsupportedVersion(2)) { try BtsnoopReader(magic + bytes("00000002 000003ea")) }
    #expect(throws: Failure.unsupportedVersion(0x0100_0000)) {
      try BtsnoopReader(magic + bytes("01000000 000003ea"))
    }
    for link: UInt8 in [0xE9, 0xEB] {
      #expect(throws: Failure.unsupportedDataLink(0x300 | UInt32(link))) {
        try BtsnoopReader(magic + bytes("00000001 000003") + [link])
      }
    }
  }

  @Test("Cut at any byte, the whole records before are read and the cut one is damaged")
  func everyTruncation() throws {
    let one = Self.record([4, 1, 0])
    let file = Self.header + one + one
    for count in 16..<file.count {
      var reader = try BtsnoopReader(Array(file.prefix(count)))
      let whole = (count - 16) / one.count
      for _ in 0..<whole { #expect(try reader.next() != nil) }
      let left = (count - 16) % one.count
      if left == 0 {
        #expect(try reader.next() == nil)
      } else {
        let reason = left < 24 ? "its header is cut off" : "its packet is cut off"
        let failure = damaged(whole + 1, 16 + whole * one.count, reason)
        #expect(throws: failure, "cut at \(count)") { try reader.next() }
        // Asked again it says the same.
        #expect(throws: failure) { try reader.next() }
      }
    }
  }

  @Test("A length beyond the limit is refused, however long the file") func lengthLimit() throws {
    let limit = UInt32(TracerLimits.recordBytes)
    var longest = try reader(Self.record([UInt8](repeating: 0, count: TracerLimits.recordBytes)))
    #expect(try longest.next()?.packet.count == TracerLimits.recordBytes)
    for included in [limit + 1, 0x7FFF_FFFF, 0x8000_0000, .max] {
      var reader = try reader(Self.record([1, 2, 3], included: included))
      #expect(throws: damaged(1, 16, "it claims \(included) bytes")) { try reader.next() }
    }
    var short = try reader(Self.record([1, 2, 3], included: limit))
    #expect(throws: damaged(1, 16, "its packet is cut off")) { try short.next() }
  }

  @Test("A record may hold less than the packet had, not more") func originalLength() throws {
    var cut = try reader(Self.record([1, 2, 3], original: 300))
    #expect(try cut.next()?.packet == [1, 2, 3])
    var impossible = try reader(Self.record([1, 2, 3], original: 2))
    #expect(throws: damaged(1, 16, "it holds more bytes than the packet had")) { try impossible.next() }
  }

  @Test("Times reach as far as they fit") func times() throws {
    for (time, expected) in [
      (Int64.max, Int64.max - BtsnoopReader.epochOffset), (0, -BtsnoopReader.epochOffset),
      (.min + BtsnoopReader.epochOffset, .min),
    ] {
      var reader = try reader(Self.record([], time: time))
      #expect(try reader.next()?.microseconds == expected)
    }
    for time in [Int64.min, .min + BtsnoopReader.epochOffset - 1] {
      var reader = try reader(Self.record([], time: time))
      #expect(throws: damaged(1, 16, "its time is out of range")) { try reader.next() }
    }
  }

  @Test("A failure says what the file is not") func words() {
    #expect("\(Failure.notBtsnoop)".contains("not a btsnoop file"))
    #expect("\(Failure.unsupportedVersion(2))".contains("version 2"))
    #expect("\(Failure.unsupportedDataLink(1001))".contains("1001"))
    #expect(
      "\(damaged(3, 99, "its packet is cut off"))" == "record 3 at byte 99 is damaged: its packet is cut off")
  }
}
