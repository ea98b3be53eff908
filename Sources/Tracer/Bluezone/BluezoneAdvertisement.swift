// SPDX-License-Identifier: GPL-3.0-or-later

/// The Android form of a Bluezone advertisement: flags, the 16-bit service, the manufacturer data with the id.
/// Source: docs/bluezone.md, Radio.
public enum BluezoneAdvertisement {
  /// 16-bit service UUID.
  public static let serviceUUID: UInt16 = 0x4E56
  /// 128-bit service UUID of the iOS form, 00004E56-73F5-4BC4-A12F-17D1AD07A667, in the order of the air.
  public static let iosServiceUUID: [UInt8] = [
    0x67, 0xA6, 0x07, 0xAD, 0xD1, 0x17, 0x2F, 0xA1, 0xC4, 0x4B, 0xF5, 0x73, 0x56, 0x4E, 0x00, 0x00,
  ]
  /// Its characteristic with the id, 00004E56-73F5-4BC4-A12F-17D1AD07A689, in the order of the air.
  public static let iosCharacteristicUUID: [UInt8] = [
    0x89, 0xA6, 0x07, 0xAD, 0xD1, 0x17, 0x2F, 0xA1, 0xC4, 0x4B, 0xF5, 0x73, 0x56, 0x4E, 0x00, 0x00,
  ]
  /// Company identifier of the manufacturer data.
  public static let companyID: UInt16 = 0x22B5

  /// The advertising data that carries `id`: 23 bytes.
  public static func data(for id: BluezoneID) -> [UInt8] {
    var data: [UInt8] = [2, ADType.flags.rawValue, leGeneralDiscoverable | brEDRNotSupported]
    data += [3, ADType.completeServices16.rawValue, UInt8(serviceUUID & 0xFF), UInt8(serviceUUID >> 8)]
    data += [UInt8(3 + BluezoneID.byteCount), ADType.manufacturerData.rawValue]
    data += [UInt8(companyID & 0xFF), UInt8(companyID >> 8)] + id.bytes
    return data
  }

  // Source: Core Specification Supplement, part A, 1.3.
  private static let leGeneralDiscoverable: UInt8 = 0x02
  private static let brEDRNotSupported: UInt8 = 0x04
}
