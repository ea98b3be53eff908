// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Why a feed is not used. Nothing of it was: what the kiosk held before, it still holds.
public enum FeedRefusal: Error, Hashable, Sendable {
  /// It is something else, or damaged; the words say where.
  case notAFeed(String)
  case manifestTooLarge
  /// No key that this kiosk trusts has signed it.
  case unknownKey(signedBy: [String])
  /// It names a trusted key, and the signature is not that key's for these bytes.
  case wrongSignature(key: String)
  /// Of a later version of the format.
  case unknownFormat(Int)
  /// A field of the manifest is missing or not allowed.
  case wrongField(String)
  case wrongRegion(String, expected: String)
  /// Older than what the kiosk holds: somebody plays back an old feed.
  case rollback(version: Int64, held: Int64)
  /// Two feeds with one version: two publishers, or one whose folder was put back.
  case otherContent(version: Int64)
  /// Nobody has renewed it, or somebody holds newer ones back.
  case expired(UTCTime)
  /// A batch, counted from 1, does not have the size or the hash that the manifest gives.
  case wrongSize(batch: Int, found: Int, stated: Int)
  case wrongHash(batch: Int)
  case wrongEntries(batch: Int, found: Int, stated: Int)
  case malformedBatch(Int, F0Batch.Refusal)
}

extension FeedRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAFeed(let reason): "this is no signed feed: \(reason)"
    case .manifestTooLarge: "the manifest is larger than \(CoreLimits.feedManifestBytes) bytes"
    case .unknownKey(let ids):
      "it is signed by no key that this kiosk trusts (signed by \(ids.joined(separator: ", "))); "
        + "if the health office has a new key, put it into feed.keys"
    case .wrongSignature(let id): "the signature of key \(id) is wrong: the manifest was changed after it was signed"
    case .unknownFormat(let format):
      "it has format \(format), which this version of kiosk does not know; update the kiosk"
    case .wrongField(let words): "the manifest is malformed: \(words)"
    case .wrongRegion(let found, let expected):
      "it is for region \(found), and this kiosk is in \(expected) (feed.region)"
    case .rollback(let version, let held): "its version \(version) is older than the version \(held) that is held"
    case .otherContent(let version):
      "it has the version \(version) that is held, and other content; publish it again with a higher version"
    case .expired(let time):
      "it expired at \(LocalTime(time, offsetSeconds: 0).rfc3339); the health office must publish anew"
    case .wrongSize(let batch, let found, let stated):
      "batch \(batch) has \(found) bytes, and \(stated) by the manifest"
    case .wrongHash(let batch): "batch \(batch) is not the file that the manifest names: its hash is another"
    case .wrongEntries(let batch, let found, let stated):
      "batch \(batch) has \(found) entries, and \(stated) by the manifest"
    case .malformedBatch(let batch, let refusal): "batch \(batch): \(refusal)"
    }
  }
}
