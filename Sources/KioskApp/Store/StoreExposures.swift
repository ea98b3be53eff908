// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// The exposures, as staff see them.
extension Store {
  /// All cases that were here, the newest found first; or the one with an id.
  func exposedCases(id: Int64? = nil, near: NearRule) throws(StoreError) -> [ExposedCase] {
    let journal = readJournal()
    return try read { db in
      let news = try journal.news(db)
      // A contact that is known as a case's goes on in the journal alone until that is emptied.
      let later = Dictionary(grouping: news.contacts) { LogPlace(slot: $0.slot, id: $0.contact.id) }
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT exposedCase.id AS caseID, exposedCase.f0, exposedCase.state, exposedCase.foundAt, f0Entry.start,
            f0Entry."end", f0Entry.slotsPerDay, f0Entry.toleranceSlots, f0Entry.batch,
            EXISTS (SELECT 1 FROM exposure WHERE f0 = exposedCase.f0 AND (f0, slot, blid) NOT IN
              (SELECT f0, slot, blid FROM seenExposure)) AS isNew
          FROM exposedCase JOIN f0Entry ON f0Entry.id = exposedCase.f0
          WHERE ? IS NULL OR exposedCase.id = ? ORDER BY exposedCase.foundAt DESC, exposedCase.id DESC
          """, arguments: [id, id])
      return try rows.compactMap { row in
        let contacts = try Self.exposedContacts(db, f0: row.get("f0"), later)
        guard !contacts.isEmpty, let provenance = try Self.provenance(db, row) else { return nil }
        let windows = try Exposure.stays(f0: row.get("f0"), contacts: contacts).map {
          try window(db, $0, contacts, near, news)
        }
        return try ExposedCase(
          id: row.get("caseID"), f0: row.get("f0"), state: Self.state(row),
          foundAt: UTCTime(seconds: row.get("foundAt")), provenance: provenance, windows: windows, contacts: contacts)
      }
    }
  }

  /// Staff have looked at these cases.
  func markSeen(_ ids: [Int64]) throws(StoreError) {
    try write { db in for id in ids { try Self.markSeen(db, id) } }
  }

  /// A case's evidence was made, of the contacts that it has now.
  func markExported(_ id: Int64) throws(StoreError) {
    try write { db in
      try Self.markSeen(db, id)
      try db.execute(
        sql: "UPDATE exposedCase SET state = ? WHERE id = ?", arguments: [ExposedCase.State.exported.rawValue, id])
    }
  }

  private static func markSeen(_ db: Database, _ id: Int64) throws {
    try db.execute(
      sql: """
        INSERT OR IGNORE INTO seenExposure (f0, slot, blid) SELECT exposure.f0, slot, blid FROM exposure
        JOIN exposedCase ON exposedCase.f0 = exposure.f0 WHERE exposedCase.id = ?
        """, arguments: [id])
  }

  /// Goes through the log of a time, the oldest first, a day in memory.
  func forEachContact<Failure: Error>(
    from: UTCTime, to: UTCTime, _ body: (Contact) throws(Failure) -> Void
  ) throws {
    let journal = readJournal()
    var start = from
    while start <= to {
      let end = min(start.adding(milliseconds: SlotScheme.dayMilliseconds - 1), to)
      let contacts = try contacts(from: start, to: end, journal).filter { $0.first >= start && $0.first <= end }
      for contact in contacts.sorted(by: { ($0.first, $0.id) < ($1.first, $1.id) }) { try body(contact) }
      start = end.adding(milliseconds: 1)
    }
  }

  /// New as long as staff have not looked at each of its contacts.
  private static func state(_ row: Row) throws -> ExposedCase.State {
    if try row.get("isNew") { return .new }
    return try row.get("state") == ExposedCase.State.exported.rawValue ? .exported : .seen
  }

  private static func exposedContacts(
    _ db: Database, f0: Int64, _ later: [LogPlace: [(slot: Int64, contact: LoggedContact)]]
  ) throws -> [Contact] {
    try Row.fetchAll(db, sql: "SELECT * FROM exposure WHERE f0 = ? ORDER BY first, blid", arguments: [f0]).compactMap {
      row in
      try BluezoneID(row.get("blid") as Data).map { id in
        var contact = try Contact(
          id: id, first: UTCTime(seconds: row.get("first")), last: UTCTime(seconds: row.get("last")),
          strength: strength(row),
          platform: (row.get("platform") as Int?).flatMap(Platform.init(rawValue:)))
        for (slot, logged) in try later[LogPlace(slot: row.get("slot"), id: id)] ?? [] {
          let more = Contact(logged, slot: slot)
          contact.first = min(contact.first, more.first)
          contact.last = max(contact.last, more.last)
          contact.strength.add(more.strength)
        }
        return contact
      }
    }
  }

  private static func provenance(_ db: Database, _ entry: Row) throws -> ExposedCase.Provenance? {
    guard
      let batch = try Row.fetchOne(
        db, sql: "SELECT * FROM f0Batch WHERE id = ?", arguments: [entry.get("batch") as Int64])
    else { return nil }
    return try ExposedCase.Provenance(
      batchSHA256: Array(batch.get("sha256") as Data), batchImportedAt: UTCTime(seconds: batch.get("importedAt")),
      batchEntries: batch.get("entries"), feedVersion: batch.hasColumn("version") ? batch.get("version") : nil,
      feedRegion: batch.hasColumn("region") ? batch.get("region") : nil,
      entryStart: UTCTime(seconds: entry.get("start")), entryEnd: UTCTime(seconds: entry.get("end")),
      slotsPerDay: entry.get("slotsPerDay"), toleranceSlots: entry.get("toleranceSlots") ?? 0)
  }

  private func window(
    _ db: Database, _ exposure: Exposure, _ contacts: [Contact], _ near: NearRule, _ news: JournalNews
  ) throws -> ExposedCase.Window {
    let span = exposure.start...exposure.end
    let isNear = contacts.contains { contact in
      guard span.contains(contact.first), let nearest = contact.strength.nearestDBm else { return false }
      return Double(nearest) >= near.thresholdDBm(contact.platform, txPowerDBm: nil)
    }
    let own = Set(contacts.map { LogPlace(slot: LogSlot.number(at: $0.first), id: $0.id) })
    var others: [Int64: Int] = [:]
    let slots = LogSlot.number(at: exposure.start) - 1...LogSlot.number(at: exposure.end)
    for (slot, logged) in try self.contacts(db, slots: slots, news) {
      let contact = Contact(logged, slot: slot)
      guard contact.first <= exposure.end, contact.last >= exposure.start,
        !own.contains(LogPlace(slot: slot, id: contact.id))
      else { continue }
      others[slot, default: 0] += 1
    }
    let visits = try Row.fetchOne(
      db,
      sql: """
        SELECT count(*) AS visits, coalesce(sum(kind = ?), 0) AS bluezoners FROM visit
        WHERE boot IS NULL AND start <= ? AND "end" >= ?
        """, arguments: [Visit.Kind.bluezoner.rawValue, exposure.end.seconds, exposure.start.seconds])
    let told = news.visitsWithoutRow.filter { $0.start <= exposure.end && $0.end >= exposure.start }
    return ExposedCase.Window(
      exposure: exposure, isNear: isNear, otherIDs: others.values.reduce(0, +), bluezoners: others.values.max() ?? 0,
      visits: (visits?["visits"] ?? 0) + told.count,
      bluezonerVisits: (visits?["bluezoners"] ?? 0) + told.count { $0.kind == .bluezoner })
  }
}
