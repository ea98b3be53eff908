// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import Glibc
import Tracer

/// The audit log. Rows are added, and the database itself refuses to change or delete one.
extension Store {
  /// Puts on record what is about to be done. Where this fails, it must not be done.
  func addAudit(_ entry: AuditEntry) throws(StoreError) {
    try write { db in try Self.addAudit(db, entry) }
  }

  /// The same inside a transaction that does what is put on record.
  static func addAudit(_ db: Database, _ entry: AuditEntry) throws {
    try db.execute(
      sql: "INSERT INTO audit (at, action, operator, reason, detail, user) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        entry.at.seconds, entry.action.rawValue, entry.authority.operatorName, entry.authority.reason, entry.detail,
        Int64(getuid()),
      ])
  }

  struct LoggedAudit: Equatable {
    var id: Int64
    var at: UTCTime
    /// `AuditEntry.Action`, or what a later version wrote.
    var action: String
    var operatorName: String
    var reason: String
    var detail: String
    /// The system's number of the user whose program did it.
    var user: Int64
  }

  /// The whole audit log, the oldest first.
  func audit() throws(StoreError) -> [LoggedAudit] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM audit ORDER BY id").map {
        LoggedAudit(
          id: $0["id"], at: UTCTime(seconds: $0["at"]), action: $0["action"], operatorName: $0["operator"],
          reason: $0["reason"], detail: $0["detail"], user: $0["user"])
      }
    }
  }
}
