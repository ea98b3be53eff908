// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("An advertising report") struct LEAdvertisingReportTests {
  /// The reports after the event's header and subevent code, as the host reads them.
  private func reports(_ body: [UInt8]) throws -> [LEAdvertisingReport] {
    var cursor = ByteCursor(body.span)
    var reports: [LEAdvertisingReport] = []
    for _ in 0..<(try LEAdvertisingReport.count(body.span, &cursor)) {
      reports.append(try LEAdvertisingReport(body.span, &cursor))
    }
    try cursor.finish(after: "RSSI")
    return reports
  }
  private let one = bytes("01 00 01 bb2694c04274 03 02011a bf")

  private func changed(_ at: Int, to value: UInt8) -> [UInt8] {
    var body = one
    body[at] = value
    return body
  }

  @Test("All fields of a report") func golden() throws {
    let report = try #require(try reports(one).first)
    #expect(report.eventType == 0 && report.rssiDBm == -65 && report.data == 10..<13)
    #expect(report.address == BluetoothAddress(bits: 0x7442_C094_26BB, isRandom: true))
  }

  @Test("Several reports follow one another in an event") func several() throws {
    let both = try reports(Array(SamplePackets.twoReports.dropFirst(4)))
    #expect(both.map(\.eventType) == [0, 4])
    #expect(both.map(\.rssiDBm) == [-60, nil])
    #expect(both.map(\.data.count) == [3, 5])
    #expect(both.map(\.address.isRandom) == [true, false])
    let most = try reports([25] + (0..<25).flatMap { _ in one.dropFirst() })
    #expect(most.count == 25)
  }

  @Test("Less than 1 and more than 25 reports are refused", arguments: [0, 26, 255] as [UInt8]) func counts(
    count: UInt8
  ) {
    let body = [count] + (0..<Int(count)).flatMap { _ in one.dropFirst() }
    #expect(throws: ParseError(.invalid, field: "Num_Reports", offset: 0)) { try reports(body) }
  }

  @Test("A count that promises more or fewer reports than there are is refused") func wrongCount() {
    #expect(throws: ParseError(.truncated, field: "Event_Type", offset: one.count)) {
      try reports(changed(0, to: 2))
    }
    let two = one + one.dropFirst()
    #expect(throws: ParseError(.trailing, field: "RSSI", offset: one.count)) { try reports(two) }
  }

  @Test("Data is 0 to 31 bytes", arguments: [0, 1, 31, 32, 255]) func dataLength(count: Int) throws {
    var body = Array(one[..<9])
    body += [UInt8(count)] + [UInt8](repeating: 0, count: count) + [0xC0]
    if count <= 31 {
      #expect(try reports(body).first?.data.count == count)
    } else {
      #expect(throws: ParseError(.invalid, field: "Data_Length", offset: 9)) { try reports(body) }
    }
  }

  @Test("Event types go up to 4", arguments: 0...255) func eventTypes(type: Int) throws {
    let body = changed(1, to: UInt8(type))
    if type <= 4 {
      #expect(try reports(body).first?.eventType == UInt8(type))
    } else {
      #expect(throws: ParseError(.invalid, field: "Event_Type", offset: 1)) { try reports(body) }
    }
  }

  @Test("Address types go up to 3, the odd ones are random", arguments: 0...255) func addressTypes(type: Int)
    throws
  {
    let body = changed(2, to: UInt8(type))
    if type <= 3 {
      #expect(try reports(body).first?.address.isRandom == (type % 2 == 1))
    } else {
      #expect(throws: ParseError(.invalid, field: "Address_Type", offset: 2)) { try reports(body) }
    }
  }

  @Test("A strength of 127 means that the controller does not know") func rssi() throws {
    func rssi(_ byte: UInt8) throws -> Int8? { try reports(changed(13, to: byte)).first?.rssiDBm }
    #expect(try rssi(127) == nil)
    #expect(try rssi(126) == 126)
    #expect(try rssi(128) == -128)
    #expect(try rssi(0) == 0)
    #expect(try rssi(20) == 20)
    #expect(try rssi(0x81) == -127)
  }

  @Test("Cut at any byte, the reports are refused") func everyTruncation() {
    let body = Array(SamplePackets.twoReports.dropFirst(4))
    for count in 0..<body.count {
      #expect(throws: ParseError.self, "cut at \(count)") { try reports(Array(body.prefix(count))) }
    }
  }

  @Test("Recorded reports give what was recorded", arguments: SamplePackets.recorded) func recorded(
    packet: [UInt8]
  ) throws {
    let report = try #require(try reports(Array(packet.dropFirst(4))).first)
    #expect(report.address.bytes == Array(packet[7..<13]))
    #expect(report.rssiDBm == Int8(bitPattern: packet[packet.count - 1]))
    #expect(report.eventType == packet[5])
  }
}
