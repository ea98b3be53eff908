// SPDX-License-Identifier: GPL-3.0-or-later

/// What Bluezone looks like on the air. The standard is what the apps send; other values serve a future app or a trial
/// beside the real one. Source: docs/bluezone.md, Radio.
public struct BluezoneProfile: Hashable, Sendable {
  /// 16-bit service of the Android form.
  public var serviceUUID: UInt16 = BluezoneAdvertisement.serviceUUID
  /// Company of the manufacturer data that carries the id.
  public var companyID: UInt16 = BluezoneAdvertisement.companyID
  /// 128-bit service of the iOS form, in the order of the air, 16 bytes.
  public var iosServiceUUID: [UInt8] = BluezoneAdvertisement.iosServiceUUID
  /// Its characteristic with the id, in the order of the air, 16 bytes.
  public var iosCharacteristicUUID: [UInt8] = BluezoneAdvertisement.iosCharacteristicUUID
  /// Where an iPhone with the app in the background shows it: byte 0 to 15 of the overflow area's mask, and the bit.
  public var overflowByte = 0
  public var overflowBit: UInt8 = 0x08

  public static let standard = BluezoneProfile()

  public init() {}

  /// What is looked for in every advertisement, as plain numbers: arrays would be retained for each.
  struct Marks: Sendable {
    let serviceUUID: UInt16
    let companyID: UInt16
    /// The 16 bytes of the iOS service as they lie in memory; nil if there are not 16, which nothing equals.
    let iosService: (UInt64, UInt64)?
    let overflowByte: Int
    let overflowBit: UInt8

    init(_ profile: BluezoneProfile) {
      serviceUUID = profile.serviceUUID
      companyID = profile.companyID
      let uuid = profile.iosServiceUUID
      iosService = uuid.count == 16 ? (Self.bits(uuid.span, at: 0), Self.bits(uuid.span, at: 8)) : nil
      overflowByte = profile.overflowByte
      overflowBit = profile.overflowBit
    }

    /// Whether the 16 bytes from `start` on, which lie inside `bytes`, are the iOS service.
    func isIOSService(_ bytes: Span<UInt8>, at start: Int) -> Bool {
      guard let iosService else { return false }
      return iosService == (Self.bits(bytes, at: start), Self.bits(bytes, at: start + 8))
    }

    private static func bits(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
    }
  }
}
