// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// What kinds of devices say in their advertisements.
///
/// Apple's messages: F. Martin and others, "Handoff All Your Privacy", PoPETs 2019; G. Celosia and M. Cunche,
/// "Discontinued Privacy", PoPETs 2020; forms and values as in the recorded adverts where these have them.
/// Company identifiers and services: Assigned Numbers.
public enum AdvertisingPayload: Hashable, Sendable {
  /// Flags, service 0x4E56, the id. Its address changes with the id.
  case bluezoneAndroid
  /// The 128-bit service and a name: iPhone, app open.
  case bluezoneForeground
  /// Apple's overflow area with Bluezone's bit: iPhone, app in the background.
  case bluezoneBackground
  /// The same bit, from an app that is not Bluezone.
  case otherBackgroundApp
  /// Nearby Info of an iPhone, with Handoff before it while it is used now and then. In the recordings all iPhones
  /// sent it, at about 350 ms, most with the power that they send with.
  case iPhone(txPowerDBm: Int8)
  /// Nearby Info of a watch.
  case appleWatch
  /// Nearby Info of a Mac, five bytes, flags 0x06, as in the recordings.
  case mac
  /// Proximity pairing, 27 bytes, while AirPods are worn.
  case airPods
  /// Find My of something lost: a tag far from its owner.
  case findMy
  /// Service data 0xFEF3 of Google: Android's nearby share, while the screen is on.
  case nearbyShare
  /// Samsung's company data, from phones and televisions.
  case samsung
  /// Exposure notification, 0xFD6F: another country's tracing app.
  case exposureNotification
  /// Windows' connected devices, company 0x0006, non-connectable, as in the recordings.
  case windows
  /// A headset that waits for its telephone, with its name, as in the recordings.
  case headset
  /// A fitness band whose phone is away: service 0xFEE0.
  case band
  /// Eddystone.
  case eddystone
  case iBeacon

  var hasPublicAddress: Bool {
    switch self {
    case .headset, .eddystone: true
    default: false
    }
  }

  var isIPhone: Bool { if case .iPhone = self { true } else { false } }

  /// As Windows' addresses in the recordings are, and exposure notification's.
  var hasNonResolvableAddress: Bool { self == .windows || self == .exposureNotification }

  func data(id: BluezoneID?, isInHand: Bool, seed: UInt64, random: inout SplitMix64) -> [UInt8] {
    switch self {
    case .bluezoneAndroid: return id.map(BluezoneAdvertisement.data) ?? []
    case .bluezoneForeground:
      return Self.flags(0x1A) + Self.structure(0x07, BluezoneAdvertisement.iosServiceUUID)
        + Self.structure(0x09, Array("Bluezone".utf8))
    case .bluezoneBackground, .otherBackgroundApp:
      // One in four has other apps in the background as well.
      let others: [UInt8] = seed % 4 == 0 ? [UInt8(seed >> 8 & 0xFF), UInt8(seed >> 16 & 0xFF)] : [0, 0]
      return Self.flags(0x1A) + Self.apple([0x01, 0x08 | others[0], others[1]] + [UInt8](repeating: 0, count: 14))
    case .iPhone(let power): return Self.iPhone(power, isInHand: isInHand, seed: seed, &random)
    case .appleWatch:
      return Self.flags(0x1A) + Self.apple([0x10, 0x05, 0x1B, 0x98] + Self.noise(3, &random))
    case .mac: return Self.flags(0x06) + Self.apple([0x10, 0x05, 0x0C, 0x18] + Self.noise(3, &random))
    case .airPods:
      return Self.apple([0x07, 0x19, 0x01, 0x0E, 0x20, 0x55, 0xAA, 0xB8, 0x31, 0, 0] + Self.noise(16, &random))
    case .findMy: return Self.apple([0x12, 0x19, 0x10] + Self.noise(22, &random) + [0x00, 0x00])
    case .nearbyShare:
      return Self.structure(0x03, [0xF3, 0xFE]) + Self.structure(0x16, [0xF3, 0xFE] + Self.noise(14, &random))
    case .samsung: return Self.structure(0xFF, [0x75, 0x00, 0x42, 0x04] + Self.noise(20, &random))
    case .exposureNotification:
      return Self.flags(0x1A) + Self.structure(0x03, [0x6F, 0xFD])
        + Self.structure(0x16, [0x6F, 0xFD] + Self.noise(20, &random))
    case .windows: return Self.structure(0xFF, [0x06, 0x00, 0x01, 0x09, 0x20, 0x02] + Self.noise(23, &random))
    case .headset:
      return Self.flags(0x1A) + Self.structure(0x03, [0xFF, 0xFE, 0x0A, 0x18, 0x0F, 0x18])
        + Self.structure(0x09, Array("Headset".utf8))
    case .band: return Self.flags(0x06) + Self.structure(0x03, [0xE0, 0xFE]) + Self.structure(0x09, Array("Band".utf8))
    case .eddystone:
      return Self.flags(0x06) + Self.structure(0x03, [0xAA, 0xFE]) + Self.structure(0x16, [0xAA, 0xFE, 0])
    case .iBeacon:
      var own = SplitMix64(seed: seed)
      return Self.flags(0x06) + Self.apple([0x02, 0x15] + Self.noise(21, &own))
    }
  }

  /// The recorded ones are of these two forms: status 0x03 or 0x13 in the pocket, 0x47 and others while used.
  private static func iPhone(_ txPowerDBm: Int8, isInHand: Bool, seed: UInt64, _ random: inout SplitMix64) -> [UInt8] {
    let status: UInt8 = isInHand ? (seed & 2 == 0 ? 0x47 : 0x4B) : (seed & 2 == 0 ? 0x03 : 0x13)
    let nearby = [0x10, 0x06, status, seed & 4 == 0 ? 0x1A : 0x1E] + noise(4, &random)
    if isInHand, seed % 4 == 0 {
      return flags(0x1A) + apple([0x0C, 0x0E, 0x00] + noise(13, &random) + nearby)
    }
    return flags(0x1A) + structure(0x0A, [UInt8(bitPattern: txPowerDBm)]) + apple(nearby)
  }

  private static func flags(_ flags: UInt8) -> [UInt8] { structure(0x01, [flags]) }

  private static func apple(_ messages: [UInt8]) -> [UInt8] { structure(0xFF, [0x4C, 0x00] + messages) }

  private static func structure(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [UInt8(clamping: value.count + 1), type] + value
  }

  private static func noise(_ count: Int, _ random: inout SplitMix64) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }
}
