// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("The kiosk and a clock that leaps") struct KioskClockTests {
  private static let day = SlotScheme.dayMilliseconds

  @Test("12 s of a clock 30 days ahead costs nothing, is told, and is taken back")
  func twelveSeconds() {
    var harness = KioskHarness()
    harness.start()
    harness.hearBluezoner(1)
    harness.run(for: 15_000)
    let right = harness.clock
    harness.setClock(right + 30 * Self.day)
    harness.hearBluezoner(2)
    harness.run(for: 12_000)
    #expect(!harness.status.clockSynchronised && harness.status.clock.isDoubtful)
    let leap: Int64? = harness.status.clock.leapSeconds
    #expect(leap == Int64(30 * 86_400))
    // It goes on with the id of the true slot.
    #expect(harness.transmissions.count == 1)
    harness.setClock(right + 12_000)
    harness.handle(.tick)
    #expect(harness.status.clockSynchronised && harness.status.clock.leapSeconds == nil)
    harness.run(for: 15_000)
    harness.handle(.stop)
    let now = harness.now.utc
    #expect(harness.purges.allSatisfy { $0 <= now.adding(milliseconds: -14 * Self.day) })
    #expect(Set(harness.bootTimes).count == 1 && harness.bootTimes.count == 2)
    for update in harness.written {
      if case .dated(let first, _) = update.span { #expect(first <= now && first >= S.midnight) }
    }
    #expect(Set(harness.written.map(\.id)) == [S.id(1), S.id(2)])
    #expect(news(harness) == [.leapt, .takenBack])
  }

  @Test("A clock that was wrong from the start is put right once it was right for as long: its rows are dated again")
  func wrongFromTheStart() {
    var harness = KioskHarness(startingAt: 60_000 + 30 * Self.day)
    harness.start()
    harness.run(for: 15 * 60_000)
    harness.setClock(60_000 + 15 * 60_000)
    harness.run(for: 14 * 60_000)
    #expect(!harness.status.clockSynchronised)
    harness.run(for: 2 * 60_000)
    #expect(harness.status.clockSynchronised)
    let redated = harness.effects.compactMap { _, effect in
      if case .redate(_, _, let by) = effect { by } else { nil }
    }
    #expect(redated == [-30 * Self.day])
    harness.run(for: 3_600_000)
    let now = harness.now.utc
    #expect(harness.purges.last.map { $0 <= now.adding(milliseconds: -14 * Self.day) } == true)
  }

  @Test("What the disk has refused by then is dated again, too, also if it comes back only afterwards")
  func redatedOnTheirWay() {
    var harness = KioskHarness(startingAt: 60_000 + 30 * Self.day)
    harness.start()
    harness.disk = .isSilent
    harness.hearBluezoner(1)
    harness.handle(.checkIn)
    harness.run(for: 15_000)
    let (contacts, visits) = (harness.inFlight, harness.visitsInFlight)
    #expect(contacts.count == 1 && visits.count == 1)
    harness.disk = .refuses
    harness.hearBluezoner(2)
    harness.handle(.checkIn)
    harness.run(for: 15 * 60_000)
    let right = harness.now.utc.adding(milliseconds: -30 * Self.day)
    harness.setClock(harness.clock - 30 * Self.day)
    harness.run(for: 16 * 60_000)
    #expect(harness.status.clockSynchronised)
    harness.hearBluezoner(3)
    harness.disk = .works
    harness.handle(.contactsNotWritten(contacts, reason: "the disk hung"))
    harness.handle(.visitsNotWritten(visits, reason: "the disk hung"))
    harness.run(for: 25_000)
    #expect(harness.written.count == 3 && harness.writtenVisits.count == 2)
    let begun = harness.written.sorted { $0.id < $1.id }.map { update -> Int64? in
      guard case .dated(let first, let last) = update.span else { return nil }
      #expect(last == first)
      return first.milliseconds - right.milliseconds
    }
    #expect(begun.map { $0.map { $0 / 60_000 } } == [-15, -15, 16])
    for update in harness.writtenVisits {
      guard case .dated(let start, let end) = update.span else { return #expect(Bool(false), "no date") }
      #expect((right.milliseconds - start.milliseconds) / 60_000 == 15 && end >= start)
    }
  }

  @Test("A base key of a future day is told once the clock is settled, and only then")
  func identityOfTheFuture() {
    var harness = KioskHarness(baseDay: KioskHarness.baseDay + 20)
    harness.start()
    harness.run(for: 59 * 60_000)
    func days() -> [Int64] {
      harness.effects.compactMap { _, effect in if case .identityFromFuture(let day) = effect { day } else { nil } }
    }
    #expect(days().isEmpty)
    harness.run(for: 2 * 60_000)
    #expect(days() == [KioskHarness.baseDay])
  }

  @Test("While the record of earlier runs is not read, nothing is said of the clock") func waiting() {
    let now = Moment(monotonic: 5000, utc: S.midnight, isSynchronised: true)
    var kiosk = Kiosk(
      settings: Settings(), identity: nil, awaitsIdentity: true, boot: "b", startingAt: now, randomBits: { 1 })
    kiosk.handle(.start, at: now)
    #expect(kiosk.status(at: now).clock.isWaiting && !kiosk.status(at: now).clockSynchronised)
    kiosk.handle(.clockRead(nil), at: now)
    #expect(!kiosk.status(at: now).clock.isWaiting && kiosk.status(at: now).clockSynchronised)
  }

  private func news(_ harness: KioskHarness) -> [ClockNews.Kind] {
    harness.effects.compactMap { _, effect in if case .clockNews(let news, _, _) = effect { news.kind } else { nil } }
  }
}
