// SPDX-License-Identifier: GPL-3.0-or-later

/// Milliseconds on a clock that never jumps and whose zero means nothing (CLOCK_BOOTTIME on the device, the first
/// record's time in a replay).
public struct MonotonicTime: Hashable, Comparable, Sendable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

  /// Saturates instead of overflowing: a time can come from a damaged file.
  public func adding(milliseconds delta: Int64) -> Self {
    let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
    return Self(milliseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }

  /// Milliseconds from `earlier` to this time, saturating.
  public func milliseconds(since earlier: Self) -> Int64 {
    let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
    return overflow ? (milliseconds < earlier.milliseconds ? .min : .max) : difference
  }
}

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct UTCTime: Hashable, Comparable, Sendable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
  /// Saturates: a count of seconds can come from a file.
  public init(seconds: Int64) {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
  }

  /// Whole seconds, rounded down.
  public var seconds: Int64 { milliseconds.dividedRoundingDown(by: 1000) }

  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

  public func adding(milliseconds delta: Int64) -> Self {
    let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
    return Self(milliseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }
}

/// When something happened, on both clocks. The core never asks for the time: every event carries its moment.
public struct Moment: Hashable, Sendable {
  public var monotonic: MonotonicTime
  public var utc: UTCTime
  /// Whether the wall clock may be believed. A Pi without a clock chip boots with yesterday's time: what is heard
  /// before this becomes true is kept with monotonic time and dated afterwards.
  public var isSynchronised: Bool
  /// Seconds that local time is ahead of UTC, for display only.
  public var utcOffsetSeconds: Int32

  public init(
    monotonic: MonotonicTime, utc: UTCTime, isSynchronised: Bool = true, utcOffsetSeconds: Int32 = 0
  ) {
    self.monotonic = monotonic
    self.utc = utc
    self.isSynchronised = isSynchronised
    self.utcOffsetSeconds = utcOffsetSeconds
  }

  /// The wall time at which `earlier` was, by this moment's clock.
  public func utc(at earlier: MonotonicTime) -> UTCTime {
    utc.adding(milliseconds: earlier.milliseconds(since: monotonic))
  }
}

extension FixedWidthInteger {
  /// Division that rounds towards minus infinity, so that times before 1970 fall into the right day.
  func dividedRoundingDown(by divisor: Self) -> Self {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
