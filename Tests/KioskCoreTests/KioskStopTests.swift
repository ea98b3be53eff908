// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("The kiosk's end")
struct KioskStopTests {
  /// Runs at most 3 s until it has stopped, and checks what must be true of every end.
  private func expectStopped(_ harness: inout KioskHarness, at location: SourceLocation = #_sourceLocation) {
    harness.run(for: 3000)
    let stops = harness.effects.indices.filter { harness.effects[$0].effect == .stopped }
    #expect(stops == [harness.effects.count - 1], sourceLocation: location)
    #expect(harness.lines == .allInactive, sourceLocation: location)
    #expect(harness.kiosk.host.state == .closed, sourceLocation: location)
    // Nothing wakes it up again.
    let count = harness.effects.count
    harness.hearBluezoner(9)
    for event: Kiosk.Event in [.start, .tick, .stop, .radioOpened(generation: 1), .f0Synced(nil)] {
      harness.handle(event)
    }
    #expect(harness.effects.count == count, sourceLocation: location)
  }

  @Test("switches lamps and radio off, writes what is pending, and says so once, last")
  func stops() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 1000)
    let isSeen = harness.stand(S.phone, from: 1)
    harness.hearBluezoner(1)
    #expect(isSeen && harness.lines.amber)
    harness.handle(.stop)
    #expect(!harness.air.controller.isAdvertising)
    #expect(!harness.air.controller.isScanning)
    #expect(harness.writtenReports == [S.id(1): 1])
    #expect(harness.isStopped)
    expectStopped(&harness)
  }

  @Test("comes within two seconds although the controller hangs")
  func stopsWithHungController() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.phone, from: 1)
    harness.hearBluezoner(1)
    harness.air.controller.isHung = true
    let stop = harness.now.monotonic.milliseconds
    harness.handle(.stop)
    #expect(!harness.isStopped)
    #expect(harness.lines == .allInactive)
    #expect(harness.writtenReports == [S.id(1): 1])
    harness.handle(.stop)
    expectStopped(&harness)
    #expect((harness.effects.last?.at ?? .max) - stop <= 2000)
  }

  @Test("comes at once before the start, while the radio opens, and while it is down")
  func stopsEarly() {
    var harness = KioskHarness()
    harness.handle(.stop)
    #expect(harness.isStopped)
    expectStopped(&harness)

    harness = KioskHarness()
    harness.opening = .hangs
    harness.start()
    harness.run(for: 1000)
    harness.handle(.stop)
    #expect(harness.isStopped)
    expectStopped(&harness)

    harness = KioskHarness()
    harness.opening = .fails(.notFound)
    harness.start()
    harness.run(for: 1100)
    harness.handle(.stop)
    #expect(harness.isStopped)
    expectStopped(&harness)
  }

  @Test("comes in the middle of the start, after every number of answers", arguments: 0..<16)
  func stopsWhileStarting(answers: Int) {
    // By hand, so that the stop comes between two packets.
    var kiosk = Kiosk(
      settings: Settings(), identity: BluezoneIdentity(baseKey: KioskHarness.baseKey, baseDay: 0),
      startingAt: Moment(monotonic: 0, utc: S.midnight)
    ) { 1 }
    var controller = SoftwareController()
    let moment = Moment(monotonic: 1, utc: S.midnight)
    kiosk.handle(.start, at: moment)
    kiosk.handle(.radioOpened(generation: 1), at: moment)
    var stops = 0
    for step in 0..<40 {
      if step == answers { kiosk.handle(.stop, at: moment) }
      for effect in kiosk.takeEffects() {
        #expect(stops == 0)
        if case .radio(.send(let packet)) = effect { controller.receive(packet) }
        if effect == .stopped { stops += 1 }
      }
      let output = controller.output
      controller.output = []
      if !output.isEmpty { kiosk.handle(.packets(output, generation: 1), at: moment) }
    }
    #expect(stops == 1)
    #expect(!controller.isScanning && !controller.isAdvertising)
  }

  @Test("asks a disk that refuses twice, not again and again")
  func diskRefuses() {
    var harness = KioskHarness()
    harness.start()
    harness.hearBluezoner(1)
    harness.air.controller.isHung = true
    harness.disk = .refuses
    harness.handle(.stop)
    expectStopped(&harness)
    #expect(harness.writes.count == 2)
    #expect(harness.writes.allSatisfy { $0.updates.map(\.id) == [S.id(1)] })
  }

  @Test("comes when the adapter is pulled out meanwhile")
  func unplugged() {
    var harness = KioskHarness()
    harness.start()
    harness.air.controller.isHung = true
    harness.handle(.stop)
    harness.unplug()
    #expect(harness.isStopped)
    expectStopped(&harness)
  }
}
