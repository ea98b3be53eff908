// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// How often the kiosk may be heard: once in a gap, and so often in any minute.
public struct BeepAllowance: Hashable, Sendable {
  private let gapMilliseconds: Int64
  private let aMinute: Int
  /// Of the last minute.
  private var beeps: [MonotonicTime] = []

  public init(gapMilliseconds: Int64, aMinute: Int) {
    self.gapMilliseconds = gapMilliseconds
    self.aMinute = aMinute
  }

  /// Whether something may be heard now; if so, it counts.
  ///
  /// - Parameter keeping: how many of the minute's must be left afterwards, for what matters more.
  public mutating func take(keeping reserve: Int = 0, at now: MonotonicTime) -> Bool {
    beeps.removeAll { now.milliseconds(since: $0) >= 60_000 }
    let tooSoon = beeps.last.map { now.milliseconds(since: $0) < gapMilliseconds } ?? false
    guard !tooSoon, beeps.count + reserve < aMinute else { return false }
    beeps.append(now)
    return true
  }
}
