// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Times") struct MomentTests {
  @Test("Adding saturates at both ends") func adding() {
    #expect(MonotonicTime(milliseconds: 5).adding(milliseconds: -7) == MonotonicTime(milliseconds: -2))
    #expect(MonotonicTime(milliseconds: .max).adding(milliseconds: 1) == MonotonicTime(milliseconds: .max))
    #expect(MonotonicTime(milliseconds: .min).adding(milliseconds: -1) == MonotonicTime(milliseconds: .min))
    #expect(UTCTime(milliseconds: .max).adding(milliseconds: 1) == UTCTime(milliseconds: .max))
    #expect(UTCTime(milliseconds: .min).adding(milliseconds: -1) == UTCTime(milliseconds: .min))
  }

  @Test("The time between two moments saturates at both ends") func since() {
    let low = MonotonicTime(milliseconds: .min)
    let high = MonotonicTime(milliseconds: .max)
    #expect(high.milliseconds(since: low) == .max)
    #expect(low.milliseconds(since: high) == .min)
    #expect(MonotonicTime(milliseconds: 3).milliseconds(since: MonotonicTime(milliseconds: 10)) == -7)
  }

  @Test("Seconds become milliseconds, saturating") func seconds() {
    #expect(UTCTime(seconds: 1_598_313_600).milliseconds == 1_598_313_600_000)
    #expect(UTCTime(seconds: .max).milliseconds == .max)
    #expect(UTCTime(seconds: .min).milliseconds == .min)
  }

  @Test(
    "Milliseconds become whole seconds, rounded down before 1970 too",
    arguments: [(0, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2)] as [(Int64, Int64)])
  func wholeSeconds(milliseconds: Int64, seconds: Int64) {
    #expect(UTCTime(milliseconds: milliseconds).seconds == seconds)
  }

  @Test("What was heard earlier is dated by the clock of a later moment") func dating() {
    let now = Moment(monotonic: .init(milliseconds: 10_000), utc: .init(milliseconds: 1_600_000_000_000))
    #expect(now.utc(at: .init(milliseconds: 4000)) == UTCTime(milliseconds: 1_599_999_994_000))
    #expect(now.utc(at: .init(milliseconds: 11_000)) == UTCTime(milliseconds: 1_600_000_001_000))
    let odd = Moment(monotonic: .init(milliseconds: .min), utc: .init(milliseconds: .max))
    #expect(odd.utc(at: .init(milliseconds: .max)) == UTCTime(milliseconds: .max))
  }

  @Test("Times are in order") func order() {
    #expect(MonotonicTime(milliseconds: -1) < MonotonicTime(milliseconds: 0))
    #expect(UTCTime(milliseconds: -1) < UTCTime(milliseconds: 0))
  }
}
