// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import GRDBSQLite
import KioskCore
import Synchronization
import Tracer

/// The two forms of the contact log: rows of slots that may still change, and packs of those that are over.
///
/// A contact stands in one of them, once: what is packed leaves the rows in the same transaction, and a contact that is
/// heard of again leaves its pack before it is written, or is added to it there. A pack that is damaged loses its own
/// contacts alone: it is left where it is until it is too old, and told of by `damage`.
extension Store {
  // MARK: Packing

  /// Packs the oldest contacts of slots that were over at `time`, in one transaction.
  ///
  /// - Returns: whether there may be more.
  func pack(before time: UTCTime) throws(StoreError) -> Bool {
    try write { db in
      var slots: [(slot: Int64, contacts: [LoggedContact])] = []
      var count = 0
      let rows = try Row.fetchCursor(
        db,
        sql: "SELECT * FROM contactRow WHERE slot < ? AND \(Self.fits) ORDER BY slot, blid LIMIT ?",
        arguments: [LogSlot.number(at: time), AppLimits.packedContacts])
      while let row = try rows.next() {
        count += 1
        guard let contact = try Self.loggedContact(row) else { continue }
        let slot: Int64 = try row.get("slot")
        if slots.last?.slot != slot { slots.append((slot, [])) }
        slots[slots.count - 1].contacts.append(contact)
      }
      let isAll = count < AppLimits.packedContacts
      // The last slot's may not be all of it.
      if !isAll, slots.count > 1 { slots.removeLast() }
      for (slot, contacts) in slots { try addToPack(db, contacts, slot: slot) }
      return !isAll && !slots.isEmpty
    }
  }

  /// Writes news of a slot that is over straight into its pack: as rows they would be written, deleted and written again.
  /// What stands of the slot as rows goes with it.
  ///
  /// - Parameter news: each id once.
  /// - Returns: false, and nothing is changed, when it does not fit into one pack.
  func addToPack(_ db: Database, news: [LoggedContact], slot: Int64) throws -> Bool {
    let packs = try Self.packPlaces(db, slot...slot)
    guard packs.count <= 1 else { return false }
    var contacts: [BluezoneID: LoggedContact] = [:]
    if let pack = packs.first {
      guard let held = try packedContacts(db, pack) else { return false }
      for contact in held { contacts[contact.id] = contact }
    }
    let rows = try Row.fetchCursor(
      db, sql: "SELECT *, \(Self.fits) AS fits FROM contactRow WHERE slot = ?", arguments: [slot])
    while let row = try rows.next() {
      guard try row.get("fits"), let contact = try Self.loggedContact(row) else { return false }
      contacts[contact.id] = contact
    }
    for contact in news { contacts[contact.id, default: contact.withoutReports].add(contact) }
    guard contacts.count <= AppLimits.packedContacts,
      let (ids, facts) = ContactPack.pack(contacts.values.sorted { $0.id < $1.id }, slot: slot)
    else { return false }
    try Self.keepPack(db, PackPlace(slot: slot, part: packs.first?.part ?? 0), ids, facts)
    try db.execute(sql: "DELETE FROM contactRow WHERE slot = ?", arguments: [slot])
    return true
  }

  private static func keepPack(_ db: Database, _ place: PackPlace, _ ids: [UInt8], _ facts: [UInt8]) throws {
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO contactPack (slot, part, ids, facts) VALUES (?, ?, ?, ?)
        ON CONFLICT (slot, part) DO UPDATE SET ids = excluded.ids, facts = excluded.facts
        """)
    try insert.execute(arguments: [place.slot, place.part, Data(ids), Data(facts)])
  }

  /// Contacts that a pack can hold; the others stay rows.
  private static let fits = """
    first BETWEEN 0 AND \(ContactPack.seconds.upperBound) AND last BETWEEN 0 AND \(ContactPack.seconds.upperBound)
    AND count BETWEEN 0 AND \(ContactPack.counts.upperBound)
    AND coalesce(nearest, 0) BETWEEN \(ContactPack.strengths.lowerBound) AND \(ContactPack.strengths.upperBound)
    AND rssiSum BETWEEN \(ContactPack.sums.lowerBound) AND \(ContactPack.sums.upperBound)
    AND coalesce(platform, \(Platform.android.rawValue)) IN (\(Platform.android.rawValue), \(Platform.ios.rawValue))
    """

  /// Moves rows of a slot, its first that fit, into its last pack or a new one.
  private func addToPack(_ db: Database, _ contacts: [LoggedContact], slot: Int64) throws {
    guard let lastID = contacts.last?.id else { return }
    let last = try Self.packPlaces(db, slot...slot).last
    var (part, packed) = (last.map { $0.part + 1 } ?? 0, contacts)
    if let last, let held = try packedContacts(db, last), held.count + contacts.count <= AppLimits.packedContacts {
      part = last.part
      packed = (held + contacts).sorted { $0.id < $1.id }
    }
    guard let (ids, facts) = ContactPack.pack(packed, slot: slot) else { return }
    try Self.keepPack(db, PackPlace(slot: slot, part: part), ids, facts)
    let delete = try db.cachedStatement(sql: "DELETE FROM contactRow WHERE slot = ? AND blid <= ? AND \(Self.fits)")
    try delete.execute(arguments: [slot, lastID.data])
  }

  /// Makes those of these contacts that are packed rows again, before they are written.
  func unpack(_ db: Database, _ places: some Collection<LogPlace>) throws {
    for slot in Set(places.lazy.map(\.slot)) {
      var wanted: Set<BluezoneID>?
      for pack in try Self.packPlaces(db, slot...slot) {
        let ids = wanted ?? Set(places.lazy.filter { $0.slot == slot }.map(\.id))
        wanted = ids
        guard var contacts = try packedContacts(db, pack) else { continue }
        let leaving = contacts.filter { ids.contains($0.id) }
        guard !leaving.isEmpty else { continue }
        contacts.removeAll { ids.contains($0.id) }
        if contacts.isEmpty {
          try db.execute(sql: "DELETE FROM contactPack WHERE slot = ? AND part = ?", arguments: [slot, pack.part])
        } else if let (ids, facts) = ContactPack.pack(contacts, slot: slot) {
          try db.execute(
            sql: "UPDATE contactPack SET ids = ?, facts = ? WHERE slot = ? AND part = ?",
            arguments: [Data(ids), Data(facts), slot, pack.part])
        } else {
          continue
        }
        for contact in leaving {
          try db.execute(
            sql: """
              INSERT INTO contactRow (slot, blid, first, last, count, nearest, rssiSum, platform)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?)
              """,
            arguments: [
              slot, contact.id.data, contact.first, contact.last, contact.strength.count, contact.strength.nearestDBm,
              contact.strength.sumDBm, contact.platform?.rawValue,
            ])
        }
      }
    }
  }

  /// Forgets packs of slots before this one. Where the pages of one have rotted, SQLite cannot free them: it stays, and the
  /// others go.
  ///
  /// - Returns: the contacts that were in them.
  func purgePacks(before slot: Int64) throws(StoreError) -> Int {
    do throws(StoreError) {
      let contacts = try write { db in
        let bytes = try Int.fetchOne(
          db, sql: "SELECT sum(length(ids) - ?) FROM contactPack WHERE slot < ?",
          arguments: [ContactPack.headBytes, slot])
        try db.execute(sql: "DELETE FROM contactPack WHERE slot < ?", arguments: [slot])
        return (bytes ?? 0) / ContactPack.contactBytes
      }
      if contacts > 0 { noteDeleted() }
      return contacts
    } catch {
      noteDeleted()
      guard case .notADatabase = error else { throw error }
      for place in try read({ try Self.packPlaces($0, 0...max(slot - 1, 0)) }) {
        _ = try? write { db in
          try db.execute(
            sql: "DELETE FROM contactPack WHERE slot = ? AND part = ?", arguments: [place.slot, place.part])
        }
      }
      throw error
    }
  }

  // MARK: Reading

  /// Where a pack stands.
  struct PackPlace: Hashable {
    var slot: Int64
    var part: Int64
  }

  /// The places alone: where a page of the database itself has rotted, asking for one pack fails, and not for all.
  private static func packPlaces(_ db: Database, _ slots: ClosedRange<Int64>) throws -> [PackPlace] {
    let statement = try db.cachedStatement(
      sql: "SELECT slot, part FROM contactPack WHERE slot BETWEEN ? AND ? ORDER BY slot, part")
    return try Row.fetchAll(statement, arguments: [slots.lowerBound, slots.upperBound]).map {
      try PackPlace(slot: $0.get("slot"), part: $0.get("part"))
    }
  }

  /// What a pack says; nil when it is damaged, which is noted, and it is not asked again.
  private func readPack<T>(
    _ db: Database, _ place: PackPlace, _ body: (_ ids: Span<UInt8>, _ facts: Span<UInt8>) throws(ParseError) -> T
  ) throws -> T? {
    guard !isDamaged(place) else { return nil }
    do {
      let statement = try db.cachedStatement(sql: "SELECT ids, facts FROM contactPack WHERE slot = ? AND part = ?")
      guard let row = try Row.fetchOne(statement, arguments: [place.slot, place.part]) else { return nil }
      let (ids, facts) = try (Array(row.get("ids") as Data), Array(row.get("facts") as Data))
      return try body(ids.span, facts.span)
    } catch {
      guard Self.isDamage(error) else { throw error }
      noteDamage(place)
      return nil
    }
  }

  private func packedContacts(_ db: Database, _ place: PackPlace) throws -> [LoggedContact]? {
    try readPack(db, place) { ids, facts throws(ParseError) in
      try ContactPack.contacts(ids: ids, facts: facts, slot: place.slot)
    }
  }

  static func isDamage(_ error: any Error) -> Bool {
    error is ParseError || (error as? DatabaseError)?.resultCode == .SQLITE_CORRUPT
  }

  /// The contacts that began in these log slots, by slot and id.
  func contacts(_ db: Database, slots: ClosedRange<Int64>) throws -> [(slot: Int64, contact: LoggedContact)] {
    var contacts: [(slot: Int64, contact: LoggedContact)] = []
    let rows = try Row.fetchCursor(
      db, sql: "SELECT * FROM contactRow WHERE slot BETWEEN ? AND ?", arguments: [slots.lowerBound, slots.upperBound])
    while let row = try rows.next() {
      if let contact = try Self.loggedContact(row) { try contacts.append((row.get("slot"), contact)) }
    }
    for place in try Self.packPlaces(db, slots) {
      for contact in try packedContacts(db, place) ?? [] { contacts.append((place.slot, contact)) }
    }
    return contacts.sorted { ($0.slot, $0.contact.id) < ($1.slot, $1.contact.id) }
  }

  /// The contact of an id in a log slot.
  func contact(_ db: Database, _ place: LogPlace) throws -> Contact? {
    let statement = try db.cachedStatement(sql: "SELECT * FROM contactRow WHERE slot = ? AND blid = ?")
    if let row = try Row.fetchOne(statement, arguments: [place.slot, place.id.data]) {
      return try Self.loggedContact(row).map { Contact($0, slot: place.slot) }
    }
    for pack in try Self.packPlaces(db, place.slot...place.slot) {
      let contact = try readPack(db, pack) { ids, facts throws(ParseError) in
        try ContactPack.contact(place.id, ids: ids, facts: facts, slot: place.slot)
      }
      if let contact = contact ?? nil { return Contact(contact, slot: place.slot) }
    }
    return nil
  }

  /// Adds the ids of a range of log slots, in the order of the slots. Straight from SQLite's cells: 0.1 µs for a row, a
  /// few nanoseconds for a packed contact.
  func readLog(_ db: Database, _ slots: ClosedRange<Int64>, into window: inout ContactWindow) throws {
    let rows = try LogStatement(db, "SELECT slot, blid FROM contactRow WHERE slot BETWEEN ? AND ? ORDER BY slot")
    let packs = try LogStatement(db, "SELECT slot, ids FROM contactPack WHERE slot = ? AND part = ?")
    rows.bind(slots.lowerBound, slots.upperBound)
    var row = try rows.next()
    func addRows(to last: Int64, _ window: inout ContactWindow) throws {
      while let slot = row, slot <= last {
        rows.withBlob { bytes in
          guard bytes.count == BluezoneID.byteCount else { return }
          window.append(
            slot: slot, high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        }
        row = try rows.next()
      }
    }
    for place in try Self.packPlaces(db, slots) {
      try addRows(to: place.slot, &window)
      guard !isDamaged(place) else { continue }
      do {
        packs.bind(place.slot, place.part)
        guard try packs.next() != nil else { continue }
        try packs.withBlob { bytes throws(ParseError) in
          try window.append(bytes.bindMemory(to: UInt8.self).span, slot: place.slot)
        }
      } catch {
        guard Self.isDamage(error) else { throw error }
        noteDamage(place)
      }
    }
    try addRows(to: .max, &window)
  }

  /// A row of `contactRow` or of the like.
  static func loggedContact(_ row: Row) throws -> LoggedContact? {
    guard let id = try BluezoneID(row.get("blid") as Data) else { return nil }
    return try LoggedContact(
      id: id, first: row.get("first"), last: row.get("last"), strength: strength(row),
      platform: (row.get("platform") as Int?).flatMap(Platform.init(rawValue:)))
  }

  // MARK: Damage

  private func noteDamage(_ place: PackPlace) {
    damagedPacks.withLock { packs in
      if packs.count < AppLimits.damagedPacks { packs.insert(place) }
    }
  }

  private func isDamaged(_ place: PackPlace) -> Bool { damagedPacks.withLock { $0.contains(place) } }

  /// What of the log could not be read since the store was opened, in words; nil when all could.
  var damage: String? {
    let slots = damagedPacks.withLock { Set($0.map(\.slot)).sorted() }
    guard let first = slots.first, let last = slots.last else { return nil }
    let end = LogSlot.start(of: last).adding(milliseconds: LogSlot.milliseconds)
    let times = "\(SystemClock.rfc3339(LogSlot.start(of: first))) to \(SystemClock.rfc3339(end))"
    return "\(slots.count) quarter hours of the contact log are damaged and left out, in the time from \(times); "
      + "all others are whole. Check the SD card, and restore a backup if they matter"
  }
}

/// A statement with two numbers, whose rows are a slot and a blob.
private final class LogStatement {
  private var statement: OpaquePointer?

  init(_ db: Database, _ sql: String) throws {
    let code = sqlite3_prepare_v2(db.sqliteConnection, sql, -1, &statement, nil)
    guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }

  deinit { sqlite3_finalize(statement) }

  /// Begins anew.
  func bind(_ first: Int64, _ second: Int64) {
    sqlite3_reset(statement)
    sqlite3_bind_int64(statement, 1, first)
    sqlite3_bind_int64(statement, 2, second)
  }

  /// The next row's slot; nil after the last.
  func next() throws -> Int64? {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return sqlite3_column_int64(statement, 0)
    case SQLITE_DONE: return nil
    case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
    }
  }

  func withBlob<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    let blob = sqlite3_column_blob(statement, 1)
    try body(UnsafeRawBufferPointer(start: blob, count: blob == nil ? 0 : Int(sqlite3_column_bytes(statement, 1))))
  }
}

extension Contact {
  init(_ contact: LoggedContact, slot: Int64) {
    let start = LogSlot.start(of: slot)
    self.init(
      id: contact.id,
      first: start.adding(milliseconds: contact.first.multipliedReportingOverflow(by: 1000).partialValue),
      last: start.adding(milliseconds: contact.last.multipliedReportingOverflow(by: 1000).partialValue),
      strength: contact.strength, platform: contact.platform)
  }
}
