// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// The feed as it was last applied, and batches as they come in. A feed's version and its data change in one transaction.
extension Store {
  /// What is held of a region's feed.
  struct HeldFeed: Equatable {
    var state: FeedState
    /// What was signed, with its batches, and its very bytes.
    var manifest: FeedManifest
    var json: [UInt8]
    /// What the server called that manifest, and whose word that is.
    var validators: FeedValidators?
    var source: String?
  }

  func feed(region: String) throws(StoreError) -> HeldFeed? {
    try read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT * FROM feed WHERE region = ?", arguments: [region]) else {
        return nil
      }
      let json = [UInt8](try row.get("manifest") as Data)
      // It was read before it was written. A later version may be stricter: then nothing is held.
      guard let manifest = try? FeedManifest(json: json) else { return nil }
      let validators = try FeedValidators(etag: row.get("etag"), lastModified: row.get("lastModified"))
      return try HeldFeed(
        state: FeedState(
          manifest, sha256: FeedSignature.sha256(json),
          lastSync: (row.get("lastSync") as Int64?).map(UTCTime.init(seconds:))),
        manifest: manifest, json: json,
        validators: validators == FeedValidators() ? nil : validators, source: row.get("source"))
    }
  }

  /// Whether a manifest stands in the database that cannot be read any more.
  func hasUnreadableFeed(region: String) throws(StoreError) -> Bool {
    guard try feed(region: region) == nil else { return false }
    return try read { db in
      try Bool.fetchOne(db, sql: "SELECT 1 FROM feed WHERE region = ?", arguments: [region]) ?? false
    }
  }

  /// The batches that must be fetched before a manifest can be applied: those of which something is missing. Where it
  /// withdraws one that is held, all of them: entries that stand in another one too are then put under that.
  ///
  /// - Parameter since: `expectedSince`.
  func missingBatches(_ manifest: FeedManifest, since: UTCTime) throws(StoreError) -> [FeedManifest.Batch] {
    let held = try read { db in
      Set(
        try Data.fetchAll(db, sql: "SELECT sha256 FROM f0Batch WHERE region = ?", arguments: [manifest.region])
          .map { [UInt8]($0) })
    }
    guard held.isDisjoint(with: manifest.withdrawn) else { return manifest.batches }
    let lacks = try lacks(manifest, since: since)
    return manifest.batches.filter { lacks[$0.sha256] != nil }
  }

  struct FeedChange: Equatable, Sendable {
    var newEntries = 0
    var withdrawnEntries = 0
  }

  /// Applies a manifest: its version, its figures and the entries of its batches, all or nothing.
  ///
  /// - Parameters:
  ///   - json: exactly what was signed.
  ///   - batches: those of the manifest that are not held, or more, each with its number there, from 1.
  ///   - read: gives a batch's entries; called within the transaction, one after the other.
  func apply(
    _ manifest: FeedManifest, json: [UInt8], source: String?, validators: FeedValidators?, at now: Moment,
    batches: [(number: Int, batch: FeedManifest.Batch)],
    read: (FeedManifest.Batch, _ number: Int) throws(FeedFault) -> F0Batch
  ) throws(FeedFault) -> FeedChange {
    var fault: FeedFault?
    do throws(StoreError) {
      return try write { db in
        var change = FeedChange()
        let held = try Int64.fetchOne(
          db, sql: "SELECT version FROM feed WHERE region = ?", arguments: [manifest.region])
        if let held, held > manifest.version {
          fault = .refused(.rollback(version: manifest.version, held: held))
          throw CancellationError()
        }
        if !batches.isEmpty { try Self.removeStrayExposures(db) }
        for (number, batch) in batches {
          let entries: F0Batch
          do throws(FeedFault) { entries = try read(batch, number) } catch {
            fault = error
            throw CancellationError()
          }
          let id = try Self.add(db, sha256: batch.sha256, entries: batch.entries, feed: manifest, at: now.utc)
          change.newEntries += try Self.add(db, entries, batch: id, insteadOf: manifest.withdrawn)
          try Self.account(db, batch: id)
        }
        for sha256 in manifest.withdrawn {
          change.withdrawnEntries += try Self.withdraw(db, sha256, region: manifest.region)
        }
        try Self.setFeed(db, manifest, json, source, validators, at: now)
        try Self.forgetOldBatches(db, manifest)
        try SalvageRepairs.forgetStandIns(db)
        if change.withdrawnEntries > 0 { noteDeleted() }
        return change
      }
    } catch {
      throw fault ?? .store(error)
    }
  }

  /// Notes that what is held is current. Nothing is noted by a clock that may be wrong.
  func feedIsCurrent(
    region: String, source: String?, validators: FeedValidators?, at now: Moment
  ) throws(StoreError) {
    try write { db in
      try db.execute(
        sql: "UPDATE feed SET source = ?, etag = ?, lastModified = ? WHERE region = ?",
        arguments: [source, validators?.etag, validators?.lastModified, region])
      if now.isSynchronised {
        try db.execute(
          sql: "UPDATE feed SET lastSync = ? WHERE region = ?", arguments: [now.utc.seconds, region])
      }
    }
  }

  /// What an unsigned file brought.
  struct Unsigned: Equatable {
    var entries = 0
    /// Those that were not known.
    var new = 0
  }

  /// Takes in a file that nobody has signed, for somebody who answers for it, in one transaction: whole, or not at all. Entries
  /// are written as they come, and SQLite puts pages on the disk before it has more of them than `AppLimits.importCacheBytes`.
  ///
  /// - Parameter read: gives the entries one by one, and returns the SHA-256 of the file, which is known at its end only.
  /// - Throws: `StoreError`, or what `read` throws.
  func addUnsigned(
    authority: AuditEntry.Authority, at now: UTCTime, attempt: Int64? = nil,
    read: (_ each: (F0Entry) throws -> Void) throws -> [UInt8]
  ) throws -> Unsigned {
    var fault: (any Error)?
    do throws(StoreError) {
      return try write { db in
        try db.execute(sql: "PRAGMA cache_size = -\(AppLimits.importCacheBytes >> 10)")
        // An entry's number may be used again where a person has deleted it by hand.
        try Self.removeStrayExposures(db)
        var result = Unsigned()
        let unknown = [UInt8](repeating: 0, count: 32)
        let id = try Self.add(db, sha256: unknown, entries: 0, feed: nil, at: now)
        let addition = try EntryAddition(db)
        var group: [F0Entry] = []
        let sha256: [UInt8]
        do {
          sha256 = try read { entry in
            group.append(entry)
            guard group.count == AppLimits.entriesAddedAtOnce else { return }
            result.entries += group.count
            result.new += try addition.add(&group, batch: id)
          }
        } catch {
          // An error of the database is told as one.
          if !(error is DatabaseError) { fault = error }
          throw error
        }
        result.entries += group.count
        result.new += try addition.add(&group, batch: id)
        let held = try Self.finish(db, batch: id, sha256: sha256, entries: result.entries, at: now)
        try Self.account(db, batch: held)
        var audit = Self.unsignedImport(sha256, authority: authority, at: now)
        audit.attempt = attempt
        try Self.addAudit(db, audit)
        return result
      }
    } catch {
      throw fault ?? error
    }
  }

  /// As it stands in the audit log; `batches` finds it by these words.
  static func unsignedImport(_ sha256: [UInt8], authority: AuditEntry.Authority, at now: UTCTime) -> AuditEntry {
    AuditEntry(at: now, action: .importUnsigned, authority: authority, detail: "sha256 \(Hex.string(sha256))")
  }

  struct BatchSummary: Equatable {
    var importedAt: UTCTime
    var entries: Int
    /// Of the feed that brought it; nil for a file that nobody had signed.
    var region: String?
    var sha256: [UInt8]
    /// Who answers for an unsigned one, and why.
    var operatorName: String?
    var reason: String?

    /// Whether it is none: entries whose batch was lost stand under it.
    var isStandIn: Bool { sha256.starts(with: [UInt8](repeating: 0, count: SalvageRepairs.standInZeros)) }
  }

  /// The batches held, the newest first.
  func batches() throws(StoreError) -> [BatchSummary] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT importedAt, entries, region, sha256, operator, reason FROM f0Batch
          LEFT JOIN audit ON audit.id = (
            SELECT max(id) FROM audit WHERE action = ? AND outcome = 'done'
              AND detail = 'sha256 ' || lower(hex(f0Batch.sha256)))
          ORDER BY importedAt DESC, f0Batch.id DESC
          """, arguments: [AuditEntry.Action.importUnsigned.rawValue]
      ).map {
        try BatchSummary(
          importedAt: UTCTime(seconds: $0.get("importedAt")), entries: $0.get("entries"), region: $0.get("region"),
          sha256: [UInt8]($0.get("sha256") as Data), operatorName: $0.get("operator"), reason: $0.get("reason"))
      }
    }
  }

  // MARK: Rows

  private static func add(
    _ db: Database, sha256: [UInt8], entries: Int, feed: FeedManifest?, at now: UTCTime
  ) throws -> Int64 {
    try db.execute(
      sql: """
        INSERT INTO f0Batch (importedAt, sha256, entries, region, version) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (sha256) DO UPDATE SET importedAt = excluded.importedAt,
          region = coalesce(excluded.region, region), version = coalesce(version, excluded.version)
        """, arguments: [now.seconds, Data(sha256), entries, feed?.region, feed?.version])
    return try Int64.fetchOne(db, sql: "SELECT id FROM f0Batch WHERE sha256 = ?", arguments: [Data(sha256)]) ?? 0
  }

  /// Gives a batch its hash. The same file may have been taken in before: what is new of it then belongs to that batch.
  ///
  /// - Returns: the number of the batch under which the entries stand.
  private static func finish(
    _ db: Database, batch id: Int64, sha256: [UInt8], entries: Int, at now: UTCTime
  ) throws -> Int64 {
    let isKnown = try Bool.fetchOne(db, sql: "SELECT 1 FROM f0Batch WHERE sha256 = ?", arguments: [Data(sha256)]) != nil
    guard isKnown else {
      try db.execute(
        sql: "UPDATE f0Batch SET sha256 = ?, entries = ? WHERE id = ?", arguments: [Data(sha256), entries, id])
      return id
    }
    let held = try add(db, sha256: sha256, entries: entries, feed: nil, at: now)
    try db.execute(sql: "UPDATE f0Entry SET batch = ? WHERE batch = ?", arguments: [held, id])
    try db.execute(sql: "DELETE FROM f0Batch WHERE id = ?", arguments: [id])
    return held
  }

  /// Forgets entries that ended before a time, some at a time: SQLite notes in memory what one statement deletes.
  static func forgetEntries(_ db: Database, endedBefore time: UTCTime) throws -> Int {
    var after = Int64.min
    var forgotten = 0
    while let last = try Int64.fetchOne(
      db, sql: "SELECT max(id) FROM (SELECT id FROM f0Entry WHERE id > ? ORDER BY id LIMIT ?)",
      arguments: [after, AppLimits.entriesPurgedAtOnce])
    {
      try db.execute(
        sql: "DELETE FROM f0Entry WHERE id > ? AND id <= ? AND \"end\" < ?", arguments: [after, last, time.seconds])
      forgotten += db.changesCount
      after = last
    }
    return forgotten
  }

  /// Adds entries to those that are held.
  private struct EntryAddition {
    private let db: Database
    private let insert: Statement
    private let insertMany: Statement
    /// SQLite keeps what it needs to take back a statement, several pages each: for many entries hardly more than for one.
    private static let many = 100

    init(_ db: Database) throws {
      self.db = db
      let sql = "INSERT OR IGNORE INTO f0Entry (dailyKey, start, \"end\", slotsPerDay, batch) VALUES "
      let row = "(?, ?, ?, ?, ?)"
      insert = try db.cachedStatement(sql: sql + row)
      insertMany = try db.cachedStatement(sql: sql + repeatElement(row, count: Self.many).joined(separator: ", "))
    }

    static func key(_ entry: F0Entry) -> [any DatabaseValueConvertible] {
      [Data(entry.dailyKey.bytes), entry.start.seconds, entry.end.seconds, entry.scheme.slotsPerDay]
    }

    /// - Returns: whether it was not known.
    func add(_ entry: F0Entry, batch id: Int64) throws -> Bool {
      try insert.execute(arguments: StatementArguments(Self.key(entry) + [id]))
      return db.changesCount > 0
    }

    /// Adds a group in the order of its keys and empties it. The index is then written page by page once a group: in the order
    /// of a file, which is none, nearly every entry of a large one would write a page of its own.
    ///
    /// - Returns: how many were not known.
    func add(_ group: inout [F0Entry], batch id: Int64) throws -> Int {
      let order = group.map { $0.dailyKey.words[0] }
      let sorted = group.indices.sorted { (order[$0], $0) < (order[$1], $1) }
      var new = 0
      for first in stride(from: 0, to: sorted.count, by: Self.many) {
        let some = sorted[first..<min(first + Self.many, sorted.count)]
        if some.count == Self.many {
          let values = some.flatMap { Self.key(group[$0]) + [id] }
          try insertMany.execute(arguments: StatementArguments(values))
          new += db.changesCount
        } else {
          for index in some { new += try add(group[index], batch: id) ? 1 : 0 }
        }
      }
      group.removeAll(keepingCapacity: true)
      return new
    }
  }

  /// Adds entries that are not known; those that are known by a batch that is withdrawn come under this one.
  ///
  /// - Returns: how many were not known.
  private static func add(_ db: Database, _ batch: F0Batch, batch id: Int64, insteadOf withdrawn: [[UInt8]]) throws
    -> Int
  {
    let addition = try EntryAddition(db)
    let moved = try withdrawn.compactMap {
      try Int64.fetchOne(db, sql: "SELECT id FROM f0Batch WHERE sha256 = ?", arguments: [Data($0)])
    }
    let move = try db.cachedStatement(
      sql: """
        UPDATE f0Entry SET batch = ? WHERE dailyKey = ? AND start = ? AND "end" = ? AND slotsPerDay = ? AND batch = ?
        """)
    let owner = try db.cachedStatement(
      sql: """
        SELECT f0Entry.id, batch, f0Batch.id IS NULL OR \(SalvageRepairs.isStandIn) AS isStray FROM f0Entry LEFT JOIN f0Batch ON f0Batch.id = batch
        WHERE dailyKey = ? AND start = ? AND "end" = ? AND slotsPerDay = ?
        """)
    let share = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO f0Shared (batch, entry, \"end\") VALUES (?, ?, ?)")
    try db.execute(sql: "DELETE FROM f0Shared WHERE batch = ?", arguments: [id])
    var new = 0
    for entry in batch.entries {
      if try addition.add(entry, batch: id) {
        new += 1
        continue
      }
      let key = EntryAddition.key(entry)
      guard let row = try Row.fetchOne(owner, arguments: StatementArguments(key)) else { continue }
      let current: Int64 = try row.get("batch")
      if try moved.contains(current) || row.get("isStray") {
        let values: [any DatabaseValueConvertible] = [id] + key + [current]
        try move.execute(arguments: StatementArguments(values))
      } else if current != id {
        try share.execute(arguments: [id, row.get("id") as Int64, entry.end.seconds])
      }
    }
    return new
  }

  /// - Returns: entries that are forgotten.
  private static func withdraw(_ db: Database, _ sha256: [UInt8], region: String) throws -> Int {
    guard
      let id = try Int64.fetchOne(
        db, sql: "SELECT id FROM f0Batch WHERE sha256 = ? AND region = ?", arguments: [Data(sha256), region])
    else { return 0 }
    try db.execute(sql: "DELETE FROM f0Entry WHERE batch = ?", arguments: [id])
    let forgotten = db.changesCount
    try db.execute(sql: "DELETE FROM f0Batch WHERE id = ?", arguments: [id])
    return forgotten
  }

  private static func setFeed(
    _ db: Database, _ manifest: FeedManifest, _ json: [UInt8], _ source: String?, _ validators: FeedValidators?,
    at now: Moment
  ) throws {
    try db.execute(
      sql: """
        INSERT INTO feed (region, version, manifest, lastSync, source, etag, lastModified) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (region) DO UPDATE SET version = excluded.version, manifest = excluded.manifest,
          lastSync = coalesce(excluded.lastSync, lastSync), source = excluded.source, etag = excluded.etag,
          lastModified = excluded.lastModified
        """,
      arguments: [
        manifest.region, manifest.version, Data(json), now.isSynchronised ? now.utc.seconds : nil, source,
        validators?.etag, validators?.lastModified,
      ])
  }

  /// Batches that the feed no longer lists and of whose entries none is left are known no more.
  private static func forgetOldBatches(_ db: Database, _ manifest: FeedManifest) throws {
    let listed = Set(manifest.batches.map(\.sha256))
    let idle = try Row.fetchAll(
      db, sql: "SELECT id, sha256 FROM f0Batch WHERE region = ? AND id NOT IN (SELECT batch FROM f0Entry)",
      arguments: [manifest.region])
    for row in idle {
      guard try !listed.contains([UInt8](row.get("sha256") as Data)) else { continue }
      try db.execute(sql: "DELETE FROM f0Batch WHERE id = ?", arguments: [row.get("id") as Int64])
    }
  }
}
