// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

@Suite("A host whose controller fails") struct HostFaultTests {
  /// Commands until it runs with both on.
  private static let startCommands = 15

  @Test("A transport that fails at any command of the start is opened again", arguments: 0..<startCommands)
  func transportFails(at command: Int) {
    var link = HostLink()
    link.failsAtCommand = command
    link.start(advertisement(1))
    #expect(link.isDown(.transport(.closed)))
    #expect(!link.host.isAdvertising && !link.host.isScanning)
    link.advance(milliseconds: 499)
    #expect(link.openings.count == 1)
    link.advance(milliseconds: 1)
    #expect(link.isRunning && link.openings.count == 2 && link.controller.refusals.isEmpty)
    #expect(link.host.counters.faults == 1 && link.host.lastFault == .transport(.closed))
  }

  @Test(
    "A command unanswered at any point of the start is a fault after its time", arguments: 1..<startCommands)
  func unanswered(at command: Int) {
    var link = HostLink()
    var sent = 0
    link.answer = { _ in
      sent += 1
      return sent > command ? [] : nil
    }
    link.start(advertisement(1))
    guard let last = link.commands.last else { return }
    link.advance(milliseconds: 1999)
    #expect(link.host.counters.faults == 0 && link.commands.count == command + 1)
    link.advance(milliseconds: 1)
    #expect(link.isDown(.noReply(to: last.opcode)))
    link.answer = { _ in nil }
    link.advance(milliseconds: 500)
    #expect(link.isRunning)
  }

  @Test("Reset is tried again after a command whose answer fills what swallowed the first") func resetAgain() {
    var link = HostLink()
    var answers = 0
    // What is left of a packet eats the first answer; the long one fills it, and is lost with it.
    link.answer = { command in
      guard answers < 2 else { return nil }
      answers += 1
      return []
    }
    link.start(advertisement(1))
    link.advance(milliseconds: 1400)
    #expect(link.isRunning && link.host.counters.faults == 0)
    #expect(link.commands.prefix(3).map(\.opcode) == [.reset, .readLocalSupportedCommands, .reset])

    link = HostLink()
    link.answer = { _ in [] }
    link.start(advertisement(1))
    link.advance(milliseconds: 2799)
    #expect(link.host.counters.faults == 0)
    link.advance(milliseconds: 1)
    #expect(link.isDown(.noReply(to: .reset)))
  }

  @Test("A controller that restarted by itself is found out by what it allows") func stateLost() {
    var link = HostLink.running(advertisement(1))
    link.answer = { command in
      command.opcode == .leSetRandomAddress ? [Events.commandComplete(.leSetRandomAddress)] : nil
    }
    link.advance(milliseconds: 4999)
    #expect(link.host.counters.faults == 0)
    link.answer = { _ in nil }
    // It forgets everything, as after a failure of its power.
    link.controller.receive(HCICommand.reset.packet)
    link.controller.output.removeAll()
    link.advance(milliseconds: 1)
    #expect(link.wasReset(.stateLost) && link.isRunning && link.controller.isAdvertising)
    #expect(link.host.lastGapMilliseconds == 0)
  }

  @Test("A controller that allows it in a silent house is started anew once, and then left in peace")
  func laxAndSilent() {
    var link = HostLink()
    var isScanning = false
    link.answer = { command in
      switch command.opcode {
      case .reset: isScanning = false
      case .leSetScanEnable: isScanning = command.parameters.first == 1
      case .leSetRandomAddress where isScanning: return [Events.commandComplete(.leSetRandomAddress)]
      default: break
      }
      return nil
    }
    link.start(advertisement(1))
    link.advance(milliseconds: 300_000)
    #expect(link.isRunning && link.host.counters.faults == 1 && link.wasReset(.stateLost))
  }

  @Test("A controller that allows it and still hears is left in peace") func laxController() {
    var link = HostLink.running(advertisement(1))
    link.answer = { command in
      command.opcode == .leSetRandomAddress ? [Events.commandComplete(.leSetRandomAddress)] : nil
    }
    for _ in 0..<600 {
      if let neighbour = transmission(9) { link.controller.hear(neighbour, rssiDBm: -50) }
      link.settle()
      link.advance(milliseconds: 100)
    }
    #expect(link.isRunning && link.host.counters.faults == 0)
    #expect(link.commands.last?.opcode == .readBDADDR)
  }

  @Test("Ten minutes without a single report are not believed") func silence() {
    var link = HostLink.running(advertisement(1))
    link.advance(milliseconds: 599_000)
    #expect(link.host.counters.faults == 0)
    if let neighbour = transmission(9) { link.controller.hear(neighbour, rssiDBm: -50) }
    link.settle()
    link.advance(milliseconds: 599_000)
    #expect(link.host.counters.faults == 0)
    link.advance(milliseconds: 6000)
    #expect(link.wasReset(.nothingHeard) && link.isRunning)
  }

  @Test("The pauses grow, the last one repeats, and a controller proven sound starts them over") func pauses() {
    var link = HostLink()
    link.answer = { _ in [] }
    link.start(advertisement(1))
    link.advance(milliseconds: 60_000)
    let gaps = zip(link.openings.dropFirst(), link.openings).map { $0.milliseconds(since: $1) - 2800 }
    #expect(gaps.prefix(6) == [500, 1000, 2000, 5000, 5000, 5000])

    link.answer = { _ in nil }
    link.advance(milliseconds: 7000)
    #expect(link.isRunning)
    // Too short to count as sound.
    link.failTransport()
    link.advance(milliseconds: 4999)
    #expect(!link.isRunning)
    link.advance(milliseconds: 1)
    #expect(link.isRunning)

    link.advance(milliseconds: 10_000)
    link.failTransport()
    link.advance(milliseconds: 500)
    #expect(link.isRunning)
  }

  @Test("One millisecond short of ten seconds is not yet sound") func provenAfter() {
    for (ran, pause) in [(9999, 1000), (10_000, 500)] as [(Int64, Int64)] {
      var link = HostLink()
      link.failsAtCommand = 0
      link.start(advertisement(1))
      link.advance(milliseconds: 500)
      #expect(link.isRunning)
      link.advance(milliseconds: ran)
      link.failTransport()
      #expect(link.host.state == .down(.transport(.closed), retryAt: link.now.adding(milliseconds: pause)))
    }
  }

  @Test(
    "A transport that cannot be opened is tried again",
    arguments: [.notFound, .busy, .notAllowed, .switchedOff, .system(errno: 5)] as [TransportFault])
  func cannotOpen(fault: TransportFault) {
    var link = HostLink()
    link.opening = .fails(fault)
    link.start(advertisement(1))
    #expect(link.isDown(.transport(fault)))
    link.advance(milliseconds: 30_000)
    // At 0, 0.5, 1.5, 3.5, 8.5 s and every 5 s from there.
    #expect(link.openings.count == 9 && link.host.counters.faults == 9)
    link.opening = .works
    link.advance(milliseconds: 5000)
    #expect(link.isRunning)
  }

  @Test("A transport that neither opens nor fails is given up after its time") func opensNever() {
    var link = HostLink()
    link.opening = .silent
    link.start(advertisement(1))
    link.advance(milliseconds: 9999)
    #expect(link.host.state == .opening)
    link.advance(milliseconds: 1)
    #expect(link.isDown(.openTimedOut) && link.closings == 1)
    // While down, only the retry is waited for.
    #expect(link.host.nextDeadline == link.now.adding(milliseconds: 500))
    link.advance(milliseconds: 60_000)
    #expect(link.openings.count >= 4)
    link.opening = .works
    link.advance(milliseconds: 15_000)
    #expect(link.isRunning)
  }

  @Test("News of an earlier opening is passed over") func staleGeneration() {
    var link = HostLink.running(advertisement(1))
    link.failTransport()
    link.advance(milliseconds: 500)
    #expect(link.isRunning)
    let host = link.host.counters
    for generation in [0, 1, 3, -1, Int.max] {
      link.host.transportFailed(.closed, generation: generation, at: link.now)
      link.host.transportOpened(generation: generation, at: link.now)
      link.host.receive(Events.hardwareError(1), generation: generation, at: link.now)
      link.host.receive([0x04], generation: generation, at: link.now)
    }
    #expect(link.isRunning && link.host.counters == host && link.host.takeEffects().isEmpty)
  }

  @Test("While it opens anew, the earlier transport's news is passed over") func staleWhileOpening() {
    var link = HostLink.running(advertisement(1))
    link.opening = .silent
    link.failTransport()
    link.advance(milliseconds: 500)
    link.host.transportOpened(generation: 1, at: link.now)
    link.host.transportFailed(.closed, generation: 1, at: link.now)
    link.host.receive(Events.hardwareError(1), generation: 1, at: link.now)
    // Nor are packets heard before the transport is open.
    link.host.receive(Events.hardwareError(1), generation: 2, at: link.now)
    #expect(link.host.state == .opening && link.host.takeEffects().isEmpty && link.host.counters.faults == 1)
  }

  @Test("Opened twice by the transport, it starts once") func openedTwice() {
    var link = HostLink.running(advertisement(1))
    let before = link.commands.count
    link.host.transportOpened(generation: 1, at: link.now)
    link.settle()
    #expect(link.commands.count == before && link.isRunning)
  }

  @Test("A hardware error starts over") func hardwareError() {
    var link = HostLink.running(advertisement(1))
    link.deliver(Events.hardwareError(0x42))
    #expect(link.wasReset(.hardwareError(code: 0x42)))
    #expect(link.isRunning && link.commands.filter { $0 == .reset }.count == 2)
  }

  @Test(
    "A refused command starts over and is named",
    arguments: [
      .reset, .readBDADDR, .leReadBufferSize, .leSetRandomAddress, .leSetAdvertisingEnable, .leSetScanEnable,
    ] as [HCIOpcode], [true, false])
  func refused(opcode: HCIOpcode, byStatus: Bool) {
    var link = HostLink()
    link.answer = { command in
      guard command.opcode == opcode else { return nil }
      return [
        byStatus
          ? Events.commandStatus(opcode, status: .commandDisallowed)
          : Events.commandComplete(opcode, [HCIStatus.commandDisallowed.rawValue])
      ]
    }
    link.start(advertisement(1))
    #expect(link.isDown(.refused(opcode, .commandDisallowed)))
    link.answer = { _ in nil }
    link.advance(milliseconds: 500)
    #expect(link.isRunning)
  }

  @Test(
    "An answer that is cut short is a fault and counted",
    arguments: [
      (.readLocalVersionInformation, 8), (.readLocalSupportedCommands, 64), (.readLocalSupportedFeatures, 8),
      (.readBDADDR, 6), (.leReadBufferSize, 3), (.leReadLocalSupportedFeatures, 8),
    ] as [(HCIOpcode, Int)])
  func garbledAnswer(opcode: HCIOpcode, length: Int) {
    // The version's last two bytes, LMP subversion, are of no use here.
    let needed = opcode == .readLocalVersionInformation ? 6 : length
    for count in 0..<needed {
      var link = HostLink()
      link.answer = { command in
        command.opcode == opcode
          ? [Events.commandComplete(opcode, [0] + [UInt8](repeating: 0xFF, count: count))] : nil
      }
      link.start(advertisement(1))
      #expect(link.isDown(.malformedReply(to: opcode)), "\(count) bytes")
      #expect(link.host.counters.malformedPackets == 1)
      link.answer = { _ in nil }
      link.advance(milliseconds: 500)
      #expect(link.isRunning)
    }
  }

  @Test("An answer to another command is passed over") func otherAnswer() {
    var link = HostLink()
    link.answer = { _ in [] }
    link.start(advertisement(1))
    link.deliver(Events.commandComplete(.leSetScanEnable))
    link.deliver(Events.commandStatus(.leSetAdvertisingEnable))
    #expect(link.commands == [.reset] && !link.host.isScanning && !link.host.isAdvertising)
    link.deliver(Events.commandStatus(.reset))
    #expect(link.commands == [.reset], "begun is not done")
    link.deliver(Events.commandComplete(.reset))
    #expect(link.commands.count == 2)
  }

  @Test("Malformed packets are counted and change nothing") func malformed() {
    var link = HostLink.running(advertisement(1))
    let packets: [[UInt8]] = [
      [0x04], [0x04, 0x0E], [0x04, 0x0E, 4, 1], [0x04, 0x10, 0], [0x04, 0x3E, 0], [0x04, 0x3E, 2, 0x02, 0],
      [0x04, 0x3E, 2, 0x02, 26], [0x04, 0x10, 1, 0, 0],
    ]
    for (i, packet) in packets.enumerated() {
      link.deliver(packet)
      #expect(link.host.counters.malformedPackets == i + 1)
    }
    // No events: data that this host has no use for.
    link.deliver([])
    link.deliver([0x02, 0x40, 0x20, 1, 0, 7])
    #expect(link.host.counters.malformedPackets == packets.count)
    #expect(link.isRunning && link.host.counters.faults == 0)
  }

  // MARK: Connections

  @Test("Who connects is served while advertising goes on, and dropped when silent") func connection() {
    var link = HostLink.running(advertisement(1))
    link.answer = { command in
      command.opcode == .disconnect ? [Events.commandStatus(.disconnect), Events.disconnected(0x0040)] : nil
    }
    // A connection ends legacy advertising.
    link.controller.receive(HCICommand.leSetAdvertisingEnable(false).packet)
    link.controller.output = [Events.connected(0x0040)]
    link.settle()
    #expect(link.isRunning && link.controller.isAdvertising)
    #expect(link.commands.last == .leSetAdvertisingEnable(true))

    // Exchange MTU of 185, answered with ours.
    link.deliver([0x02, 0x40, 0x20, 7, 0, 3, 0, 4, 0, 0x02, 0xB9, 0x00])
    #expect(link.dataPackets == [[0x02, 0x40, 0x00, 7, 0, 3, 0, 4, 0, 0x03, 0x00, 0x02]])
    #expect(!link.commands.map(\.opcode).contains(.disconnect))

    link.advance(milliseconds: TracerLimits.silentConnectionMilliseconds - 1)
    #expect(!link.commands.map(\.opcode).contains(.disconnect))
    link.advance(milliseconds: 2)
    #expect(link.commands.contains(.disconnect(handle: 0x0040, reason: .remoteUserTerminated)))
    #expect(link.host.counters.faults == 0 && link.controller.refusals.isEmpty)
  }

  @Test("A disconnect refused, as the other was gone already, is no fault") func goneAlready() {
    var link = HostLink.running(advertisement(1))
    link.answer = { command in
      command.opcode == .disconnect
        ? [Events.commandStatus(.disconnect, status: HCIStatus(rawValue: 0x02))] : nil
    }
    link.controller.receive(HCICommand.leSetAdvertisingEnable(false).packet)
    link.controller.output = [Events.connected(0x0001)]
    link.settle()
    #expect(link.isRunning && link.controller.isAdvertising && link.host.counters.faults == 0)
  }

  @Test("Who leaves before being sent away is not sent away") func leftBefore() {
    var link = HostLink.running(advertisement(1))
    link.answer = { _ in [] }
    link.advertise(advertisement(2))
    link.deliver(Events.connected(0x0007))
    link.deliver(Events.disconnected(0x0007))
    link.answer = { _ in nil }
    link.controller.receive(HCICommand.leSetAdvertisingEnable(false).packet)
    link.settle()
    #expect(link.isRunning && !link.commands.map(\.opcode).contains(.disconnect))
    #expect(link.controller.transmission == transmission(2))
  }

  // MARK: Alive check

  @Test(
    "A hung controller is found within seven seconds, whenever it hangs",
    arguments: [0, 1, 2500, 4999, 5000, 9999])
  func hung(after: Int64) {
    var link = HostLink.running(advertisement(1))
    link.advance(milliseconds: after)
    #expect(link.isRunning && link.host.counters.faults == 0)
    link.controller.isHung = true
    link.advance(milliseconds: 7000)
    #expect(link.faults.first == .noReply(to: .leSetRandomAddress))
    link.controller.isHung = false
    link.advance(milliseconds: 10_000)
    #expect(link.isRunning)
  }

  @Test("A sound controller is asked every five seconds and left alone in between") func aliveCheck() {
    var link = HostLink.running(advertisement(1))
    let before = link.commands.count
    link.advance(milliseconds: 4999)
    #expect(link.commands.count == before)
    link.advance(milliseconds: 55_001)
    #expect(link.commands[before...].map(\.opcode) == [HCIOpcode](repeating: .leSetRandomAddress, count: 12))
    #expect(link.isRunning && link.host.counters.faults == 0)
  }

  @Test("A controller that still reports but no longer obeys is found as well") func deafToCommands() {
    var link = HostLink.running(advertisement(1))
    link.answer = { _ in [] }
    for _ in 0..<70 {
      if let neighbour = transmission(9) { link.controller.hear(neighbour, rssiDBm: -50) }
      link.settle()
      link.advance(milliseconds: 100)
    }
    #expect(link.host.counters.faults == 1 && link.host.lastFault == .noReply(to: .leSetRandomAddress))
  }

  @Test("A listening host sends nothing, whatever the recording holds") func listenOnly() {
    var host = HCIHost()
    host.listenOnly()
    let now = MonotonicTime(milliseconds: 0)
    for packet in [
      Events.hardwareError(1), Events.connected(1), Events.disconnected(1), Events.credits(0),
      Events.commandComplete(.reset), Events.commandStatus(.disconnect), [0x04, 0x3E, 0],
    ] {
      host.receive(packet, generation: 0, at: now)
      host.tick(at: now.adding(milliseconds: 100_000))
    }
    #expect(host.state == .running && host.takeEffects().isEmpty && host.nextDeadline == nil)
    #expect(host.counters.malformedPackets == 1 && host.counters.faults == 0)
    host.stop(at: now)
    #expect(host.state == .closed)
  }
}
