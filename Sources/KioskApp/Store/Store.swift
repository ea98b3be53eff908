// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// The database in the data folder: contacts, F0 entries, exposures. All calls block; none belongs on the cooperative
/// pool.
final class Store: Sendable {
  let path: String
  private let database: DatabaseQueue

  /// Who opens it, and what for.
  enum Access {
    /// The appliance: makes the file when there is none.
    case create
    /// A command that changes what is there.
    case change
    /// A command that only looks.
    case look
  }

  init(dataFolder: String, access: Access) throws(StoreError) {
    let path = dataFolder + "/kiosk.sqlite"
    self.path = path
    if access != .create, !Files.isThere(path) { throw .notThere(path: path) }
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.readonly = access == .look
    // Values must not reach an error's text.
    configuration.publicStatementArguments = false
    configuration.prepareDatabase { db in
      if access != .look {
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        // What a commit wrote is there after a power cut: at most the last 10 s are lost.
        try db.execute(sql: "PRAGMA synchronous = FULL")
      }
    }
    do {
      database = try DatabaseQueue(path: path, configuration: configuration)
      let migrator = Migrations.migrator
      if try database.read(migrator.hasBeenSuperseded) { throw StoreError.newerSchema(path: path) }
      if access != .look { try migrator.migrate(database) }
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(error, path: path)
    }
  }

  // MARK: Contacts

  /// Adds to the log, all or nothing. `boot`: the kernel's id of this boot, for what has no date yet.
  func write(_ updates: [ContactUpdate], boot: String) throws(StoreError) {
    try write { db in
      let dated = try db.cachedStatement(sql: Self.upsertContact)
      let undated = try db.cachedStatement(sql: Self.upsertUndated)
      for update in updates {
        let strength = update.strength
        switch update.span {
        case .dated(let first, let last):
          try Self.add(dated, update.id, first: first, last: last, strength, update.platform?.rawValue)
        case .undated(let first, let last):
          try undated.execute(arguments: [
            boot, first.milliseconds / LogSlot.milliseconds, update.id.data, first.milliseconds, last.milliseconds,
            strength.count, strength.nearestDBm, strength.sumDBm, update.platform?.rawValue,
          ])
        }
      }
    }
  }

  /// Moves this boot's undated contacts and visits to where they belong, now that the time at which it began is known.
  func date(boot: String, bootTime: UTCTime) throws(StoreError) {
    try write { db in
      let dated = try db.cachedStatement(sql: Self.upsertContact)
      let rows = try Row.fetchAll(db, sql: "SELECT * FROM undatedContact WHERE boot = ?", arguments: [boot])
      for row in rows {
        guard let id = BluezoneID(row["blid"] as Data) else { continue }
        try Self.add(
          dated, id, first: bootTime.adding(milliseconds: row["first"]),
          last: bootTime.adding(milliseconds: row["last"]), Self.strength(row), row["platform"])
      }
      try db.execute(sql: "DELETE FROM undatedContact WHERE boot = ?", arguments: [boot])
      try Self.dateVisits(db, boot: boot, bootTime: bootTime)
    }
  }

  /// Forgets contacts, exposures and F0 entries that ended before `time`, and undated contacts of other boots.
  func purge(before time: UTCTime, boot: String) throws(StoreError) {
    try write { db in
      try db.execute(sql: "DELETE FROM contact WHERE slot < ?", arguments: [LogSlot.number(at: time)])
      try db.execute(sql: "DELETE FROM exposure WHERE last < ?", arguments: [time.seconds])
      try db.execute(sql: "DELETE FROM f0Entry WHERE \"end\" < ?", arguments: [time.seconds])
      try db.execute(sql: "DELETE FROM undatedContact WHERE boot <> ?", arguments: [boot])
    }
  }

  func contacts(from: UTCTime, to: UTCTime) throws(StoreError) -> [Contact] {
    try read { try Self.contacts($0, from: from, to: to) }
  }

  // MARK: F0

  struct ImportResult: Equatable {
    var entries = 0
    var newEntries = 0
    /// Contacts that match, and how many of them were not known as exposures before.
    var exposedContacts = 0
    var newExposedContacts = 0
  }

  /// Takes in a batch and matches it against the log, in one transaction.
  func importF0(
    _ batch: F0Batch, sha256: [UInt8], at now: UTCTime, toleranceSlots: Int
  ) throws(StoreError) -> ImportResult {
    try write { db in
      var result = ImportResult(entries: batch.entries.count)
      try db.execute(
        sql: """
          INSERT INTO f0Batch (importedAt, sha256, entries) VALUES (?, ?, ?)
          ON CONFLICT (sha256) DO UPDATE SET importedAt = excluded.importedAt
          """, arguments: [now.seconds, Data(sha256), batch.entries.count])
      let batchID = try Int64.fetchOne(
        db, sql: "SELECT id FROM f0Batch WHERE sha256 = ?", arguments: [Data(sha256)])
      let tolerance = Int64(toleranceSlots) * LogSlot.milliseconds
      let windows = F0Matcher(contacts: [], toleranceMilliseconds: tolerance)
      guard let from = batch.entries.map({ windows.window(of: $0).lowerBound }).min(),
        let to = batch.entries.map({ windows.window(of: $0).upperBound }).max()
      else { return result }
      let matcher = F0Matcher(
        contacts: try Self.contacts(db, from: from, to: to), toleranceMilliseconds: tolerance)
      for entry in batch.entries {
        let key: StatementArguments = [
          Data(entry.dailyKey.bytes), entry.start.seconds, entry.end.seconds, entry.scheme.slotsPerDay,
        ]
        try db.execute(
          sql: """
            INSERT OR IGNORE INTO f0Entry (dailyKey, start, "end", slotsPerDay, batch) VALUES (?, ?, ?, ?, ?)
            """, arguments: key + [batchID])
        result.newEntries += db.changesCount
        let f0 = try Int64.fetchOne(
          db,
          sql: "SELECT id FROM f0Entry WHERE dailyKey = ? AND start = ? AND \"end\" = ? AND slotsPerDay = ?",
          arguments: key)
        for contact in matcher.contacts(of: entry) {
          result.exposedContacts += 1
          result.newExposedContacts += try Self.addExposure(db, f0: f0, contact) ? 1 : 0
        }
      }
      return result
    }
  }

  /// All exposures, the newest first.
  func exposures() throws(StoreError) -> [Exposure] {
    try read { db in
      let rows = try Row.fetchAll(db, sql: "SELECT * FROM exposure")
      let byEntry = Dictionary(grouping: rows) { $0["f0"] as Int64 }
      return byEntry.flatMap { f0, rows in
        Exposure.stays(
          f0: f0,
          contacts: rows.compactMap { row in
            BluezoneID(row["blid"] as Data).map {
              Contact(
                id: $0, first: UTCTime(seconds: row["first"]), last: UTCTime(seconds: row["last"]),
                strength: Self.strength(row))
            }
          })
      }.sorted { ($1.start, $0.f0) < ($0.start, $1.f0) }
    }
  }

  /// When a batch was last imported.
  func lastImport() throws(StoreError) -> UTCTime? {
    try read { db in
      try Int64.fetchOne(db, sql: "SELECT max(importedAt) FROM f0Batch").map(UTCTime.init(seconds:))
    }
  }

  // MARK: Rows

  private static let upsertContact = """
    INSERT INTO contact (slot, blid, first, last, count, nearest, rssiSum, platform) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (slot, blid) DO UPDATE SET \(merge)
    """

  private static let upsertUndated = """
    INSERT INTO undatedContact (boot, quarter, blid, first, last, count, nearest, rssiSum, platform)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (boot, quarter, blid) DO UPDATE SET \(merge)
    """

  private static let merge = """
    first = min(first, excluded.first), last = max(last, excluded.last), count = count + excluded.count,
    nearest = max(coalesce(nearest, excluded.nearest), coalesce(excluded.nearest, nearest)),
    rssiSum = rssiSum + excluded.rssiSum, platform = coalesce(platform, excluded.platform)
    """

  private static func add(
    _ statement: Statement, _ id: BluezoneID, first: UTCTime, last: UTCTime, _ strength: ContactUpdate.Strength,
    _ platform: Int?
  ) throws {
    let slot = LogSlot.number(at: first)
    let start = LogSlot.start(of: slot).seconds
    // A contact dated afterwards may reach a little over its slot's end: the row stands for the slot it began in.
    try statement.execute(arguments: [
      slot, id.data, first.seconds - start, max(last.seconds, first.seconds) - start, strength.count,
      strength.nearestDBm, strength.sumDBm, platform,
    ])
  }

  static func contacts(_ db: Database, from: UTCTime, to: UTCTime) throws -> [Contact] {
    var contacts: [Contact] = []
    let rows = try Row.fetchCursor(
      db, sql: "SELECT * FROM contact WHERE slot BETWEEN ? AND ? ORDER BY slot, blid",
      arguments: [LogSlot.number(at: from) - 1, LogSlot.number(at: to)])
    while let row = try rows.next() {
      guard let id = BluezoneID(row["blid"] as Data) else { continue }
      let start = LogSlot.start(of: row["slot"])
      contacts.append(
        Contact(
          id: id, first: start.adding(milliseconds: (row["first"] as Int64) * 1000),
          last: start.adding(milliseconds: (row["last"] as Int64) * 1000), strength: strength(row)))
    }
    return contacts
  }

  /// Whether it was not known before.
  static func addExposure(_ db: Database, f0: Int64?, _ contact: Contact) throws -> Bool {
    let known = try Bool.fetchOne(
      db, sql: "SELECT 1 FROM exposure WHERE f0 = ? AND slot = ? AND blid = ?",
      arguments: [f0, LogSlot.number(at: contact.first), contact.id.data])
    try db.execute(
      sql: """
        INSERT OR REPLACE INTO exposure (f0, slot, blid, first, last, count, nearest, rssiSum)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        f0, LogSlot.number(at: contact.first), contact.id.data, contact.first.seconds, contact.last.seconds,
        contact.strength.count, contact.strength.nearestDBm, contact.strength.sumDBm,
      ])
    return known == nil
  }

  private static func strength(_ row: Row) -> ContactUpdate.Strength {
    .init(count: row["count"], nearestDBm: row["nearest"], sumDBm: row["rssiSum"])
  }

  func write<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    do { return try database.write(body) } catch { throw StoreError(error, path: path) }
  }

  func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    do { return try database.read(body) } catch { throw StoreError(error, path: path) }
  }
}

extension BluezoneID {
  fileprivate var data: Data { Data(bytes) }
}
