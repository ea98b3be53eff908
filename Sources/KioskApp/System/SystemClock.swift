// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Glibc
import KioskCore
import Synchronization
import Tracer

/// The machine's clocks, read into moments.
final class SystemClock: Sendable {
  private let trust: Settings.ClockTrust
  private let cache = Mutex(Cache())
  private struct Cache {
    var second = Int64.min
    var isSynchronised = false
    var utcOffsetSeconds: Int32 = 0
  }

  init(trust: Settings.ClockTrust) { self.trust = trust }

  func now() -> Moment {
    let utc = Self.milliseconds(CLOCK_REALTIME)
    let second = utc / 1000
    // The kernel's flag and the time zone are looked at once a second.
    let (isSynchronised, offset) = cache.withLock { cache in
      if cache.second != second {
        cache.second = second
        cache.isSynchronised = trust == .always || kiosk_clock_is_synchronised() == 1
        cache.utcOffsetSeconds = Self.utcOffsetSeconds(at: second)
      }
      return (cache.isSynchronised, cache.utcOffsetSeconds)
    }
    return Moment(
      monotonic: MonotonicTime(milliseconds: Self.milliseconds(CLOCK_BOOTTIME)), utc: UTCTime(milliseconds: utc),
      isSynchronised: isSynchronised, utcOffsetSeconds: offset)
  }

  /// Seconds that local time is ahead of UTC at a time.
  static func utcOffsetSeconds(at second: Int64) -> Int32 {
    var time = time_t(second)
    var parts = tm()
    return localtime_r(&time, &parts) == nil ? 0 : Int32(clamping: parts.tm_gmtoff)
  }

  /// What the wall clock says, right or wrong: for entries of the audit log.
  static func utc() -> UTCTime { UTCTime(milliseconds: milliseconds(CLOCK_REALTIME)) }

  /// Wall time in microseconds since 1970-01-01T00:00:00Z, for recordings.
  static func utcMicroseconds() -> Int64 {
    kiosk_clock_nanoseconds(CLOCK_REALTIME) / 1000
  }

  /// Time on the clock that never jumps, by itself.
  static func monotonic() -> MonotonicTime { MonotonicTime(milliseconds: milliseconds(CLOCK_BOOTTIME)) }

  private static func milliseconds(_ clock: clockid_t) -> Int64 {
    kiosk_clock_nanoseconds(clock) / 1_000_000
  }
}
