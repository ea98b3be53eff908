// SPDX-License-Identifier: GPL-3.0-or-later

internal import Crypto

/// A key of 32 bytes in Bluezone's chain: a base key, a day's key or a slot's sub key. Source: shared facts,
/// Identifiers.
///
/// Its description hides it.
public struct BluezoneKey: Hashable, Sendable {
  /// Exactly 32.
  public let bytes: [UInt8]

  /// Bytes in a key.
  public static let byteCount = 32

  /// nil unless exactly 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// nil unless 64 hexadecimal digits.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hex.bytes(hex) else { return nil }
    self.init(bytes)
  }

  /// From borrowed text; nil unless `range` is 64 hexadecimal digits of it.
  public init?(hex text: Span<UInt8>, _ range: Range<Int>) {
    guard range.count == 2 * Self.byteCount, range.lowerBound >= 0, range.upperBound <= text.count else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    for i in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
      guard let high = Hex.value(text[i]), let low = Hex.value(text[i + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// From eight words; nil unless `words` are as many. Each holds four bytes, the first of them highest.
  public init?(words: some Collection<UInt32>) {
    guard words.count == Self.byteCount / 4 else { return nil }
    bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
  }

  /// Its eight words.
  public var words: [UInt32] {
    var words = [UInt32](repeating: 0, count: Self.byteCount / 4)
    for (i, byte) in bytes.enumerated() { words[i / 4] = words[i / 4] << 8 | UInt32(byte) }
    return words
  }

  private init(digest: SHA256.Digest) { bytes = Array(digest) }

  public var hex: String { Hex.string(bytes) }

  /// SHA-256 of this key: the next day's daily key, and equally the next slot's sub key.
  public var next: Self { Self(digest: Self.hash(bytes)) }

  /// This daily key's sub key of slot 0. The spelling of the suffix is Bluezone's own.
  public var firstSubKey: Self { Self(digest: Self.hash(bytes + Array("bluzonesubkey".utf8))) }

  /// This sub key's id.
  public var bluezoneID: BluezoneID {
    var id: [UInt8] = []
    for offset in Self.idOffsets { id.append(bytes[offset]) }
    // Twelve offsets inside 32 bytes: never nil.
    return BluezoneID(id) ?? BluezoneID(high: 0, low: 0)
  }

  private static let idOffsets = [0, 4, 8, 12, 16, 18, 20, 22, 24, 26, 28, 30]

  private static func hash(_ bytes: [UInt8]) -> SHA256.Digest {
    var sha = SHA256()
    unsafe bytes.withUnsafeBytes { unsafe sha.update(bufferPointer: $0) }
    return sha.finalize()
  }
}

extension BluezoneKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<key>" }
  public var debugDescription: String { "<key>" }
  /// Without children, so that `dump` of whatever holds it shows nothing either.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
