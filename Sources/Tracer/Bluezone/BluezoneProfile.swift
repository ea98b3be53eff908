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
}
