// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A moment as people read it, in local time.
public struct LocalTime: Hashable, Sendable {
  public let year: Int64
  public let month: Int
  public let day: Int
  public let hour: Int
  public let minute: Int
  public let second: Int
  public let offsetSeconds: Int32

  public init(_ utc: UTCTime, offsetSeconds: Int32) {
    let local = utc.adding(milliseconds: Int64(offsetSeconds) * 1000)
    let dayNumber = SlotScheme.standard.slot(at: local).day
    let inDay = Int((local.milliseconds &- dayNumber &* SlotScheme.dayMilliseconds) / 1000)
    (hour, minute, second) = (inDay / 3600, inDay / 60 % 60, inDay % 60)
    (year, month, day) = Self.civil(dayNumber)
    self.offsetSeconds = offsetSeconds
  }

  /// `14:05:09`
  public var clock: String { "\(two(hour)):\(two(minute)):\(two(second))" }
  /// `21/11/2026`, as Vietnam writes dates.
  public var date: String { "\(two(day))/\(two(month))/\(year)" }
  /// `14:05` and the day, `14:05 21/11`.
  public var dateAndMinute: String { "\(two(hour)):\(two(minute)) \(two(day))/\(two(month))" }
  /// RFC 3339 with offset, `2026-11-21T14:05:09+07:00`.
  public var rfc3339: String {
    let offset = Int(offsetSeconds.magnitude) / 60
    let sign = offsetSeconds < 0 ? "-" : "+"
    return "\(year)-\(two(month))-\(two(day))T\(clock)\(sign)\(two(offset / 60)):\(two(offset % 60))"
  }

  private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// Year, month and day of a day counted from 1970-01-01, by the Gregorian calendar: shifted to a year that starts in
  /// March, so that the leap day comes last, then 400-year cycles of 146,097 days.
  private static func civil(_ dayNumber: Int64) -> (Int64, Int, Int) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let shifted = dayNumber + 719_468
    let cycle = shifted >= 0 ? shifted / 146_097 : (shifted - 146_096) / 146_097
    let dayOfCycle = shifted - cycle * 146_097
    let yearOfCycle =
      (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
    return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
  }
}
