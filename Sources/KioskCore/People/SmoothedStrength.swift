// SPDX-License-Identifier: GPL-3.0-or-later

/// RSSI smoothed over uneven steps: a first-order low pass that begins as the mean of what was heard so far.
struct SmoothedStrength: Hashable, Sendable {
  /// dBm; means nothing before the first report.
  private(set) var dBm: Float = 0
  /// Variance of `dBm` over that of one report: what is left of the reports' fading.
  private(set) var share: Float = 1
  private var reports: UInt8 = 0
  private var lastMilliseconds: Int64 = 0

  /// Reports for which each weighs at least as much as in their plain mean: one report alone is off by 6 dB and more.
  static let startReports: UInt8 = 8

  var isKnown: Bool { reports > 0 }

  /// `timeConstant` in milliseconds.
  mutating func add(_ rssiDBm: Float, at now: Int64, timeConstant: Float) {
    // A step that weighs nothing, because several reports came in the same millisecond, is given a little.
    let step = max(Float(now &- lastMilliseconds), Self.leastStepMilliseconds)
    // After a long pause the phone may be anywhere: begin again.
    if step > Self.pauses * timeConstant { reports = min(reports, 1) }
    var weight = step / (step + timeConstant)
    if reports < Self.startReports {
      reports += 1
      weight = reports == 1 ? 1 : max(weight, 1 / Float(reports))
    }
    dBm += weight * (rssiDBm - dBm)
    share = (1 - weight) * (1 - weight) * share + weight * weight
    lastMilliseconds = now
  }

  /// How far it may be off what many reports on all channels would say, dB.
  var deviation: Float { (share * Self.reportVariance + Self.lastingVariance).squareRoot() }

  /// Of one report of a phone that stands still, dB²: the three channels fade apart.
  static let reportVariance: Float = 10
  /// What more reports do not take away, dB²: who sends as often as the receiver changes its channel is heard on one
  /// channel for long.
  static let lastingVariance: Float = 0.3

  /// A pause is long when it lasts so many time constants.
  private static let pauses: Float = 3
  private static let leastStepMilliseconds: Float = 30
}
