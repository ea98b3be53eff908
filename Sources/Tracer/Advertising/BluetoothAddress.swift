// SPDX-License-Identifier: GPL-3.0-or-later

/// A device address as heard: 48 bits and whether it is public or random. It has no description, so that it cannot
/// slip into a log line.
public struct BluetoothAddress: Hashable, Sendable {
  /// The low 48 bits are the address, bit 63 is set for a random one.
  private let value: UInt64

  /// `bits`: 48, most significant byte first as people write addresses.
  public init(bits: UInt64, isRandom: Bool) {
    value = bits & 0xFFFF_FFFF_FFFF | (isRandom ? 1 << 63 : 0)
  }

  /// From the six bytes of an HCI packet, least significant first. `start` + 6 lies inside `bytes`.
  init(_ bytes: Span<UInt8>, at start: Int, isRandom: Bool) {
    // Cut out first: one check of the bounds instead of six.
    let six = bytes.extracting(start..<start + 6)
    let low = UInt64(six[0]) | UInt64(six[1]) << 8 | UInt64(six[2]) << 16
    let high = UInt64(six[3]) | UInt64(six[4]) << 8 | UInt64(six[5]) << 16
    self.init(bits: low | high << 24, isRandom: isRandom)
  }

  public var isRandom: Bool { value >> 63 == 1 }
  public var bits: UInt64 { value & 0xFFFF_FFFF_FFFF }

  /// Six bytes, least significant first, as HCI packets carry them.
  public var bytes: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) } }

  /// What a random address promises about itself. Source: Core 5.4, vol. 6, part B, 1.3.2.
  public enum RandomKind: Sendable { case nonResolvable, resolvable, isStatic, reserved }

  /// nil for a public address.
  public var randomKind: RandomKind? {
    guard isRandom else { return nil }
    switch bits >> 46 {
    case 0b00: return .nonResolvable
    case 0b01: return .resolvable
    case 0b11: return .isStatic
    default: return .reserved
    }
  }

  /// An address of the resolvable kind from 48 random bits. Nobody holds a key that resolves it; to everyone else it
  /// looks like a phone's.
  public static func resolvableForm(random: UInt64) -> Self {
    Self(bits: random & 0x3FFF_FFFF_FFFF | 0b01 << 46, isRandom: true)
  }
}

extension BluetoothAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<address>" }
  public var debugDescription: String { "<address>" }
  /// Without children, so that `dump` of whatever holds it shows nothing either.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
