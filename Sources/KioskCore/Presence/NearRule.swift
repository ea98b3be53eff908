// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// How strong a phone within about 2 m is. `kiosk calibrate` measures it on the spot.
public struct NearRule: Hashable, Sendable {
  /// Smoothed RSSI from which an iPhone is near, dBm: what nine in ten iPhones worn on the body reached at 1.83 m, in an
  /// anechoic room and in one full of reflections (docs/counting.md).
  public var iosDBm: Double = -64
  /// The same for Android phones, dBm. They are heard weaker: in Bluezone's own thresholds by 14 dB at iPhones and by 17
  /// dB at Android phones (docs/bluezone.md, Contact log), but from model to model by as much again. This value counts
  /// neither too many nor too few in the simulations of docs/counting.md.
  public var androidDBm: Double = -72
  /// For what does not tell its platform.
  public var otherDBm: Double = -72
  /// A phone stays near until it is weaker by this many dB.
  public var hysteresisDB: Double = 6
  /// The transmit power that `iosDBm` holds for, dBm: iPhones tell theirs, and it differs from model to model.
  public var iosReferenceTxPowerDBm: Double = 8

  public init() {}

  /// Farthest that a told transmit power moves the threshold, dB. What is told beyond it is not believed.
  static let greatestShiftDB = 6.0

  public func thresholdDBm(_ platform: Platform?, txPowerDBm: Int8?) -> Double {
    switch platform {
    case .android: return androidDBm
    case .ios:
      guard let txPowerDBm else { return iosDBm }
      let shift = Double(txPowerDBm) - iosReferenceTxPowerDBm
      return iosDBm + min(max(shift, -Self.greatestShiftDB), Self.greatestShiftDB)
    case nil: return otherDBm
    }
  }
}
