// SPDX-License-Identifier: GPL-3.0-or-later

import Crypto
import KioskCore

/// Ed25519, as the feed uses it. Source: RFC 8032.
enum FeedSignature {
  /// Whether the signature is the key's over the message.
  static func isValid(_ signature: [UInt8], _ message: [UInt8], _ key: FeedKey) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key.bytes) else { return false }
    return key.isValidSignature(signature, for: message)
  }

  static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}
