// SPDX-License-Identifier: GPL-3.0-or-later

/// RSSI smoothed over uneven steps: a first-order low pass that begins as the mean of what was heard so far.
struct SmoothedStrength: Hashable, Sendable {
  /// dBm; means nothing before the first report.
  private(set) var dBm: Float = 0
  private(set) var isKnown = false
  /// Since when it is smoothed; a plain mean up to the time constant, as one report alone is off by 6 dB and more.
  private(set) var startMilliseconds: Int64 = 0
  private var lastMilliseconds: Int64 = 0

  /// `timeConstant` in milliseconds.
  mutating func add(_ rssiDBm: Float, at now: Int64, timeConstant: Float) {
    // A step that weighs nothing, because several reports came in the same millisecond, is given a little.
    let step = max(Float(now &- lastMilliseconds), Self.leastStepMilliseconds)
    var weight = step / (step + min(timeConstant, max(Float(now &- startMilliseconds), step)))
    // After a long pause the phone may be anywhere: begin again.
    if !isKnown || step > Self.pauses * timeConstant {
      weight = isKnown ? step / (step + timeConstant) : 1
      isKnown = true
      startMilliseconds = now
    }
    dBm += weight * (rssiDBm - dBm)
    lastMilliseconds = now
  }

  /// As if all that was heard had been so much stronger.
  mutating func shift(by dB: Float) { dBm += dB }

  /// For how long it has been smoothed, milliseconds.
  func age(at now: Int64) -> Int64 { now &- startMilliseconds }

  /// A pause is long when it lasts so many time constants.
  private static let pauses: Float = 3
  private static let leastStepMilliseconds: Float = 30
}
