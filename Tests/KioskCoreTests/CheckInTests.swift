// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("Check-in by touch, of a visitor without a phone")
struct CheckInTests {
  private func started() -> KioskHarness {
    var harness = KioskHarness()
    harness.start()
    return harness
  }

  @Test("A touch is one visit without a phone, confirmed on the screen, by lamp and by beep")
  func counted() throws {
    var harness = started()
    harness.handle(.checkIn)
    let until = harness.now.monotonic.adding(milliseconds: CoreLimits.checkInMilliseconds)
    #expect(harness.page?.checkIn == TouchCheckIn.Shown(answer: .counted, until: until))
    #expect(harness.page?.prompt == HomePage.Prompt.none, "nobody is thanked for Bluezone")
    #expect(harness.lines == LineStates(green: true, buzzer: true))
    #expect(harness.status.visits.withoutPhone == 1)
    #expect(harness.status.visits.today == 1)
    #expect(harness.status.checkIns.lastHour == 1)
    harness.run(for: CoreLimits.checkInMilliseconds - 1)
    #expect(harness.page?.checkIn != nil)
    harness.run(for: 1)
    #expect(harness.page?.checkIn == nil)
    harness.run(for: 10_000)
    try #require(harness.writtenVisits.count == 1)
    #expect(harness.writtenVisits[0].visit.kind == .noPhone)
    #expect(!harness.writtenVisits[0].visit.isOpen)
  }

  @Test("A child at the button counts one person in five seconds, and no more than the hour's limit")
  func child() {
    var now = Moment(monotonic: 0, utc: S.midnight)
    var kiosk = Kiosk(settings: Settings(), identity: nil, startingAt: now) { 0 }
    kiosk.handle(.start, at: now)
    // A touch a second, for two hours and a half.
    for second in 0..<9000 {
      now = Moment(
        monotonic: MonotonicTime(milliseconds: Int64(second) * 1000),
        utc: S.midnight.adding(milliseconds: Int64(second) * 1000))
      kiosk.handle(.checkIn, at: now)
    }
    let limit = CoreLimits.checkInsAnHour
    let status = kiosk.status(at: now)
    #expect(status.visits.withoutPhone == 3 * limit)
    #expect(status.checkIns.lastHour == limit)
    #expect(status.checkIns.turnedAway == 9000 / 5 - 3 * limit)
    #expect(kiosk.checkIns.shown?.answer == .turnedAway)
    #expect(status.lines.shows == nil, "what is not counted is not confirmed by the lamp")
  }

  @Test(
    "However it is touched, every touch is answered or falls into the answer to another",
    arguments: [71, 72, 73] as [UInt64])
  func anyTouches(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var now = Moment(monotonic: 0, utc: S.midnight)
    var kiosk = Kiosk(settings: Settings(), identity: nil, startingAt: now) { 0 }
    kiosk.handle(.start, at: now)
    var counted: [Int64] = []
    var time: Int64 = 0
    for _ in 0..<4000 {
      time += Int64.random(in: 0...(Bool.random(using: &random) ? 100 : 12_000), using: &random)
      now = Moment(monotonic: MonotonicTime(milliseconds: time), utc: S.midnight.adding(milliseconds: time))
      let before = kiosk.checkIns
      kiosk.handle(.checkIn, at: now)
      let shown = kiosk.checkIns.shown
      guard shown != before.shown else { continue }
      #expect(shown?.until == now.monotonic.adding(milliseconds: CoreLimits.checkInMilliseconds), "seed \(seed)")
      if shown?.answer == .counted { counted.append(time) }
    }
    #expect(counted.count > CoreLimits.checkInsAnHour, "seed \(seed)")
    for (a, b) in zip(counted, counted.dropFirst()) { #expect(b - a >= CoreLimits.checkInMilliseconds, "seed \(seed)") }
    for (a, b) in zip(counted, counted.dropFirst(CoreLimits.checkInsAnHour)) {
      #expect(b - a >= 3_600_000, "seed \(seed)")
    }
  }

  @Test("Touches while the answer is shown neither count nor prolong it; the next one after it counts")
  func gap() {
    var harness = started()
    harness.handle(.checkIn)
    let shown = harness.page?.checkIn
    for _ in 0..<4 {
      harness.run(for: 1000)
      harness.handle(.checkIn)
    }
    #expect(harness.page?.checkIn == shown)
    harness.run(for: 999)
    harness.handle(.checkIn)
    #expect(harness.status.visits.withoutPhone == 1)
    harness.run(for: 1)
    harness.handle(.checkIn)
    #expect(harness.status.visits.withoutPhone == 2)
  }

  @Test("Whoever was asked by the sensor and then checks in is counted once, and asked no more")
  func sensor() {
    var settings = Settings()
    settings.inputs.presencePrompts = true
    var harness = KioskHarness(settings: settings)
    harness.start()
    harness.handle(.input(InputChange(.presence, isActive: true)))
    harness.run(for: 5000)
    #expect(harness.page?.prompt == .install)
    harness.handle(.checkIn)
    #expect(harness.page?.prompt == HomePage.Prompt.none)
    harness.run(for: 1000)
    harness.handle(.input(InputChange(.presence, isActive: false)))
    harness.run(for: 120_000)
    #expect(harness.status.visits.withoutPhone == 1)
  }

  @Test("A check-in before the clock is right is counted and logged once it is")
  func undated() {
    var harness = KioskHarness(isSynchronised: false)
    harness.start()
    harness.handle(.checkIn)
    #expect(harness.page?.checkIn?.answer == .counted)
    harness.setClock(61_000)
    harness.run(for: 11_000)
    #expect(harness.status.visits.withoutPhone == 1)
    #expect(harness.writtenVisits.count == 1)
  }

  @Test("A phone without the app is asked all the same while somebody checks in")
  func beside() {
    var harness = started()
    let isSeen = harness.stand(S.phone, from: 1)
    #expect(isSeen)
    harness.handle(.checkIn)
    #expect(harness.page?.prompt == .install)
    #expect(harness.page?.checkIn?.answer == .counted)
  }
}
