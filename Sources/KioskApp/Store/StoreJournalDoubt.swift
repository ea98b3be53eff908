// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// What of a journal the database does not hold yet.
///
/// Pages of the epoch of its mark are told apart by their number. Of others the mark says nothing: it was lost with a page
/// that had rotted, or is another journal's. Each entry of these is compared with the rows, so that none is added twice and
/// none is left out.
extension Store {
  /// - Parameter mark: the newest page that the database holds; nil when that is not known.
  func pending(
    of content: JournalContent, after mark: JournalMark?
  ) throws(StoreError) -> JournalPending {
    try read { db in try pending(db, of: content, after: mark) }
  }

  /// The same within a transaction.
  func pending(_ db: Database, of content: JournalContent, after mark: JournalMark?) throws -> JournalPending {
    var pending = JournalPending()
    var last: [DoubtfulPlace: Int64] = [:]
    for page in content.pages(after: mark) {
      var record = page.record
      if record.head.epoch != mark?.epoch {
        record.contacts = try record.contacts.filter { try !isHeld(db, $0, boot: record.boot, &last) }
        record.visits = try record.visits.compactMap { try Self.news(db, $0, boot: record.boot) }
      }
      pending.add(record)
    }
    return pending
  }

  private enum DoubtfulPlace: Hashable {
    case dated(LogPlace)
    case undated(boot: String, quarter: Int64, BluezoneID)
  }

  /// Whether the row of a contact reaches as far as the news of it: each is of a later time than those before.
  private func isHeld(
    _ db: Database, _ update: ContactUpdate, boot: String, _ known: inout [DoubtfulPlace: Int64]
  ) throws -> Bool {
    func last(_ place: DoubtfulPlace, _ find: () throws -> Int64?) throws -> Int64 {
      if let last = known[place] { return last }
      let last = try find() ?? .min
      known[place] = last
      return last
    }
    switch update.span {
    case .dated(let first, let end):
      let place = LogPlace(slot: LogSlot.number(at: first), id: update.id)
      return try last(.dated(place)) { try contact(db, place)?.last.seconds } >= end.seconds
    case .undated(let first, let end):
      let quarter = first.milliseconds / LogSlot.milliseconds
      return try last(.undated(boot: boot, quarter: quarter, update.id)) {
        try Int64.fetchOne(
          db.cachedStatement(sql: "SELECT last FROM undatedContact WHERE boot = ? AND quarter = ? AND blid = ?"),
          arguments: [boot, quarter, update.id.data])
      } >= end.milliseconds
    }
  }

  /// - Returns: the news with the row that the visit has, or without one that is another's; nil when the row knows more.
  private static func news(_ db: Database, _ journaled: JournaledVisit, boot: String) throws -> JournaledVisit? {
    let times: (start: Int64, end: Int64, boot: String?) =
      switch journaled.update.span {
      case .dated(let start, let end): (start.seconds, end.seconds, nil)
      case .undated(let start, let end): (start.milliseconds / 1000, end.milliseconds / 1000, boot)
      }
    func find(_ condition: String, _ value: Int64) throws -> Row? {
      try Row.fetchOne(
        db.cachedStatement(
          sql: "SELECT id, \"end\" FROM visit WHERE boot IS ? AND start = ? AND \(condition) ORDER BY id LIMIT 1"),
        arguments: [times.boot, times.start, value])
    }
    var row: Row?
    var isRowFree = false
    if let number = journaled.row {
      row = try find("id = ?", number)
      isRowFree = try Bool.fetchOne(db, sql: "SELECT 1 FROM visit WHERE id = ?", arguments: [number]) == nil
    }
    // Where another visit has its row, it got one that only its beginning tells.
    if row == nil, !isRowFree { row = try find("kind = ?", Int64(journaled.update.visit.kind.rawValue)) }
    var news = journaled
    guard let row else {
      news.isInserted = false
      return news.update.isWithdrawn ? nil : news
    }
    guard try news.update.isWithdrawn || row.get("end") <= times.end else { return nil }
    news.row = try row.get("id")
    news.isInserted = true
    return news
  }
}
