// SPDX-License-Identifier: GPL-3.0-or-later

extension Status {
  /// The F0 feed. Times are RFC 3339 with offset.
  public struct Feed: Codable, Hashable, Sendable {
    public var isConfigured = false
    public var region: String?
    /// Of the manifest that is held; nil while none is.
    public var version: Int64?
    public var issued: String?
    public var expires: String?
    /// fresh, expired, unknown (the clock is not synchronised) or incomplete (not all is held that the manifest lists);
    /// nil while nothing is held.
    public var freshness: String?
    /// Batches that the manifest lists and that are not held whole, and the entries that they lack.
    public var missingBatches = 0
    public var missingEntries = 0
    public var communityTotal: Int?
    public var notices: [String] = []
    /// When it was last found to be current.
    public var lastSync: String?
    /// Why the last round failed, in words; nil when it did not.
    public var lastFault: String?
    /// What the last round changed; nil when it changed nothing.
    public var lastChange: Change?
    public var isSyncing = false
    /// What the round that runs is doing, in words.
    public var step: String?
    /// Rounds of this run that have ended, and failures since the last good one.
    public var rounds = 0
    public var failures = 0
    /// Until the next round; nil while one runs.
    public var nextSeconds: Int64?

    public struct Change: Codable, Hashable, Sendable {
      public var batches: Int
      public var newEntries: Int
      public var withdrawnEntries: Int

      enum CodingKeys: String, CodingKey {
        case batches, newEntries = "new_entries", withdrawnEntries = "withdrawn_entries"
      }
    }

    public init() {}

    enum CodingKeys: String, CodingKey {
      case isConfigured = "configured", region, version, issued, expires, freshness, notices, step, rounds, failures
      case missingBatches = "missing_batches", missingEntries = "missing_entries"
      case communityTotal = "community_total", lastSync = "last_sync", lastFault = "last_fault"
      case lastChange = "last_change", isSyncing = "syncing", nextSeconds = "next_seconds"
    }
  }
}
