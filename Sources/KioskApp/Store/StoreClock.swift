// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// What the store does for the clock's judge: it keeps the record, and puts right what a wrong clock has dated.
extension Store {
  /// What earlier runs knew of the clock; nil in a store without rows.
  func clock() throws(StoreError) -> ClockRecord? {
    try read { db in
      if let json = try String.fetchOne(db, sql: "SELECT record FROM clock"),
        let record = try? JSONDecoder().decode(ClockRecord.self, from: Data(json.utf8)), record.isSound
      {
        return record
      }
      // A log of the time before there were records, or a record that has rotted: its newest row is evidence.
      let newest = try Int64.fetchOne(
        db,
        sql: """
          SELECT max(t) FROM (
            SELECT max(slot) * 900 AS t FROM contactRow UNION ALL SELECT max(slot) * 900 FROM contactPack
            UNION ALL SELECT max("end") FROM visit WHERE boot IS NULL)
          """)
      return newest.flatMap { ClockRecord.of(newestRow: UTCTime(seconds: $0)) }
    }
  }

  /// Keeps the record, and what this boot says of the age of rows without a date.
  func save(_ record: ClockRecord) throws(StoreError) { try write { db in try Self.save(db, record) } }

  /// The same inside a transaction.
  static func save(_ db: Database, _ record: ClockRecord) throws {
    let json = String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
    try db.execute(
      sql: "INSERT INTO clock VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record", arguments: [json])
    try db.execute(
      sql: """
        INSERT INTO boot (id, operating) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET operating = excluded.operating WHERE operating <> excluded.operating
        """, arguments: [record.boot, record.operatingAtZero])
    guard let (offset, before) = record.upperBound else { return }
    try db.execute(
      sql: "UPDATE boot SET latest = ? WHERE operating < ? AND coalesce(latest > ?, 1)",
      arguments: [offset, before, offset])
  }

  /// Forgets rows that are too old by the time that the kiosk has run, and boots of which none is left.
  @discardableResult
  func purgeUndated(_ purge: UndatedPurge, boot: String) throws(StoreError) -> Purged {
    var purged = try write { db in
      var purged = Purged()
      // A boot that ended before anything but its rows was kept, or that is lost: they count from now on.
      try db.execute(
        sql: """
          INSERT OR IGNORE INTO boot (id, operating)
          SELECT boot, ? FROM (SELECT boot FROM undatedContact UNION SELECT boot FROM visit WHERE boot IS NOT NULL)
          """, arguments: [purge.operating])
      // By operating time alone, or by the latest time that the row can be of.
      try db.execute(
        sql: """
          DELETE FROM undatedContact WHERE (boot, quarter, blid) IN (
            SELECT u.boot, u.quarter, u.blid FROM undatedContact u JOIN boot b ON b.id = u.boot
            WHERE u.last + b.operating < ? OR u.last + b.operating + b.latest < ?)
          """, arguments: [purge.contactsBefore, purge.contactsDatedBefore?.milliseconds])
      purged.undated = db.changesCount
      try db.execute(
        sql: """
          DELETE FROM visit WHERE id IN (
            SELECT v.id FROM visit v JOIN boot b ON b.id = v.boot
            WHERE v."end" * 1000 + b.operating < ? OR v."end" * 1000 + b.operating + b.latest < ?)
          """, arguments: [purge.visitsBefore, purge.visitsDatedBefore?.milliseconds])
      purged.visits = db.changesCount
      try db.execute(
        sql: """
          DELETE FROM boot WHERE id <> ? AND id NOT IN (SELECT boot FROM undatedContact)
            AND id NOT IN (SELECT boot FROM visit WHERE boot IS NOT NULL)
          """, arguments: [boot])
      // A machine that starts again and again: the oldest boots go, with their rows.
      let surplus = try String.fetchAll(
        db, sql: "SELECT id FROM boot ORDER BY operating DESC LIMIT -1 OFFSET ?", arguments: [AppLimits.boots])
      for id in surplus where id != boot {
        try db.execute(sql: "DELETE FROM undatedContact WHERE boot = ?", arguments: [id])
        purged.undated += db.changesCount
        try db.execute(sql: "DELETE FROM visit WHERE boot = ?", arguments: [id])
        purged.visits += db.changesCount
        try db.execute(sql: "DELETE FROM boot WHERE id = ?", arguments: [id])
      }
      return purged
    }
    if !purged.isNothing { noteDeleted() }
    // By itself: a damaged pack among them keeps nothing else.
    for ahead in purge.datedAhead { purged += try forget(ahead, purge) }
    return purged
  }

  /// Rows that a clock dated which is ahead of the time of deletion.
  private func forget(_ ahead: UndatedPurge.Ahead, _ purge: UndatedPurge) throws(StoreError) -> Purged {
    func date(_ operating: Int64) -> UTCTime { UTCTime(milliseconds: operating + ahead.offset) }
    guard date(max(purge.contactsBefore, purge.visitsBefore)) > ahead.from else { return Purged() }
    let purged = try write { db in
      var purged = Purged()
      // A contact ends within its slot.
      let through = date(purge.contactsBefore).adding(milliseconds: -LogSlot.milliseconds)
      func exposures() throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM exposure") ?? 0 }
      let before = try exposures()
      purged.contacts = try takeContacts(db, from: ahead.from, through: through).count
      purged.exposures = before - (try exposures())
      try db.execute(
        sql: "DELETE FROM visit WHERE boot IS NULL AND start >= ? AND \"end\" < ?",
        arguments: [ahead.from.seconds, date(purge.visitsBefore).seconds])
      purged.visits = db.changesCount
      return purged
    }
    if !purged.isNothing { noteDeleted() }
    return purged
  }

  /// What a purge before these times would delete.
  func countOlder(contactsBefore: UTCTime, visitsBefore: UTCTime) throws(StoreError) -> (contacts: Int, visits: Int) {
    try read { db in
      let slot = LogSlot.number(at: contactsBefore)
      let rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM contactRow WHERE slot < ?", arguments: [slot]) ?? 0
      // An id has 12 bytes, what stands before them 9.
      let packed = try Int.fetchOne(
        db, sql: "SELECT sum((length(ids) - 9) / 12) FROM contactPack WHERE slot < ?", arguments: [slot])
      let visits = try Int.fetchOne(
        db, sql: "SELECT count(*) FROM visit WHERE boot IS NULL AND \"end\" < ?", arguments: [visitsBefore.seconds])
      return (rows + (packed ?? 0), visits ?? 0)
    }
  }

  // MARK: Rows that a wrong clock has dated

  /// Moves rows of a time to where they belong: they were all dated by one clock that was wrong by so much.
  func redate(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) throws(StoreError) {
    try write { db in
      let moving = try takeContacts(db, from: from, through: through)
      let dated = try db.cachedStatement(sql: Self.upsertContact)
      let places = Set(
        moving.map { LogPlace(slot: LogSlot.number(at: $0.first.adding(milliseconds: shift)), id: $0.id) })
      try unpack(db, places)
      for contact in moving {
        try Self.add(
          dated, contact.id, first: contact.first.adding(milliseconds: shift),
          last: contact.last.adding(milliseconds: shift), contact.strength, contact.platform?.rawValue)
      }
      _ = try matchWritten(db, places)
      try db.execute(
        sql: """
          UPDATE visit SET start = start + ?, "end" = "end" + ? WHERE boot IS NULL AND start BETWEEN ? AND ?
          """, arguments: [shift / 1000, shift / 1000, from.seconds, through.seconds])
    }
  }

  /// Takes the date from rows of a time: nobody knows it. They count as written at an operating time of their date less
  /// `offset`, milliseconds; where it is nil, before this boot.
  ///
  /// - Returns: whether there were any.
  @discardableResult
  func setAside(from: UTCTime, through: UTCTime, offset: Int64?, boot: String) throws(StoreError) -> Bool {
    let isFuture = through.milliseconds == .max
    // Whole seconds, as visits have them.
    let zero = offset == nil ? nil : UTCTime(seconds: from.seconds)
    let operating = offset.map { UTCTime(seconds: from.seconds).milliseconds - $0 }
    return try write { db in
      let aside = operating.map { "since \($0)" } ?? "before \(boot)"
      let contacts = try takeContacts(db, from: from, through: through)
      let undated = try db.cachedStatement(sql: Self.upsertUndated)
      for contact in contacts {
        let zero = (zero ?? contact.first).milliseconds
        try undated.execute(arguments: [
          aside, LogSlot.number(at: contact.first), contact.id.data, contact.first.milliseconds - zero,
          contact.last.milliseconds - zero, contact.strength.count, contact.strength.nearestDBm,
          contact.strength.sumDBm, contact.platform?.rawValue,
        ])
      }
      try db.execute(
        sql: """
          UPDATE visit SET boot = ?, start = start - coalesce(?, start), "end" = "end" - coalesce(?, start), open = 0
          WHERE boot IS NULL AND start BETWEEN ? AND ?
          """, arguments: [aside, zero?.seconds, zero?.seconds, from.seconds, through.seconds])
      let visits = db.changesCount
      if isFuture {
        // Nor is anything else of the future evidence.
        let now = from.adding(milliseconds: -CoreLimits.clockFutureMilliseconds).seconds
        try db.execute(
          sql: "UPDATE f0Batch SET importedAt = ? WHERE importedAt > ?", arguments: [now, from.seconds])
        try db.execute(sql: "UPDATE exposedCase SET foundAt = ? WHERE foundAt > ?", arguments: [now, from.seconds])
        try db.execute(sql: "UPDATE feed SET lastSync = NULL WHERE lastSync > ?", arguments: [from.seconds])
      }
      guard !contacts.isEmpty || visits > 0 else { return false }
      try db.execute(
        sql: """
          INSERT OR IGNORE INTO boot (id, operating)
          VALUES (?, coalesce(?, coalesce((SELECT operating FROM boot WHERE id = ?), 0) - 1))
          """, arguments: [aside, operating, boot])
      return true
    }
  }

  /// Takes the contacts that began in a time out of the log, and out of the exposures.
  private func takeContacts(_ db: Database, from: UTCTime, through: UTCTime) throws -> [Contact] {
    let (first, last) = (LogSlot.number(at: from), LogSlot.number(at: through))
    guard first <= last else { return [] }
    let found = try contacts(db, slots: first...last).filter {
      let contact = Contact($0.contact, slot: $0.slot)
      return contact.first >= from && contact.first <= through
    }
    guard !found.isEmpty else { return [] }
    try unpack(db, Set(found.map { LogPlace(slot: $0.slot, id: $0.contact.id) }))
    for (slot, contact) in found {
      let place: StatementArguments = [slot, contact.id.data]
      try db.execute(sql: "DELETE FROM contactRow WHERE slot = ? AND blid = ?", arguments: place)
      try db.execute(sql: "DELETE FROM exposure WHERE slot = ? AND blid = ?", arguments: place)
      try db.execute(sql: "DELETE FROM seenExposure WHERE slot = ? AND blid = ?", arguments: place)
    }
    try db.execute(sql: "DELETE FROM exposedCase WHERE f0 NOT IN (SELECT f0 FROM exposure)")
    return found.map { Contact($0.contact, slot: $0.slot) }
  }
}
