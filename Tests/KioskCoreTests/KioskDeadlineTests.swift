// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("The kiosk's deadlines")
struct KioskDeadlineTests {
  @Test("A driver that only ticks at the deadline wakes up little more than once a second in an hour")
  func quietHour() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 3_600_000)
    // 3600 seconds of the clock and a sign of life of the controller every 5 s.
    #expect((3600...4400).contains(harness.ticks))
    #expect(harness.status.radio.state == "running")
    #expect(harness.transmissions.count == 5)
    #expect(harness.refusalsInEarnest.isEmpty)
  }

  @Test("Nor does it wake up much more often with the radio down in any way")
  func radioDown() {
    for opening in [KioskHarness.Opening.fails(.notFound), .hangs] {
      var harness = KioskHarness()
      harness.opening = opening
      harness.start()
      harness.run(for: 3_600_000)
      #expect((3600...5100).contains(harness.ticks))
    }
    var harness = KioskHarness()
    harness.start()
    harness.air.controller.isHung = true
    harness.run(for: 3_600_000)
    #expect((3600...6000).contains(harness.ticks))
  }

  @Test("Nor with a crowd, a disk that refuses, and a clock that is set", arguments: [71, 72] as [UInt64])
  func crowd(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var harness = KioskHarness(isSynchronised: false, seed: seed)
    harness.start()
    harness.disk = .refuses
    for step in 0..<2400 {
      let n = Int.random(in: 0..<50, using: &random)
      if Bool.random(using: &random) {
        harness.hearBluezoner(n, rssiDBm: Int8.random(in: -90 ... -45, using: &random))
      } else {
        harness.hear(S.phone, from: n, rssiDBm: Int8.random(in: -90 ... -45, using: &random))
      }
      if step == 1000 { harness.disk = .works }
      if step == 1200 { harness.setClock(7_000_000) }
      harness.run(for: Int64.random(in: 0...500, using: &random))
    }
    // Ten minutes: seconds, prompts, expiries and writes.
    #expect(harness.ticks < 600 * 4, "seed \(seed)")
    #expect(harness.kiosk.people.counts.devices <= 100)
  }
}
