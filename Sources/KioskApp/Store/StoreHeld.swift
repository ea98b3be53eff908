// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// Listed means held: whether the entries of the batches that a manifest lists are there. What is missing is fetched again
/// by the next round.
extension Store {
  /// What of a batch is not there.
  struct Lack: Equatable {
    /// Entries that are missing, of those that must be there; both 0 where only a fetch can tell.
    var missing = 0
    var expected = 0
    /// Whether there is no row of the batch at all.
    var isUnknown = false
  }

  /// Entries that ended before this are not missing: they may have been purged.
  ///
  /// By a synchronised clock it is the retention, and an hour more, since the hourly purge and this question have not the
  /// same second, but not much after the last purge. By another clock it is the later of the last purge and the retention before the manifest was issued, both
  /// of which are past; but a purge more than a day after what the clock and the manifest say was one by a wrong clock.
  func expectedSince(retentionDays: Int, issued: UTCTime, at now: Moment) throws(StoreError) -> UTCTime {
    let retention = Int64(retentionDays) * 86_400
    let hour: Int64 = 3600
    let purged = try read { db in try Int64.fetchOne(db, sql: "SELECT through FROM f0Purge") } ?? .min
    // A clock that is far ahead lets nothing go: only a purge does, and it runs each hour.
    if now.isSynchronised {
      let past = max(purged, issued.seconds - retention) + 2 * hour
      return UTCTime(seconds: min(now.utc.seconds - retention + hour, past))
    }
    let latest = max(now.utc.seconds, issued.seconds) - retention
    let isCredible = purged <= latest + 86_400
    return UTCTime(seconds: max(isCredible ? purged : .min, issued.seconds - retention) + hour)
  }

  /// What is missing of the batches that a manifest lists, by their hashes.
  ///
  /// - Parameter since: `expectedSince`.
  func lacks(_ manifest: FeedManifest, since: UTCTime) throws(StoreError) -> [[UInt8]: Lack] {
    try read { db in
      var lacks: [[UInt8]: Lack] = [:]
      for batch in manifest.batches {
        lacks[batch.sha256] = try Self.lack(db, batch.sha256, region: manifest.region, since: since)
      }
      return lacks
    }
  }

  /// nil where all is there.
  private static func lack(_ db: Database, _ sha256: [UInt8], region: String, since: UTCTime) throws -> Lack? {
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT id, entries, isAccounted FROM f0Batch WHERE sha256 = ? AND region = ?",
        arguments: [Data(sha256), region])
    else { return Lack(isUnknown: true) }
    let id: Int64 = try row.get("id")
    guard try row.get("isAccounted") else { return Lack(isUnknown: true) }
    func count(_ sql: String) throws -> Int {
      try Int.fetchOne(db.cachedStatement(sql: sql), arguments: [id, since.seconds]) ?? 0
    }
    let own = try count("SELECT coalesce(sum(entries), 0) FROM f0Expected WHERE batch = ? AND \"end\" >= ?")
    let shared = try count("SELECT count(*) FROM f0Shared WHERE batch = ? AND \"end\" >= ?")
    let there = try count("SELECT count(*) FROM f0Entry WHERE batch = ? AND \"end\" >= ?")
    let sharedThere = try count(
      """
      SELECT count(*) FROM f0Shared JOIN f0Entry ON f0Entry.id = f0Shared.entry AND f0Entry."end" = f0Shared."end"
        WHERE f0Shared.batch = ? AND f0Shared."end" >= ?
      """)
    // How many there must be is lost, if there are some and none must be.
    if own == 0, there > 0 { return Lack(isUnknown: true) }
    let missing = max(own - there, 0) + shared - sharedThere
    return missing > 0 ? Lack(missing: missing, expected: own + shared) : nil
  }

  /// Notes which entries stand under a batch that has just been applied.
  static func account(_ db: Database, batch id: Int64) throws {
    try db.execute(sql: "DELETE FROM f0Expected WHERE batch = ?", arguments: [id])
    try db.execute(
      sql: """
        INSERT INTO f0Expected SELECT batch, "end", count(*) FROM f0Entry WHERE batch = ? GROUP BY "end"
        """, arguments: [id])
    try db.execute(sql: "UPDATE f0Batch SET isAccounted = 1 WHERE id = ?", arguments: [id])
  }

  /// Notes before what time entries are purged; call it in the purge's transaction.
  static func noteF0Purge(_ db: Database, before time: UTCTime) throws {
    try db.execute(
      sql: """
        INSERT INTO f0Purge (id, through) VALUES (1, ?)
        ON CONFLICT (id) DO UPDATE SET through = max(through, excluded.through)
        """, arguments: [time.seconds])
  }

  /// Contacts with entries that are gone, and entries whose batch is gone: both come of rows that were deleted behind the
  /// program's back. Entries of no batch are put under the one that lists them.
  static func removeStrayExposures(_ db: Database) throws {
    try db.execute(sql: "DELETE FROM exposure WHERE f0 NOT IN (SELECT id FROM f0Entry)")
    try db.execute(sql: "DELETE FROM exposedCase WHERE f0 NOT IN (SELECT id FROM f0Entry)")
  }
}

extension Store.Lack {
  /// For people.
  var words: String {
    isUnknown || expected == 0
      ? "not held, taken with the next round or import"
      : "not held: \(missing) of \(expected) entries missing, taken with the next round or import"
  }
}
