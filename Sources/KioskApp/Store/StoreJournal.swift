// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// The database's side of the journal: what comes from it in one transaction with the number of its newest page, and what
/// a command shows of it before that.
extension Store {
  /// The newest page that stands here; nil when none ever did.
  func journalMark() throws(StoreError) -> JournalMark? { try read(Self.journalMark) }

  static func journalMark(_ db: Database) throws -> JournalMark? {
    try Row.fetchOne(db, sql: "SELECT epoch, sequence FROM journal").map {
      try JournalMark(
        epoch: UInt64(bitPattern: $0.get("epoch") as Int64), sequence: UInt64(bitPattern: $0.get("sequence") as Int64))
    }
  }

  /// Takes in what is pending, all or nothing.
  ///
  /// - Parameters:
  ///   - run: the run that goes on; visits of others are over.
  ///   - mark: the newest page that it is from.
  ///   - clock: kept in the same transaction, which costs two pages less than one of its own.
  /// - Returns: how many contacts with F0 entries were not known before.
  func write(
    _ pending: JournalPending, run: UInt64, rows: inout VisitRows, mark: JournalMark, clock: ClockRecord? = nil
  ) throws(StoreError) -> Int {
    let known = rows
    let (exposed, written) = try write { db in
      var (rows, exposed) = (known, 0)
      for part in pending.runs {
        let contacts = part.contacts
        // A slot is over once something was heard in a later one.
        exposed += try add(db, contacts, boot: part.boot, over: contacts.lazy.compactMap(\.slot).max() ?? .min)
        for var visit in part.visits {
          if part.run != run { visit.update.visit.isOpen = false }
          let row = try Self.add(db, visit, boot: part.boot)
          if part.run == run { rows.wrote(visit.update.visit, row: row) }
        }
      }
      try db.execute(
        sql: """
          INSERT INTO journal (id, epoch, sequence) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE
          SET epoch = excluded.epoch, sequence = excluded.sequence
          """, arguments: [Int64(bitPattern: mark.epoch), Int64(bitPattern: mark.sequence)])
      if let clock { try Self.save(db, clock) }
      return (exposed, rows)
    }
    rows = written
    return exposed
  }

  // MARK: For commands

  /// The journal as it was read.
  struct JournalLook {
    fileprivate var content: JournalContent?
    fileprivate let store: Store

    /// What the database, as it is in this transaction, does not hold.
    func news(_ db: Database) throws -> JournalNews {
      guard let content, !content.pages.isEmpty else { return JournalNews(JournalPending()) }
      return JournalNews(try store.pending(db, of: content, after: Store.journalMark(db)))
    }
  }

  /// To be called before the database is read. Empty in the kiosk itself; a journal that cannot be read shows nothing.
  func readJournal() -> JournalLook {
    guard let journalFolder, let bytes = try? JournalFile.look(dataFolder: journalFolder), !bytes.isEmpty else {
      return JournalLook(store: self)
    }
    return JournalLook(content: JournalContent(bytes), store: self)
  }

  /// Contacts that began in these log slots, those of the journal among them, by slot and id.
  func contacts(
    _ db: Database, slots: ClosedRange<Int64>, _ news: JournalNews
  ) throws -> [(slot: Int64, contact: LoggedContact)] {
    let logged = try contacts(db, slots: slots)
    guard !news.isEmpty else { return logged }
    var contacts: [LogPlace: LoggedContact] = [:]
    for (slot, contact) in logged { contacts[LogPlace(slot: slot, id: contact.id)] = contact }
    for (slot, contact) in news.contacts where slots.contains(slot) {
      let place = LogPlace(slot: slot, id: contact.id)
      if contacts[place] == nil { contacts[place] = contact } else { contacts[place]?.add(contact) }
    }
    return contacts.map { ($0.key.slot, $0.value) }.sorted { ($0.slot, $0.contact.id) < ($1.slot, $1.contact.id) }
  }
}

/// What is in the journal and not in the database, as far as it has a date.
struct JournalNews {
  private(set) var contacts: [(slot: Int64, contact: LoggedContact)] = []
  private var told: [JournaledVisit] = []

  init(_ pending: JournalPending) {
    for run in pending.runs {
      for update in run.contacts {
        if let dated = LoggedContact.dated(update) { contacts.append(dated) }
      }
      told += run.visits
    }
  }

  var isEmpty: Bool { contacts.isEmpty && told.isEmpty }

  /// Rows of the database that are otherwise now, or gone.
  var changedRows: Set<Int64> { Set(told.lazy.filter(\.isInserted).compactMap(\.row)) }

  /// The highest row that one of them is to have; 0 for none.
  var newestRow: Int64 { told.lazy.compactMap(\.row).max() ?? 0 }

  /// Visits with a date, each with the row it has or is to have; those without get one after `newest`.
  func visits(after newest: Int64) -> [LoggedVisit] { Self.visits(told, after: newest) }

  /// Those that the database has no row of.
  var visitsWithoutRow: [LoggedVisit] { Self.visits(told.filter { !$0.isInserted }, after: 0) }

  private static func visits(_ told: [JournaledVisit], after newest: Int64) -> [LoggedVisit] {
    var next = newest
    return told.compactMap { told in
      guard !told.update.isWithdrawn, var visit = LoggedVisit(told.update) else { return nil }
      if told.row == nil { next += 1 }
      visit.id = told.row ?? next
      visit.end = max(visit.end, visit.start)
      return visit
    }
  }
}

extension ContactUpdate {
  /// The log slot it belongs to; nil without a date.
  var slot: Int64? { if case .dated(let first, _) = span { LogSlot.number(at: first) } else { nil } }
}

extension LoggedContact {
  /// What an update says, and of which slot; nil without a date.
  static func dated(_ update: ContactUpdate) -> (slot: Int64, contact: LoggedContact)? {
    guard case .dated(let first, let last) = update.span, let slot = update.slot else { return nil }
    let start = LogSlot.start(of: slot).seconds
    let contact = LoggedContact(
      id: update.id, first: first.seconds - start, last: max(last.seconds, first.seconds) - start,
      strength: update.strength, platform: update.platform)
    return (slot, contact)
  }

  /// What others of the same contact can be added to.
  var withoutReports: LoggedContact { LoggedContact(id: id, first: first, last: last, strength: .init()) }

  /// More of the same contact: what `Store.merge` does to a row.
  mutating func add(_ other: LoggedContact) {
    first = min(first, other.first)
    last = max(last, other.last)
    strength.add(other.strength)
    platform = platform ?? other.platform
  }
}
