// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

/// A feed without cryptography: the signature of a key is the key itself, twice.
enum FeedSamples {
  static let now = UTCTime(seconds: 1_763_700_000)

  static func key(_ n: UInt8) -> FeedKey {
    guard let key = FeedKey([UInt8](repeating: n, count: 32)) else { preconditionFailure("32 bytes are a key") }
    return key
  }

  static func hash(_ n: UInt8) -> [UInt8] { [UInt8](repeating: n, count: 32) }

  static func batch(_ n: UInt8, days: Int64 = 0) -> FeedManifest.Batch {
    .init(sha256: hash(n), bytes: 100, entries: 1, added: now.adding(milliseconds: -days * SlotScheme.dayMilliseconds))
  }

  static func manifest(version: Int64 = 5, region: String = "VN-HN", batches: [FeedManifest.Batch] = []) -> FeedManifest
  {
    var manifest = FeedManifest(
      region: region, version: version, issued: now, expires: now.adding(milliseconds: 7 * SlotScheme.dayMilliseconds))
    manifest.batches = batches
    manifest.keys = [key(1)]
    return manifest
  }

  static func signature(_ key: FeedKey) -> FeedEnvelope.Signature { .init(keyID: key.id, bytes: key.bytes + key.bytes) }

  static func verify(_ signature: [UInt8], _ message: [UInt8], _ key: FeedKey) -> Bool {
    signature == key.bytes + key.bytes && !message.contains(UInt8(ascii: "!"))
  }

  static func moment(days: Int64 = 0, isSynchronised: Bool = true) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: 1000), utc: now.adding(milliseconds: days * SlotScheme.dayMilliseconds),
      isSynchronised: isSynchronised)
  }
}
