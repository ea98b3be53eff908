// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("Local time")
struct LocalTimeTests {
  @Test(
    "is written as RFC 3339 with its offset",
    arguments: [
      (0, 0, "1970-01-01T00:00:00+00:00"),
      (1_763_708_709, 25_200, "2025-11-21T14:05:09+07:00"),
      (1_763_708_709, -12_600, "2025-11-21T03:35:09-03:30"),
      (1_763_708_709, 20_700, "2025-11-21T12:50:09+05:45"),
      (1_763_708_709, -1800, "2025-11-21T06:35:09-00:30"),
      (1_763_708_709, 50_400, "2025-11-21T21:05:09+14:00"),
      (1_763_683_199, 0, "2025-11-20T23:59:59+00:00"),
      (1_763_683_200, -1, "2025-11-20T23:59:59-00:00"),
      (-1, 0, "1969-12-31T23:59:59+00:00"),
      (-86_400, 0, "1969-12-31T00:00:00+00:00"),
      (-86_401, 25_200, "1969-12-31T06:59:59+07:00"),
      (951_782_400, 0, "2000-02-29T00:00:00+00:00"),
      (1_709_164_800, 0, "2024-02-29T00:00:00+00:00"),
      (1_709_251_200, 0, "2024-03-01T00:00:00+00:00"),
      (4_107_542_400, 0, "2100-03-01T00:00:00+00:00"),
      (4_107_542_399, 0, "2100-02-28T23:59:59+00:00"),
    ] as [(Int64, Int32, String)])
  func rfc3339(seconds: Int64, offset: Int32, text: String) {
    #expect(LocalTime(UTCTime(seconds: seconds), offsetSeconds: offset).rfc3339 == text)
  }

  @Test("is written for people as Vietnam does")
  func forPeople() {
    let time = LocalTime(UTCTime(seconds: 1_763_708_709), offsetSeconds: 25_200)
    #expect(time.clock == "14:05:09")
    #expect(time.date == "21/11/2025")
    #expect(time.dateAndMinute == "14:05 21/11")
    let early = LocalTime(UTCTime(seconds: 1_735_689_665), offsetSeconds: 0)
    #expect(early.clock == "00:01:05")
    #expect(early.date == "01/01/2025")
  }

  @Test("rounds milliseconds down, also before 1970")
  func milliseconds() {
    #expect(LocalTime(UTCTime(milliseconds: 999), offsetSeconds: 0).clock == "00:00:00")
    #expect(LocalTime(UTCTime(milliseconds: -1), offsetSeconds: 0).clock == "23:59:59")
    #expect(LocalTime(UTCTime(milliseconds: -1000), offsetSeconds: 0).clock == "23:59:59")
    #expect(LocalTime(UTCTime(milliseconds: -1001), offsetSeconds: 0).clock == "23:59:58")
  }

  @Test("agrees over 1700 to 2300 with a calendar that is turned day by day")
  func dayByDay() {
    func days(_ month: Int, _ year: Int64) -> Int {
      if month == 2 {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
      }
      return [4, 6, 9, 11].contains(month) ? 30 : 31
    }
    // Back from 1970-01-01 and forward from it.
    var (year, month, day): (Int64, Int, Int) = (1970, 1, 1)
    var number: Int64 = 0
    while year >= 1700 {
      let time = LocalTime(UTCTime(seconds: number * 86_400), offsetSeconds: 0)
      guard (time.year, time.month, time.day) == (year, month, day) else {
        Issue.record("day \(number) is \(year)-\(month)-\(day), not \(time.rfc3339)")
        return
      }
      number -= 1
      day -= 1
      if day == 0 {
        month = month == 1 ? 12 : month - 1
        if month == 12 { year -= 1 }
        day = days(month, year)
      }
    }
    (year, month, day, number) = (1970, 1, 1, 0)
    while year <= 2300 {
      let time = LocalTime(UTCTime(seconds: number * 86_400 + 86_399), offsetSeconds: 0)
      guard (time.year, time.month, time.day) == (year, month, day) else {
        Issue.record("day \(number) is \(year)-\(month)-\(day), not \(time.rfc3339)")
        return
      }
      number += 1
      day += 1
      if day > days(month, year) {
        (month, day) = (month + 1, 1)
        if month == 13 { (year, month) = (year + 1, 1) }
      }
    }
  }

  @Test("does not trap at the ends of time and of the offset")
  func extremes() {
    for time in [Int64.min, .min + 1, .max] {
      for offset in [Int32.min, 0, .max] {
        let local = LocalTime(UTCTime(milliseconds: time), offsetSeconds: offset)
        #expect((1...12).contains(local.month) && (1...31).contains(local.day))
        #expect(!local.rfc3339.isEmpty)
      }
    }
  }
}
