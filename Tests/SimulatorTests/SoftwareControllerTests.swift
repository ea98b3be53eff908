// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

@Suite("A controller in software") struct SoftwareControllerTests {
  private let address = BluetoothAddress.resolvableForm(random: 7)

  private func status(_ controller: inout SoftwareController, _ command: HCICommand) -> UInt8? {
    controller.receive(command.packet)
    defer { controller.output.removeAll() }
    return controller.output.last?[6]
  }

  private func ready() -> SoftwareController {
    var controller = SoftwareController()
    for command: HCICommand in [
      .leSetRandomAddress(address), .leSetAdvertisingParameters(intervalMin: 0xA0, intervalMax: 0xA0),
      .leSetAdvertisingData([2, 1, 6]), .leSetScanParameters(active: false, interval: 0x10, window: 0x10),
    ] {
      controller.receive(command.packet)
    }
    controller.output.removeAll()
    return controller
  }

  @Test("It refuses to switch on what it has no address or parameters for") func notReady() {
    var controller = SoftwareController()
    #expect(status(&controller, .leSetAdvertisingEnable(true)) == 0x12)
    #expect(status(&controller, .leSetScanEnable(true)) == 0x12)
    #expect(status(&controller, .leSetAdvertisingEnable(false)) == 0)
    #expect(status(&controller, .leSetScanEnable(false)) == 0)
    #expect(controller.refusals == [.leSetAdvertisingEnable, .leSetScanEnable])
  }

  @Test("It refuses a new address or parameters while it is at work") func atWork() {
    var controller = ready()
    #expect(status(&controller, .leSetScanEnable(true)) == 0)
    #expect(status(&controller, .leSetRandomAddress(address)) == 0x0C)
    #expect(status(&controller, .leSetScanParameters(active: true, interval: 4, window: 4)) == 0x0C)
    #expect(status(&controller, .leSetScanEnable(false)) == 0)
    #expect(status(&controller, .leSetAdvertisingEnable(true)) == 0)
    #expect(status(&controller, .leSetRandomAddress(address)) == 0x0C)
    #expect(status(&controller, .leSetAdvertisingParameters(intervalMin: 0x20, intervalMax: 0x20)) == 0x0C)
    #expect(status(&controller, .leSetAdvertisingData([2, 1, 4])) == 0)
  }

  @Test("A command it does not know is unknown, a packet that is no command is passed over") func unknown() {
    var controller = SoftwareController()
    #expect(status(&controller, HCICommand(HCIOpcode(rawValue: 0xFC01))) == 0x01)
    for packet: [UInt8] in [[], [0x01], [0x01, 0x03, 0x0C], [0x01, 0x03, 0x0C, 1], [0x04, 0x10, 1, 0]] {
      controller.receive(packet)
    }
    #expect(controller.output.isEmpty)
  }

  @Test("It sends while advertising is on, and a reset ends everything") func transmission() {
    var controller = ready()
    #expect(controller.transmission == nil)
    _ = status(&controller, .leSetAdvertisingEnable(true))
    _ = status(&controller, .leSetScanEnable(true))
    #expect(controller.transmission?.address == address && controller.transmission?.data == [2, 1, 6])
    _ = status(&controller, .reset)
    #expect(controller.transmission == nil && !controller.isScanning && !controller.isAdvertising)
  }

  @Test("It reports what it hears while scanning, in the bytes of the specification") func reports() {
    var controller = ready()
    let heard = SoftwareController.Transmission(
      address: BluetoothAddress(bits: 0x0102_0304_0506, isRandom: false), data: [2, 1, 6])
    controller.hear(heard, rssiDBm: -60)
    #expect(controller.output.isEmpty)
    _ = status(&controller, .leSetScanEnable(true))
    controller.hear(heard, rssiDBm: -60, eventType: 3)
    #expect(controller.output == [[0x04, 0x3E, 15, 2, 1, 3, 0, 6, 5, 4, 3, 2, 1, 3, 2, 1, 6, 0xC4]])
    controller.hear(.init(address: address, data: [UInt8](repeating: 0, count: 31)), rssiDBm: 0)
    controller.hear(.init(address: address, data: [UInt8](repeating: 0, count: 32)), rssiDBm: 0)
    #expect(controller.output.count == 2)
  }

  @Test("Hung, it neither answers nor reports") func hung() {
    var controller = ready()
    _ = status(&controller, .leSetScanEnable(true))
    controller.isHung = true
    #expect(status(&controller, .reset) == nil)
    controller.hear(.init(address: address, data: []), rssiDBm: -40)
    #expect(controller.output.isEmpty && controller.isScanning)
  }
}
