// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import Glibc
import Tracer

/// The audit log. Rows are added and chained (`AuditChain`); the database itself refuses to change or delete one.
extension Store {
  /// Puts on record what is about to be done, or what was done. Where this fails, it must not be done.
  ///
  /// - Returns: the entry's number.
  @discardableResult
  func addAudit(_ entry: AuditEntry) throws(StoreError) -> Int64 {
    try write { db in try Self.addAudit(db, entry) }
  }

  /// The same inside a transaction that does what is put on record.
  @discardableResult
  static func addAudit(_ db: Database, _ entry: AuditEntry) throws -> Int64 {
    let last = try Row.fetchOne(db, sql: "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    // A number is never used again, also when the newest rows were removed by force: the gap shows it.
    let used = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'") ?? 0
    let fields = AuditChain.Fields(
      id: max(used, try last?.get("id") ?? 0) + 1, at: entry.at.seconds, action: Array(entry.action.rawValue.utf8),
      outcome: Array(entry.outcome.rawValue.utf8), attempt: entry.attempt,
      operatorName: Array(entry.authority.operatorName.utf8), reason: Array(entry.authority.reason.utf8),
      detail: Array(entry.detail.utf8), user: Int64(getuid()))
    let previous = (try last?.get("hash") as Data?).map { [UInt8]($0) } ?? AuditChain().hash
    try db.execute(
      sql: """
        INSERT INTO audit (id, at, action, operator, reason, detail, user, outcome, attempt, hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        fields.id, fields.at, entry.action.rawValue, entry.authority.operatorName, entry.authority.reason, entry.detail,
        fields.user, entry.outcome.rawValue, entry.attempt, Data(AuditChain.hash(after: previous, fields)),
      ])
    return fields.id
  }

  /// Does what is put on record: `attempted` is written before it, `done` or `failed` with the cause after it.
  ///
  /// - Parameter body: is told the number of the first entry; may add to the detail of the last one.
  /// - Throws: what `body` throws; `NotNoted` when it was done and the log could not take that.
  func onRecord<T>(
    _ entry: AuditEntry, _ body: (_ attempt: Int64, _ detail: inout String) throws -> T
  ) throws -> T {
    var end = entry
    var attempted = entry
    attempted.outcome = .attempted
    let attempt = try addAudit(attempted)
    end.attempt = attempt
    let value: T
    do { value = try body(attempt, &end.detail) } catch {
      addFailure(entry, attempt, error)
      throw error
    }
    end.outcome = .done
    end.at = SystemClock.utc()
    do throws(StoreError) { try addAudit(end) } catch { throw NotNoted(cause: error) }
    return value
  }

  /// The same for what writes `done` itself, in the transaction in which it is done.
  func onRecord<T>(_ entry: AuditEntry, doneBy body: (_ attempt: Int64) throws -> T) throws -> T {
    var attempted = entry
    attempted.outcome = .attempted
    let attempt = try addAudit(attempted)
    do { return try body(attempt) } catch {
      addFailure(entry, attempt, error)
      throw error
    }
  }

  private func addFailure(_ entry: AuditEntry, _ attempt: Int64, _ error: any Error) {
    var end = entry
    end.outcome = .failed
    end.attempt = attempt
    end.detail = "\(entry.detail): \(PlainText.shown("\(error)"))"
    end.at = SystemClock.utc()
    _ = try? addAudit(end)
  }

  /// It was done; the audit log could not take that any more.
  struct NotNoted: Error, CustomStringConvertible {
    var cause: StoreError

    var description: String { "it was done, but the audit log keeps it as attempted alone: \(cause)" }
  }

  struct LoggedAudit: Equatable {
    var id: Int64
    var at: UTCTime
    /// `AuditEntry.Action`, or what a later version wrote.
    var action: String
    /// `AuditEntry.Outcome`.
    var outcome: String
    var attempt: Int64?
    var operatorName: String
    var reason: String
    var detail: String
    /// The system's number of the user whose program did it.
    var user: Int64
    var hash: [UInt8]
  }

  /// The whole audit log, the oldest first.
  func audit() throws(StoreError) -> [LoggedAudit] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM audit ORDER BY id").map {
        try LoggedAudit(
          id: $0.get("id"), at: UTCTime(seconds: $0.get("at")), action: $0.get("action"),
          outcome: $0.get("outcome") ?? "",
          attempt: $0.get("attempt"), operatorName: $0.get("operator"), reason: $0.get("reason"),
          detail: $0.get("detail"),
          user: $0.get("user"), hash: [UInt8](($0.get("hash") as Data?) ?? Data()))
      }
    }
  }

  /// The chain's end as the last row states it. Only `verifyAudit` says whether it is right.
  func auditHead() throws(StoreError) -> AuditChain.Head {
    try read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1") else {
        return AuditChain().head
      }
      return try AuditChain.Head(
        entries: row.get("id"), hash: Hex.string([UInt8]((row.get("hash") as Data?) ?? Data())))
    }
  }

  /// What walking the chain found.
  struct AuditVerdict: Equatable {
    /// Up to the first entry that does not fit; beyond gaps.
    var chain = AuditChain()
    /// The first break.
    var fault: AuditChain.Break?
    /// Entries that fit, up to the first break.
    var fitting: Int64 = 0
    /// The first entry after the break that tells of a repair of the database, which may have lost entries; nil where
    /// entries behind the gap do not fit, too.
    var repair: Int64?
    /// The entry at whose end the head asked for stood; nil where none did.
    var noted: Int64?
  }

  /// Walks the whole chain.
  ///
  /// - Parameter head: hexadecimal digits at the beginning of a head that was noted earlier.
  func verifyAudit(head: String? = nil) throws(StoreError) -> AuditVerdict {
    try read { db in
      var verdict = AuditVerdict()
      let rows = try Row.fetchCursor(db, sql: Self.hashedFields)
      while let row = try rows.next() {
        let (fields, hash) = try (Self.fields(row), [UInt8]((row.get("hash") as Data?) ?? Data()))
        do throws(AuditChain.Break) {
          try verdict.chain.take(fields, hash: hash)
        } catch {
          verdict.fault = verdict.fault ?? error
          guard case .missing = error else {
            verdict.repair = nil
            return verdict
          }
          verdict.chain.take(unchecked: fields.id, hash: hash)
        }
        if verdict.fault == nil {
          verdict.fitting = fields.id
        } else if verdict.repair == nil, fields.action == Array(AuditEntry.Action.salvage.rawValue.utf8) {
          verdict.repair = fields.id
        }
        if let head, verdict.chain.head.hash.hasPrefix(head.lowercased()) { verdict.noted = verdict.chain.entries }
      }
      return verdict
    }
  }

  private static let hashedFields = """
    SELECT id, at, CAST(action AS BLOB) AS action, CAST(outcome AS BLOB) AS outcome, attempt,
      CAST(operator AS BLOB) AS operator, CAST(reason AS BLOB) AS reason, CAST(detail AS BLOB) AS detail, user, hash
    FROM audit ORDER BY id
    """

  private static func fields(_ row: Row) throws -> AuditChain.Fields {
    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try row.get(name) as Data? ?? Data()) }
    return try AuditChain.Fields(
      id: row.get("id"), at: row.get("at"), action: bytes("action"), outcome: bytes("outcome"),
      attempt: row.get("attempt"),
      operatorName: bytes("operator"), reason: bytes("reason"), detail: bytes("detail"), user: row.get("user"))
  }

  /// Chains the rows of a database whose version did not, and marks where the chain begins. The triggers are away
  /// meanwhile.
  static func chainOldAudit(_ db: Database, at now: UTCTime) throws {
    var previous = AuditChain().hash
    let rows = try Row.fetchAll(db, sql: hashedFields)
    for row in rows {
      let fields = try fields(row)
      previous = AuditChain.hash(after: previous, fields)
      try db.execute(sql: "UPDATE audit SET hash = ? WHERE id = ?", arguments: [Data(previous), fields.id])
    }
    guard !rows.isEmpty else { return }
    try addAudit(
      db,
      AuditEntry(
        at: now, action: .beginChain, authority: .kiosk,
        detail: "\(rows.count) entries before this one were written without hashes, and are chained from now on"))
  }
}
