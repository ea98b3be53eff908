// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A calibration by a running kiosk: it listens for a while, beside everything else, and keeps what came of it until
/// the next.
public struct CalibrationRun: Sendable {
  private var near: NearCalibration
  private let end: MonotonicTime
  private var isEnded = false

  public init(settings: People.Settings, floorDBm: Double, seconds: Int, at now: MonotonicTime) {
    near = NearCalibration(settings: settings, floorDBm: floorDBm)
    end = now.adding(milliseconds: Int64(min(max(seconds, 1), CoreLimits.calibrationSeconds)) * 1000)
  }

  mutating func hear(_ sighting: Sighting, at now: MonotonicTime) {
    guard !isEnded, now < end else { return }
    near.hear(sighting, at: now)
  }

  /// Addresses that are not around any more are forgotten, and all of them at the end.
  mutating func advance(at now: MonotonicTime) {
    guard !isEnded else { return }
    if now >= end { stop() } else { near.forgetAddresses(at: now) }
  }

  mutating func stop() {
    isEnded = true
    near.end()
  }

  func isRunning(at now: MonotonicTime) -> Bool { !isEnded && now < end }

  func report(at now: MonotonicTime) -> CalibrationReport {
    var report = near.report
    report.isRunning = isRunning(at: now)
    report.secondsLeft = report.isRunning ? Int((end.milliseconds(since: now) + 999) / 1000) : 0
    return report
  }
}
