// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("Rows that rot in a way that SQLite reads on") struct RottenRowsTests {
  private static let day = SalvageSample.day
  private let folder: Folder

  init() throws {
    folder = try Folder()
    let store = try Store(dataFolder: folder.path, access: .create)
    try store.write([SalvageSample.heard(1, at: Self.day), SalvageSample.heard(2, at: Self.day)], boot: "b")
    try store.addVisits(withoutPhone: 3, at: UTCTime(seconds: Self.day))
    store.close()
  }

  /// One bit of a row's head makes NULL of 0. The tables' own words are out of the way meanwhile.
  private func empty(_ table: String, _ column: String, id: String) throws {
    let database = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try database.writeWithoutTransaction { db in
      let sql = try #require(
        try String.fetchOne(db, sql: "SELECT sql FROM sqlite_schema WHERE name = ?", arguments: [table]))
      func set(_ sql: String) throws {
        try db.execute(sql: "PRAGMA writable_schema = ON")
        try db.execute(sql: "UPDATE sqlite_schema SET sql = ? WHERE name = ?", arguments: [sql, table])
        let version = try Int.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(sql: "PRAGMA schema_version = \(version + 1)")
        try db.execute(sql: "PRAGMA writable_schema = OFF")
      }
      let line = try #require(sql.range(of: #""?\#(column)"? [A-Z]+ NOT NULL"#, options: .regularExpression))
      try set(sql.replacingCharacters(in: line, with: "\(column) INTEGER"))
    }
    try database.close()
    let second = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try second.writeWithoutTransaction { db in
      try db.execute(sql: "UPDATE \(table) SET \(column) = NULL WHERE \(id)")
      #expect(db.changesCount == 1)
      try db.execute(sql: "PRAGMA writable_schema = ON")
      try db.execute(
        sql: "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?",
        arguments: ["\(column) INTEGER", "\(column) INTEGER NOT NULL", table])
      let version = try Int.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
      try db.execute(sql: "PRAGMA schema_version = \(version + 1)")
    }
    try second.close()
  }

  @Test("A visit: reading is an error and no end of the program, and the repair keeps the others")
  func visit() throws {
    try empty("visit", "prompted", id: "id = 2")
    let store = try Store(dataFolder: folder.path, access: .change)
    #expect(throws: StoreError.self) { try store.visits() }
    do { _ = try store.visits() } catch {
      #expect("\(error)".contains("is damaged"))
      #expect(!"\(error)".contains("\(Self.day)"))
    }
    let isDamaged = store.isDamaged.load(ordering: .relaxed)
    #expect(isDamaged)
    let report = try store.salvage()
    #expect(report.damagedRows == 1)
    #expect(try store.visits().map(\.id).sorted() == [1, 3])
  }

  @Test("The name of a step of the database that has rotted is damage, and no newer version") func step() throws {
    let database = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    let last = try #require(Migrations.migrator.migrations.last)
    func rename(_ from: String, _ to: String) throws {
      try database.write {
        try $0.execute(
          sql: "UPDATE grdb_migrations SET identifier = ? WHERE identifier = ?", arguments: [to, from])
      }
    }
    try rename(last, last + "~")
    let repaired = try Store.repaired(dataFolder: folder.path, access: .change)
    #expect(repaired.report != nil)
    #expect(try repaired.store.visits().count == 3)
    repaired.store.close()
    try DatabaseQueue(path: folder.path + "/kiosk.sqlite").write {
      try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('of a later version')")
    }
    #expect {
      try Store.repaired(dataFolder: folder.path, access: .change)
    } throws: {
      if case .newerSchema = $0 as? StoreError { true } else { false }
    }
  }

  @Test("A contact, and the commands that read it") func contact() throws {
    try empty("contactRow", "count", id: "blid = (SELECT min(blid) FROM contactRow)")
    let command = try Program.run("log", "--data", folder.path)
    #expect(command.code == 0, "\(command.messages)")
    let store = try Store(dataFolder: folder.path, access: .change)
    let (from, to) = (UTCTime(seconds: Self.day), UTCTime(seconds: Self.day + 900))
    #expect(throws: StoreError.self) { try store.contacts(from: from, to: to) }
    #expect(throws: StoreError.self) {
      try store.write([SalvageSample.heard(1, at: Self.day + 5), SalvageSample.heard(2, at: Self.day + 5)], boot: "b")
      while try store.pack(before: to) {}
    }
    _ = try store.salvage()
    #expect(try store.contacts(from: from, to: to).count >= 1)
    #expect(try store.repairWords(since: from)?.contains("rows not readable") == true)
  }
}
