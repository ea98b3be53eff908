// SPDX-License-Identifier: GPL-3.0-or-later

/// RSSI smoothed over uneven steps: a first-order low pass that begins as the mean of what was heard so far.
struct SmoothedStrength: Hashable, Sendable {
  /// dBm; means nothing before the first report.
  private(set) var dBm: Float = 0
  private var reports: UInt8 = 0
  private var lastMilliseconds: Int64 = 0

  /// Reports for which each weighs at least as much as in their plain mean: one report alone is off by 6 dB and more.
  static let startReports: UInt8 = 8

  var isKnown: Bool { reports > 0 }

  /// `timeConstant` in milliseconds.
  mutating func add(_ rssiDBm: Int8, at now: Int64, timeConstant: Float) {
    // A step that weighs nothing, because several reports came in the same millisecond, is given a little.
    let step = max(Float(now &- lastMilliseconds), Self.leastStepMilliseconds)
    var weight = step / (step + timeConstant)
    if reports < Self.startReports {
      reports += 1
      weight = reports == 1 ? 1 : max(weight, 1 / Float(reports))
    }
    dBm += weight * (Float(rssiDBm) - dBm)
    lastMilliseconds = now
  }

  private static let leastStepMilliseconds: Float = 30
}
