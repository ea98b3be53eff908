// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

/// Against Core 5.4, vol. 4, part E: 3.1.1, 7.3.2, 7.7.65.18, 7.8.9, 7.8.27.
@Suite("A controller in software refuses what its state does not allow") struct SoftwareControllerStateTests {
  private let peer = BluetoothAddress.resolvableForm(random: 1)

  private static let legacy: [HCICommand] = [
    .leSetAdvertisingParameters(intervalMin: 0xA0, intervalMax: 0xA0), .leSetAdvertisingData([2, 1, 6]),
    .leSetAdvertisingEnable(false), .leSetScanParameters(active: false, interval: 0x10, window: 0x10),
    .leSetScanEnable(false),
    .leCreateConnection(to: .resolvableForm(random: 1), scanInterval: 0x10, scanWindow: 0x10),
  ]
  private static let extended: [HCICommand] = [
    .leSetExtendedAdvertisingParameters(intervalMin: 0xA0, intervalMax: 0xA0),
    .leSetAdvertisingSetRandomAddress(.resolvableForm(random: 7)), .leSetExtendedAdvertisingData([2, 1, 6]),
    .leSetExtendedAdvertisingEnable(false),
    .leSetExtendedScanParameters(active: false, interval: 0x10, window: 0x10), .leSetExtendedScanEnable(false),
    .leExtendedCreateConnection(to: .resolvableForm(random: 1), scanInterval: 0x10, scanWindow: 0x10),
  ]

  private func controller(_ change: (inout SoftwareController.Abilities) -> Void = { _ in }) -> SoftwareController {
    var abilities = SoftwareController.Abilities()
    change(&abilities)
    var controller = SoftwareController(abilities: abilities)
    controller.receive(HCICommand.leSetRandomAddress(.resolvableForm(random: 7)).packet)
    controller.output.removeAll()
    return controller
  }

  private func status(_ controller: inout SoftwareController, _ command: HCICommand) -> UInt8? {
    controller.receive(command.packet)
    defer { controller.output.removeAll() }
    return controller.output.first.map { $0[1] == 0x0F ? $0[3] : $0[6] }
  }

  @Test("One kind of commands excludes the other until a reset", arguments: [false, true])
  func mixing(extendedFirst: Bool) {
    let (first, second) = extendedFirst ? (Self.extended, Self.legacy) : (Self.legacy, Self.extended)
    for command in first {
      for forbidden in second {
        var controller = controller { $0.isExtended = true }
        #expect(status(&controller, command) != 0x0C, "\(command.opcode)")
        #expect(status(&controller, forbidden) == 0x0C, "\(forbidden.opcode) after \(command.opcode)")
        #expect(controller.refusals.last == forbidden.opcode)
        #expect(status(&controller, .reset) == 0)
        _ = status(&controller, .leSetRandomAddress(.resolvableForm(random: 7)))
        #expect(status(&controller, forbidden) != 0x0C, "\(forbidden.opcode) after a reset")
      }
      // These belong to both.
      var controller = controller { $0.isExtended = true }
      _ = status(&controller, command)
      #expect(status(&controller, .leSetRandomAddress(peer)) != 0x12)
      #expect(status(&controller, HCICommand(.leReadBufferSize)) == 0)
    }
  }

  @Test("A controller without the extended commands does not know them") func unknown() {
    for command in Self.extended {
      var controller = controller()
      #expect(status(&controller, command) == 0x01, "\(command.opcode)")
    }
    var controller = controller()
    #expect(status(&controller, HCICommand(.leReadLocalSupportedFeatures)) == 0)
    controller.receive(HCICommand(.leReadLocalSupportedFeatures).packet)
    #expect(controller.output.first?[8] == 0)
  }

  /// LE_States as the controller tells it.
  private func states(_ controller: inout SoftwareController) -> UInt64 {
    controller.receive(HCICommand(.leReadSupportedStates).packet)
    defer { controller.output.removeAll() }
    return (controller.output.first?.suffix(8) ?? []).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  @Test("It tells which states it can combine, and refuses the others", arguments: [false, true])
  func scanning(isExtended: Bool) {
    for can in [false, true] {
      var controller = controller {
        $0.isExtended = isExtended
        $0.scansWhileInitiating = can
      }
      let states = states(&controller)
      #expect((states & 1 << 22 != 0) == can && (states & 1 << 23 != 0) == can)
      let parameters = isExtended ? Self.extended[4] : Self.legacy[3]
      #expect(status(&controller, parameters) == 0)
      let scan: HCICommand = isExtended ? .leSetExtendedScanEnable(true) : .leSetScanEnable(true)
      let create = isExtended ? Self.extended[6] : Self.legacy[5]
      #expect(status(&controller, scan) == 0)
      #expect(status(&controller, create) == (can ? 0 : 0x0C))
      #expect((controller.initiatingPeer == peer) == can)
      guard !can else { continue }
      // And the other way round.
      #expect(status(&controller, isExtended ? .leSetExtendedScanEnable(false) : .leSetScanEnable(false)) == 0)
      #expect(status(&controller, create) == 0 && status(&controller, scan) == 0x0C && !controller.isScanning)
    }
  }

  @Test("The same for advertising", arguments: [false, true]) func advertising(isExtended: Bool) {
    for can in [false, true] {
      var controller = controller {
        $0.isExtended = isExtended
        $0.advertisesWhileInitiating = can
      }
      let states = states(&controller)
      for bit: UInt64 in [16, 17, 32, 33, 34] { #expect((states & 1 << bit != 0) == can, "bit \(bit)") }
      for command in isExtended ? Self.extended.prefix(3) : Self.legacy.prefix(2) {
        #expect(status(&controller, command) == 0)
      }
      func enable(_ on: Bool) -> HCICommand {
        isExtended ? .leSetExtendedAdvertisingEnable(on) : .leSetAdvertisingEnable(on)
      }
      let create = isExtended ? Self.extended[6] : Self.legacy[5]
      #expect(status(&controller, enable(true)) == 0)
      #expect(status(&controller, create) == (can ? 0 : 0x0C))
      guard !can else { continue }
      #expect(status(&controller, enable(false)) == 0)
      #expect(status(&controller, create) == 0 && status(&controller, enable(true)) == 0x0C)
      #expect(!controller.isAdvertising)
    }
  }

  @Test("Connections at once are told in bit 28; who tells nothing says zero") func told() {
    for connections in [1, 2, 3] {
      var controller = controller { $0.connections = connections }
      #expect((states(&controller) & 1 << 28 != 0) == (connections > 1))
    }
    var silent = controller { $0.tellsStates = false }
    #expect(states(&silent) == 0)
  }

  @Test("Who connects ends the advertising; one more is not let in; it advertises beside it if it can")
  func served() {
    for (isExtended, can) in [(false, true), (false, false), (true, true), (true, false)] {
      var controller = controller {
        $0.isExtended = isExtended
        $0.advertisesWhileServing = can
      }
      let early = controller.accept(.silentCentral, from: peer)
      #expect(!early && controller.output.isEmpty)
      for command in isExtended ? Self.extended.prefix(3) : Self.legacy.prefix(2) {
        #expect(status(&controller, command) == 0)
      }
      let enable: HCICommand = isExtended ? .leSetExtendedAdvertisingEnable(true) : .leSetAdvertisingEnable(true)
      #expect(status(&controller, enable) == 0)
      let came = controller.accept(.silentCentral, from: peer)
      #expect(came && !controller.isAdvertising && controller.transmission == nil)
      #expect(controller.output.first.map { Array($0[3...8]) } == [isExtended ? 0x0A : 0x01, 0, 0x40, 0, 1, 1])
      let terminated: [UInt8] = [0x04, 0x3E, 6, 0x12, 0, 0, 0x40, 0, 0]
      #expect(Array(controller.output.dropFirst()) == (isExtended ? [terminated] : []))
      controller.output.removeAll()
      #expect(status(&controller, enable) == (can ? 0 : 0x0C))
      let another = controller.accept(.silentCentral, from: .resolvableForm(random: 2))
      #expect(!another && controller.connectionCount == 1)
    }
  }

  @Test("It holds as many packets as it says, and tells when they are gone") func buffers() {
    var controller = controller { $0.dataPackets = 3 }
    for command in Self.legacy.prefix(2) { #expect(status(&controller, command) == 0) }
    #expect(status(&controller, .leSetAdvertisingEnable(true)) == 0)
    _ = controller.accept(.silentCentral, from: peer)
    controller.output.removeAll()
    func packet(_ handle: UInt8, data: Int) -> [UInt8] {
      [0x02, handle, 0, UInt8(data), 0] + [UInt8](repeating: 0, count: data)
    }
    for _ in 0..<3 { controller.receive(packet(0x40, data: 27)) }
    #expect(controller.droppedPackets == 0)
    controller.receive(packet(0x40, data: 27))
    #expect(controller.droppedPackets == 1)
    for i in 1...100 { controller.advance(to: .init(milliseconds: Int64(i)), utc: .init(milliseconds: 0)) }
    let gone = controller.output.filter { $0[1] == 0x13 }
    #expect(gone.allSatisfy { Array($0[2...5]) == [5, 1, 0x40, 0] } && gone.reduce(0) { $0 + Int($1[6]) } == 3)
    // Of no connection, or longer than it can hold.
    controller.receive(packet(0x41, data: 5))
    controller.receive(packet(0x40, data: 28))
    #expect(controller.droppedPackets == 3)
  }

  @Test("A reset ends every connection and search without a word") func reset() {
    var controller = controller()
    _ = status(&controller, Self.legacy[5])
    controller.hear(.init(address: peer, data: []), rssiDBm: -50)
    let second = HCICommand.leCreateConnection(
      to: .resolvableForm(random: 2), scanInterval: 0x10, scanWindow: 0x10)
    controller.output.removeAll()
    #expect(status(&controller, second) == 0)
    #expect(controller.connectionCount == 1 && controller.initiatingPeer != nil)
    controller.receive(HCICommand.reset.packet)
    #expect(controller.output == [[0x04, 0x0E, 4, 1, 0x03, 0x0C, 0]])
    #expect(controller.connectionCount == 0 && controller.initiatingPeer == nil && controller.nextDeadline == nil)
  }
}
