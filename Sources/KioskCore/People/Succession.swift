// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// One address after the other: what lies between the last report of the one and the first of the other, and how likely
/// that is of one phone.
struct Succession: Sendable {
  /// From the last report of the one to the first of the other, s; below 0 if they overlap.
  var seconds: Float
  /// How much of it nothing at all was heard (`SilentSpells`), s.
  var deafSeconds: Float = 0
  /// How likely a phone changes its id between the two (`Succession.slotShare`); nil if the clock cannot be believed.
  var slotShare: Float?
  /// What tells besides how long the two send and pause (`Rhythm`), nats.
  var rhythm: Float = 0
  /// Smoothed RSSI of the new one when it began, dBm; nil for what it is now.
  var beginningDBm: Float?

  /// Above this score one track goes on where another ended. Not 0: whoever is taken for somebody who has just left is
  /// neither counted nor asked.
  static let leastScore: Float = 1
  /// Below this score they are taken for one phone's, but its owner is asked again: one in twenty is somebody else.
  static let sureScore: Float = 3

  /// How often a phone takes a new address, a second. Source: Core 5.4, vol. 3, part C, appendix A,
  /// TGAP(private_addr_int), 15 minutes.
  static let rotationRate: Float = 1 / 900
  /// How long a phone that has just come stays on the air here, s; and who has been here for long stays for so many times
  /// as long again: staff do not leave as visitors do.
  static let leastStay: Float = 120
  static let furtherStay: Float = 0.2
  /// Share of those who leave that are heard strongly to the last: the others fade.
  static let strongDepartures: Float = 0.1
  /// The same payload under two addresses is hardly chance.
  static let sameToken: Float = 8
  static let sameName: Float = 3
  static let otherTxPower: Float = -3
  static let otherPayload: Float = -3
  /// An address is heard to the end while the next one is already on its way through the controller.
  static let overlapMilliseconds: Int64 = 300

  /// `density`: how many come a second with the strength of `new`, by the decibel (`Arrivals`).
  ///
  /// Returns nil if it cannot be.
  func score(_ old: Track, _ new: Track, density: Float) -> Float? {
    guard !old.streams.isDisjoint(with: new.streams), old.signs.kind.isPhone, new.signs.kind.isPhone else { return nil }
    guard agree(old.signs.platform, new.signs.platform), agree(old.flags, new.flags) else { return nil }
    if old.nameDigest != 0, new.nameDigest != 0, old.nameDigest != new.nameDigest { return nil }
    guard seconds * 1000 >= -Float(Self.overlapMilliseconds), old.strength.isKnown, new.strength.isKnown,
      let rates = rates(old, new)
    else { return nil }
    var score =
      LinkModel.log(rates.together) - LinkModel.log(rates.apart) + LinkModel.log(level(old, new))
      - LinkModel.log(density) + rhythm + Self.payload(old, new)
    if old.token != 0, old.token == new.token { score += Self.sameToken }
    if old.nameDigest != 0, old.nameDigest == new.nameDigest { score += Self.sameName }
    if let a = old.txPowerDBm, let b = new.txPowerDBm, a != b { score += Self.otherTxPower }
    return score
  }

  private func agree<T: Equatable>(_ a: T?, _ b: T?) -> Bool { a == nil || b == nil || a == b }

  /// An iPhone sends its own messages and the app's from one address, or from two: the next one does as this did.
  static func payload(_ old: Track, _ new: Track) -> Float {
    guard old.signs.platform == .ios, new.signs.platform == .ios else { return 0 }
    for stream in [DeviceSigns.Stream.appleNearby, .bluezone] {
      let (before, after) = (old.streams.contains(stream), new.streams.contains(stream))
      if before != after, (before ? new : old).isPayloadTold { return otherPayload }
    }
    return 0
  }

  // MARK: Time

  /// How likely the one address ends when it did and the other begins when it did if it is one phone, a second; and how
  /// likely the one ends if its phone left.
  private func rates(_ old: Track, _ new: Track) -> (together: Float, apart: Float)? {
    let stay = max(Self.leastStay, Self.furtherStay * Float(old.lastHeard - old.chainSince) / 1000)
    let departures = 1 / stay * (old.strength.dBm >= LinkModel.strongDBm ? Self.strongDepartures : 1)
    if old.id != nil, new.id != nil {
      // Every phone takes a new id when the slot changes, and none at another time.
      let share = slotShare ?? 1
      guard share > 0 else { return nil }
      return (share * gapAtSlot(old, new), departures * Self.pauseSeconds)
    }
    let own = Self.rotationRate * gap(old)
    guard let slotShare, old.streams.contains(.bluezone), new.streams.contains(.bluezone) else {
      return (own, departures)
    }
    // Most that hint at the app have it, and change with the slot: an iPhone's id is not known before it was asked.
    let atSlot = slotShare * gapAtSlot(old, new) / Self.pauseSeconds
    return (Self.hintsOfApp * atSlot + (1 - Self.hintsOfApp) * own, departures)
  }

  /// Share of iPhones with a sign of the app that have it.
  private static let hintsOfApp: Float = 0.8
  /// An Android phone with the app sends 15 s and pauses 15 s. Source: docs/bluezone.md, Radio.
  static let pauseSeconds = Float(Rhythm.pauseMilliseconds) / 1000
  /// How exactly it keeps to that, s; its last report and its first one are each as exact as its reports are dense.
  private static let pauseDeviation: Float = 0.15
  /// Share of changes at a slot's end of which nothing is known: any time is as good.
  private static let anyTimeShare: Float = 0.05

  /// How likely the gap is of one that sends on at once: the next report comes after an interval, as one reckons it from
  /// those that were heard. Density, a second.
  private func gap(_ old: Track) -> Float {
    let mean = max(old.interval / 1000, Self.leastMean)
    return LinkModel.exp(-heardSeconds / mean) / mean
  }

  private var heardSeconds: Float { max(seconds - deafSeconds, 0) }
  private static let leastMean: Float = 0.3

  /// The same of a phone with the app at the end of a slot. An Android phone is in its pause as often as not, and then
  /// goes on when the pause is over, whatever its address.
  private func gapAtSlot(_ old: Track, _ new: Track) -> Float {
    let anyTime = heardSeconds < Self.pauseSeconds ? 1 / Self.pauseSeconds : 0.001
    let atOnce = gap(old)
    guard old.signs.platform != .ios else {
      return (1 - Self.anyTimeShare) * atOnce + Self.anyTimeShare * anyTime
    }
    // What was sent first after the pause may have met deaf ears.
    let late = max(heardSeconds, min(seconds, Self.pauseSeconds)) - Self.pauseSeconds
    let (last, first) = (old.meanInterval / 1000, new.meanInterval / 1000)
    let deviation = (Self.pauseDeviation * Self.pauseDeviation + (last * last + first * first) / 2).squareRoot()
    let paused = LinkModel.exp(LinkModel.logNormal(late - (last + first) / 2, deviation))
    return (1 - Self.anyTimeShare) / 2 * (atOnce + paused) + Self.anyTimeShare * anyTime
  }

  // MARK: Slots

  /// Phones' clocks: share of those that are right, to how many seconds; the others are wrong by anything up to so many.
  private static let rightClocks: Float = 0.95
  private static let clockDeviation: Float = 0.5
  private static let wrongClockSeconds: Float = 20

  /// How likely a phone changes its id between two times, told in seconds after the nearest end of a slot.
  static func slotShare(from a: Float, to b: Float) -> Float {
    let right = share(below: b / clockDeviation) - share(below: a / clockDeviation)
    let wrong = max(min(b, wrongClockSeconds) - max(a, -wrongClockSeconds), 0) / (2 * wrongClockSeconds)
    return rightClocks * max(right, 0) + (1 - rightClocks) * wrong
  }

  /// Of the normal distribution, by the logistic one: within 0.01.
  private static func share(below z: Float) -> Float { 1 / (1 + LinkModel.odds(-1.702 * z)) }

  // MARK: Strength

  /// Variance between two smoothed RSSI of one phone, so many seconds apart in their middles, of one who stands, dB²: sway
  /// halved by the smoothing, echoes by three channels, and shadows; by how long each lasts, s. Source: `Spread` of the
  /// simulator, from the recorded adverts.
  private static let sway: (dB2: Float, seconds: Float) = (4.8, 2)
  private static let echoes: (dB2: Float, seconds: Float) = (6, 4)
  private static let shadows: (dB2: Float, seconds: Float) = (18, 25)
  /// How far before its end and after its beginning what is smoothed lies, s.
  private static let smoothedSeconds: Float = 2
  /// Who turns or walks on, as one does every half minute, is heard so much otherwise, dB².
  private static let turnSeconds: Float = 30
  private static let turnVariance: Float = 100

  /// Twice the time over which RSSI is smoothed, milliseconds.
  private static let memoryMilliseconds: Float = 5000

  /// What is left of the reports' variance after smoothing.
  private func share(_ track: Track) -> Float {
    max(1 / Float(max(track.reports, 1)), track.interval / (track.interval + Self.memoryMilliseconds))
  }

  /// How likely the two are as strong as they are if they are one phone's, by the decibel.
  private func level(_ old: Track, _ new: Track) -> Float {
    let difference = (beginningDBm ?? new.strength.dBm) - old.strength.dBm
    let apart = max(seconds, 0) + Self.smoothedSeconds
    let drift = [Self.sway, Self.echoes, Self.shadows].reduce(Float(0)) { $0 + $1.dB2 * apart / (apart + $1.seconds) }
    let variance = LinkModel.reportVariance * (share(old) + share(new)) + drift
    let turned = apart / (apart + Self.turnSeconds)
    return (1 - turned) * LinkModel.exp(LinkModel.logNormal(difference, variance.squareRoot()))
      + turned * LinkModel.exp(LinkModel.logNormal(difference, (variance + Self.turnVariance).squareRoot()))
  }
}
