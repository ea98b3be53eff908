// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Hexadecimal text") struct HexTests {
  @Test("Every byte is written with two lower-case digits and read back in either case") func roundTrip() {
    let all = (0...255).map { UInt8($0) }
    let text = Hex.string(all)
    #expect(text.count == 512 && text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
    #expect(Hex.bytes(text) == all)
    #expect(Hex.bytes(text.uppercased()) == all)
    #expect(Hex.bytes("aAbBcCdD") == [0xAA, 0xBB, 0xCC, 0xDD])
  }

  @Test("Nothing is no bytes") func empty() {
    #expect(Hex.bytes("") == [])
    #expect(Hex.string([]) == "")
  }

  @Test(
    "Odd counts and wrong digits are refused",
    arguments: ["0", "abc", "0g", "g0", " 0", "0x", "-1", "+1", "0/", "0:", "0@", "0`", "é", "0é0", "１１"])
  func refused(text: String) { #expect(Hex.bytes(text) == nil) }

  @Test("A part of a longer text is read as well") func substring() {
    #expect(Hex.bytes("id=0a0b".dropFirst(3)) == [0x0A, 0x0B])
  }
}
