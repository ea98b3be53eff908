// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// Makes the rows that were saved fit together, where what they belong to is lost.
enum SalvageRepairs {
  static func run(_ db: Database, _ report: inout Salvage.Report, at now: UTCTime) throws {
    try keepContactsOnce(db)
    try standIn(db)
    report.lostImports = try lostImports(db, at: now)
    // What the feed has signed comes again and is put right, whatever of it was saved: what stands beside entries (how many
    // there must be) may have rotted as they did.
    try db.execute(sql: "UPDATE f0Batch SET isAccounted = 0 WHERE region IS NOT NULL")
    // The mark may be older than the rows. Without one, pages of the journal are compared with them.
    try db.execute(sql: "DELETE FROM journal")
    report.rows["journal"] = nil
    // An exposure without its entry says nothing. If the feed brings the entry again, it is found again.
    for (table, sql) in [
      ("exposure", "DELETE FROM exposure WHERE f0 NOT IN (SELECT id FROM f0Entry)"),
      ("f0Expected", "DELETE FROM f0Expected WHERE batch NOT IN (SELECT id FROM f0Batch)"),
      ("f0Shared", "DELETE FROM f0Shared WHERE batch NOT IN (SELECT id FROM f0Batch)"),
      ("exposedCase", "DELETE FROM exposedCase WHERE f0 NOT IN (SELECT id FROM f0Entry)"),
      (
        "seenExposure",
        "DELETE FROM seenExposure WHERE (f0, slot, blid) NOT IN (SELECT f0, slot, blid FROM exposure)"
      ),
    ] {
      try db.execute(sql: sql)
      report.rows[table] = report.rows[table].map { $0 - db.changesCount }
    }
    try db.execute(
      sql: """
        INSERT INTO exposedCase (f0, state, foundAt)
        SELECT f0, 0, max(last) FROM exposure WHERE f0 NOT IN (SELECT f0 FROM exposedCase) GROUP BY f0
        """)
    // Exposures that are lost are found again, since all entries are compared again.
    try db.execute(sql: "UPDATE f0Entry SET isMatched = 0")
    try db.execute(sql: "UPDATE f0Revision SET number = number + 1")
    let broken = try Int.fetchOne(db, sql: "SELECT count(*) FROM pragma_foreign_key_check") ?? 0
    guard broken == 0 else { throw StoreError.failed(reason: "the repaired tables do not fit together") }
  }

  /// A row that came from an older state of its page may be in a pack already.
  private static func keepContactsOnce(_ db: Database) throws {
    let packs = try Row.fetchCursor(
      db, sql: "SELECT slot, ids FROM contactPack WHERE slot IN (SELECT DISTINCT slot FROM contactRow)")
    var doubles: [(Int64, BluezoneID)] = []
    while let row = try packs.next() {
      let (slot, ids) = try (row.get("slot") as Int64, [UInt8](row.get("ids") as Data))
      try ContactPack.forEachID(ids.span, slot: slot) { doubles.append((slot, BluezoneID(high: $0, low: $1))) }
    }
    let delete = try db.cachedStatement(sql: "DELETE FROM contactRow WHERE slot = ? AND blid = ?")
    for (slot, id) in doubles { try delete.execute(arguments: [slot, id.data]) }
  }

  /// Files that nobody signed, and of whose entries some are lost: no feed brings them again.
  private static func lostImports(_ db: Database, at now: UTCTime) throws -> [Salvage.Report.LostImport] {
    // Entries that ended before it were purged.
    let through =
      try Int64.fetchOne(db, sql: "SELECT through FROM f0Purge")
      ?? now.seconds - Int64(Settings().contactRetentionDays) * 86_400
    // Those that an index gave back are there, under no batch.
    let restored = try Row.fetchAll(db, sql: "SELECT \"end\", count(*) AS n FROM f0Entry WHERE batch = 0 GROUP BY 1")
    let pool = Dictionary(
      uniqueKeysWithValues: try restored.map { (try $0.get("end") as Int64, try $0.get("n") as Int) })
    let lacks = try Row.fetchAll(
      db,
      sql: """
        SELECT batch, "end", entries - (
          SELECT count(*) FROM f0Entry WHERE f0Entry.batch = f0Expected.batch AND f0Entry."end" = f0Expected."end"
        ) AS missing FROM f0Expected WHERE "end" >= ? AND missing > 0
        """, arguments: [through])
    let all = Dictionary(
      try lacks.map { (try $0.get("end") as Int64, try $0.get("missing") as Int) }, uniquingKeysWith: +)
    var missing: [Int64: Int] = [:]
    for lack in lacks {
      let end: Int64 = try lack.get("end")
      guard pool[end, default: 0] < all[end, default: 0] else { continue }
      try missing[lack.get("batch"), default: 0] += lack.get("missing") as Int
    }
    // Of a batch that an index gave back the audit log says whether somebody imported it, and when.
    return try missing.sorted { $0.key < $1.key }.compactMap { id, missing in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT sha256, coalesce(nullif(importedAt, 0), (
            SELECT max(at) FROM audit WHERE action = ? AND outcome = 'done'
              AND detail = 'sha256 ' || lower(hex(f0Batch.sha256)))) AS time
          FROM f0Batch WHERE id = ? AND region IS NULL AND time IS NOT NULL
          """, arguments: [AuditEntry.Action.importUnsigned.rawValue, id])
      // It is told once.
      if row != nil { try Store.account(db, batch: id) }
      return try row.map {
        try Salvage.Report.LostImport(
          importedAt: UTCTime(seconds: $0.get("time")), sha256: [UInt8]($0.get("sha256") as Data), missing: missing)
      }
    }
  }

  /// How many bytes of a stand-in's hash are zero: no file's are.
  static let standInZeros = 24

  /// SQL's condition for a stand-in.
  static let isStandIn = "substr(f0Batch.sha256, 1, \(standInZeros)) = zeroblob(\(standInZeros))"

  /// Once the whole of what a feed lists has been applied: entries that stand under a stand-in still are of a batch that was
  /// withdrawn meanwhile, unless a person ever imported a file.
  static func forgetStandIns(_ db: Database) throws {
    let hasImports = try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM f0Batch WHERE region IS NULL AND NOT \(isStandIn))
          OR EXISTS (SELECT 1 FROM audit WHERE action = ?)
        """, arguments: [AuditEntry.Action.importUnsigned.rawValue])
    if hasImports == false {
      try db.execute(sql: "DELETE FROM f0Entry WHERE batch IN (SELECT id FROM f0Batch WHERE \(isStandIn))")
    }
    try db.execute(
      sql: "DELETE FROM f0Batch WHERE \(isStandIn) AND id NOT IN (SELECT batch FROM f0Entry)")
  }

  /// Entries keep their batch's number; where the batch is lost, a stand-in without a feed has it. Its hash is none of a
  /// file, so that a feed fetches the batch again.
  private static func standIn(_ db: Database) throws {
    let missing = try Int64.fetchAll(
      db, sql: "SELECT DISTINCT batch FROM f0Entry WHERE batch NOT IN (SELECT id FROM f0Batch)")
    for id in missing {
      let hash =
        [UInt8](repeating: 0, count: standInZeros) + (0..<8).map { UInt8(truncatingIfNeeded: id >> (56 - 8 * $0)) }
      try db.execute(
        sql: """
          INSERT INTO f0Batch (id, importedAt, sha256, entries)
          SELECT ?, 0, ?, count(*) FROM f0Entry WHERE batch = ?
          """, arguments: [id, Data(hash), id])
    }
  }
}
