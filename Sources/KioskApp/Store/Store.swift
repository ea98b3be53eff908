// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Synchronization
import Tracer

/// The database in the data folder: contacts, F0 entries, exposures. All calls block; none belongs on the cooperative
/// pool.
final class Store: Sendable {
  let path: String
  private let database: DatabaseQueue
  /// Where the journal of the running kiosk lies, for a command that shows what is not in the database yet; nil in the
  /// kiosk itself.
  let journalFolder: String?
  /// For contacts that are written: which ids the F0 entries held send now.
  let held = Mutex<Held?>(nil)
  /// Packs that turned out to be damaged.
  let damagedPacks = Mutex<Set<PackPlace>>([])

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
    journalFolder = access == .create ? nil : dataFolder
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
      if access != .look {
        try migrator.migrate(database)
      } else if try !database.read(migrator.hasCompletedMigrations) {
        throw StoreError.olderSchema(path: path)
      }
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(error, path: path)
    }
  }

  // MARK: Contacts

  /// Adds to the log, all or nothing. `boot`: the kernel's id of this boot, for what has no date yet.
  ///
  /// - Returns: how many of them are contacts with F0 entries that were not known before.
  @discardableResult
  func write(_ updates: [ContactUpdate], boot: String) throws(StoreError) -> Int {
    try write { db in try add(db, updates, boot: boot) }
  }

  /// The same within a transaction.
  func add(_ db: Database, _ updates: [ContactUpdate], boot: String) throws -> Int {
    let dated = try db.cachedStatement(sql: Self.upsertContact)
    let undated = try db.cachedStatement(sql: Self.upsertUndated)
    let places = Set(
      updates.compactMap { update in
        if case .dated(let first, _) = update.span {
          LogPlace(slot: LogSlot.number(at: first), id: update.id)
        } else {
          nil
        }
      })
    try unpack(db, places)
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
    return try matchWritten(db, places)
  }

  /// Moves this boot's undated contacts and visits to where they belong, now that the time at which it began is known.
  func date(boot: String, bootTime: UTCTime) throws(StoreError) {
    try write { db in
      let dated = try db.cachedStatement(sql: Self.upsertContact)
      let rows = try Row.fetchAll(db, sql: "SELECT * FROM undatedContact WHERE boot = ?", arguments: [boot])
      let places = Set(
        rows.compactMap { row in
          BluezoneID(row["blid"] as Data).map {
            LogPlace(slot: LogSlot.number(at: bootTime.adding(milliseconds: row["first"])), id: $0)
          }
        })
      try unpack(db, places)
      for row in rows {
        guard let id = BluezoneID(row["blid"] as Data) else { continue }
        let first = bootTime.adding(milliseconds: row["first"])
        try Self.add(
          dated, id, first: first, last: bootTime.adding(milliseconds: row["last"]), Self.strength(row),
          row["platform"])
      }
      _ = try matchWritten(db, places)
      try db.execute(sql: "DELETE FROM undatedContact WHERE boot = ?", arguments: [boot])
      try Self.dateVisits(db, boot: boot, bootTime: bootTime)
    }
  }

  /// Forgets contacts, exposures and F0 entries that ended before `time`, and undated contacts of other boots.
  func purge(before time: UTCTime, boot: String) throws(StoreError) {
    let slot = LogSlot.number(at: time)
    damagedPacks.withLock { $0 = $0.filter { $0.slot >= slot } }
    try write { db in
      try db.execute(sql: "DELETE FROM contactRow WHERE slot < ?", arguments: [slot])
      try db.execute(sql: "DELETE FROM exposure WHERE last < ?", arguments: [time.seconds])
      try db.execute(sql: "DELETE FROM f0Entry WHERE \"end\" < ?", arguments: [time.seconds])
      try db.execute(sql: "DELETE FROM exposedCase WHERE f0 NOT IN (SELECT f0 FROM exposure)")
      try db.execute(
        sql: "DELETE FROM seenExposure WHERE (f0, slot, blid) NOT IN (SELECT f0, slot, blid FROM exposure)")
      try db.execute(sql: "DELETE FROM undatedContact WHERE boot <> ?", arguments: [boot])
    }
    try purgePacks(before: slot)
  }

  func contacts(from: UTCTime, to: UTCTime) throws(StoreError) -> [Contact] {
    // The journal before the database: what is written from the one to the other meanwhile is seen in one of them.
    let journal = readJournal()
    return try read { db in
      let news = try journal.news(db)
      return try contacts(db, slots: LogSlot.number(at: from) - 1...LogSlot.number(at: to), news).map {
        Contact($0.contact, slot: $0.slot)
      }
    }
  }

  // MARK: F0

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
    INSERT INTO contactRow (slot, blid, first, last, count, nearest, rssiSum, platform) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
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

  static func strength(_ row: Row) -> ContactUpdate.Strength {
    .init(count: row["count"], nearestDBm: row["nearest"], sumDBm: row["rssiSum"])
  }

  /// SQLite writes nothing more in a transaction that came upon a rotten page, and keeps nothing of it. The pack is known
  /// then and is not read again, so that another attempt succeeds.
  func write<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    var known = damagedPacks.withLock { $0.count }
    while true {
      do { return try database.write(body) } catch {
        let damaged = damagedPacks.withLock { $0.count }
        guard Self.isDamage(error), damaged > known else { throw StoreError(error, path: path) }
        known = damaged
      }
    }
  }

  /// Such a transaction cannot be ended without an error either; what was read in it is good.
  func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    var value: T?
    do {
      try database.read { value = try body($0) }
    } catch {
      guard let value, Self.isDamage(error) else { throw StoreError(error, path: path) }
      return value
    }
    guard let value else { throw .failed(reason: "nothing was read") }
    return value
  }
}

extension BluezoneID {
  var data: Data { Data(bytes) }
}
