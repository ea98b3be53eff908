// SPDX-License-Identifier: GPL-3.0-or-later

/// RSSI smoothed over uneven steps: the mean of the first reports, then a first-order low pass.
struct SmoothedStrength: Hashable, Sendable {
  /// dBm; means nothing before the first report.
  private(set) var dBm: Float = 0
  private var reports: UInt8 = 0
  private var lastMilliseconds: Int64 = 0

  /// Reports whose plain mean starts the smoothing. One report alone is off by 6 dB and more.
  static let startReports: UInt8 = 8

  var isKnown: Bool { reports > 0 }

  /// `timeConstant` in milliseconds.
  mutating func add(_ rssiDBm: Int8, at now: Int64, timeConstant: Float) {
    let value = Float(rssiDBm)
    if reports < Self.startReports {
      reports += 1
      dBm += (value - dBm) / Float(reports)
    } else {
      // A step that weighs nothing, because several reports came in the same millisecond, is given a little.
      let step = max(Float(now - lastMilliseconds), Self.leastStepMilliseconds)
      dBm += step / (step + timeConstant) * (value - dBm)
    }
    lastMilliseconds = now
  }

  private static let leastStepMilliseconds: Float = 30
}
