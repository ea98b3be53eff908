// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

@Suite("A host is stopped") struct HostStopTests {
  @Test("Both are switched off before it closes") func switchesOff() {
    var link = HostLink.running(advertisement(1))
    let before = link.commands.count
    link.stop()
    #expect(link.commands[before...] == [.leSetAdvertisingEnable(false), .leSetScanEnable(false)])
    #expect(link.host.state == .closed && link.closings == 1 && link.openGeneration == nil)
    #expect(link.states.suffix(3) == [.running, .stopping, .closed])
    #expect(link.host.nextDeadline == nil)
  }

  @Test("Stopped twice it closes once") func stoppedTwice() {
    var link = HostLink.running(advertisement(1))
    link.answer = { _ in [] }
    link.stop()
    link.stop()
    link.advance(milliseconds: 2000)
    link.stop()
    #expect(link.closings == 1 && link.host.state == .closed)
  }

  @Test("A hung controller is closed when the time for stopping is over") func hung() {
    var link = HostLink.running(advertisement(1))
    link.controller.isHung = true
    link.stop()
    #expect(link.host.state == .stopping)
    link.advance(milliseconds: 1999)
    #expect(link.host.state == .stopping && link.closings == 0)
    link.advance(milliseconds: 1)
    #expect(link.host.state == .closed && link.closings == 1 && link.host.nextDeadline == nil)
    #expect(link.host.counters.faults == 0)
  }

  @Test("Without a credit it closes when the time for stopping is over") func noCredits() {
    var link = HostLink.running(advertisement(1))
    link.deliver(Events.credits(0))
    link.stop()
    link.advance(milliseconds: 2000)
    #expect(link.host.state == .closed && link.closings == 1)
  }

  @Test("A refusal, a transport gone or a hardware error ends the stopping at once", arguments: 0..<3)
  func failsWhileStopping(how: Int) {
    var link = HostLink.running(advertisement(1))
    link.answer = { command in
      how == 0 ? [Events.commandComplete(command.opcode, [HCIStatus.commandDisallowed.rawValue])] : []
    }
    link.stop()
    if how == 1 { link.failTransport() }
    if how == 2 { link.deliver(Events.hardwareError(1)) }
    #expect(link.host.state == .closed && link.closings == 1 && link.host.nextDeadline == nil)
    #expect(link.host.counters.faults == 0)
  }

  @Test("Stopped at any point of the start, it closes with nothing left on", arguments: 0..<15)
  func duringStart(at command: Int) {
    var link = HostLink()
    var sent = 0
    link.answer = { _ in
      sent += 1
      return sent > command ? [] : nil
    }
    link.start(advertisement(1))
    guard let last = link.commands.last else { return }
    link.stop()
    #expect(link.host.state == .stopping && link.closings == 0)
    link.answer = { _ in nil }
    link.controller.receive(last.packet)
    link.settle()
    #expect(link.host.state == .closed && link.closings == 1 && link.controller.refusals.isEmpty)
    // Whatever had been switched on was switched off by a command.
    let switched = link.commands.filter {
      $0.opcode == .leSetAdvertisingEnable || $0.opcode == .leSetScanEnable
    }
    #expect(
      switched.filter { $0.parameters[0] == 1 }.count == switched.filter { $0.parameters[0] == 0 }.count)
  }

  @Test("Stopped while opening, it closes and asks for no further tick") func whileOpening() {
    var link = HostLink()
    link.opening = .silent
    link.start(advertisement(1))
    link.stop()
    #expect(link.host.state == .closed && link.closings == 1 && link.host.nextDeadline == nil)
    link.host.transportOpened(generation: 1, at: link.now)
    link.settle()
    #expect(link.host.state == .closed && link.commands.isEmpty)
    link.advance(milliseconds: 60_000)
    #expect(link.openings.count == 1)
  }

  @Test("Stopped while down, it stays closed and asks for no further tick", arguments: [true, false])
  func whileDown(wasOpen: Bool) {
    var link = HostLink()
    if wasOpen { link.failsAtCommand = 3 } else { link.opening = .fails(.notFound) }
    link.start(advertisement(1))
    link.stop()
    #expect(link.host.state == .closed && link.host.nextDeadline == nil)
    link.advance(milliseconds: 60_000)
    #expect(link.openings.count == 1)
  }

  @Test("A host that was stopped can be started again") func again() {
    var link = HostLink.running(advertisement(1))
    link.stop()
    link.start(nil)
    #expect(link.isRunning && link.controller.isAdvertising && link.openings.count == 2)
    #expect(link.controller.refusals.isEmpty)
  }

  @Test("Stopping what never started does nothing") func neverStarted() {
    var link = HostLink()
    link.stop()
    #expect(link.host.state == .closed && link.closings == 0)
  }
}
