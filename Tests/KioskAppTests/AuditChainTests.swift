// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import Testing
import Tracer

@testable import KioskApp

/// An attacker has the database's file: triggers are dropped, rows are changed with SQL.
@Suite("The audit log's chain") struct AuditChainTests {
  let folder: Folder
  let store: Store

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
    for n in 1...5 {
      let authority = try AuditEntry.Authority(operatorName: "Nguyễn Thị Hà", reason: "CV \(n)/CDC")
      let entry = AuditEntry(
        at: UTCTime(seconds: 1_700_000_000 + Int64(n)), action: .exportTrace, authority: authority, detail: "file \(n)",
        outcome: n == 4 ? .done : .attempted, attempt: n == 4 ? 3 : nil)
      #expect(try store.addAudit(entry) == Int64(n))
    }
  }

  private func attack(_ sql: String...) throws {
    try DatabaseQueue(path: store.path).write { db in
      for trigger in ["auditIsNotChanged", "auditIsNotDeleted", "auditIsNotReplaced"] {
        try db.execute(sql: "DROP TRIGGER \(trigger)")
      }
      for statement in sql { try db.execute(sql: statement) }
    }
  }

  private func verify(_ arguments: String...) throws -> Program.Result {
    try Program.start(["audit", "--verify", "--data", folder.path] + arguments).finish()
  }

  @Test("fits as it was written, and its head is the one that is told") func whole() throws {
    let verdict = try store.verifyAudit()
    #expect(verdict.fault == nil && verdict.chain.entries == 5)
    #expect(try store.auditHead() == verdict.chain.head)
    let result = try verify()
    #expect(result.code == 0)
    #expect(result.output == "Every entry fits.\naudit log: 5 entries, head \(verdict.chain.head.hash)\n")
    for entry in try store.audit() {
      let noted = try store.verifyAudit(head: Hex.string(entry.hash))
      #expect(noted.noted == entry.id && noted.fault == nil)
    }
  }

  /// Worked out with Python: struct.pack and hashlib.
  @Test("is SHA-256 over the hash before and every field, each behind its length") func encoding() {
    let fields = AuditChain.Fields(
      id: 1, at: 2, action: Array("a".utf8), outcome: Array("done".utf8), attempt: nil, operatorName: Array("b".utf8),
      reason: Array("c".utf8), detail: Array("d".utf8), user: 3)
    let hash = AuditChain.hash(after: AuditChain().hash, fields)
    #expect(Hex.string(hash) == "74137f58136eaba264c42aabd850f375e3ff38f6b2c48fa35e4d3f766d03b2bf")
    var linked = fields
    linked.attempt = 7
    #expect(
      Hex.string(AuditChain.hash(after: hash, linked))
        == "1153c716581f7de05ac40e72f66969c4da0a8fe53a6dd6d6901bdf8949c237fe")
  }

  @Test(
    "does not fit when any field of any row is another",
    arguments: [
      "at = at + 1", "action = 'purge'", "operator = 'Nguyễn Thị Ha'", "reason = reason || ' '",
      "detail = detail || char(0) || 'x'", "detail = ''", "user = user + 1", "outcome = 'failed'",
      "attempt = coalesce(attempt, 0) + 1", "hash = zeroblob(32)", "hash = NULL", "outcome = NULL",
      "operator = reason, reason = operator",
    ], 1...5)
  func field(change: String, row: Int) throws {
    try attack("UPDATE audit SET \(change) WHERE id = \(row)")
    let fault = try #require(try store.verifyAudit().fault)
    #expect(fault == .altered(entry: Int64(row)))
    // The program's words are the same for every row.
    guard row == 3 else { return }
    let result = try verify()
    #expect(result.code == 1 && result.output.isEmpty && result.messages.contains("entry \(row) does not fit"))
  }

  @Test(
    "does not fit when rows are removed, swapped, renumbered or put in",
    arguments: [
      (["DELETE FROM audit WHERE id = 1"], AuditChain.Break.missing(entries: 1...1)),
      (["DELETE FROM audit WHERE id = 3"], .missing(entries: 3...3)),
      (["DELETE FROM audit WHERE id = 3", "UPDATE audit SET id = id - 1 WHERE id > 3"], .altered(entry: 3)),
      (
        [
          "UPDATE audit SET id = 100 WHERE id = 2", "UPDATE audit SET id = 2 WHERE id = 3",
          "UPDATE audit SET id = 3 WHERE id = 100",
        ], .altered(entry: 2)
      ),
      (
        [
          "UPDATE audit SET id = -id WHERE id > 2", "UPDATE audit SET id = 1 - id WHERE id < 0",
          "INSERT INTO audit SELECT 3, at, action, operator, reason, detail, user, outcome, attempt, hash FROM audit "
            + "WHERE id = 2",
        ], .altered(entry: 3)
      ),
      (
        ["INSERT INTO audit (at, action, operator, reason, detail, user) VALUES (1, 'purge', 'x', 'x', 'x', 0)"],
        .altered(entry: 6)
      ),
      (
        ["INSERT INTO audit (id, at, action, operator, reason, detail, user) VALUES (-1, 1, 'x', 'x', 'x', 'x', 0)"],
        .altered(entry: -1)
      ),
    ])
  func rows(statements: [String], fault: AuditChain.Break) throws {
    try DatabaseQueue(path: store.path).write { db in
      for trigger in ["auditIsNotChanged", "auditIsNotDeleted", "auditIsNotReplaced"] {
        try db.execute(sql: "DROP TRIGGER \(trigger)")
      }
      for statement in statements { try db.execute(sql: statement) }
    }
    #expect(try store.verifyAudit().fault == fault)
    let result = try verify()
    #expect(result.code == 1 && result.messages.contains("\(fault)"))
  }

  @Test("tells a gap before a repair of the database from an entry that was altered") func repaired() throws {
    try attack("DELETE FROM audit WHERE id IN (2, 3)")
    var result = try verify()
    #expect(
      result.code == 1 && result.messages.contains("was altered: entries 2 to 3 are missing"), "\(result.messages)")
    try store.addAudit(AuditEntry(at: UTCTime(seconds: 1), action: .salvage, authority: .kiosk, detail: "test"))
    let verdict = try store.verifyAudit()
    #expect(verdict.fault == .missing(entries: 2...3) && verdict.fitting == 1 && verdict.repair == 6)
    result = try verify()
    #expect(
      result.code == 1 && result.messages.contains("has a gap: entries 2 to 3 are missing. The entries before fit"))
    #expect(result.messages.contains("Entry 6 tells of a repair"))
    // What was altered is no repair's doing.
    try DatabaseQueue(path: store.path).write { try $0.execute(sql: "UPDATE audit SET reason = 'x' WHERE id = 5") }
    #expect(try store.verifyAudit().repair == nil)
    #expect(try verify().messages.contains("was altered"))
  }

  @Test("shows a cut-off end by the head that was noted, and by the next entry's number") func truncated() throws {
    let head = try store.auditHead().hash
    try attack("DELETE FROM audit WHERE id = 5")
    #expect(try verify().code == 0)
    let noted = try verify("--head", head)
    #expect(noted.code == 1 && noted.messages.contains("the newest entries were removed"), "\(noted.messages)")
    // An older one is there still.
    let before = Hex.string(try store.audit()[3].hash)
    #expect(try verify("--head", String(before.prefix(16))).code == 0)
    let authority = try AuditEntry.Authority(operatorName: "An", reason: "later")
    try store.addAudit(AuditEntry(at: UTCTime(seconds: 1), action: .purge, authority: authority, detail: ""))
    #expect(try store.verifyAudit().fault == .missing(entries: 5...5))
  }

  @Test("shows a log that was written again, whole and fitting, by the head that was noted") func rebuilt() throws {
    let head = try store.auditHead().hash
    let rows = try store.audit()
    try attack("DELETE FROM audit", "DELETE FROM sqlite_sequence WHERE name = 'audit'")
    for row in rows {
      let authority = try AuditEntry.Authority(operatorName: "Trần Văn An", reason: row.reason)
      try store.addAudit(AuditEntry(at: row.at, action: .exportTrace, authority: authority, detail: row.detail))
    }
    #expect(try verify().code == 0)
    let noted = try verify("--head", head)
    #expect(noted.code == 1 && noted.messages.contains("the log was written again"))
    let json = try verify("--head", head, "--json")
    #expect(json.code == 1 && json.output.contains("\"fits\":false"))
  }

  @Test(
    "refuses a head that says nothing", arguments: [["--head", "ab"], ["--head", String(repeating: "g", count: 64)]])
  func head(arguments: [String]) throws {
    #expect(try Program.start(["audit", "--verify", "--data", folder.path] + arguments).finish().code == 64)
    let alone = try Program.run("audit", "--head", String(repeating: "a", count: 64), "--data", folder.path)
    #expect(alone.code == 64)
  }

  @Test("begins at nothing: an empty log fits") func empty() throws {
    let folder = try Folder()
    let store = try Store(dataFolder: folder.path, access: .create)
    #expect(try store.verifyAudit() == Store.AuditVerdict())
    #expect(try store.auditHead() == .init(entries: 0, hash: String(repeating: "0", count: 64)))
  }

  @Test("takes in the rows of a database that had no chain, and marks where it begins") func migration() throws {
    let folder = try Folder()
    let queue = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try Migrations.migrator.migrate(queue, upTo: "packs 1: contacts of slots that are over")
    try queue.write { db in
      for (n, action) in ["export-trace", "import-unsigned", "show-identity"].enumerated() {
        try db.execute(
          sql: "INSERT INTO audit (at, action, operator, reason, detail, user) VALUES (?, ?, 'An', 'CV', ?, 0)",
          arguments: [n, action, "\(n)"])
      }
    }
    try queue.close()
    let store = try Store(dataFolder: folder.path, access: .change)
    let rows = try store.audit()
    #expect(rows.map(\.action) == ["export-trace", "import-unsigned", "show-identity", "begin-chain"])
    #expect(rows.map(\.outcome) == ["attempted", "done", "attempted", "done"])
    #expect(rows[3].operatorName == "kiosk" && rows[3].detail.hasPrefix("3 entries before this one"))
    let verdict = try store.verifyAudit()
    #expect(verdict.fault == nil && verdict.chain.entries == 4)
    #expect(throws: DatabaseError.self) {
      try DatabaseQueue(path: store.path).write { try $0.execute(sql: "UPDATE audit SET at = 0") }
    }
  }
}
