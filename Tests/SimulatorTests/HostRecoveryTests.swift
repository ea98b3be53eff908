// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

@Suite("A host that climbs the ladder") struct HostRecoveryTests {
  private func configuration(_ steps: Set<RecoveryStep>) -> HCIHostConfiguration {
    var configuration = HCIHostConfiguration()
    configuration.recovery.outsideSteps = steps
    return configuration
  }

  private func running(_ steps: Set<RecoveryStep> = []) -> HostLink {
    var link = HostLink(configuration: configuration(steps))
    link.start(advertisement(1))
    return link
  }

  @Test("A command refused while running is answered by Reset over the same transport") func reset() {
    var link = running()
    var isRefusing = true
    link.answer = { command in
      guard isRefusing, command.opcode == .leSetAdvertisingData else { return nil }
      return [Events.commandComplete(.leSetAdvertisingData, [0x12])]
    }
    link.advertise(advertisement(2))
    #expect(link.host.lastFault == .refused(.leSetAdvertisingData, HCIStatus(rawValue: 0x12)))
    // It refuses after the reset as well: now it is opened again.
    #expect(link.host.steps == [.reset: 1, .reopen: 1] && link.closings == 1)
    isRefusing = false
    link.advance(milliseconds: 500)
    #expect(link.isRunning && link.controller.transmission == transmission(2))
    #expect(link.host.lastGapMilliseconds == 500)
  }

  @Test("A Reset that is not heard over the open transport costs 0.7 s, then it is opened again") func unheardReset() {
    var link = running()
    link.controller.isHung = true
    link.advance(milliseconds: 7000)
    #expect(link.host.state == .starting && link.host.lastStep == .reset)
    link.advance(milliseconds: 699)
    #expect(link.closings == 0)
    link.advance(milliseconds: 1)
    #expect(link.isDown(.noReply(to: .reset)) && link.closings == 1)
    link.controller.isHung = false
    link.advance(milliseconds: 500)
    #expect(link.isRunning)
  }

  @Test("Answers to what was sent before the reset change nothing") func lateAnswers() {
    var link = running()
    link.answer = { _ in [] }
    link.advance(milliseconds: 7000)
    #expect(link.commands.last == .reset)
    let before = link.commands.count
    link.deliver(Events.commandComplete(.leSetRandomAddress, [0x0C]))
    link.deliver(Events.commandComplete(.leSetScanEnable))
    #expect(link.commands.count == before && link.host.state == .starting)
    link.answer = { _ in nil }
    link.controller.receive(HCICommand.reset.packet)
    link.settle()
    #expect(link.isRunning && link.host.counters.faults == 1)
  }

  @Test("An adapter that cannot be opened has its power cycled after 8.5 s, and every five minutes") func powerCycle() {
    var link = HostLink(configuration: configuration([.powerCycle]))
    link.opening = .fails(.busy)
    link.start(advertisement(1))
    let start = link.now
    link.advance(milliseconds: 1_200_000)
    let times = link.steps.map { $0.at.milliseconds(since: start) }
    #expect(link.steps.allSatisfy { $0.step == .powerCycle } && times.count == 4)
    #expect(times.first == 8500 && zip(times.dropFirst(), times).allSatisfy { (300_000...306_000).contains($0 - $1) })
    link.opening = .works
    link.advance(milliseconds: 5000)
    #expect(link.isRunning && link.host.steps[.powerCycle] == 4)
  }

  @Test("While a step is under way nothing is opened; it is given up after a minute") func stepUnderWay() {
    var link = HostLink(configuration: configuration([.powerCycle]))
    link.stepsEnd = false
    link.opening = .fails(.busy)
    link.start(advertisement(1))
    link.advance(milliseconds: 8500)
    guard case .recovering(.transport(.busy), .powerCycle, _) = link.host.state else {
      Issue.record("it is \(link.host.state)")
      return
    }
    let openings = link.openings.count
    // News of another step, or of a transport that is closed, is passed over.
    link.host.recovered(.rebind, at: link.now)
    link.host.transportOpened(generation: openings, at: link.now)
    link.host.transportFailed(.closed, generation: openings, at: link.now)
    link.opening = .works
    link.advance(milliseconds: 59_999)
    #expect(link.openings.count == openings && !link.isRunning)
    link.advance(milliseconds: 1)
    #expect(link.openings.count == openings + 1 && link.isRunning)
    // Its end, when it comes after all, changes nothing.
    link.host.recovered(.powerCycle, at: link.now)
    #expect(link.isRunning && link.host.takeEffects().isEmpty)
  }

  @Test("It can be stopped while a step is under way") func stopped() {
    var link = HostLink(configuration: configuration([.powerCycle]))
    link.stepsEnd = false
    link.opening = .fails(.busy)
    link.start(advertisement(1))
    link.advance(milliseconds: 8500)
    link.stop()
    #expect(link.host.state == .closed)
    link.host.recovered(.powerCycle, at: link.now)
    #expect(link.host.state == .closed && link.host.takeEffects().isEmpty)
  }

  @Test("A silent house costs ever fewer restarts, and what is heard ends them") func silentNight() {
    var link = running([.powerCycle])
    let minute: Int64 = 60_000
    link.advance(milliseconds: 10 * 60 * minute)
    // After 10, 20, 40 and then every 60 minutes.
    #expect(link.host.counters.faults == 11 && link.isRunning)
    #expect(link.host.steps == [.reset: 1, .reopen: 1, .powerCycle: 9])
    if let neighbour = transmission(9) { link.controller.hear(neighbour, rssiDBm: -50) }
    link.settle()
    link.advance(milliseconds: 10 * minute + 1000)
    #expect(link.host.lastStep == .reset)
  }

  @Test("A connection under way is forgotten with the controller's state") func connections() {
    var link = running()
    link.controller.receive(HCICommand.leSetAdvertisingEnable(false).packet)
    link.controller.output = [Events.connected(0x0040)]
    link.settle()
    #expect(link.host.connectionCount == 1)
    link.deliver(Events.hardwareError(7))
    #expect(link.host.connectionCount == 0 && link.isRunning)
    // What still comes for it is no fault.
    link.deliver([0x02, 0x40, 0x20, 7, 0, 3, 0, 4, 0, 0x02, 0xB9, 0x00])
    link.deliver(Events.disconnected(0x0040))
    #expect(link.isRunning && link.host.counters.faults == 1)
  }
}
