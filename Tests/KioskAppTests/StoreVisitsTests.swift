// SPDX-License-Identifier: GPL-3.0-or-later
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("The entry log on disk") struct StoreVisitsTests {
  private let start: Int64 = 1_795_219_200
  private let folder: Folder

  init() throws { folder = try Folder() }

  private func moment(_ second: Int64, isSynchronised: Bool = true) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: second * 1000), utc: UTCTime(seconds: start + second),
      isSynchronised: isSynchronised)
  }

  private func visit(
    _ number: Int, _ kind: Visit.Kind = .noApp, from: Int64, to: Int64, isOpen: Bool = false
  ) -> Visit {
    var visit = Visit(
      number: number, start: MonotonicTime(milliseconds: from * 1000), end: MonotonicTime(milliseconds: to * 1000),
      kind: kind)
    visit.platform = .ios
    visit.nearestDBm = -52
    visit.isPrompted = kind == .noApp
    visit.isOpen = isOpen
    return visit
  }

  @Test("An open visit is one row that grows, and stays when it is closed") func grows() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    var rows = Store.VisitRows()
    for second in [5, 15, 25] as [Int64] {
      try store.write(
        [VisitUpdate(visit(1, from: 2, to: second, isOpen: true), at: moment(second))], rows: &rows, boot: "b")
    }
    var logged = try store.visits()
    #expect(logged.count == 1 && logged[0].isOpen)
    #expect(logged[0].start == UTCTime(seconds: start + 2) && logged[0].end == UTCTime(seconds: start + 25))
    try store.write([VisitUpdate(visit(1, from: 2, to: 30), at: moment(90))], rows: &rows, boot: "b")
    // Another run counts from 1 again.
    var others = Store.VisitRows()
    try store.write([VisitUpdate(visit(1, .bluezoner, from: 100, to: 130), at: moment(200))], rows: &others, boot: "b")
    logged = try store.visits()
    #expect(logged.map(\.kind) == [.noApp, .bluezoner] && logged.allSatisfy { !$0.isOpen })
    #expect(logged[0].end == UTCTime(seconds: start + 30) && logged[0].isPrompted && !logged[1].isPrompted)
    #expect(logged[0].platform == .ios && logged[0].nearestDBm == -52)
  }

  @Test("A visit that was part of another leaves no row") func withdrawn() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    var rows = Store.VisitRows()
    try store.write(
      [1, 2].map { VisitUpdate(visit($0, from: 0, to: 9, isOpen: true), at: moment(9)) }, rows: &rows, boot: "b")
    var update = VisitUpdate(visit(2, from: 0, to: 12), at: moment(12))
    update.isWithdrawn = true
    var unknown = VisitUpdate(visit(3, from: 0, to: 12), at: moment(12))
    unknown.isWithdrawn = true
    try store.write([update, unknown], rows: &rows, boot: "b")
    #expect(try store.visits().map(\.id) == [1])
  }

  @Test("A visit that has ended is taken back as long as it is among the last thousand") func takenBack() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    var rows = Store.VisitRows()
    let count = CoreLimits.endedVisits + 1
    try store.write(
      (1...count).map { VisitUpdate(visit($0, from: 0, to: 9), at: moment(90)) }, rows: &rows, boot: "b")
    let updates = [1, 2, count].map {
      var update = VisitUpdate(visit($0, from: 0, to: 9), at: moment(90))
      update.isWithdrawn = true
      return update
    }
    try store.write(updates, rows: &rows, boot: "b")
    #expect(try store.visits().count == count - 2)
    #expect(try store.visits().first?.id == 1)
  }

  @Test("Before the clock is right a visit is not shown; then it gets its date, also while it is open") func undated()
    throws
  {
    let store = try Store(dataFolder: folder.path, access: .create)
    var rows = Store.VisitRows()
    try store.write(
      [VisitUpdate(visit(1, from: 2, to: 5, isOpen: true), at: moment(5, isSynchronised: false))], rows: &rows,
      boot: "b")
    #expect(try store.visits().isEmpty)
    try store.date(boot: "other", bootTime: UTCTime(seconds: 7))
    #expect(try store.visits().isEmpty)
    try store.date(boot: "b", bootTime: UTCTime(seconds: start))
    #expect(try store.visits().map(\.start) == [UTCTime(seconds: start + 2)])
    try store.write([VisitUpdate(visit(1, from: 2, to: 20), at: moment(90))], rows: &rows, boot: "b")
    let logged = try store.visits()
    #expect(logged.count == 1 && logged[0].end == UTCTime(seconds: start + 20))
  }

  @Test("What is asked for: a time, a kind, rows after one, closed ones") func query() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    var rows = Store.VisitRows()
    try store.write(
      [
        VisitUpdate(visit(1, from: 0, to: 10), at: moment(100)),
        VisitUpdate(visit(2, .bluezoner, from: 50, to: 60), at: moment(100)),
        VisitUpdate(visit(3, from: 100, to: 110, isOpen: true), at: moment(110)),
      ], rows: &rows, boot: "b")
    func ids(_ change: (inout Store.VisitQuery) -> Void) throws -> [Int64] {
      var query = Store.VisitQuery()
      change(&query)
      return try store.visits(query).map(\.id)
    }
    #expect(try ids { _ in } == [1, 2, 3])
    #expect(try ids { $0.from = UTCTime(seconds: start + 50) } == [2, 3])
    #expect(try ids { $0.until = UTCTime(seconds: start + 50) } == [1])
    #expect(try ids { $0.kind = .bluezoner } == [2])
    #expect(try ids { $0.after = 1 } == [2, 3])
    #expect(try ids { $0.closedOnly = true } == [1, 2])
    #expect(try store.newestVisit() == 3)
    try store.closeVisits()
    #expect(try ids { $0.closedOnly = true } == [1, 2, 3])
  }

  @Test("Staff add people without a phone") func added() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    try store.addVisits(withoutPhone: 3, at: UTCTime(seconds: start))
    let logged = try store.visits()
    #expect(logged.count == 3 && logged.allSatisfy { $0.kind == .noPhone && $0.nearestDBm == nil && !$0.isOpen })
  }

  @Test("Visits are purged by their own time, and contacts are not") func purge() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    var rows = Store.VisitRows()
    try store.write(
      [
        VisitUpdate(visit(1, from: 0, to: 10), at: moment(100)),
        VisitUpdate(visit(2, from: 5, to: 50), at: moment(100)),
        VisitUpdate(visit(3, from: 5, to: 50), at: moment(100, isSynchronised: false)),
      ], rows: &rows, boot: "a")
    try store.purgeVisits(before: UTCTime(seconds: start + 11), boot: "a")
    #expect(try store.visits().map(\.id) == [2])
    try store.date(boot: "a", bootTime: UTCTime(seconds: start))
    #expect(try store.visits().count == 2)
    try store.purgeVisits(before: UTCTime(seconds: start + 51), boot: "a")
    #expect(try store.visits().isEmpty)
  }

  @Test("The log holds nothing that could be an address or an id") func anonymous() throws {
    let store = try Store(dataFolder: folder.path, access: .create)
    let columns = try store.read { db in try db.columns(in: "visit").map { "\($0.name) \($0.type)" } }
    #expect(!columns.contains { $0.hasSuffix("BLOB") })
    #expect(
      columns.map { String($0.split(separator: " ")[0]) } == [
        "id", "boot", "start", "end", "kind", "platform", "nearest", "prompted", "installed", "open",
        "addition",
      ])
  }
}
