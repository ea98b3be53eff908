// SPDX-License-Identifier: GPL-3.0-or-later

/// An attribute's type, or whatever else a UUID names: 16 or 128 bits on air, always compared as 128.
/// Source: Core 5.4, vol. 3, part B, 2.5.1.
public struct ATTUUID: Hashable, Sendable {
  /// The 8 bytes that people write first, then the other 8.
  private let high: UInt64
  private let low: UInt64

  /// 00000000-0000-1000-8000-00805F9B34FB: a 16-bit UUID stands in its third and fourth byte.
  private static let baseHigh: UInt64 = 0x0000_0000_0000_1000
  private static let baseLow: UInt64 = 0x8000_0080_5F9B_34FB

  public init(_ short: UInt16) {
    high = Self.baseHigh | UInt64(short) << 32
    low = Self.baseLow
  }

  /// The digits of the written form: the first 16, then the other 16.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// From 2 or 16 bytes in the order of the air, least significant first. nil for any other count.
  public init?(_ bytes: some Collection<UInt8>) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (i, byte) in bytes.enumerated() {
      guard i < 16 else { return nil }
      if i < 8 { low |= UInt64(byte) << (8 * UInt64(i)) } else { high |= UInt64(byte) << (8 * UInt64(i - 8)) }
    }
    switch bytes.count {
    case 2: self.init(UInt16(truncatingIfNeeded: low))
    case 16: self.init(high: high, low: low)
    default: return nil
    }
  }

  /// nil if it does not have the base UUID's other bytes.
  public var short: UInt16? {
    low == Self.baseLow && high & ~(0xFFFF << 32) == Self.baseHigh
      ? UInt16(truncatingIfNeeded: high >> 32) : nil
  }

  /// The shortest form on air: 2 or 16 bytes.
  public var bytes: [UInt8] {
    if let short { return short.littleEndianBytes }
    return (0..<8).map { UInt8(truncatingIfNeeded: low >> (8 * UInt64($0))) }
      + (0..<8).map { UInt8(truncatingIfNeeded: high >> (8 * UInt64($0))) }
  }
}

extension ATTUUID {
  // Source: Assigned Numbers, Declarations, GATT Services and Characteristics.
  public static let primaryService = Self(0x2800)
  public static let secondaryService = Self(0x2801)
  public static let characteristic = Self(0x2803)
  public static let genericAccess = Self(0x1800)
  public static let genericAttribute = Self(0x1801)
  public static let deviceName = Self(0x2A00)
  public static let appearance = Self(0x2A01)

  /// The service of the iOS form, 00004E56-73F5-4BC4-A12F-17D1AD07A667. Source: docs/bluezone.md, Radio.
  public static let bluezoneService = Self(high: 0x0000_4E56_73F5_4BC4, low: 0xA12F_17D1_AD07_A667)
  /// Its characteristic with the id, 00004E56-73F5-4BC4-A12F-17D1AD07A689.
  public static let bluezoneID = Self(high: 0x0000_4E56_73F5_4BC4, low: 0xA12F_17D1_AD07_A689)
}
