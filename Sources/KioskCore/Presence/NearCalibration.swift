// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// From phones held at 2 m to thresholds: the core of `kiosk calibrate`.
///
/// Somebody stands 2 m away with one phone or several and turns round once. Whoever sends as a phone for long enough is a
/// *sender*; a phone may be two of them, since it sends under several addresses. The held ones are the strongest: a sender
/// takes part if its median is above `floorDBm`, and no more than `modelSpreadDB` below the strongest of its platform. The
/// threshold is what nine in ten of their smoothed values reached, so that a phone behind a body is still near.
///
/// An address is remembered no longer than its sender is around; what is kept afterwards are strengths without a name.
public struct NearCalibration: Sendable {
  /// Share of the values at 2 m that must lie above the threshold, percent.
  public static let reachedPercent = 90
  /// One value of a sender is taken in this time, so that a phone that sends often counts no more than another.
  public static let valueMilliseconds: Int64 = 500
  /// Values of each platform without which no threshold is given: half a minute of one sender.
  public static let leastValues = 60
  /// From the first report of a sender to the last. Who passes by is heard for less.
  public static let leastSenderMilliseconds: Int64 = 10_000
  /// How much weaker than the strongest a held phone may be, dB: what antennas of different models differ by.
  public static let modelSpreadDB: Float = 20
  /// Thresholds are kept in here, dBm.
  public static let allowedDBm = -90.0 ... -35.0

  /// What sent under one address without a pause.
  private struct Sender: Sendable {
    let platform: Platform
    let first: MonotonicTime
    var last: MonotonicTime
    var strength = SmoothedStrength()
    /// Smoothed, dBm; an iPhone's as if it told the reference power.
    var values: [Float] = []
    var nextValue: MonotonicTime

    var medianDBm: Float { values.isEmpty ? -.infinity : values.sorted()[values.count / 2] }
    var isLongEnough: Bool { last.milliseconds(since: first) >= NearCalibration.leastSenderMilliseconds }
  }

  /// Weaker senders take no part, dBm.
  public let floorDBm: Double
  private let near: NearRule
  private let smoothingMilliseconds: Float
  private let aroundMilliseconds: Int64
  private var senders: [Sender] = []
  /// Which sender an address is, as long as it is around.
  private var known: [BluetoothAddress: Int] = [:]
  /// Reports left out because there were too many senders.
  public private(set) var turnedAway = 0

  public init(settings: People.Settings = People.Settings(), floorDBm: Double = Self.defaultFloorDBm) {
    self.floorDBm = floorDBm
    near = settings.near
    smoothingMilliseconds = Float(settings.smoothingMilliseconds)
    aroundMilliseconds = settings.aroundMilliseconds
  }

  /// A phone in front of the body is stronger at 2 m, whatever its model; who sits at the other end of the hall is not.
  public static let defaultFloorDBm = -75.0

  /// Takes a report. What is no phone, or does not tell its platform, is left out.
  public mutating func hear(_ sighting: Sighting, at now: MonotonicTime) {
    let signs = DeviceSigns(sighting.facts, from: sighting.address)
    guard let rssi = sighting.rssiDBm, signs.kind.isPhone || sighting.bluezoneID != nil else { return }
    guard let i = sender(sighting, sighting.platform ?? signs.platform, at: now) else { return }
    senders[i].last = now
    senders[i].strength.add(Float(rssi), at: now.milliseconds, timeConstant: smoothingMilliseconds)
    guard now >= senders[i].nextValue, senders[i].values.count < CoreLimits.calibrationValues else { return }
    // In step, so that two a second they are, whenever the phone sends.
    let next = senders[i].nextValue.adding(milliseconds: Self.valueMilliseconds)
    senders[i].nextValue = next > now ? next : now.adding(milliseconds: Self.valueMilliseconds)
    senders[i].values.append(senders[i].strength.dBm - powerShift(sighting, senders[i].platform))
  }

  private mutating func sender(_ sighting: Sighting, _ platform: Platform?, at now: MonotonicTime) -> Int? {
    if let i = known[sighting.address], now.milliseconds(since: senders[i].last) < aroundMilliseconds { return i }
    guard let platform else { return nil }
    guard senders.count < CoreLimits.calibrationSenders else {
      turnedAway += 1
      return nil
    }
    forgetAddresses(at: now)
    // The first smoothed values are little more than single reports.
    senders.append(
      Sender(platform: platform, first: now, last: now, nextValue: now.adding(milliseconds: Self.valueMilliseconds)))
    known[sighting.address] = senders.count - 1
    return senders.count - 1
  }

  /// How far the threshold for this phone lies above the one that is told, dB.
  private func powerShift(_ sighting: Sighting, _ platform: Platform) -> Float {
    guard platform == .ios else { return 0 }
    return Float(near.thresholdDBm(.ios, txPowerDBm: sighting.facts.txPowerDBm) - near.iosDBm)
  }

  /// Addresses that are not around any more.
  public mutating func forgetAddresses(at now: MonotonicTime) {
    known = known.filter { now.milliseconds(since: senders[$0.value].last) < aroundMilliseconds }
  }

  /// It is over: no address is remembered.
  public mutating func end() { known = [:] }

  // MARK: What came of it

  /// The senders that take part.
  private func held(_ platform: Platform) -> [Sender] {
    let candidates = senders.filter { $0.platform == platform && $0.isLongEnough }.map { ($0, $0.medianDBm) }
    guard let strongest = candidates.map(\.1).max() else { return [] }
    return candidates.filter { $0.1 >= max(strongest - Self.modelSpreadDB, Float(floorDBm)) }.map(\.0)
  }

  /// dBm; nil while there are too few values.
  public func thresholdDBm(_ platform: Platform) -> Double? {
    let values = held(platform).flatMap(\.values)
    guard values.count >= Self.leastValues else { return nil }
    let value = Double(values.sorted()[(values.count - 1) * (100 - Self.reachedPercent) / 100].rounded())
    return min(max(value, Self.allowedDBm.lowerBound), Self.allowedDBm.upperBound)
  }

  /// `rule` with the thresholds that were measured; what tells no platform gets the lower of the two.
  public func rule(_ rule: NearRule) -> NearRule {
    let (android, ios) = (thresholdDBm(.android), thresholdDBm(.ios))
    var result = rule
    result.androidDBm = android ?? rule.androidDBm
    result.iosDBm = ios ?? rule.iosDBm
    if android != nil || ios != nil { result.otherDBm = min(result.androidDBm, result.iosDBm) }
    return result
  }

  /// What is to be told of it; nothing in it identifies anybody.
  public var report: CalibrationReport {
    var report = CalibrationReport()
    report.android = figures(.android)
    report.ios = figures(.ios)
    if report.android.thresholdDBm != nil || report.ios.thresholdDBm != nil {
      report.otherDBm = Int(rule(near).otherDBm)
    }
    report.turnedAway = turnedAway
    report.strongest = senders.filter { !$0.values.isEmpty }.map { ($0, $0.medianDBm) }
      .sorted { $0.1 > $1.1 }.prefix(CoreLimits.calibrationSendersTold).map { sender, median in
        .init(
          platform: sender.platform.name, medianDBm: Int(median.rounded()), values: sender.values.count,
          isHeld: isHeld(sender, median))
      }
    return report
  }

  private func isHeld(_ sender: Sender, _ median: Float) -> Bool {
    guard sender.isLongEnough, let weakest = held(sender.platform).map(\.medianDBm).min() else { return false }
    return median >= weakest
  }

  private func figures(_ platform: Platform) -> CalibrationReport.Figures {
    let held = held(platform)
    return .init(
      senders: held.count, leftOut: senders.count { $0.platform == platform } - held.count,
      values: held.map(\.values.count).reduce(0, +), thresholdDBm: thresholdDBm(platform).map { Int($0) })
  }
}
