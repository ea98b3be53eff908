// SPDX-License-Identifier: GPL-3.0-or-later

/// Whether a phone is near, from the reports of all its streams together: several weak witnesses make a good one, and
/// the strongest of several alone would be near too often.
///
/// Times are monotonic milliseconds.
struct Nearness: Sendable {
  /// How far RSSI is above the threshold of its stream, smoothed, dB.
  private(set) var margin = SmoothedStrength()
  private(set) var isNear = false
  /// The most that `margin` was since it came near, dB.
  private var peakDB: Float = 0
  /// When it last came near, and was last heard while near.
  private(set) var since: Int64 = 0
  private(set) var last: Int64 = 0

  /// For how long it was heard since then, pauses left out, milliseconds.
  private(set) var heardMilliseconds: Int64 = 0
  private var lastReport: Int64 = 0
  /// A longer pause is silence: slow advertisers send every second and a half.
  private static let longestPause: Int64 = 2000

  /// Smoothed for less than this, RSSI tells more of a moment's echoes than of a place: nobody is known to be near.
  static let settledMilliseconds: Int64 = 1000
  /// Since when it is above the threshold, nil while it is not.
  private var aboveSince: Int64?

  /// Since when it has been in reach, nil while it is not, and when it was last heard there: near, or not by more than
  /// can be told. Whoever stands there may as well be asked to install.
  private(set) var inReachSince: Int64?
  private(set) var lastInReach: Int64 = 0
  /// So far below the threshold RSSI may be.
  static let reachDB: Float = 1
  /// In reach until weaker by so much more.
  static let reachHysteresisDB: Float = 3

  init() {}

  /// - Parameters:
  ///   - marginDB: of one report above the threshold of its stream.
  ///   - timeConstant: milliseconds.
  mutating func hear(_ marginDB: Float, _ rule: NearRule, timeConstant: Float, at now: Int64) {
    margin.add(marginDB, at: now, timeConstant: timeConstant)
    noteReach(at: now)
    let pause = now &- lastReport
    lastReport = now
    if pause <= Self.longestPause { heardMilliseconds += max(pause, 0) }
    if isNear {
      if margin.dBm < -Float(rule.hysteresisDB) { (isNear, aboveSince) = (false, nil) } else { last = now }
      peakDB = max(peakDB, margin.dBm)
    } else if margin.dBm >= 0 {
      if aboveSince == nil { heardMilliseconds = 0 }
      let first = max(aboveSince ?? now, margin.startMilliseconds)
      aboveSince = first
      guard margin.age(at: now) >= Self.settledMilliseconds else { return }
      isNear = true
      peakDB = margin.dBm
      since = first
      last = now
    } else {
      aboveSince = nil
    }
  }

  /// The threshold turned out to be higher by so much: a phone tells by and by with which power it sends. Who was near only
  /// by the former one never was.
  mutating func raiseThreshold(by dB: Float) {
    margin.shift(by: -dB)
    peakDB -= dB
    if margin.dBm < 0, peakDB < 0 { (isNear, aboveSince) = (false, nil) }
    if margin.dBm < -Self.reachDB { inReachSince = nil }
  }

  private mutating func noteReach(at now: Int64) {
    if margin.dBm >= -Self.reachDB {
      inReachSince = inReachSince ?? now
      lastInReach = now
    } else if margin.dBm < -Self.reachDB - Self.reachHysteresisDB {
      inReachSince = nil
    }
  }

  /// Of two that turned out to be one phone: what the one says that has been heard for longer.
  func merged(with other: Self) -> Self {
    let isOlder = margin.isKnown && margin.startMilliseconds <= other.margin.startMilliseconds
    var result = isOlder || !other.margin.isKnown ? self : other
    if isNear, other.isNear { result.since = min(since, other.since) }
    result.last = max(last, other.last)
    return result
  }
}
