// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What a kiosk holds of its region's feed: the last manifest that was applied, without the batches.
public struct FeedState: Hashable, Sendable {
  public var region: String
  public var version: Int64
  /// Of the manifest's bytes; tells two of one version apart.
  public var manifestSHA256: [UInt8]
  public var issued: UTCTime
  public var expires: UTCTime
  public var communityTotal: Int?
  public var notices: [FeedManifest.Notice]
  public var keys: [FeedKey]
  public var retiredKeys: [FeedKey]
  /// When the feed was last found to be current, by a clock that was synchronised; nil if that never happened.
  public var lastSync: UTCTime?
  /// Batches that the manifest lists and that are not held whole, and the entries that they lack. The next round fetches
  /// them.
  public var missingBatches = 0
  public var missingEntries = 0

  public init(_ manifest: FeedManifest, sha256: [UInt8], lastSync: UTCTime?) {
    region = manifest.region
    version = manifest.version
    manifestSHA256 = sha256
    issued = manifest.issued
    expires = manifest.expires
    communityTotal = manifest.communityTotal
    notices = manifest.notices
    keys = manifest.keys
    retiredKeys = manifest.retiredKeys
    self.lastSync = lastSync
  }

  /// How far what is held can be believed to be all there is.
  public enum Freshness: String, Hashable, Sendable {
    /// It has not expired.
    case fresh
    /// It has: something new may be held back.
    case expired
    /// The clock is not synchronised: nobody can say.
    case unknown
    /// Not all is held that the manifest lists.
    case incomplete
  }

  public func freshness(at moment: Moment) -> Freshness {
    if missingBatches > 0 { return .incomplete }
    guard moment.isSynchronised else { return .unknown }
    return moment.utc < expires ? .fresh : .expired
  }
}
