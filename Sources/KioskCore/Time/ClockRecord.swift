// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the clock's judge keeps over restarts. All times are milliseconds; an offset is the wall clock minus operating
/// time, and operating time is what the kiosk has run in all.
public struct ClockRecord: Codable, Hashable, Sendable {
  /// A leap that has not come to an end.
  public struct Leap: Codable, Hashable, Sendable {
    public var offset: Int64
    /// How far from the line that it left; above 0 is ahead.
    public var byMilliseconds: Int64
    /// Whether log and audit were told.
    public var isTold: Bool
  }

  /// The kernel's id of the boot.
  public internal(set) var boot: String
  /// Operating time when the monotonic clock of that boot stood at zero, and at the last look.
  public internal(set) var operatingAtZero: Int64 = 0
  public internal(set) var operating: Int64 = 0
  var lines = ClockLines()
  /// The offset by which rows of this boot have been dated.
  var datedBy: Int64?
  /// The offset by which rows are deleted: never ahead of the true one, as far as can be known.
  var purge: Int64?
  /// Running time that has not yet raised `purge` by its share.
  var slewRest: Int64 = 0
  /// Clocks that contradict the last line.
  var challengers = ClockStandings()
  /// Clocks ahead of `purge`.
  var candidates = ClockStandings()
  /// The true offset is not below this: a signed time was held then.
  var signed: Int64?
  /// Whether a clock, synchronised or not, was looked at in this boot.
  var hasShownSynchronised = false
  var hasShownUnsynchronised = false
  public internal(set) var leap: Leap?
  /// Operating time when a leap was last told.
  var toldAt: Int64?

  init(boot: String) { self.boot = boot }

  /// For a log that was written before there were records: its newest row is evidence that it was so late.
  public static func of(newestRow: UTCTime) -> Self? {
    var record = Self(boot: "")
    record.lines.append(
      newestRow.milliseconds, stood: CoreLimits.clockStandingMilliseconds, since: -ClockLines.limit, operating: 0)
    record.lines.beginBoot()
    // Where no clock ever is synchronised again, the log's own time is believed after as long.
    record.candidates.add(newestRow.milliseconds, isFirstOfBoot: false)
    return record.isSound ? record : nil
  }

  /// Whether the line by which rows are dated has been settled for an hour.
  public var isSettled: Bool {
    guard lines.isOfThisBoot, let line = lines.last else { return false }
    return line.stood >= CoreLimits.clockSettledMilliseconds
  }

  /// An offset that no earlier boot can have exceeded: the one that the last boot came to, or this one for a day. Boots
  /// that began at a lower operating time than `before` are earlier.
  public var upperBound: (offset: Int64, before: Int64)? {
    guard lines.isOfThisBoot, let line = lines.last, line.stoodHere >= CoreLimits.clockNightMilliseconds else {
      return endOfLastBoot.map { ($0.offset, $0.operatingAtZero) }
    }
    return (line.offset, operatingAtZero)
  }

  /// The latest time by which rows were dated; nil if none were.
  public var lastTime: UTCTime? { lines.last.map { UTCTime(milliseconds: min($0.through, operating) + $0.offset) } }

  public var isSound: Bool {
    ClockLines.isSound(
      operatingAtZero, operating, datedBy ?? 0, purge ?? 0, slewRest, signed ?? 0, toldAt ?? 0, leap?.offset ?? 0,
      leap?.byMilliseconds ?? 0, endOfLastBoot?.offset ?? 0, endOfLastBoot?.operatingAtZero ?? 0) && lines.isSound
      && challengers.isSound && candidates.isSound
  }

  /// What the clock was found to be at the end of the last boot that believed one.
  struct End: Codable, Hashable, Sendable {
    var offset: Int64
    var operatingAtZero: Int64
  }
  var endOfLastBoot: End?

  /// Operating time goes on from where it was.
  mutating func begin(_ boot: String, operatingAtZero: Int64) {
    if lines.isOfThisBoot, let line = lines.last {
      endOfLastBoot = End(offset: line.offset, operatingAtZero: self.operatingAtZero)
    }
    self.boot = boot
    self.operatingAtZero = operatingAtZero
    lines.beginBoot()
    datedBy = nil
    hasShownSynchronised = false
    hasShownUnsynchronised = false
  }
}
