// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Check-ins by touch, of visitors without any phone: each touch counts one person, but the button is no toy.
///
/// A touch is answered for `CoreLimits.checkInMilliseconds`, and another in that time is not looked at: whoever comes
/// second sees that the first was counted, and touches when the answer has gone. In any hour at most
/// `CoreLimits.checkInsAnHour` count; further ones are told to go to the staff, who can count with `kiosk log add`.
public struct TouchCheckIn: Hashable, Sendable {
  public enum Answer: String, Hashable, Sendable, CaseIterable {
    /// One person without a phone stands in the log.
    case counted
    /// Too many in an hour: not counted. Staff can do it.
    case turnedAway = "turned-away"
  }

  /// What the screen says to whoever touched.
  public struct Shown: Hashable, Sendable {
    public var answer: Answer
    /// When it is over; until then the button does nothing.
    public var until: MonotonicTime

    public init(answer: Answer, until: MonotonicTime) {
      self.answer = answer
      self.until = until
    }
  }

  public private(set) var shown: Shown?
  /// Not counted in this run because there were too many in an hour.
  public private(set) var turnedAway = 0
  /// Those that counted, of the last hour.
  private var counted: [MonotonicTime] = []

  public init() {}

  public var lastHour: Int { counted.count }

  /// Whether the touch counts. Times must not go back.
  mutating func touch(at now: MonotonicTime) -> Bool {
    advance(at: now)
    guard shown == nil else { return false }
    let isCounted = counted.count < CoreLimits.checkInsAnHour
    if isCounted { counted.append(now) } else { turnedAway += 1 }
    shown = Shown(
      answer: isCounted ? .counted : .turnedAway, until: now.adding(milliseconds: CoreLimits.checkInMilliseconds))
    return isCounted
  }

  /// Forgets what is over.
  mutating func advance(at now: MonotonicTime) {
    if let until = shown?.until, now >= until { shown = nil }
    let current = counted.drop { now.milliseconds(since: $0) >= 3_600_000 }
    if current.count < counted.count { counted = Array(current) }
  }

  var nextDeadline: MonotonicTime? { shown?.until }
}
