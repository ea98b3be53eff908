// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// Makes the rows that were saved fit together, where what they belong to is lost.
enum SalvageRepairs {
  static func run(_ db: Database, _ report: inout Salvage.Report) throws {
    try keepContactsOnce(db)
    try standIn(db)
    // An exposure without its entry says nothing. If the feed brings the entry again, it is found again.
    for (table, sql) in [
      ("exposure", "DELETE FROM exposure WHERE f0 NOT IN (SELECT id FROM f0Entry)"),
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
      let (slot, ids) = (row["slot"] as Int64, [UInt8](row["ids"] as Data))
      try ContactPack.forEachID(ids.span, slot: slot) { doubles.append((slot, BluezoneID(high: $0, low: $1))) }
    }
    let delete = try db.cachedStatement(sql: "DELETE FROM contactRow WHERE slot = ? AND blid = ?")
    for (slot, id) in doubles { try delete.execute(arguments: [slot, id.data]) }
  }

  /// Entries keep their batch's number; where the batch is lost, a stand-in without a feed has it. Its hash is none of a
  /// file, so that a feed fetches the batch again.
  private static func standIn(_ db: Database) throws {
    let missing = try Int64.fetchAll(
      db, sql: "SELECT DISTINCT batch FROM f0Entry WHERE batch NOT IN (SELECT id FROM f0Batch)")
    for id in missing {
      let hash = [UInt8](repeating: 0, count: 24) + (0..<8).map { UInt8(truncatingIfNeeded: id >> (56 - 8 * $0)) }
      try db.execute(
        sql: """
          INSERT INTO f0Batch (id, importedAt, sha256, entries)
          SELECT ?, 0, ?, count(*) FROM f0Entry WHERE batch = ?
          """, arguments: [id, Data(hash), id])
    }
  }
}
