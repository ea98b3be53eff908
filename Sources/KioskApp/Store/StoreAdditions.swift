// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import KioskCore
import Tracer

/// People without a phone whom staff counted by hand, and what of it they took back. Both are on record.
extension Store {
  /// What one `kiosk log add` counted.
  struct Addition: Equatable {
    var id: Int64
    var count: Int
    /// When the people came, as staff gave it.
    var time: UTCTime
  }

  /// Why an addition cannot be taken back.
  enum UndoRefusal: Error, CustomStringConvertible {
    case nothing
    case unknown(Int64)

    var description: String {
      switch self {
      case .nothing: "nothing was added within a day that could be taken back"
      case .unknown(let id):
        "there is no addition \(id) of the last day that could be taken back; kiosk audit lists them"
      }
    }
  }

  /// Adds people without a phone, as staff counted them, who came at `time`.
  @discardableResult
  func addVisits(
    withoutPhone count: Int, at time: UTCTime, enteredAt now: UTCTime = SystemClock.utc()
  ) throws(StoreError) -> Addition {
    let journal = readJournal()
    return try write { db in
      try db.execute(sql: "DELETE FROM addition WHERE addedAt < ?", arguments: [now.seconds - AppLimits.undoSeconds])
      try db.execute(sql: "INSERT INTO addition (addedAt) VALUES (?)", arguments: [now.seconds])
      let addition = Addition(id: db.lastInsertedRowID, count: count, time: time)
      // Rows that visits in the journal are to have are left free.
      let newest = try Self.newestRow(db, try journal.news(db))
      for i in 1...Int64(max(count, 1)) where i <= count {
        try db.execute(
          sql: """
            INSERT INTO visit (id, start, "end", kind, prompted, installed, open, addition)
            VALUES (?, ?, ?, ?, 0, 0, 0, ?)
            """, arguments: [newest + i, time.seconds, time.seconds, Visit.Kind.noPhone.rawValue, addition.id])
      }
      try Self.addAudit(
        db,
        AuditEntry(
          at: now, action: .addVisits, authority: .login(reason: "counted by hand"), detail: addition.words))
      return addition
    }
  }

  /// Takes an addition of the last day back: the one named, else the last one.
  ///
  /// - Throws: `StoreError` or `UndoRefusal`.
  func undoAddition(_ id: Int64?, at now: UTCTime = SystemClock.utc()) throws -> Addition {
    var refusal: UndoRefusal?
    do throws(StoreError) {
      return try write { db in
        let row = try Row.fetchOne(
          db,
          sql: """
            SELECT addition AS id, count(*) AS number, min(start) AS start FROM visit
            WHERE addition = coalesce(?, (SELECT max(addition) FROM visit WHERE addition IN (
                SELECT id FROM addition WHERE addedAt >= ?)))
              AND addition IN (SELECT id FROM addition WHERE addedAt >= ?)
            GROUP BY addition
            """, arguments: [id, now.seconds - AppLimits.undoSeconds, now.seconds - AppLimits.undoSeconds])
        guard let row else {
          refusal = id.map { .unknown($0) } ?? .nothing
          throw CancellationError()
        }
        let addition = try Addition(
          id: row.get("id"), count: row.get("number"), time: UTCTime(seconds: row.get("start")))
        try db.execute(sql: "DELETE FROM visit WHERE addition = ?", arguments: [addition.id])
        try db.execute(sql: "DELETE FROM addition WHERE id = ?", arguments: [addition.id])
        try Self.addAudit(
          db,
          AuditEntry(
            at: now, action: .undoVisits, authority: .login(reason: "counted wrongly"), detail: addition.words))
        return addition
      }
    } catch {
      if let refusal { throw refusal }
      throw error
    }
  }
}

extension Store.Addition {
  /// For people and the audit log.
  var words: String { "addition \(id): \(count) without a phone at \(SystemClock.rfc3339(time))" }
}
