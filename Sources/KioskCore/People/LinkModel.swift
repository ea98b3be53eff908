// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// How likely two tracks are one phone: the logarithm of the likelihood ratio of "the same phone" against "two phones",
/// in nats. Above 0 the same phone is the likelier.
///
/// Source of the method: record linkage by likelihood ratios (I. Fellegi, A. Sunter, "A Theory for Record Linkage", JASA
/// 1969). Source of the signs used: L. Jouans et al., "Associating the Randomized Bluetooth MAC Addresses of a Device",
/// CCNC 2021 (time and RSSI across a change); J. Becker et al., PoPETs 2019 (payload). docs/counting.md explains it.
/// `Succession` is for one address after the other; what is here is for two at a time.
enum LinkModel {
  /// How long after its first report a track may be found to continue another.
  static let newcomerMilliseconds: Int64 = 8000
  /// Where strong begins, dBm.
  static let strongDBm: Float = -78

  // MARK: Two addresses at a time

  /// Deviation of the difference of two streams of one phone as a whole, dB: they may be sent with different power.
  static let offset: Float = 1.5
  /// Deviation of the difference of two phones as a whole, dB: place, body and model.
  static let otherOffset: Float = 10
  /// Seconds that what a moving body does to RSSI stays alike: so many seconds tell as much as one.
  static let correlatedSeconds: Float = 2.5
  /// `trails` and `paired` tell partly the same, and pairs of one second are not independent: neither counts in full.
  static let trailWeight: Float = 0.5
  static let pairWeight: Float = 0.4
  /// What is reckoned with before there are pairs: the variance of the difference of two phones on the same channel, dB²,
  /// and how many pairs that weighs.
  static let apartVariance: Float = 30
  static let apartPairs: Float = 2
  /// Variance of one report of a phone that stands still, dB²: the three channels fade apart.
  static let reportVariance: Float = 10
  /// Variance of the difference of smoothed RSSI of one phone's streams, dB²: it is smoothed over different seconds.
  static let strengthVariance: Float = 25
  /// Share of the streams of one phone that begin together, as when it comes or its screen goes on; how far apart they
  /// are then, s; and the time in which the others begin, s.
  static let startsTogether: Float = 0.5
  static let startDeviation: Float = 1.5
  static let startSpan: Float = 300
  /// Share of phones that send a second stream: nearly all iPhones, fewer Android phones.
  static let iosCompanions: Float = 0.9
  static let androidCompanions: Float = 0.5

  /// From the last seconds of both; nil without a second in which both were heard. `intervals`: mean time between reports
  /// of each, milliseconds.
  ///
  /// Two streams of one phone rise and fall together: what is left of their difference is fading. Two phones move on
  /// their own, and the variance of the difference is the sum of theirs. Where nothing moves, this tells nothing.
  static func trails(_ sums: StrengthTrail.Shared, intervals: (Float, Float)) -> Float? {
    let count = Float(sums.count)
    let (x, xx) = (Float(sums.x), Float(sums.xx))
    let (y, yy) = (Float(sums.y), Float(sums.yy))
    let (d, dd) = (Float(sums.d), Float(sums.dd))
    guard count > 0 else { return nil }
    let mean = d / count
    let together = reportVariance * (share(intervals.0) + share(intervals.1))
    let own = offset * offset + together / count
    let other = otherOffset * otherOffset + together / count
    var score = 0.5 * (log(other / own) + mean * mean * (1 / other - 1 / own))
    guard count > 1 else { return score }
    let apart = max((xx - x * x / count + yy - y * y / count) / count, together)
    let found = max(dd - d * mean, 0) / count
    let each = log(apart / together) + found * (1 / apart - 1 / together)
    score += trailWeight * 0.5 * count / correlatedSeconds * each
    return score
  }

  /// From reports that came at the same moment: those of one phone differ by what a channel lets them.
  static func paired(_ pair: PairedReports) -> Float {
    guard pair.count > 1, pair.together > 0 else { return 0 }
    let together = pair.together
    let apart = max(
      (pair.apart * pair.count + apartVariance * apartPairs) / (pair.count + apartPairs), together)
    // One of them went into the mean.
    let score = (pair.count - 1) * log(apart / together) + pair.count * pair.found * (1 / apart - 1 / together)
    return pairWeight * 0.5 * score
  }

  /// From how strong both were last, dBm: tells who has gone away from who stands here.
  static func strengths(_ a: Float, _ b: Float) -> Float {
    let difference = a - b
    let other = strengthVariance + otherOffset * otherOffset
    return 0.5 * (log(other / strengthVariance) - difference * difference * (1 / strengthVariance - 1 / other))
  }

  /// What one report weighs in the mean of its second.
  private static func share(_ interval: Float) -> Float { min(max(interval / 1000, leastShare), 1) }
  /// Reports of one second are not independent: often they are of one channel.
  private static let leastShare: Float = 0.3

  /// From when each was first heard, milliseconds.
  static func start(_ a: Int64, _ b: Int64) -> Float {
    let seconds = Float(a - b) / 1000
    let together = startsTogether * startSpan * exp(logNormal(seconds, startDeviation))
    return log(together + 1 - startsTogether)
  }

  /// Before anything is heard of the two: `candidates` streams could be the other one.
  static func prior(_ platform: Platform?, candidates: Int) -> Float {
    let share = platform == .ios ? iosCompanions : androidCompanions
    return log(share / Float(max(candidates, 1)))
  }

  // MARK: Arithmetic

  /// The logarithm of the normal distribution's density.
  static func logNormal(_ x: Float, _ deviation: Float) -> Float {
    -0.5 * (x / deviation) * (x / deviation) - log(deviation) - 0.918_938_5
  }

  /// From nats, to about 1 %; above 20 nats as at 20.
  static func odds(_ nats: Float) -> Float { nats > 0 ? 1 / exp(-min(nats, 20)) : exp(nats) }

  /// e to a power that is not positive, to about 1 %.
  static func exp(_ x: Float) -> Float {
    guard x > -30 else { return 0 }
    var y = 1 + x / 64
    if y <= 0 { return 0 }
    for _ in 0..<6 { y *= y }
    return y
  }

  /// The natural logarithm of a positive number, to about 0.01: the core has no mathematics library.
  static func log(_ x: Float) -> Float {
    guard x > 0 else { return -100 }
    let exponent = Float(x.exponent)
    let m = x.significand
    // A Padé approximant around the middle of 1…2.
    let y = (m - 1) / (m + 1)
    let y2 = y * y
    return exponent * 0.693_147_2 + 2 * y * (1 + y2 * (1.0 / 3 + y2 * 0.2))
  }
}
