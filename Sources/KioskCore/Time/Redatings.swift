// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// How times that a wrong clock gave this boot's entries are put right. The effect `redate` does so for the store's rows;
/// this is for entries that have not reached it, or come back from it later.
public struct Redatings: Sendable {
  private struct Redating {
    var from: UTCTime
    var through: UTCTime
    /// Milliseconds.
    var shift: Int64
  }

  private var recent: [Redating] = []
  /// How many there have been: entries carry the number that it was when they got their times.
  private(set) var count = 0

  mutating func add(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) {
    count += 1
    // Each takes minutes of running; an entry on its way does not outlive so many.
    recent = recent.suffix(CoreLimits.redatings - 1) + [Redating(from: from, through: through, shift: shift)]
  }

  /// By how much an entry is to be moved, milliseconds.
  ///
  /// - Parameters:
  ///   - start: when it began, by the clock of then.
  ///   - number: `count` when it got its times.
  func shift(of start: UTCTime, since number: Int) -> Int64 {
    var time = start
    for redating in recent.suffix(max(count - number, 0)) where time >= redating.from && time <= redating.through {
      time = time.adding(milliseconds: redating.shift)
    }
    return time.milliseconds - start.milliseconds
  }
}
