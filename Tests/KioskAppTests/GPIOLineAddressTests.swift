// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import KioskApp

@Suite("A line's address") struct GPIOLineAddressTests {
  @Test(
    "A text without a colon is a line's name",
    arguments: ["GPIO17", "MXM3 GPIO 1", "đèn", "17A", "gpiochipset"])
  func nameIsRead(text: String) throws {
    #expect(try LineAddress(text) == .name(text))
  }

  @Test(
    "A text with a colon is a chip's label and an offset",
    arguments: [
      ("pinctrl-bcm2711:17", "pinctrl-bcm2711", 17), ("7d508500.gpio:0", "7d508500.gpio", 0),
      ("gpio-sim.0:bank:3", "gpio-sim.0:bank", 3), ("usb:007", "usb", 7),
      ("usb:4294967295", "usb", UInt32.max),
    ])
  func labelAndOffsetAreRead(text: String, label: String, offset: UInt32) throws {
    #expect(try LineAddress(text) == .chip(label: label, offset: offset))
  }

  @Test("An address is described as it is written", arguments: ["GPIO17", "pinctrl-rp1:4"])
  func descriptionIsTheText(text: String) throws {
    #expect(try LineAddress(text).description == text)
  }

  @Test("A name or label has at most 31 bytes, as the kernel keeps no more") func lengthIsLimited() throws {
    let longest = String(repeating: "a", count: 31)
    #expect(try LineAddress(longest) == .name(longest))
    #expect(try LineAddress(longest + ":1") == .chip(label: longest, offset: 1))
    #expect(throws: LineAddressError.tooLong(longest + "a")) { try LineAddress(longest + "a") }
    #expect(throws: LineAddressError.tooLong(longest + "a")) { try LineAddress(longest + "a:1") }
    // 16 letters of 2 bytes each.
    let marked = String(repeating: "đ", count: 16)
    #expect(throws: LineAddressError.tooLong(marked)) { try LineAddress(marked) }
  }

  @Test("An empty text is refused") func emptyIsRefused() {
    #expect(throws: LineAddressError.empty) { try LineAddress("") }
  }

  @Test(
    "Spaces at the ends and invisible characters are refused",
    arguments: [
      " GPIO17", "GPIO17 ", " ", "GPIO\u{0}17", "GPIO17\n", "GPIO\t17", "GPIO\u{A0}17", "GPIO\u{200B}17",
      "usb :\u{7F}1",
    ])
  func invisibleIsRefused(text: String) {
    #expect(throws: LineAddressError.unprintable) { try LineAddress(text) }
  }

  @Test(
    "A chip's number is refused",
    arguments: [
      "gpiochip0", "gpiochip0:17", "/dev/gpiochip0", "/dev/gpiochip4:17", "gpiochip10:x",
    ])
  func chipNumberIsRefused(text: String) {
    #expect(throws: LineAddressError.chipNumber(text)) { try LineAddress(text) }
  }

  @Test("A bare number is refused", arguments: ["17", "0"]) func bareNumberIsRefused(text: String) {
    #expect(throws: LineAddressError.bareNumber(text)) { try LineAddress(text) }
  }

  @Test("An offset without a label is refused") func missingLabelIsRefused() {
    #expect(throws: LineAddressError.noLabel(":17")) { try LineAddress(":17") }
  }

  @Test(
    "What is no number from 0 to 4294967295 is refused as offset",
    arguments: [
      "", "+7", "-1", "0x11", "1.5", "GPIO17", "4294967296", "٣", "7 ",
    ])
  func badOffsetIsRefused(offset: String) throws {
    let text = "pinctrl-bcm2711:" + offset
    let error = try #require(throws: LineAddressError.self) { try LineAddress(text) }
    #expect(error == (offset.hasSuffix(" ") ? .unprintable : .badOffset(text, offset: offset)))
  }

  @Test(
    "Every refusal says what to write instead", arguments: ["", " ", "17", ":17", "usb:x", "gpiochip0:17"])
  func refusalTellsWhatToWrite(text: String) throws {
    let error = try #require(throws: LineAddressError.self) { try LineAddress(text) }
    #expect(error.description.contains("GPIO17") && error.description.contains("pinctrl-bcm2711:17"))
  }
}
