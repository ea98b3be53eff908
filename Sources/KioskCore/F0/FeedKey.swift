// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// A public key that speaks for a feed: Ed25519, 32 bytes. Source: RFC 8032.
public struct FeedKey: Hashable, Sendable {
  /// Exactly 32.
  public let bytes: [UInt8]

  public static let byteCount = 32

  /// nil unless exactly 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// nil unless 64 hexadecimal digits.
  public init?(hex: some StringProtocol) {
    guard hex.utf8.count == 2 * Self.byteCount, let bytes = Hex.bytes(hex) else { return nil }
    self.init(bytes)
  }

  public var hex: String { Hex.string(bytes) }

  /// What a signature calls it, and people too: its first 16 digits. It only says which key to try; what counts is
  /// whether the whole key fits.
  public var id: String { String(hex.prefix(Self.idDigits)) }

  public static let idDigits = 16
}
