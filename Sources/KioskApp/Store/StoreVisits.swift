// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import KioskCore
import Tracer

/// The entry log.
extension Store {
  /// Which row each visit of this run stands in that may still change, or be taken back.
  struct VisitRows: Sendable {
    fileprivate var ids: [Int: Int64] = [:]
    /// Those that have ended, in that order.
    private var ended: [Int] = []

    fileprivate mutating func end(_ number: Int) {
      ended.append(number)
      if ended.count > CoreLimits.endedVisits { ids[ended.removeFirst()] = nil }
    }
  }

  /// Takes in news of visits, all or nothing. `rows` changes only when it was written. `boot`: the kernel's id of this
  /// boot, for what has no date yet.
  func write(_ updates: [VisitUpdate], rows: inout VisitRows, boot: String) throws(StoreError) {
    let known = rows
    rows = try write { db in
      var rows = known
      let insert = try db.cachedStatement(
        sql: """
          INSERT INTO visit (boot, start, "end", kind, platform, nearest, prompted, installed, open)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          """)
      let change = try db.cachedStatement(
        sql: """
          UPDATE visit SET boot = ?, start = ?, "end" = ?, kind = ?, platform = ?, nearest = ?, prompted = ?,
            installed = ?, open = ? WHERE id = ?
          """)
      for update in updates {
        let visit = update.visit
        let id = rows.ids[visit.number]
        if update.isWithdrawn {
          if let id { try db.execute(sql: "DELETE FROM visit WHERE id = ?", arguments: [id]) }
          rows.ids[visit.number] = nil
          continue
        }
        let columns =
          Self.times(update.span, boot: boot) + [
            visit.kind.rawValue, visit.platform?.rawValue, visit.nearestDBm.map { Int($0) }, visit.isPrompted,
            visit.isInstalledHere, visit.isOpen,
          ]
        if let id { try change.execute(arguments: columns + [id]) }
        // Where that row is not, the log is another one than when it was written.
        if id == nil || db.changesCount == 0 {
          try insert.execute(arguments: columns)
          rows.ids[visit.number] = db.lastInsertedRowID
        }
        if !visit.isOpen { rows.end(visit.number) }
      }
      return rows
    }
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
  }

  /// Visits that have a date, the oldest first.
  func visits(_ query: VisitQuery = VisitQuery()) throws(StoreError) -> [LoggedVisit] {
    try read { db in
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
        guard let kind = Visit.Kind(rawValue: row["kind"]) else { continue }
        visits.append(
          LoggedVisit(
            id: row["id"], start: UTCTime(seconds: row["start"]), end: UTCTime(seconds: row["end"]), kind: kind,
            platform: (row["platform"] as Int?).flatMap(Platform.init(rawValue:)), nearestDBm: row["nearest"],
            isPrompted: row["prompted"], isInstalledHere: row["installed"], isOpen: row["open"]))
      }
      return visits
    }
  }

  /// Those that began within so many days of the time at which the log was last dated, or later. A row of the future is no
  /// evidence of that time while there is a record of the clock.
  func newestVisits(days: Int64) throws(StoreError) -> [LoggedVisit] {
    guard let newest = try clock()?.lastTime?.seconds else { return [] }
    var query = VisitQuery()
    query.from = UTCTime(seconds: newest - days * 86_400)
    return try visits(query)
  }

  /// The newest row, 0 in an empty log.
  func newestVisit() throws(StoreError) -> Int64 {
    try read { db in try Int64.fetchOne(db, sql: "SELECT max(id) FROM visit") ?? 0 }
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
