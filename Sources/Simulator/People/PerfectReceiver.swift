// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What could be known of a crowd's visits at best: a receiver at the kiosk that loses no advertisement sent on the
/// channel that its radio listens on, hears without noise, and knows whose phone it came from.
///
/// It goes by the same definitions as the kiosk: near by smoothed strength with hysteresis, a dwell, an end after being
/// away.
/// What it does not know is what no radio tells: how far a phone of which model in which pocket is, and that two phones
/// have one owner. `GroundTruth` knows that. Times are milliseconds since the scenario began.
public struct PerfectReceiver: Sendable {
  public struct Rule: Hashable, Sendable {
    /// dBm; as the kiosk's settings have them.
    public var iosDBm: Float
    /// The transmit power that `iosDBm` holds for, dBm; the threshold moves with what an iPhone tells.
    public var iosReferenceTxPowerDBm: Float = 8
    public var androidDBm: Float
    public var hysteresisDB: Float
    /// Time constant of the smoothing.
    public var smoothingMilliseconds: Float = 2500
    public var dwellMilliseconds: Int64 = 3000
    public var awayMilliseconds: Int64 = 60_000
    /// Around for so long, a phone is the office's own.
    public var fixtureMilliseconds: Int64 = 3 * 3_600_000
    /// Around for so long and lying still, it is one as well, until it moves.
    public var stillMilliseconds: Int64 = 20 * 60_000
    /// Smoothed strength of what lies still stays within so much.
    public var stillDB: Float = 14
    /// Smoothed for less than this, nobody is known to be near yet.
    public var settledMilliseconds: Int64 = 1000

    /// Hears all three channels at once, as with three radios; else the one that the kiosk's radio listens on, while it
    /// does.
    public var hearsAllChannels = false

    public init(iosDBm: Float, androidDBm: Float, hysteresisDB: Float) {
      self.iosDBm = iosDBm
      self.androidDBm = androidDBm
      self.hysteresisDB = hysteresisDB
    }

    func thresholdDBm(_ platform: Platform?, txPowerDBm: Int8?) -> Float {
      guard platform == .ios else { return androidDBm }
      return iosDBm + (txPowerDBm.map { Float($0) - iosReferenceTxPowerDBm } ?? 0)
    }
  }

  /// One phone's stay near the kiosk.
  public struct Visit: Hashable, Sendable {
    /// The number of its owner, and of the phone among what they carry.
    public var person: Int
    public var handset: Int
    public var platform: Platform?
    /// From coming near to the last time near.
    public var span: Range<Int64>
    /// Of it, on the air and near.
    public var airMilliseconds: Int64
    /// When the phone was first heard in the hall.
    public var firstHeard: Int64
    /// When it first told of Bluezone, nil if it did not before the end of the visit.
    public var bluezoneSince: Int64?
    /// When it was last heard near without having told of Bluezone; the beginning if it never was.
    public var lastWithoutApp: Int64
    /// Strongest, dBm.
    public var nearestDBm: Float
  }

  /// In order of ending.
  public private(set) var visits: [Visit] = []
  let rule: Rule
  private var phones: [Key: Phone] = [:]

  struct Key: Hashable, Sendable {
    var person: Int
    var handset: Int
  }

  private struct Phone: Sendable {
    var firstHeard: Int64
    var lastHeard: Int64
    /// Smoothed, and since when: a plain mean to begin with.
    var dBm: Float
    var smoothedSince: Int64
    /// Since when it is above the threshold, nil while it is not.
    var aboveSince: Int64?
    /// Bounds of it, which follow slowly.
    var weakestDBm: Float = 127
    var strongestDBm: Float = -127
    var isNear = false
    var nearSince: Int64 = 0
    var lastNear: Int64 = 0
    /// On the air since it came near, pauses left out.
    var air: Int64 = 0
    var bluezoneSince: Int64?
    var visit: Visit?
  }

  public init(_ rule: Rule) { self.rule = rule }

  /// A longer pause is silence: slow advertisers send every second and a half.
  private static let longestPause: Int64 = 2000
  /// After so much silence a phone that comes back came anew. Longer than the pause of an app.
  private static let forgottenMilliseconds: Int64 = 30_000

  mutating func hear(
    _ key: Key, _ platform: Platform?, levelDBm: Float, txPowerDBm: Int8? = nil, isBluezone: Bool, at now: Int64
  ) {
    var phone = phones[key] ?? Phone(firstHeard: now, lastHeard: now, dBm: levelDBm, smoothedSince: now)
    let pause = now - phone.lastHeard
    if pause >= Self.forgottenMilliseconds {
      if pause >= rule.awayMilliseconds { close(&phone) }
      (phone.isNear, phone.aboveSince) = (false, nil)
      phone.dBm = levelDBm
      (phone.firstHeard, phone.smoothedSince) = (now, now)
      (phone.weakestDBm, phone.strongestDBm) = (127, -127)
    }
    smooth(&phone, levelDBm, pause, at: now)
    phone.lastHeard = now
    noteBounds(&phone, pause, at: now)
    if isBluezone, phone.bluezoneSince == nil { phone.bluezoneSince = now }
    let threshold = rule.thresholdDBm(platform, txPowerDBm: txPowerDBm)
    if phone.isNear, phone.dBm >= threshold - rule.hysteresisDB {
      if pause <= Self.longestPause { phone.air += pause }
      phone.lastNear = now
    } else if phone.dBm >= threshold {
      if now - phone.lastNear >= rule.awayMilliseconds { close(&phone) }
      comeNear(&phone, pause, at: now)
    } else {
      (phone.isNear, phone.aboveSince) = (false, nil)
      if now - phone.lastNear >= rule.awayMilliseconds { close(&phone) }
    }
    if phone.isNear { note(&phone, key, platform, at: now) }
    phones[key] = phone
  }

  private func smooth(_ phone: inout Phone, _ levelDBm: Float, _ pause: Int64, at now: Int64) {
    let isAnew = Float(pause) > Self.pauses * rule.smoothingMilliseconds
    let memory = isAnew ? rule.smoothingMilliseconds : min(rule.smoothingMilliseconds, Float(now - phone.smoothedSince))
    if isAnew { phone.smoothedSince = now }
    phone.dBm += pause > 0 ? Float(pause) / (Float(pause) + memory) * (levelDBm - phone.dBm) : 0
  }

  /// So many time constants without a report, and smoothing begins anew.
  private static let pauses: Float = 3

  /// It is above the threshold, and near as soon as it has been smoothed for long enough.
  private func comeNear(_ phone: inout Phone, _ pause: Int64, at now: Int64) {
    if let since = phone.aboveSince, since >= phone.smoothedSince {
      if pause <= Self.longestPause { phone.air += pause }
    } else {
      (phone.aboveSince, phone.air) = (now, 0)
    }
    guard let since = phone.aboveSince, now - phone.smoothedSince >= rule.settledMilliseconds else { return }
    phone.isNear = true
    (phone.nearSince, phone.lastNear) = (since, now)
  }

  private func noteBounds(_ phone: inout Phone, _ pause: Int64, at now: Int64) {
    guard now - phone.firstHeard >= Self.settledMilliseconds else { return }
    let share = min(Float(pause) / Self.stillMemoryMilliseconds, 1)
    phone.weakestDBm = min(phone.dBm, phone.weakestDBm + (phone.dBm - phone.weakestDBm) * share)
    phone.strongestDBm = max(phone.dBm, phone.strongestDBm + (phone.dBm - phone.strongestDBm) * share)
  }

  private func isFixture(_ phone: Phone, at now: Int64) -> Bool {
    let age = now - phone.firstHeard
    return age >= rule.fixtureMilliseconds
      || age >= rule.stillMilliseconds && phone.strongestDBm - phone.weakestDBm <= rule.stillDB
  }

  private static let arrivalMilliseconds: Int64 = 2000
  private static let settledMilliseconds: Int64 = 10_000
  private static let stillMemoryMilliseconds: Float = 900_000

  /// Opens or prolongs the visit.
  private func note(_ phone: inout Phone, _ key: Key, _ platform: Platform?, at now: Int64) {
    guard !isFixture(phone, at: now) else {
      // It did not come, it lay here when it was first heard.
      if let visit = phone.visit, visit.span.lowerBound - phone.firstHeard < Self.arrivalMilliseconds {
        phone.visit = nil
      }
      return
    }
    if phone.visit == nil {
      guard phone.air >= rule.dwellMilliseconds else { return }
      phone.visit = Visit(
        person: key.person, handset: key.handset, platform: platform, span: phone.nearSince..<now,
        airMilliseconds: 0, firstHeard: phone.firstHeard, lastWithoutApp: phone.nearSince, nearestDBm: phone.dBm)
    }
    guard var visit = phone.visit else { return }
    visit.span = visit.span.lowerBound..<max(now, visit.span.lowerBound)
    visit.airMilliseconds = max(visit.airMilliseconds, phone.air)
    visit.bluezoneSince = phone.bluezoneSince
    if phone.bluezoneSince == nil { visit.lastWithoutApp = now }
    visit.nearestDBm = max(visit.nearestDBm, phone.dBm)
    phone.visit = visit
  }

  private mutating func close(_ phone: inout Phone) {
    guard let visit = phone.visit else { return }
    visits.append(visit)
    phone.visit = nil
  }

  /// All visits when the scenario is over, those that are still open included; in order of beginning.
  public func finished() -> [Visit] {
    (visits + phones.values.compactMap(\.visit)).sorted {
      ($0.span.lowerBound, $0.person, $0.handset) < ($1.span.lowerBound, $1.person, $1.handset)
    }
  }
}
