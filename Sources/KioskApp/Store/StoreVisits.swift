// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import KioskCore
import Tracer

/// The entry log.
extension Store {
  /// Which row each visit of this run stands in, or is to stand in, that may still change or be taken back.
  struct VisitRows: Sendable {
    struct Place: Sendable {
      var row: Int64?
      var isInserted: Bool
    }

    private var places: [Int: Place] = [:]
    /// Those that have ended and stand in the database, in that order.
    private var ended: [Int] = []
    /// The highest row given to any.
    private(set) var highest: Int64 = 0

    subscript(number: Int) -> Place? { places[number] }

    /// Gives a visit that has none the row after `newest` and all others.
    mutating func assign(_ number: Int, after newest: Int64) {
      guard places[number] == nil else { return }
      highest = max(highest, newest) &+ 1
      places[number] = Place(row: highest, isInserted: false)
    }

    /// Rows up to this one are to be had by others.
    mutating func skip(to row: Int64) { highest = max(highest, row) }

    /// News of a visit are in the database; `row` is nil when it was taken back.
    mutating func wrote(_ visit: Visit, row: Int64?) {
      guard let row else {
        places[visit.number] = nil
        return
      }
      places[visit.number] = Place(row: row, isInserted: true)
      guard !visit.isOpen else { return }
      ended.append(visit.number)
      if ended.count > CoreLimits.endedVisits { places[ended.removeFirst()] = nil }
    }
  }

  /// Takes in news of visits, all or nothing. `rows` changes only when it was written. `boot`: the kernel's id of this
  /// boot, for what has no date yet.
  func write(_ updates: [VisitUpdate], rows: inout VisitRows, boot: String) throws(StoreError) {
    let known = rows
    rows = try write { db in
      var rows = known
      for update in updates {
        let place = rows[update.visit.number]
        let visit = JournaledVisit(update, row: place?.row, isInserted: place?.isInserted ?? false)
        rows.wrote(update.visit, row: try Self.add(db, visit, boot: boot))
      }
      return rows
    }
  }

  /// Brings the visit's row up to date or makes it, within a transaction.
  ///
  /// - Returns: the row it has now; nil when it was taken back.
  static func add(_ db: Database, _ journaled: JournaledVisit, boot: String) throws -> Int64? {
    let (update, visit) = (journaled.update, journaled.update.visit)
    if update.isWithdrawn {
      if let row = journaled.row, journaled.isInserted {
        try db.execute(sql: "DELETE FROM visit WHERE id = ?", arguments: [row])
      }
      return nil
    }
    let columns =
      Self.times(update.span, boot: boot) + [
        visit.kind.rawValue, visit.platform?.rawValue, visit.nearestDBm.map { Int($0) }, visit.isPrompted,
        visit.isInstalledHere, visit.isOpen,
      ]
    if let row = journaled.row, journaled.isInserted {
      let change = try db.cachedStatement(
        sql: """
          UPDATE visit SET boot = ?, start = ?, "end" = ?, kind = ?, platform = ?, nearest = ?, prompted = ?,
            installed = ?, open = ? WHERE id = ?
          """)
      try change.execute(arguments: columns + [row])
      if db.changesCount > 0 { return row }
    }
    let insert = try db.cachedStatement(
      sql: """
        INSERT OR IGNORE INTO visit (boot, start, "end", kind, platform, nearest, prompted, installed, open, id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try insert.execute(arguments: columns + [journaled.row])
    if db.changesCount > 0 { return db.lastInsertedRowID }
    // What staff have added in the same moment has taken the row.
    try insert.execute(arguments: columns + [nil as Int64?])
    return db.lastInsertedRowID
  }

  private static func times(_ span: VisitUpdate.Span, boot: String) -> StatementArguments {
    switch span {
    case .dated(let start, let end): [nil, start.seconds, max(end.seconds, start.seconds)]
    case .undated(let start, let end): [boot, start.milliseconds / 1000, max(end, start).milliseconds / 1000]
    }
  }

  /// Visits left open by a kiosk that ended without a word are over.
  func closeVisits() throws(StoreError) {
    try write { db in try db.execute(sql: "UPDATE visit SET open = 0 WHERE open") }
  }

  /// What `kiosk log` asks for.
  struct VisitQuery: Sendable {
    /// Visits that began in this time.
    var from = UTCTime(milliseconds: .min)
    var until = UTCTime(milliseconds: .max)
    var kind: Visit.Kind?
    /// Rows after this one.
    var after: Int64 = 0
    /// Leaves out those that may still change.
    var closedOnly = false

    func asks(for visit: LoggedVisit) -> Bool {
      visit.start.seconds >= from.seconds && visit.start.seconds < until.seconds && visit.id > after
        && (kind == nil || kind == visit.kind) && !(closedOnly && visit.isOpen)
    }
  }

  /// Visits that have a date, the oldest first.
  func visits(_ query: VisitQuery = VisitQuery()) throws(StoreError) -> [LoggedVisit] {
    let journal = readJournal()
    return try read { db in try Self.visits(db, query, try journal.news(db)) }
  }

  private static func visits(_ db: Database, _ query: VisitQuery, _ news: JournalNews) throws -> [LoggedVisit] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT * FROM visit WHERE boot IS NULL AND start >= ? AND start < ? AND id > ? AND (? IS NULL OR kind = ?)
          AND NOT (? AND open) ORDER BY start, id
        """,
      arguments: [
        query.from.seconds, query.until.seconds, query.after, query.kind?.rawValue, query.kind?.rawValue,
        query.closedOnly,
      ])
    var visits: [LoggedVisit] = []
    while let row = try rows.next() {
      guard let kind = try Visit.Kind(rawValue: row.get("kind")) else { continue }
      try visits.append(
        LoggedVisit(
          id: row.get("id"), start: UTCTime(seconds: row.get("start")), end: UTCTime(seconds: row.get("end")),
          kind: kind,
          platform: (row.get("platform") as Int?).flatMap(Platform.init(rawValue:)), nearestDBm: row.get("nearest"),
          isPrompted: row.get("prompted"), isInstalledHere: row.get("installed"), isOpen: row.get("open")))
    }
    guard !news.isEmpty else { return visits }
    visits.removeAll { news.changedRows.contains($0.id) }
    visits += try news.visits(after: newestRow(db, news)).filter { query.asks(for: $0) }
    return visits.sorted { ($0.start, $0.id) < ($1.start, $1.id) }
  }

  /// Those that began within so many days of the time at which the log was last dated, or later. A row of the future is no
  /// evidence of that time while there is a record of the clock.
  func newestVisits(days: Int64) throws(StoreError) -> [LoggedVisit] {
    let journal = readJournal()
    let believed = try clock()?.lastTime?.seconds
    return try read { db in
      let news = try journal.news(db)
      let row = try Int64.fetchOne(db, sql: "SELECT max(start) FROM visit WHERE boot IS NULL")
      let told = news.visits(after: 0).map(\.start.seconds).max()
      guard let newest = believed ?? [row, told].compactMap({ $0 }).max() else { return [] }
      var query = VisitQuery()
      query.from = UTCTime(seconds: newest - days * 86_400)
      return try Self.visits(db, query, news)
    }
  }

  /// The newest row, 0 in an empty log.
  func newestVisit() throws(StoreError) -> Int64 {
    let journal = readJournal()
    return try read { db in try Self.newestRow(db, try journal.news(db)) }
  }

  static func newestRow(_ db: Database, _ news: JournalNews) throws -> Int64 {
    max(try Int64.fetchOne(db, sql: "SELECT max(id) FROM visit") ?? 0, news.newestRow)
  }

  /// Gives this boot's visits their dates, now that the time at which it began is known.
  static func dateVisits(_ db: Database, boot: String, bootTime: UTCTime) throws {
    try db.execute(
      sql: "UPDATE visit SET start = start + ?, \"end\" = \"end\" + ?, boot = NULL WHERE boot = ?",
      arguments: [bootTime.seconds, bootTime.seconds, boot])
  }

  /// Forgets visits that ended before `time`. Those without a date: `purgeUndated`.
  @discardableResult
  func purgeVisits(before time: UTCTime, boot: String) throws(StoreError) -> Purged {
    var purged = Purged()
    purged.visits = try write { db in
      try db.execute(sql: "DELETE FROM visit WHERE boot IS NULL AND \"end\" < ?", arguments: [time.seconds])
      return db.changesCount
    }
    if !purged.isNothing { noteDeleted() }
    return purged
  }
}
