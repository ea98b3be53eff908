// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import KioskCore
import Tracer

/// A moment as people type it, in local time.
///
/// `14:05` (today), `2026-11-21`, `21/11/2026`, `21/11` (this year), a day and a time (`2026-11-21 14:05`, also with `T`
/// and seconds), or RFC 3339 with an offset.
struct LocalMoment: Hashable, Sendable {
  var utc: UTCTime

  init(utc: UTCTime) { self.utc = utc }

  /// nil when the text is no moment: the 31st of February neither.
  init?(parsing text: String, now: UTCTime) {
    let today = LocalTime(now, offsetSeconds: SystemClock.utcOffsetSeconds(at: now.seconds))
    let words = text.split(whereSeparator: { $0 == " " || $0 == "T" })
    guard let first = words.first, words.count <= 2, words.joined().count + words.count - 1 == text.count else {
      return nil
    }
    let day: (Int64, Int, Int)
    let clock: Substring
    if words.count == 1, first.contains(":") {
      day = (today.year, today.month, today.day)
      clock = first
    } else {
      guard let parsed = Self.day(first, year: today.year) else { return nil }
      day = parsed
      clock = words.count == 2 ? words[1] : "00:00"
    }
    guard let (seconds, offset) = Self.clock(clock) else { return nil }
    guard let utc = Self.utc(day, seconds, offset) else { return nil }
    self.utc = utc
  }

  /// The local midnight at which the day of `time` begins, or one some days after it.
  static func midnight(of time: UTCTime, addingDays days: Int32 = 0) -> UTCTime {
    var second = time_t(time.seconds)
    var parts = tm()
    guard localtime_r(&second, &parts) != nil else { return time }
    (parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_isdst) = (0, 0, 0, -1)
    parts.tm_mday += days
    return UTCTime(seconds: Int64(mktime(&parts)))
  }

  private static func day(_ text: Substring, year: Int64) -> (Int64, Int, Int)? {
    func numbers(_ separator: Character) -> [Int] {
      let parts = text.split(separator: separator, omittingEmptySubsequences: false)
      let numbers = parts.compactMap { $0.allSatisfy(\.isASCIIDigit) && $0.count <= 4 ? Int($0) : nil }
      return numbers.count == parts.count ? numbers : []
    }
    let byYear = numbers("-")
    if byYear.count == 3 { return (Int64(byYear[0]), byYear[1], byYear[2]) }
    let byDay = numbers("/")
    switch byDay.count {
    case 2: return (year, byDay[1], byDay[0])
    case 3: return (Int64(byDay[2]), byDay[1], byDay[0])
    default: return nil
    }
  }

  /// Seconds into the day, and the offset from UTC if one stands behind them.
  private static func clock(_ text: Substring) -> (seconds: Int32, offset: Int32?)? {
    var clock = text
    var offset: Int32?
    if clock.hasSuffix("Z") {
      clock = clock.dropLast()
      offset = 0
    } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
      guard let ahead = time(clock[clock.index(after: sign)...]) else { return nil }
      offset = clock[sign] == "-" ? -ahead : ahead
      clock = clock[..<sign]
    }
    guard let seconds = time(clock) else { return nil }
    return (seconds, offset)
  }

  private static func time(_ text: Substring) -> Int32? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { $0.count == 2 && $0.allSatisfy(\.isASCIIDigit) ? Int32($0) : nil }
    guard (2...3).contains(parts.count), numbers.count == parts.count else { return nil }
    let seconds = numbers.count == 3 ? numbers[2] : 0
    guard numbers[0] < 24, numbers[1] < 60, seconds < 60 else { return nil }
    return numbers[0] * 3600 + numbers[1] * 60 + seconds
  }

  private static func utc(_ day: (Int64, Int, Int), _ seconds: Int32, _ offset: Int32?) -> UTCTime? {
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(day.0 - 1900), Int32(day.1 - 1), Int32(day.2))
    parts.tm_sec = seconds
    parts.tm_isdst = -1
    var asked = parts
    let time = offset == nil ? mktime(&parts) : timegm(&parts)
    // What does not exist is moved by the C library.
    asked.tm_sec = 0
    guard parts.tm_mday == asked.tm_mday, parts.tm_mon == asked.tm_mon, parts.tm_year == asked.tm_year else {
      return nil
    }
    return UTCTime(seconds: Int64(time) - Int64(offset ?? 0))
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
