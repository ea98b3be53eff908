// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("The kiosk without its radio")
struct KioskRadioFaultTests {
  @Test(
    "says on the page and in the status what is wrong, and no more when it is put right",
    arguments: [
      (.notFound, .noAdapter), (.noBluetooth, .noAdapter), (.switchedOff, .switchedOff),
      (.notAllowed, .notAllowed), (.busy, .notAnswering), (.closed, .notAnswering),
      (.outOfStep, .notAnswering),
      (.congested, .notAnswering), (.system(errno: 5), .notAnswering),
    ] as [(TransportFault, ScreenState.Fault)])
  func down(fault: TransportFault, shown: ScreenState.Fault) {
    var harness = KioskHarness()
    harness.opening = .fails(fault)
    harness.start()
    harness.run(for: 20_000)
    #expect(harness.page?.radio == .down(shown, step: .reopen))
    #expect(harness.status.radio.fault == fault.description || harness.status.radio.state == "opening")
    #expect(harness.status.radio.lastFault == fault.description)
    #expect(fault.description.count > 10)
    harness.opening = .works
    harness.run(for: 6000)
    #expect(harness.page?.radio == .running)
    #expect(harness.status.radio.state == "running")
    #expect(harness.status.radio.fault == nil)
    #expect(harness.status.radio.lastFault == fault.description)
  }

  @Test("says which step is taken against the fault, and why it failed") func steps() {
    var settings = Settings()
    settings.host.recovery.outsideSteps = [.powerCycle]
    var harness = KioskHarness(settings: settings)
    harness.opening = .fails(.busy)
    harness.start()
    harness.run(for: 8400)
    #expect(harness.page?.radio == .down(.notAnswering, step: .reopen))
    harness.run(for: 200)
    #expect(harness.steps.map(\.step) == [.powerCycle])
    #expect(harness.page?.radio == .down(.notAnswering, step: .powerCycle))
    #expect(harness.status.radio.state == "recovering" && harness.status.radio.lastStep == "power cycle")
    harness.handle(.radioRecovered(.powerCycle, fault: "power cycle failed: a reason"))
    #expect(harness.status.radio.lastStepFault == "power cycle failed: a reason")
    #expect(harness.status.radio.steps == ["reopen": 5, "power_cycle": 1])
    harness.opening = .works
    harness.run(for: 6000)
    #expect(harness.page?.radio == .running && harness.status.radio.state == "running")
  }

  @Test("keeps its figures during a reset, and says so") func reset() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 1000)
    harness.air.controller.output.append([0x04, 0x10, 1, 7])
    harness.run(for: 1000)
    #expect(harness.pages.contains { $0.page.radio == .down(.notAnswering, step: .reset) })
    #expect(harness.page?.radio == .running && harness.status.radio.steps == ["reset": 1])
  }

  @Test("finds out that the controller hangs, and goes on when it does not any more")
  func hung() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 1000)
    #expect(harness.page?.radio == .running)
    harness.air.controller.isHung = true
    harness.run(for: 8000)
    #expect(harness.page?.radio == .down(.notAnswering, step: .reopen))
    harness.air.controller.isHung = false
    harness.run(for: 10_000)
    #expect(harness.page?.radio == .running)
    #expect(harness.air.controller.isScanning && harness.air.controller.isAdvertising)
  }

  @Test("forgets who was around in time, and does not let old lines stay on")
  func countsExpire() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.phone, from: 1)
    harness.run(for: 1000)
    #expect(harness.status.peopleAround == 1)
    harness.opening = .fails(.notFound)
    harness.unplug()
    harness.run(for: 31_000)
    #expect(harness.status.peopleAround == 0)
    #expect(harness.page?.takeover == nil)
    #expect(!harness.lines.buzzer)
  }
}
