// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Simulator
import Tracer

@testable import KioskApp

/// A database with something in every table, and ways to spoil it.
struct SalvageSample {
  /// A UTC midnight, the start of a slot.
  static let day: Int64 = 1_599_955_200

  let bytes: [UInt8]
  let tables: [String: Set<String>]
  let pages: [Page]

  /// What a page of the file is, as SQLite says.
  struct Page: Sendable, CustomStringConvertible {
    var number: Int
    /// A table or an index.
    var name: String
    var kind: String
    var cells: Int

    var description: String { "page \(number), \(kind) of \(name)" }
  }

  static func id(_ number: Int) -> BluezoneID {
    BluezoneID(high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15, low: UInt32(truncatingIfNeeded: number))
  }

  static func heard(_ number: Int, at time: Int64) -> ContactUpdate {
    ContactUpdate(
      id: id(number), span: .dated(first: UTCTime(seconds: time), last: UTCTime(seconds: time + Int64(number % 60))),
      strength: .init(count: 1 + number % 9, nearestDBm: -40 - number % 50, sumDBm: -number * 7), platform: .ios)
  }

  /// - Parameter scale: 1 makes some 80 pages.
  static func fill(_ folder: Folder, scale: Int = 1) throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    for slot in 0..<4 {
      try store.write(
        (0..<160 * scale).map { heard(slot * 10_000 + $0, at: day + Int64(slot) * 900 + Int64($0 % 800)) }, boot: "b")
    }
    while try store.pack(before: UTCTime(seconds: day + 4 * 900)) {}
    for slot in 4..<8 {
      try store.write(
        (0..<120 * scale).map { heard(slot * 10_000 + $0, at: day + Int64(slot) * 900 + Int64($0 % 800)) }, boot: "b")
    }
    try store.write(
      (0..<40).map { number in
        ContactUpdate(
          id: id(900_000 + number),
          span: .undated(
            first: MonotonicTime(milliseconds: Int64(number) * 1000), last: MonotonicTime(milliseconds: 90_000)),
          strength: .init(count: 1, nearestDBm: -50, sumDBm: -50))
      }, boot: "b")
    try store.addVisits(withoutPhone: 300 * scale, at: UTCTime(seconds: day + 100))
    let authority = try AuditEntry.Authority(operatorName: "Bác sĩ An", reason: "test")
    for batch in 0..<3 {
      let entries = (0..<50 * scale).compactMap { number in
        BluezoneKey([UInt8(batch), UInt8(number % 256), UInt8(number / 256)] + [UInt8](repeating: 7, count: 29)).map {
          F0Entry(dailyKey: $0, start: UTCTime(seconds: day), end: UTCTime(seconds: day + 86_399))
        }
      }
      _ = try store.addUnsigned(
        F0Batch(entries: entries), sha256: [UInt8](repeating: UInt8(batch + 1), count: 32), authority: authority,
        at: UTCTime(seconds: day))
    }
    for number in 0..<60 * scale {
      try store.addAudit(
        AuditEntry(
          at: UTCTime(seconds: day + Int64(number)), action: .purge, authority: authority, detail: "number \(number)"))
    }
    try DatabaseQueue(path: store.path).write { db in
      for number in 0..<120 * scale {
        try db.execute(
          sql: """
            INSERT INTO exposure (f0, slot, blid, first, last, count, nearest, rssiSum, platform)
            VALUES (?, ?, ?, ?, ?, 3, -50, -150, 2)
            """,
          arguments: [1 + number % 100, day / 900 + Int64(number % 8), id(number).data, day, day + Int64(number)])
      }
      try db.execute(sql: "INSERT INTO exposedCase (f0, state, foundAt) SELECT DISTINCT f0, 2, 5 FROM exposure")
      try db.execute(sql: "INSERT INTO seenExposure SELECT f0, slot, blid FROM exposure")
      try db.execute(
        sql: "INSERT INTO feed (region, version, manifest, lastSync) VALUES ('vn', 7, ?, 9)",
        arguments: [Data(repeating: 9, count: 6000)])
    }
    store.close()
  }

  init(scale: Int = 1) throws {
    let folder = try Folder()
    try Self.fill(folder, scale: scale)
    let path = folder.path + "/kiosk.sqlite"
    pages = try DatabaseQueue(path: path).writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      return try Row.fetchAll(db, sql: "SELECT pageno, name, pagetype, ncell FROM dbstat ORDER BY pageno").map {
        Page(number: $0["pageno"], name: $0["name"], kind: $0["pagetype"], cells: $0["ncell"])
      }
    }
    bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    tables = try Self.rows(path)
  }

  /// A folder with this database, spoilt.
  func folder(_ spoil: (inout [UInt8]) -> Void) throws -> Folder {
    let folder = try Folder()
    var bytes = bytes
    spoil(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/kiosk.sqlite"))
    return folder
  }

  /// The rows of each table; of entries without the columns that a salvage resets.
  static func rows(_ path: String) throws -> [String: Set<String>] {
    var configuration = Configuration()
    configuration.readonly = true
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    let tables = [
      "contactPack": "*", "contactRow": "*", "undatedContact": "*", "visit": "*", "f0Batch": "*",
      "f0Entry": "id, dailyKey, start, \"end\", slotsPerDay", "exposure": "*", "exposedCase": "id, f0, state",
      "seenExposure": "*", "audit": "*", "feed": "*",
    ]
    return try queue.read { db in
      try tables.reduce(into: [:]) { rows, table in
        rows[table.key] = Set(
          try Row.fetchAll(db, sql: "SELECT \(table.value) FROM \(table.key)").map { row in
            row.databaseValues.map { value in
              switch value.storage {
              case .blob(let data): data.base64EncodedString()
              case .int64(let number): String(number)
              case .string(let text): "'\(text)'"
              case .double, .null: "-"
              }
            }.joined(separator: " ")
          })
      }
    }
  }

  struct Outcome {
    var report: Salvage.Report?
    /// Rows that are gone, and rows that were not there before, by table.
    var lost: [String: Int] = [:]
    var added: [String: Int] = [:]
  }

  /// What the kiosk does with it: opens it, looks through it, repairs it if need be. Then what is in it is compared.
  func outcome(in folder: Folder) throws -> Outcome {
    let (store, opened) = try Store.repaired(dataFolder: folder.path)
    var outcome = Outcome(report: opened)
    if opened == nil {
      let check = QuickCheck(dataFolder: folder.path) {}
      if check.check() == .damaged { outcome.report = try store.salvage() }
    }
    store.close()
    let found = try Self.rows(folder.path + "/kiosk.sqlite")
    for (table, rows) in tables {
      let now = found[table] ?? []
      let lost = rows.subtracting(now).count
      let added = now.subtracting(rows).count - (table == "audit" && outcome.report != nil ? 1 : 0)
      if lost > 0 { outcome.lost[table] = lost }
      if added > 0 { outcome.added[table] = added }
    }
    let check = QuickCheck(dataFolder: folder.path) {}
    if check.check() != .whole { outcome.lost["still damaged"] = 1 }
    return outcome
  }
}
