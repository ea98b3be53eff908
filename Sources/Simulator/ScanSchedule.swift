// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// On which channel a scanner listens when: a window in each interval, the next channel in the next one.
/// Source: Core 5.4, vol. 6, part B, 4.4.3.
struct ScanSchedule: Hashable, Sendable {
  let intervalMicroseconds: Int64
  let windowMicroseconds: Int64
  private var start: MonotonicTime
  private var delayMicroseconds: Int64 = 0
  private let partsPerMillion: Int64

  /// Interval and window in units of 0.625 ms. `partsPerMillion`: by how much the controller's clock is fast.
  init(interval: UInt16, window: UInt16, partsPerMillion: Int64) {
    intervalMicroseconds = max(Int64(interval), 4) * 625
    windowMicroseconds = min(max(Int64(window), 4) * 625, intervalMicroseconds)
    self.partsPerMillion = partsPerMillion
    start = MonotonicTime(milliseconds: 0)
  }

  /// Scanning is switched on: the first channel's turn begins after the delay.
  mutating func begin(at time: MonotonicTime, delayMicroseconds: Int64) {
    start = time
    self.delayMicroseconds = delayMicroseconds
  }

  /// 0, 1 and 2 for the channels 37, 38 and 39; nil between two windows.
  func channel(at time: MonotonicTime) -> Int? {
    let milliseconds = time.milliseconds(since: start)
    let elapsed = milliseconds * 1000 + milliseconds * partsPerMillion / 1000 - delayMicroseconds
    guard elapsed >= 0, elapsed % intervalMicroseconds < windowMicroseconds else { return nil }
    return Int(elapsed / intervalMicroseconds % 3)
  }
}
