// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("A cursor over borrowed bytes") struct ByteCursorTests {
  @Test("Numbers are read least significant byte first and move the cursor on") func numbers() throws {
    let data = bytes("01 0302 0b0a090807060504")
    var cursor = ByteCursor(data.span)
    #expect(try cursor.uint8(data.span, "a") == 0x01)
    #expect(try cursor.uint16(data.span, "b") == 0x0203)
    #expect(try cursor.uint64(data.span, "c") == 0x0405_0607_0809_0A0B)
    #expect(cursor.remaining == 0 && cursor.offset == 11)
    try cursor.finish(after: "c")
  }

  @Test("A field cut off names itself and where it starts, and nothing is consumed", arguments: 0..<8)
  func truncated(count: Int) {
    let data = [UInt8](repeating: 0xFF, count: count)
    var cursor = ByteCursor(data.span)
    let error = ParseError(.truncated, field: "Field", offset: 0)
    #expect(throws: error) { try cursor.uint64(data.span, "Field") }
    if count < 2 { #expect(throws: error) { try cursor.uint16(data.span, "Field") } }
    if count < 1 { #expect(throws: error) { try cursor.uint8(data.span, "Field") } }
    #expect(throws: error) { try cursor.range(count + 1, "Field") }
    #expect(cursor.offset == 0 && cursor.remaining == count)
  }

  @Test("A negative or huge count is cut off, not a trap", arguments: [-1, Int.min, Int.max]) func counts(
    count: Int
  ) {
    var cursor = ByteCursor(bytes("0102").span)
    #expect(throws: ParseError(.truncated, field: "Field", offset: 0)) { try cursor.range(count, "Field") }
  }

  @Test("Bytes left over are refused") func trailing() throws {
    let data = bytes("0102")
    var cursor = ByteCursor(data.span)
    _ = try cursor.uint8(data.span, "First")
    #expect(throws: ParseError(.trailing, field: "First", offset: 1)) { try cursor.finish(after: "First") }
  }

  @Test("A start or a range outside the bytes is drawn into them") func outside() {
    let data = bytes("010203")
    #expect(ByteCursor(data.span, from: -5).remaining == 3)
    #expect(ByteCursor(data.span, from: 9).remaining == 0)
    #expect(ByteCursor(data.span, in: 1..<2).remaining == 1)
    #expect(ByteCursor(data.span, in: 1..<99).remaining == 2)
    #expect(ByteCursor(data.span, in: 7..<99).remaining == 0)
    #expect(ByteCursor(data.span, in: -9 ..< -1).remaining == 0)
  }

  @Test("A cursor over a range does not read past it") func rangeEnds() throws {
    let data = bytes("01020304")
    var cursor = ByteCursor(data.span, in: 1..<3)
    #expect(try cursor.uint16(data.span, "Inside") == 0x0302)
    #expect(throws: ParseError(.truncated, field: "Outside", offset: 3)) {
      try cursor.uint8(data.span, "Outside")
    }
  }

  @Test("An error says what is wrong and where, and none of the content") func description() {
    #expect("\(ParseError(.truncated, field: "RSSI", offset: 7))" == "RSSI at byte 7 is cut off")
    #expect("\(ParseError(.trailing, field: "RSSI", offset: 7))" == "bytes left over at byte 7 after RSSI")
    #expect(
      "\(ParseError(.invalid, field: "RSSI", offset: 7))" == "RSSI at byte 7 has a value that is not allowed")
  }
}
