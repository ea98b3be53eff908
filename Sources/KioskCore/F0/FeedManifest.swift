// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the health office says to every kiosk of a region at once. Source: docs/f0-feed.md, The manifest.
public struct FeedManifest: Hashable, Sendable {
  public static let format = 1

  /// Whom it is for: capital letters, digits and hyphens, such as `VN` or `VN-HN` (ISO 3166).
  public var region: String
  /// From 1 on. Only ever grows.
  public var version: Int64
  public var issued: UTCTime
  /// When it is no longer believed; at most `CoreLimits.feedLifetimeDays` after `issued`.
  public var expires: UTCTime
  /// All that is current, the oldest first.
  public var batches: [Batch] = []
  /// SHA-256 of batches that were wrong: their cases are forgotten again.
  public var withdrawn: [[UInt8]] = []
  /// Bluezoners in the whole country; nil: nothing is said.
  public var communityTotal: Int?
  public var notices: [Notice] = []
  /// Keys to be trusted from now on, beside those in the settings.
  public var keys: [FeedKey] = []
  /// Keys not to be trusted from now on, even if they stand in the settings.
  public var retiredKeys: [FeedKey] = []

  public init(region: String, version: Int64, issued: UTCTime, expires: UTCTime) {
    self.region = region
    self.version = version
    self.issued = issued
    self.expires = expires
  }

  /// A file of Bluezone's own JSON. It has its hash for a name and never changes.
  public struct Batch: Hashable, Sendable {
    /// Exactly 32.
    public var sha256: [UInt8]
    public var bytes: Int
    public var entries: Int
    /// When it was first published.
    public var added: UTCTime

    public init(sha256: [UInt8], bytes: Int, entries: Int, added: UTCTime) {
      self.sha256 = sha256
      self.bytes = bytes
      self.entries = entries
      self.added = added
    }

    /// Where it lies, from where the manifest lies.
    public var path: String { Self.path(sha256) }

    public static func path(_ sha256: [UInt8]) -> String { "batches/\(Hex.string(sha256)).json" }
  }

  /// A sentence for everybody, in both languages.
  public struct Notice: Hashable, Sendable {
    public var vietnamese: String
    public var english: String

    public init(vietnamese: String, english: String) {
      self.vietnamese = vietnamese
      self.english = english
    }
  }

  /// Whether a text can name a region.
  public static func isRegion(_ text: String) -> Bool {
    (2...CoreLimits.feedRegionCharacters).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
          || $0 == UInt8(ascii: "-")
      }
  }
}
