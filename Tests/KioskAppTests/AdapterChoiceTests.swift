// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import KioskApp

@Suite("Which adapter is meant") struct AdapterChoiceTests {
  @Test(
    "A number, an address or a place of the USB tree is read",
    arguments: [
      ("0", .index(0)), ("65534", .index(65534)),
      ("00:1A:7D:DA:71:13", .address(BluetoothAddress(bits: 0x001A_7DDA_7113, isRandom: false))),
      ("00:1a:7d:da:71:13", .address(BluetoothAddress(bits: 0x001A_7DDA_7113, isRandom: false))),
      ("usb:1-1", .usb(path: "1-1")), ("usb:1-1.4", .usb(path: "1-1.4")),
      ("usb:20-1.2.3.4.5.6", .usb(path: "20-1.2.3.4.5.6")),
    ] as [(String, AdapterChoice)])
  func accepted(text: String, expected: AdapterChoice) { #expect(AdapterChoice(parsing: text) == expected) }

  @Test(
    "Anything else is refused",
    arguments: [
      "", "65535", "-1", "00:1A:7D:DA:71", "00:1A:7D:DA:71:13:00", "00:1A:7D:DA:71:1", "0:01A:7D:DA:71:13",
      "00:1A:7D:DA:71:1G", "00:00:00:00:00:00", "00-1A-7D-DA-71-13", "٠٠:1A:7D:DA:71:13", "usb", "usb:", "usb:1",
      "usb:1-",
      "usb:-1", "usb:1-1.", "usb:1-.1", "usb:1-1.0", "usb:0-1", "usb:01-1", "usb:1-01", "usb:+1-1", "usb:1-1:1.0",
      "usb:1-1.2.3.4.5.6.7", "usb:../1-1", "usb:1-1/..", "usb:1-1000", "usb:1-99999",
    ])
  func refused(text: String) { #expect(AdapterChoice(parsing: text) == nil) }

  @Test("An adapter's address is not said, neither when it is right nor when it is mistyped") func secret() throws {
    let address = try RadioAddress(parsing: "hci:00:1A:7D:DA:71:13")
    var texts = ["\(address)", String(reflecting: address)]
    var dumped = ""
    dump(address, to: &dumped)
    texts.append(dumped)
    #expect("\(address)" == "hci:address")
    for mistyped in ["hci:00:1A:7D:DA:71:1", "hci:00:1A:7D:DA:71:13:", "hci:00-1A-7D-DA-71-13"] {
      do {
        _ = try RadioAddress(parsing: mistyped)
        Issue.record("accepted")
      } catch {
        texts.append(error.description)
      }
    }
    for text in texts {
      let found = ["1A:7D", "1A-7D", "1a7dda", String(0x001A_7DDA_7113 as UInt64)].contains {
        text.lowercased().contains($0.lowercased())
      }
      #expect(!found, "\(text)")
    }
  }
}
