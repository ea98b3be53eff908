// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import Glibc
import KioskCore
import Synchronization
import Tracer

/// The database in the data folder: contacts, F0 entries, exposures. All calls block; none belongs on the cooperative
/// pool.
final class Store: Sendable {
  let path: String
  private let access: Access
  /// nil while it is closed.
  private let connection: Mutex<DatabaseQueue?>
  /// Where the journal of the running kiosk lies, for a command that shows what is not in the database yet; nil in the
  /// kiosk itself.
  let journalFolder: String?
  /// Whether the log ahead may hold rows that were deleted. At first it is not known what earlier runs left.
  let hasRemains = Atomic(true)
  /// What was purged and is not on record yet.
  let unrecorded = Mutex(Purged())
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

  /// Whether an operation came upon damage since it was opened or repaired.
  let isDamaged = Atomic(false)

  /// - Parameter isKiosks: whether it is the running kiosk's own, which knows itself what is in its journal.
  init(dataFolder: String, access: Access, isKiosks: Bool = false) throws(StoreError) {
    let path = dataFolder + "/kiosk.sqlite"
    self.path = path
    self.access = access
    journalFolder = isKiosks || access == .create ? nil : dataFolder
    if access != .create { try Self.find(path) }
    connection = Mutex(try Self.open(path, access))
  }

  deinit { close() }

  /// Ends the connection; what is asked afterwards is refused. For a salvage, which needs the file for itself.
  func close() {
    let open = connection.withLock { connection in
      defer { connection = nil }
      return connection
    }
    guard let open else { return }
    try? open.close()
    StoreRegistry.shared.leave(path)
  }

  /// Opens what was closed.
  func reopen() throws(StoreError) {
    close()
    let opened = try Self.open(path, access)
    connection.withLock { $0 = opened }
    damagedPacks.withLock { $0 = [] }
    isDamaged.store(false, ordering: .relaxed)
    noteDeleted()
  }

  private var database: DatabaseQueue {
    get throws(StoreError) {
      // Closed for a repair.
      guard let open = connection.withLock({ $0 }) else { throw .busy }
      return open
    }
  }

  /// - Throws: unless there is a file with something in it.
  private static func find(_ path: String) throws(StoreError) {
    var attributes = stat()
    guard stat(path, &attributes) == 0 else {
      let code = errno
      let folder = Files.folder(of: path)
      guard code == ENOENT, Files.isThere(folder) else { throw StoreError(ofFolder: folder, errno: code) }
      throw .notThere(path: path)
    }
    guard attributes.st_mode & S_IFMT == S_IFREG else { throw .inItsPlace(path: path, of: "the database") }
    guard attributes.st_size > 0 else { throw .notThere(path: path) }
  }

  private static func open(_ path: String, _ access: Access) throws(StoreError) -> DatabaseQueue {
    do throws(StoreError) { return try connect(path, access, named: path) } catch {
      // Where no file can be made beside it, a reader takes a copy.
      guard access == .look, error.asksForReopening || error.isFull else { throw error }
      guard let copy = ReadingCopy(of: path) else { throw error }
      defer { copy.remove() }
      return try connect(copy.path, access, named: path)
    }
  }

  /// - Parameter name: the path that is told to people.
  private static func connect(
    _ path: String, _ access: Access, named name: String
  ) throws(StoreError) -> DatabaseQueue {
    try eraseWhatIsDeleted()
    let lock = try OpeningLock(Files.folder(of: path), isReader: access == .look)
    defer { withExtendedLifetime(lock) {} }
    var configuration = Configuration()
    configuration.busyMode = .timeout(TimeInterval(AppLimits.busySeconds))
    configuration.readonly = access == .look
    // Values must not reach an error's text.
    configuration.publicStatementArguments = false
    configuration.prepareDatabase { db in
      // Before anything of it changes.
      if try isForeign(db) { throw StoreError.inItsPlace(path: name, of: "the database") }
      if access != .look {
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        // What a commit wrote is there after a power cut: at most the last 10 s are lost.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try Self.eraseWhatIsDeleted(db)
      }
    }
    StoreRegistry.shared.enter(name)
    do {
      let database = try DatabaseQueue(path: path, configuration: configuration)
      let migrator = Migrations.migrator
      if try database.read(migrator.hasBeenSuperseded) {
        // A newer version has made all of this one's steps. Where one is missing, the name of a step has rotted.
        let isNewer = try database.read(migrator.appliedIdentifiers).isSuperset(of: migrator.migrations)
        throw isNewer ? StoreError.newerSchema(path: name) : .notADatabase(path: name)
      }
      // A database that lost its schema looks like a new one.
      if access != .look, try database.read(Self.hasLostItsSchema) { throw StoreError.notADatabase(path: name) }
      // A file with no table of ours in it is no log: only the first start, or a person, makes one of it.
      if access != .create, try database.read({ try migrator.appliedIdentifiers($0).isEmpty }) {
        throw StoreError.notThere(path: name)
      }
      if access != .look {
        let isNew = try database.read(migrator.appliedIdentifiers).isEmpty
        try migrator.migrate(database)
        if isNew { try database.write { try $0.execute(sql: "UPDATE erasure SET isClean = 1") } }
      } else if try !database.read(migrator.hasCompletedMigrations) {
        throw StoreError.olderSchema(path: name)
      }
      return database
    } catch {
      StoreRegistry.shared.leave(name)
      if let error = error as? StoreError { throw error }
      if access != .look, Salvage.isDamage(error) { throw .notADatabase(path: name) }
      throw StoreError(error, path: name)
    }
  }

  /// Brings what stands in the log ahead into the file itself, and on the disk.
  func leaveOneFile() throws(StoreError) {
    let database = try database
    do { _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) } } catch {
      throw StoreError(error, path: path)
    }
  }

  private static func isForeign(_ db: Database) throws -> Bool {
    let names = Set(try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'"))
    return !names.isEmpty && names.isDisjoint(with: ["grdb_migrations", "contact", "contactRow", "f0Entry"])
  }

  private static func hasLostItsSchema(_ db: Database) throws -> Bool {
    guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 else { return false }
    return try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 > 1
  }

  // MARK: Contacts

  /// Adds to the log, all or nothing. `boot`: the kernel's id of this boot, for what has no date yet.
  ///
  /// - Returns: how many of them are contacts with F0 entries that were not known before.
  @discardableResult
  func write(_ updates: [ContactUpdate], boot: String, over: Int64 = .min) throws(StoreError) -> Int {
    try write { db in try add(db, updates, boot: boot, over: over) }
  }

  /// The same within a transaction.
  ///
  /// - Parameter over: slots before this one are over: what was heard in them is packed at once.
  func add(_ db: Database, _ updates: [ContactUpdate], boot: String, over: Int64 = .min) throws -> Int {
    let places = Set(updates.compactMap { update in update.slot.map { LogPlace(slot: $0, id: update.id) } })
    let packed = try addToPacks(db, updates, before: over)
    try addRows(db, updates.filter { !packed.contains($0.slot ?? .max) }, boot: boot)
    return try matchWritten(db, places)
  }

  /// - Returns: the slots whose contacts stand in packs now.
  private func addToPacks(_ db: Database, _ updates: [ContactUpdate], before slot: Int64) throws -> Set<Int64> {
    var news: [Int64: [BluezoneID: LoggedContact]] = [:]
    for update in updates {
      guard let (place, contact) = LoggedContact.dated(update), place < slot else { continue }
      news[place, default: [:]][contact.id, default: contact.withoutReports].add(contact)
    }
    var packed: Set<Int64> = []
    for (slot, contacts) in news where try addToPack(db, news: Array(contacts.values), slot: slot) {
      packed.insert(slot)
    }
    return packed
  }

  private func addRows(_ db: Database, _ updates: [ContactUpdate], boot: String) throws {
    let dated = try db.cachedStatement(sql: Self.upsertContact)
    let undated = try db.cachedStatement(sql: Self.upsertUndated)
    try unpack(db, Set(updates.compactMap { update in update.slot.map { LogPlace(slot: $0, id: update.id) } }))
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

  /// Moves this boot's undated contacts and visits to where they belong, now that the time at which it began is known.
  func date(boot: String, bootTime: UTCTime) throws(StoreError) {
    try write { db in
      let dated = try db.cachedStatement(sql: Self.upsertContact)
      let rows = try Row.fetchAll(db, sql: "SELECT * FROM undatedContact WHERE boot = ?", arguments: [boot])
      let places = Set(
        try rows.compactMap { row in
          try BluezoneID(row.get("blid") as Data).map {
            try LogPlace(slot: LogSlot.number(at: bootTime.adding(milliseconds: row.get("first"))), id: $0)
          }
        })
      try unpack(db, places)
      for row in rows {
        guard let id = try BluezoneID(row.get("blid") as Data) else { continue }
        let first = try bootTime.adding(milliseconds: row.get("first"))
        try Self.add(
          dated, id, first: first, last: bootTime.adding(milliseconds: row.get("last")), Self.strength(row),
          row.get("platform"))
      }
      _ = try matchWritten(db, places)
      try db.execute(sql: "DELETE FROM undatedContact WHERE boot = ?", arguments: [boot])
      try Self.dateVisits(db, boot: boot, bootTime: bootTime)
    }
  }

  /// Forgets contacts, exposures and F0 entries that ended before `time`. Contacts without a date: `purgeUndated`.
  @discardableResult
  func purge(before time: UTCTime, boot: String) throws(StoreError) -> Purged {
    let slot = LogSlot.number(at: time)
    damagedPacks.withLock { $0 = $0.filter { $0.slot >= slot } }
    var purged = try write { db in
      func delete(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try db.execute(sql: "DELETE FROM " + sql, arguments: arguments)
        return db.changesCount
      }
      // Those of an entry go with it.
      func exposures() throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM exposure") ?? 0 }
      var purged = Purged()
      let before = try exposures()
      purged.contacts = try delete("contactRow WHERE slot < ?", [slot])
      _ = try delete("exposure WHERE last < ?", [time.seconds])
      purged.f0Entries = try Self.forgetEntries(db, endedBefore: time)
      try Self.noteF0Purge(db, before: time)
      purged.exposures = before - (try exposures())
      _ = try delete("exposedCase WHERE f0 NOT IN (SELECT f0 FROM exposure)")
      _ = try delete("seenExposure WHERE (f0, slot, blid) NOT IN (SELECT f0, slot, blid FROM exposure)")
      return purged
    }
    if !purged.isNothing { noteDeleted() }
    do throws(StoreError) { purged.contacts += try purgePacks(before: slot) } catch {
      // What is gone goes on record with the next one.
      unrecorded.withLock { $0 += purged }
      throw error
    }
    return purged
  }

  func contacts(from: UTCTime, to: UTCTime) throws(StoreError) -> [Contact] {
    // The journal before the database: what is written from the one to the other meanwhile is seen in one of them.
    try contacts(from: from, to: to, readJournal())
  }

  /// The same with a journal that was read before.
  func contacts(from: UTCTime, to: UTCTime, _ journal: JournalLook) throws(StoreError) -> [Contact] {
    try read { db in
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
      let byEntry = try Dictionary(grouping: rows) { try $0.get("f0") as Int64 }
      return try byEntry.flatMap { f0, rows in
        Exposure.stays(
          f0: f0,
          contacts: try rows.compactMap { row in
            try BluezoneID(row.get("blid") as Data).map {
              try Contact(
                id: $0, first: UTCTime(seconds: row.get("first")), last: UTCTime(seconds: row.get("last")),
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

  static let upsertContact = """
    INSERT INTO contactRow (slot, blid, first, last, count, nearest, rssiSum, platform) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (slot, blid) DO UPDATE SET \(merge)
    """

  static let upsertUndated = """
    INSERT INTO undatedContact (boot, quarter, blid, first, last, count, nearest, rssiSum, platform)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (boot, quarter, blid) DO UPDATE SET \(merge)
    """

  private static let merge = """
    first = min(first, excluded.first), last = max(last, excluded.last), count = count + excluded.count,
    nearest = max(coalesce(nearest, excluded.nearest), coalesce(excluded.nearest, nearest)),
    rssiSum = rssiSum + excluded.rssiSum, platform = coalesce(platform, excluded.platform)
    """

  static func add(
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

  static func strength(_ row: Row) throws -> ContactUpdate.Strength {
    try .init(count: row.get("count"), nearestDBm: row.get("nearest"), sumDBm: row.get("rssiSum"))
  }

  /// SQLite writes nothing more in a transaction that came upon a rotten page, and keeps nothing of it. The pack is known
  /// then and is not read again, so that another attempt succeeds.
  func write<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    var known = damagedPacks.withLock { $0.count }
    while true {
      do { return try database.write(body) } catch {
        let damaged = damagedPacks.withLock { $0.count }
        guard Self.isDamage(error), damaged > known else { throw noted(error) }
        known = damaged
      }
    }
  }

  /// For what SQLite does in no transaction.
  func withoutTransaction<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    do { return try database.writeWithoutTransaction(body) } catch { throw noted(error) }
  }

  /// Such a transaction cannot be ended without an error either; what was read in it is good.
  func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    var value: T?
    do {
      try database.read { value = try body($0) }
    } catch {
      guard let value, Self.isDamage(error) else { throw noted(error) }
      return value
    }
    guard let value else { throw .failed(reason: "nothing was read") }
    return value
  }

  private func noted(_ error: any Error) -> StoreError {
    if let error = error as? StoreError { return error }
    // Closed for a repair in its midst.
    if (error as? DatabaseError)?.resultCode == .SQLITE_MISUSE { return .busy }
    let error = StoreError(error, path: path)
    if case .notADatabase = error { isDamaged.store(true, ordering: .relaxed) }
    return error
  }
}

extension BluezoneID {
  var data: Data { Data(bytes) }
}
