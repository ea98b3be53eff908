// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import KioskApp

@Suite("The adapters of a machine") struct AdaptersTests {
  private let usb = "pci0000:00/0000:00:14.0/usb1"

  @Test("A number is taken as it is") func byIndex() throws {
    #expect(try Adapters(sysfs: "/no/such").index(of: .index(7)).get() == 7)
  }

  @Test("An address is found under whatever number it has now, and not where it is unknown") func byAddress() throws {
    let choice = AdapterChoice.address(BluetoothAddress(bits: 0x001A_7DDA_7113, isRandom: false))
    func index(_ list: [Adapters.Adapter]) -> Result<UInt16, TransportFault> {
      Adapters(sysfs: "/no/such", list: { .success(list) }).index(of: choice)
    }
    #expect(try index([.init(0, 0x1234), .init(3, 0x001A_7DDA_7113, isUp: true)]).get() == 3)
    #expect(try index([.init(1, 0x001A_7DDA_7113), .init(0, nil)]).get() == 1)
    #expect(index([.init(0, nil), .init(1, 0x1371_DA7D_1A00)]).fault == .notFound)
    #expect(index([]).fault == .notFound)
    #expect(Adapters(list: { .failure(.noBluetooth) }).index(of: choice).fault == .noBluetooth)
  }

  @Test("A place of the USB tree is found, and not what is behind a hub there") func byUSB() throws {
    let sysfs = try SampleSysfs()
    try sysfs.addAdapter("hci0", at: "\(usb)/1-1/1-1.4/1-1.4:1.0", bus: "usb", driver: "btusb")
    try sysfs.addAdapter("hci12", at: "\(usb)/1-1/1-1.40/1-1.40:1.0", bus: "usb", driver: "btusb")
    try sysfs.addAdapter("hci0:1", at: "\(usb)/1-2/1-2:1.0", bus: nil, driver: nil)
    try sysfs.addAdapter(
      "hci1", at: "platform/soc/fe201000.serial/serial0/serial0-0", bus: "serial", driver: "hci_uart_bcm")
    let adapters = sysfs.adapters
    #expect(try adapters.index(of: .usb(path: "1-1.4")).get() == 0)
    #expect(try adapters.index(of: .usb(path: "1-1.40")).get() == 12)
    for absent in ["1-1", "1-2", "1-4", "2-1.4", "1-1.4.1"] {
      #expect(adapters.index(of: .usb(path: absent)).fault == .notFound, "\(absent)")
    }
  }

  @Test("After plugging in anew it is found under its new number") func renumbered() throws {
    let sysfs = try SampleSysfs()
    try sysfs.addAdapter("hci0", at: "\(usb)/1-1/1-1:1.0", bus: "usb", driver: "btusb")
    #expect(try sysfs.adapters.index(of: .usb(path: "1-1")).get() == 0)
    try sysfs.remove("class/bluetooth/hci0")
    #expect(sysfs.adapters.index(of: .usb(path: "1-1")).fault == .notFound)
    try sysfs.addAdapter("hci2", at: "\(usb)/1-1/1-1:1.0", bus: "usb", driver: "btusb")
    #expect(try sysfs.adapters.index(of: .usb(path: "1-1")).get() == 2)
  }

  @Test("A kernel without Bluetooth is said to be one") func noBluetooth() {
    #expect(Adapters(sysfs: "/no/such").index(of: .usb(path: "1-1")).fault == .noBluetooth)
  }

  @Test("What carries an adapter is its USB interface or serial device, and nothing else") func device() throws {
    let sysfs = try SampleSysfs()
    try sysfs.addAdapter("hci0", at: "\(usb)/1-1/1-1.4/1-1.4:1.0", bus: "usb", driver: "btusb")
    try sysfs.addAdapter("hci1", at: "platform/serial0/serial0-0", bus: "serial", driver: "hci_uart_bcm")
    // A serial port with a line discipline: its driver may serve the console as well.
    try sysfs.addAdapter("hci2", at: "platform/serial8250/tty/ttyS1", bus: "tty", driver: nil)
    try sysfs.addAdapter("hci3", at: "platform/serial8250", bus: "platform", driver: "serial8250")
    let adapters = sysfs.adapters
    #expect(adapters.device(of: 0) == .init(bus: "usb", name: "1-1.4:1.0", driver: "btusb"))
    #expect(adapters.device(of: 1) == .init(bus: "serial", name: "serial0-0", driver: "hci_uart_bcm"))
    for index: UInt16 in [2, 3, 4] { #expect(adapters.device(of: index) == nil, "\(index)") }
  }
}
