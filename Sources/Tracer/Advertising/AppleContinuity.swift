// SPDX-License-Identifier: GPL-3.0-or-later

/// Apple's continuity messages: type, length, value, one after the other in the manufacturer data.
/// Source: "Discontinued Privacy: Personal Data Leaks in Apple Bluetooth-Low-Energy Continuity Protocols",
/// G. Celosia and M. Cunche, PoPETs 2020, table 1.
public enum AppleContinuity {
  public static let companyID: UInt16 = 0x004C

  /// The background area has no length byte: 16 bytes of mask follow its type.
  public static let overflowArea: UInt8 = 0x01
  public static let iBeacon: UInt8 = 0x02
  public static let airDrop: UInt8 = 0x05
  public static let proximityPairing: UInt8 = 0x07
  public static let airPlayTarget: UInt8 = 0x09
  public static let magicSwitch: UInt8 = 0x0B
  public static let handoff: UInt8 = 0x0C
  public static let tetheringSource: UInt8 = 0x0E
  public static let nearbyAction: UInt8 = 0x0F
  public static let nearbyInfo: UInt8 = 0x10
  public static let findMy: UInt8 = 0x12

  /// What the nearby information says beside its authentication tag: status and action, data flags, then the tag to the
  /// message's end. Source: J. Martin et al., "Handoff All Your Privacy", PoPETs 2019, 4, and its authors' dissector.
  public struct NearbyInfo: Hashable, Sendable {
    /// Bytes of the message. iPhones of iOS 13 and later send 6, what has no motion sensors to tell of 5.
    public var byteCount: UInt8
    /// Bit 7: auto unlock; 5 and 6: a watch's; 2: Wi-Fi on; 4: an authentication tag follows.
    public var dataFlags: UInt8
    /// A digest of the rest, 0 if there is none.
    var token: UInt32

    /// `message`: what follows type and length, at least two bytes; lies inside `bytes`.
    init(_ bytes: Span<UInt8>, in message: Range<Int>) {
      byteCount = UInt8(truncatingIfNeeded: message.count)
      dataFlags = bytes[message.lowerBound + 1]
      token = message.count >= 5 ? Digest.of(bytes, in: message.lowerBound + 2..<message.upperBound) : 0
    }
  }

  /// Whether the overflow area that starts in `range` has Bluezone's bit. Several apps set several bits: the bit is
  /// tested, not the mask.
  static func hasOverflowBit(_ bytes: Span<UInt8>, in range: Range<Int>, _ marks: BluezoneProfile.Marks) -> Bool {
    guard (0..<16).contains(marks.overflowByte) else { return false }
    let at = range.lowerBound + 1 + marks.overflowByte
    guard !range.isEmpty, bytes[range.lowerBound] == overflowArea, at < range.upperBound else { return false }
    return bytes[at] & marks.overflowBit != 0
  }
}
