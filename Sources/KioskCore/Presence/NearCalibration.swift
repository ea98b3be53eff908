// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// From phones held at 2 m to thresholds: the core of `kiosk calibrate`.
///
/// Somebody stands 2 m away with one phone after the other, or several, and turns round once; every report counts. The
/// threshold is what nine in ten of the smoothed values reached, so that a phone behind a body is still near.
public struct NearCalibration: Sendable {
  /// Share of the values at 2 m that must lie above the threshold, percent.
  public static let reachedPercent = 90
  /// Values of each platform without which no threshold is given: half a minute of a phone that sends twice a second.
  public static let leastValues = 60
  /// Values kept of each platform. At the limit further ones are not taken.
  public static let mostValues = 20_000
  /// Thresholds are kept in here, dBm.
  public static let allowedDBm = -90.0 ... -35.0

  private var values: [Platform: [Float]] = [:]
  private var strengths: [BluetoothAddress: SmoothedStrength] = [:]
  private let smoothingMilliseconds: Float
  private let iosReferenceTxPowerDBm: Double

  public init(near: NearRule = NearRule(), smoothingMilliseconds: Double = 3000) {
    self.smoothingMilliseconds = Float(smoothingMilliseconds)
    iosReferenceTxPowerDBm = near.iosReferenceTxPowerDBm
  }

  /// Takes a report of a phone that is held at 2 m. What is no phone, or does not tell its platform, is left out.
  public mutating func hear(_ sighting: Sighting, at now: MonotonicTime) {
    let signs = DeviceSigns(sighting.facts)
    guard let rssi = sighting.rssiDBm, signs.kind.isPhone, let platform = sighting.platform ?? signs.platform else {
      return
    }
    guard values[platform, default: []].count < Self.mostValues else { return }
    guard strengths[sighting.address] != nil || strengths.count < CoreLimits.devices else { return }
    strengths[sighting.address, default: SmoothedStrength()].add(
      rssi, at: now.milliseconds, timeConstant: smoothingMilliseconds)
    guard let strength = strengths[sighting.address] else { return }
    var rule = NearRule()
    rule.iosDBm = 0
    rule.iosReferenceTxPowerDBm = iosReferenceTxPowerDBm
    // As it would be with the power that the threshold is told for.
    let shift = platform == .ios ? Float(rule.thresholdDBm(.ios, txPowerDBm: sighting.facts.txPowerDBm)) : 0
    values[platform, default: []].append(strength.dBm - shift)
  }

  /// How many values there are of a platform.
  public func count(_ platform: Platform) -> Int { values[platform]?.count ?? 0 }

  /// dBm; nil while there are too few values.
  public func thresholdDBm(_ platform: Platform) -> Double? {
    guard let values = values[platform], values.count >= Self.leastValues else { return nil }
    let sorted = values.sorted()
    let value = Double(sorted[(sorted.count - 1) * (100 - Self.reachedPercent) / 100].rounded())
    return min(max(value, Self.allowedDBm.lowerBound), Self.allowedDBm.upperBound)
  }

  /// `rule` with the thresholds that were measured; what tells no platform gets the lower of them.
  public func rule(_ rule: NearRule) -> NearRule {
    var result = rule
    if let android = thresholdDBm(.android) { result.androidDBm = android }
    if let ios = thresholdDBm(.ios) { result.iosDBm = ios }
    if let other = [thresholdDBm(.android), thresholdDBm(.ios)].compactMap(\.self).min() { result.otherDBm = other }
    return result
  }
}
