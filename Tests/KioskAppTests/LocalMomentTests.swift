// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("A moment as people type it", .serialized) struct LocalMomentTests {
  /// 2026-11-21 03:04:05 UTC.
  private let now = UTCTime(seconds: 1_795_230_245)

  private func parse(_ text: String) -> String? {
    LocalMoment(parsing: text, now: now).map { LocalTime($0.utc, offsetSeconds: 0).rfc3339 }
  }

  /// The tests run under whatever zone the machine has: these have an offset of their own.
  @Test(
    "With an offset it is the same everywhere",
    arguments: [
      ("2026-11-21T14:05:09+07:00", "2026-11-21T07:05:09+00:00"), ("2026-11-21 14:05Z", "2026-11-21T14:05:00+00:00"),
      ("21/11/2026 00:30+07:00", "2026-11-20T17:30:00+00:00"), ("21/11 00:30-03:30", "2026-11-21T04:00:00+00:00"),
      ("2024-02-29T00:00Z", "2024-02-29T00:00:00+00:00"),
    ])
  func offsets(text: String, utc: String) {
    #expect(parse(text) == utc)
  }

  @Test("Without one it is local")
  func local() throws {
    let moment = try #require(LocalMoment(parsing: "14:05", now: now))
    let local = LocalTime(moment.utc, offsetSeconds: SystemClock.utcOffsetSeconds(at: moment.utc.seconds))
    #expect(local.clock == "14:05:00")
    let day = try #require(LocalMoment(parsing: "2026-03-01", now: now))
    let midnight = LocalTime(day.utc, offsetSeconds: SystemClock.utcOffsetSeconds(at: day.utc.seconds))
    #expect(midnight.clock == "00:00:00" && midnight.date == "01/03/2026")
    #expect(LocalMoment(parsing: "01/03/2026", now: now) == day)
    #expect(LocalMoment.midnight(of: day.utc) == day.utc)
    #expect(LocalMoment.midnight(of: day.utc.adding(milliseconds: 3_600_000), addingDays: -1).seconds < day.utc.seconds)
  }

  @Test(
    "What is no time is refused",
    arguments: [
      "", " ", "yesterday", "24:00", "12:60", "12:00:60", "1:05", "12", "2026-02-29", "31/02/2026", "2026-13-01",
      "2026-11",
      "00/11/2026", "2026-11-21 ", " 2026-11-21", "2026-11-21  14:05", "2026-11-21T14:05+7", "2026-11-21T14:05+24:00",
      "2026-11-21T14:05 Z", "20260-11-21", "-1-11-21", "٢٠٢٦-11-21", "14:05 2026-11-21",
    ])
  func refused(text: String) {
    #expect(parse(text) == nil)
  }
}
