// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// How likely two tracks are one phone: the logarithm of the likelihood ratio of "the same phone" against "two phones",
/// in nats. Above 0 the same phone is the likelier.
///
/// Source of the method: record linkage by likelihood ratios (I. Fellegi, A. Sunter, "A Theory for Record Linkage", JASA
/// 1969). Source of the signs used: L. Jouans et al., "Associating the Randomized Bluetooth MAC Addresses of a Device",
/// CCNC 2021 (time and RSSI across a change); J. Becker et al., PoPETs 2019 (payload). docs/counting.md explains it.
enum LinkModel {
  /// How long after its first report a track may be found to continue another.
  static let newcomerMilliseconds: Int64 = 8000
  /// Arrivals a second that are reckoned with when hardly anybody comes.
  static let leastArrivalRate: Float = 0.02

  // MARK: One address after the other

  /// Above this score one track goes on where another ended. Not 0: whoever is taken for somebody who has just left is
  /// neither counted nor asked.
  static let successionScore: Float = 1

  /// How often a phone takes a new address, a second. Source: Core 5.4, vol. 3, part C, appendix A,
  /// TGAP(private_addr_int), 15 minutes.
  static let rotationRate: Float = 1 / 900
  /// How often a phone that stands here leaves or falls silent, a second.
  static let departureRate: Float = 1 / 120
  /// Share of those who leave that are heard strongly to the last: the others fade.
  static let strongDepartures: Float = 0.1
  /// Share of those who come that are strong from the first second on.
  static let strongArrivals: Float = 0.1
  /// Where strong begins, dBm.
  static let strongDBm: Float = -78
  /// Deviation of the difference of two smoothed RSSI of one phone at one place, dB.
  static let strengthDeviation: Float = 5
  /// Its growth with the time between the two, dB a second: people move.
  static let deviationGrowth: Float = 1
  /// The same payload under two addresses is hardly chance.
  static let sameToken: Float = 8
  static let sameName: Float = 3
  static let otherTxPower: Float = -3
  /// An address is heard to the end while the next one is already on its way through the controller.
  static let overlapMilliseconds: Int64 = 300

  /// `arrivalRate`: tracks of phones that begin, a second. `isSlotChange`: whether a slot ended between the two, nil if
  /// the clock cannot be believed.
  ///
  /// Returns nil if it cannot be.
  static func succession(_ old: Track, _ new: Track, arrivalRate: Float, isSlotChange: Bool?) -> Float? {
    guard !old.streams.isDisjoint(with: new.streams), old.signs.kind.isPhone, new.signs.kind.isPhone else { return nil }
    guard agree(old.signs.platform, new.signs.platform), agree(old.flags, new.flags) else { return nil }
    if old.nameDigest != 0, new.nameDigest != 0, old.nameDigest != new.nameDigest { return nil }
    let gap = new.firstHeard - old.lastHeard
    guard gap >= -overlapMilliseconds, old.strength.isKnown, new.strength.isKnown else { return nil }
    let seconds = max(Float(gap), 0) / 1000
    let isStrong = new.strength.dBm >= strongDBm
    let departures = departureRate * (old.strength.dBm >= strongDBm ? strongDepartures : 1)
    var score: Float
    if old.id != nil, new.id != nil {
      // Every phone takes a new id when the slot changes, and none at another time.
      guard isSlotChange != false else { return nil }
      // Either it sent on at once, or it was in its pause: any time up to its length is as good.
      score = log(1 / (departures * pauseSeconds)) - log(arrivalRate) - log(pauseSeconds)
    } else {
      let mean = max(2 * old.interval / 1000, 0.5)
      score = log(rotationRate / departures) - seconds / mean - log(mean) - log(arrivalRate)
    }
    let deviation = strengthDeviation + deviationGrowth * seconds
    let difference = new.strength.dBm - old.strength.dBm
    score += logNormal(difference, deviation)
    // Arrivals: the few strong ones lie in 40 dB, the weak ones in 20.
    score -= isStrong ? log(strongArrivals / 40) : log((1 - strongArrivals) / 20)
    if old.token != 0, old.token == new.token { score += sameToken }
    if old.nameDigest != 0, old.nameDigest == new.nameDigest { score += sameName }
    if let a = old.txPowerDBm, let b = new.txPowerDBm, a != b { score += otherTxPower }
    return score
  }

  /// An Android phone with the app sends 15 s and pauses 15 s. Source: docs/bluezone.md, Radio.
  static let pauseSeconds: Float = 15

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

  private static func agree<T: Equatable>(_ a: T?, _ b: T?) -> Bool { a == nil || b == nil || a == b }

  private static func logNormal(_ x: Float, _ deviation: Float) -> Float {
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
