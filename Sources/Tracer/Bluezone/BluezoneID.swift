// SPDX-License-Identifier: GPL-3.0-or-later

/// A Bluezone ID (BLID): the 12 bytes a Bluezoner sends for one slot. Source: docs/bluezone.md, Identifiers.
///
/// It has no description, so that it cannot slip into a log line; `hex` is for output that is meant to hold it.
public struct BluezoneID: Hashable, Comparable, Sendable {
  /// Bytes 0 to 7, the first one highest.
  public let high: UInt64
  /// Bytes 8 to 11.
  public let low: UInt32

  /// Bytes in an id.
  public static let byteCount = 12

  public init(high: UInt64, low: UInt32) {
    self.high = high
    self.low = low
  }

  /// nil unless exactly 12 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var high: UInt64 = 0
    var low: UInt32 = 0
    for (i, byte) in bytes.enumerated() {
      if i < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt32(byte) }
    }
    self.high = high
    self.low = low
  }

  /// From borrowed bytes; `range` lies inside them. nil unless it is 12 long.
  init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard range.count == Self.byteCount, range.lowerBound >= 0, range.upperBound <= bytes.count else {
      return nil
    }
    var high: UInt64 = 0
    var low: UInt32 = 0
    for i in range.lowerBound..<range.lowerBound + 8 { high = high << 8 | UInt64(bytes[i]) }
    for i in range.lowerBound + 8..<range.upperBound { low = low << 8 | UInt32(bytes[i]) }
    self.high = high
    self.low = low
  }

  /// The 12 bytes in the order in which they are sent.
  public var bytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) }
      + (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * UInt32($0))) }
  }

  /// 24 lower-case hexadecimal digits.
  public var hex: String { Hex.string(bytes) }

  public static func < (a: Self, b: Self) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

extension BluezoneID: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<BLID>" }
  public var debugDescription: String { "<BLID>" }
  /// Without children, so that `dump` of whatever holds it shows nothing either.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
