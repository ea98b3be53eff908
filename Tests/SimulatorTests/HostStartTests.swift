// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

@Suite("A host starts its controller") struct HostStartTests {
  @Test("It reaches running with advertising and scanning on, and no command is refused")
  func reachesRunning() {
    let link = HostLink.running(advertisement(1))
    #expect(link.isRunning && link.controller.isAdvertising)
    #expect(link.controller.refusals.isEmpty)
    #expect(link.transmissions == [transmission(1)])
    #expect(link.states == [.closed, .opening, .starting, .running])
    #expect(link.host.counters.starts == 1 && link.host.counters.faults == 0)
    #expect(link.host.counters.reports == 0 && link.host.counters.malformedPackets == 0)
    #expect(link.host.lastFault == nil)
  }

  @Test("It resets, asks, and only then switches on: address and data before advertising, scanning last")
  func order() {
    #expect(
      HostLink.running(advertisement(1)).commands.map(\.opcode) == [
        .reset, .readLocalVersionInformation, .readLocalSupportedCommands, .readLocalSupportedFeatures,
        .readBDADDR, .setEventMask, .leReadBufferSize, .leReadLocalSupportedFeatures,
        .leReadSupportedStates, .leSetEventMask,
        .leSetRandomAddress, .leSetAdvertisingParameters, .leSetAdvertisingData, .leSetAdvertisingEnable,
        .leSetScanParameters, .leSetScanEnable,
      ])
  }

  @Test("It learns what the controller is") func information() {
    let controller = HostLink.running(advertisement(1)).host.controller
    #expect(controller.hciVersion == 8 && controller.manufacturer == 0xFFFF)
    #expect(controller.supportsLowEnergy && !controller.supportsClassic)
    #expect(controller.supportedCommands.count == 64 && controller.dataPackets == 8)
    #expect(controller.address == BluetoothAddress(bits: 0x0200_0000_0001, isRandom: false))
  }

  @Test("It has no address before the first wish, and waits running") func noWish() {
    var link = HostLink()
    link.start(nil)
    #expect(link.host.state == .running && !link.host.isScanning && !link.host.isAdvertising)
    #expect(!link.commands.map(\.opcode).contains(.leSetRandomAddress))
    link.advertise(advertisement(1))
    #expect(link.isRunning && link.controller.isAdvertising && link.controller.refusals.isEmpty)
  }

  @Test("Without an id it scans only, and advertises once there is one") func scansOnly() {
    var link = HostLink()
    link.start(HCIHost.Advertisement(address: advertisement(1).address, id: nil))
    #expect(link.isRunning && !link.controller.isAdvertising && link.transmissions.isEmpty)
    link.advertise(advertisement(1))
    #expect(link.isRunning && link.transmissions == [transmission(1)])
    link.advertise(HCIHost.Advertisement(address: advertisement(2).address, id: nil))
    #expect(link.isRunning && !link.controller.isAdvertising)
    #expect(link.transmissions == [transmission(1)] && link.controller.refusals.isEmpty)
  }

  @Test("Starting twice opens once") func startedTwice() {
    var link = HostLink.running(advertisement(1))
    link.host.start(at: link.now)
    link.settle()
    #expect(link.openings.count == 1)
  }

  @Test("A controller of both kinds is told that the host knows LE") func dualMode() {
    var link = HostLink()
    link.answer = { command in
      switch command.opcode {
      case .readLocalSupportedFeatures:
        [Events.commandComplete(command.opcode, [0, 0, 0, 0, 0, 0x40, 0, 0, 0])]
      case .readLocalSupportedCommands:
        [Events.commandComplete(command.opcode, [0] + (0..<64).map { $0 == 24 ? 1 << 6 : 0 })]
      case .writeLEHostSupport: [Events.commandComplete(command.opcode)]
      default: nil
      }
    }
    link.start(advertisement(1))
    #expect(link.isRunning && link.commands.contains(.writeLEHostSupport))
  }

  @Test("A controller that does not tell its commands, or knows no LE host support, serves all the same")
  func optionalCommandsRefused() {
    var link = HostLink()
    link.answer = { command in
      switch command.opcode {
      case .readLocalSupportedFeatures:
        [Events.commandComplete(command.opcode, [0, 0, 0, 0, 0, 0x40, 0, 0, 0])]
      case .readLocalSupportedCommands: [Events.commandComplete(command.opcode, [0x01])]
      default: nil
      }
    }
    link.start(advertisement(1))
    #expect(link.isRunning && !link.commands.contains(.writeLEHostSupport))

    link = HostLink()
    link.answer = { command in
      switch command.opcode {
      case .readLocalSupportedFeatures:
        [Events.commandComplete(command.opcode, [0, 0, 0, 0, 0, 0x40, 0, 0, 0])]
      case .readLocalSupportedCommands:
        [Events.commandComplete(command.opcode, [0] + (0..<64).map { $0 == 24 ? 1 << 6 : 0 })]
      case .writeLEHostSupport: [Events.commandStatus(command.opcode, status: .unknownCommand)]
      default: nil
      }
    }
    link.start(advertisement(1))
    #expect(link.isRunning && link.commands.contains(.writeLEHostSupport))
  }

  @Test("An adapter without LE is named as such, before it can refuse a command of LE") func noLowEnergy() {
    var link = HostLink()
    link.answer = { command in
      switch command.opcode {
      case .readLocalSupportedFeatures:
        [Events.commandComplete(command.opcode, [0] + [UInt8](repeating: 0, count: 8))]
      case .leReadBufferSize: [Events.commandStatus(command.opcode, status: .unknownCommand)]
      default: nil
      }
    }
    link.start(advertisement(1))
    #expect(link.isDown(.noLowEnergy))
    #expect(!link.commands.map(\.opcode).contains(.leReadBufferSize))
    link.answer = { _ in nil }
    link.advance(milliseconds: 1000)
    #expect(link.isRunning)
  }

  // MARK: Credits

  @Test("While the controller grants none, nothing is sent; one credit lets one command go") func credits() {
    var link = HostLink()
    link.wire = { packet in
      guard packet[1] == 0x0E, packet[4] != 0 || packet[5] != 0 else { return [packet] }
      return [packet[..<3] + [0] + packet[4...]].map { Array($0) }
    }
    link.start(advertisement(1))
    var sent = 1
    while link.host.state != .running || !link.host.isScanning {
      #expect(link.commands.count == sent)
      guard sent < 30 else { break }
      // Answers and reports in between change nothing.
      link.deliver(Events.credits(0))
      link.deliver(Events.commandComplete(.reset, credits: 0))
      link.advance(milliseconds: 10)
      #expect(link.commands.count == sent)
      link.deliver(Events.credits(1))
      sent += 1
    }
    #expect(link.isRunning && link.controller.refusals.isEmpty && sent == 16)
    #expect(link.host.counters.faults == 0)
  }

  @Test("Never more than one command is on its way, whatever the credits", arguments: [1, 2, 255] as [UInt8])
  func oneOutstanding(credits: UInt8) {
    var link = HostLink()
    // Nothing is answered by itself: the test answers, and counts.
    link.answer = { _ in [] }
    link.start(advertisement(1))
    var reference = SoftwareController()
    for sent in 1...16 {
      #expect(link.commands.count == sent)
      link.deliver(Events.credits(credits))
      link.advertise(advertisement(1))
      #expect(link.commands.count == sent)
      guard let command = link.commands.last else { break }
      reference.receive(command.packet)
      guard var answer = reference.output.popLast() else { break }
      answer[3] = credits
      link.deliver(answer)
    }
    #expect(link.host.isAdvertising && link.host.isScanning && link.commands.count == 16)
  }

  @Test("A controller that never grants another credit is given up", arguments: 1...16) func noCredits(
    after: Int
  ) {
    var link = HostLink()
    var answered = 0
    link.wire = { packet in
      answered += 1
      guard answered >= after else { return [packet] }
      return [Array(packet[..<3] + [0] + packet[4...])]
    }
    link.start(advertisement(1))
    #expect(link.commandsSinceOpening == after)
    link.advance(milliseconds: 4999)
    #expect(link.host.counters.faults == 0)
    link.advance(milliseconds: 1)
    if after == 16 {
      // It scanned already: Reset is tried first, and its answer grants none either.
      #expect(link.wasReset(.noCredits))
      link.advance(milliseconds: 5000)
    }
    #expect(link.isDown(.noCredits))
    link.wire = { [$0] }
    link.advance(milliseconds: 500)
    #expect(link.isRunning)
  }
}
