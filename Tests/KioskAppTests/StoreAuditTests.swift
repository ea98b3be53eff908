// SPDX-License-Identifier: GPL-3.0-or-later
import GRDB
import KioskCore
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
      ("a\u{202E}b", "x"), ("x", "a\u{2028}b"), ("x", "a\u{2029}b"), ("x\u{2066}", "x"), ("kiosk", "x"),
      (String(repeating: "x", count: 101), "x"), ("x", String(repeating: "x", count: 501)),
    ])
  func refused(name: String, reason: String) {
    #expect(throws: AuditEntry.Authority.Refusal.self) {
      try AuditEntry.Authority(operatorName: name, reason: reason)
    }
  }

  @Test("says attempted before an act and done after it, or failed with the cause") func outcomes() throws {
    let entry = try entry("a file")
    let value = try store.onRecord(entry) { attempt, detail in
      let before = try store.audit()
      #expect(before.map(\.outcome) == ["attempted"])
      detail += ": 7 rows"
      return attempt
    }
    #expect(value == 1)
    #expect(throws: FileError.self) {
      try store.onRecord(entry) { _, _ in throw FileError("the stick\nwas pulled") }
    }
    let rows = try store.audit()
    #expect(rows.map(\.outcome) == ["attempted", "done", "attempted", "failed"])
    #expect(rows.map(\.attempt) == [nil, 1, nil, 3])
    #expect(rows.map(\.detail) == ["a file", "a file: 7 rows", "a file", "a file: the stick\u{FFFD}was pulled"])
  }

  @Test("does nothing where the log cannot be written") func refusedByTheDisk() throws {
    let reader = try Store(dataFolder: folder.path, access: .look)
    let entry = try entry("a file")
    var isDone = false
    #expect(throws: StoreError.self) { try reader.onRecord(entry) { _, _ in isDone = true } }
    #expect(!isDone)
    #expect(try store.audit().isEmpty)
  }

  @Test("notes what a purge deleted, by kind, and nothing where it deleted nothing") func purges() throws {
    let now = UTCTime(seconds: 1_700_000_000)
    let old = UTCTime(seconds: now.seconds - 20 * 86_400)
    let id = try #require(BluezoneID([UInt8](repeating: 1, count: 12)))
    func contact(_ time: UTCTime, _ last: UInt8) throws -> ContactUpdate {
      let id = try #require(BluezoneID([UInt8](repeating: 1, count: 11) + [last]))
      return .init(id: id, span: .dated(first: time, last: time), strength: .init())
    }
    try store.write(try (1...7).map { try contact(old, $0) } + [contact(now, 1)], boot: "b")
    while try store.pack(before: UTCTime(seconds: now.seconds - 86_400)) {}
    try store.write([try contact(old, 9)], boot: "b")
    try store.write(
      [.init(id: id, span: .undated(first: .init(milliseconds: 0), last: .init(milliseconds: 0)), strength: .init())],
      boot: "another")
    try store.write { db in try db.execute(sql: "INSERT INTO boot (id, operating) VALUES ('another', 0)") }
    try store.addVisits(withoutPhone: 2, at: old)
    func purge() throws {
      let limit = UTCTime(seconds: now.seconds - 14 * 86_400)
      try store.recordPurge("by test", at: now) { () throws(StoreError) in
        var purged = try store.purge(before: limit, boot: "b")
        purged += try store.purgeVisits(before: limit, boot: "b")
        purged += try store.purgeUndated(UndatedPurge(contactsBefore: 1000, visitsBefore: 1000), boot: "b")
        return purged
      }
    }
    try purge()
    try purge()
    let rows = try store.audit().filter { $0.action == "purge" }
    #expect(rows.map(\.detail) == ["8 contacts, 1 contacts without a date, 2 visits; by test"])
    #expect(rows[0].operatorName == "kiosk" && rows[0].outcome == "done")
  }

  @Test("notes that the settings are others, once, by their hashes alone") func settings() throws {
    let (one, two) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
    for sha256 in [one, one, two, two, one] { try store.noteSettings(sha256: sha256, at: UTCTime(seconds: 5)) }
    let details = try store.audit().map(\.detail)
    #expect(details.count == 3)
    #expect(details[0].hasSuffix("sha256 \(Hex.string(one)); none on record before"))
    #expect(details[1].hasSuffix("sha256 \(Hex.string(two)); before: sha256 \(Hex.string(one))"))
    #expect(try store.audit().allSatisfy { $0.action == "change-configuration" && $0.operatorName == "kiosk" })
  }
}
