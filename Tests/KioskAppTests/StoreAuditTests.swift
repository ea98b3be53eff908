// SPDX-License-Identifier: GPL-3.0-or-later
import GRDB
import Testing
import Tracer

@testable import KioskApp

@Suite("The audit log") struct StoreAuditTests {
  let folder: Folder
  let store: Store

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
  }

  private func entry(_ detail: String, at seconds: Int64 = 1_700_000_000) throws -> AuditEntry {
    AuditEntry(
      at: UTCTime(seconds: seconds), action: .exportTrace,
      authority: try AuditEntry.Authority(operatorName: "Nguyễn Thị Hà", reason: "CV 123/CDC"), detail: detail)
  }

  @Test("keeps what was put on record, the oldest first") func keeps() throws {
    try store.addAudit(try entry("one"))
    try store.addAudit(try entry("two", at: 1_600_000_000))
    let rows = try store.audit()
    #expect(rows.map(\.detail) == ["one", "two"])
    #expect(rows[0].operatorName == "Nguyễn Thị Hà" && rows[0].reason == "CV 123/CDC")
    #expect(rows[0].action == "export-trace" && rows[0].at.seconds == 1_700_000_000)
  }

  @Test(
    "refuses to be changed, deleted or written over, whoever asks",
    arguments: [
      "UPDATE audit SET reason = 'x'", "UPDATE audit SET id = 7", "DELETE FROM audit",
      "INSERT OR REPLACE INTO audit (id, at, action, operator, reason, detail, user) VALUES (1, 0, '', '', '', '', 0)",
    ])
  func appendOnly(sql: String) throws {
    try store.addAudit(try entry("one"))
    let before = try store.audit()
    let queue = try DatabaseQueue(path: store.path)
    #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: sql) } }
    #expect(try store.audit() == before)
  }

  @Test(
    "wants a name and a reason that can be read",
    arguments: [
      ("", "x"), (" ", "x"), ("x", ""), ("x", "\t"), ("x\ny", "x"), ("x", "a\u{1B}[2J"),
      (String(repeating: "x", count: 101), "x"), ("x", String(repeating: "x", count: 501)),
    ])
  func refused(name: String, reason: String) {
    #expect(throws: AuditEntry.Authority.Refusal.self) {
      try AuditEntry.Authority(operatorName: name, reason: reason)
    }
  }
}
