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

  private func news(_ harness: KioskHarness) -> [ClockNews.Kind] {
    harness.effects.compactMap { _, effect in if case .clockNews(let news, _, _) = effect { news.kind } else { nil } }
  }
}
