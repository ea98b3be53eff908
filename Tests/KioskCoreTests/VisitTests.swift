// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

@Suite("Visits")
struct VisitTests {
  private func moment(_ milliseconds: Int64, isSynchronised: Bool = true) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: milliseconds), utc: UTCTime(milliseconds: 1_000_000 + milliseconds),
      isSynchronised: isSynchronised)
  }

  private func visit(_ number: Int, from start: Int64, to end: Int64, isOpen: Bool = true) -> Visit {
    var visit = Visit(
      number: number, start: MonotonicTime(milliseconds: start), end: MonotonicTime(milliseconds: end), kind: .bluezoner
    )
    visit.isOpen = isOpen
    return visit
  }

  @Test("News are handed over after 10 s, an open visit again while its end moves")
  func writing() {
    var ledger = VisitLedger()
    ledger.hear(.visitOpened(visit(1, from: 0, to: 3000)), at: moment(3000))
    #expect(ledger.takeDue(open: [visit(1, from: 0, to: 12_000)], at: moment(12_999)) == nil)
    let first = ledger.takeDue(open: [visit(1, from: 0, to: 13_000)], at: moment(13_000))
    #expect(first?.map(\.visit.end.milliseconds) == [13_000])
    #expect(ledger.nextDeadline == MonotonicTime(milliseconds: 23_000))
    // Nobody moved.
    #expect(ledger.takeDue(open: [visit(1, from: 0, to: 13_000)], at: moment(23_000)) == nil)
    ledger.hear(.visitClosed(visit(1, from: 0, to: 14_000, isOpen: false)), at: moment(74_000))
    let last = ledger.takeDue(open: [], at: moment(84_000))
    #expect(last?.map(\.visit.isOpen) == [false])
    #expect(ledger.nextDeadline == nil)
  }

  @Test("News that a stuck disk gives back do not undo those that it took later", arguments: [true, false])
  func lateRefusal(isWithdrawn: Bool) {
    var ledger = VisitLedger()
    ledger.hear(.visitOpened(visit(1, from: 0, to: 3000)), at: moment(3000))
    let first = ledger.takeAll(open: [visit(1, from: 0, to: 13_000)], at: moment(13_000))
    let end = visit(1, from: 0, to: 14_000, isOpen: false)
    ledger.hear(isWithdrawn ? .visitWithdrawn(end) : .visitClosed(end), at: moment(74_000))
    let second = ledger.takeAll(open: [], at: moment(84_000))
    #expect(second.count == 1)
    ledger.putBack(first, at: moment(90_000).monotonic)
    #expect(ledger.takeAll(open: [], at: moment(100_000)).isEmpty)
    #expect(ledger.nextDeadline == nil)
    // What came back itself is offered again.
    ledger.putBack(second, at: moment(101_000).monotonic)
    #expect(ledger.takeAll(open: [], at: moment(111_000)) == second)
  }

  @Test("A visit seen before the clock is synchronised is dated when it is")
  func dating() {
    var ledger = VisitLedger()
    ledger.hear(.visitClosed(visit(1, from: 1000, to: 5000, isOpen: false)), at: moment(65_000, isSynchronised: false))
    ledger.date(at: moment(70_000))
    let update = ledger.takeAll(open: [], at: moment(70_000)).first
    #expect(
      update?.span == .dated(start: UTCTime(milliseconds: 1_001_000), end: UTCTime(milliseconds: 1_005_000)))
  }

  @Test("A withdrawn visit is forgotten, and its row removed if it was written", arguments: [true, false])
  func withdrawing(isWritten: Bool) {
    var ledger = VisitLedger()
    ledger.hear(.visitOpened(visit(1, from: 0, to: 3000)), at: moment(3000))
    if isWritten { #expect(ledger.takeAll(open: [], at: moment(4000)).count == 1) }
    ledger.hear(.visitWithdrawn(visit(1, from: 0, to: 4000)), at: moment(5000))
    let updates = ledger.takeAll(open: [], at: moment(6000))
    #expect(updates.map(\.isWithdrawn) == (isWritten ? [true] : []))
  }

  @Test("A visit that has ended and was none is taken out of the log and of the totals", arguments: [true, false])
  func takingBack(isSynchronised: Bool) {
    var book = VisitBook()
    let ended = visit(1, from: 0, to: 4000, isOpen: false)
    book.hear(.visitClosed(ended), at: moment(64_000, isSynchronised: isSynchronised))
    book.hear(
      .visitClosed(visit(2, from: 0, to: 4000, isOpen: false)), at: moment(64_000, isSynchronised: isSynchronised))
    #expect(book.takeAll(closing: [], at: moment(64_000)).count == 2)
    book.hear(.visitWithdrawn(ended), at: moment(90_000, isSynchronised: isSynchronised))
    book.date(at: moment(91_000))
    #expect(book.today(open: [], at: moment(91_000)).visits == 1)
    let updates = book.takeAll(closing: [], at: moment(91_000))
    #expect(updates.map(\.visit.number) == [1] && updates[0].isWithdrawn)
  }

  @Test("What the disk refuses is offered again, unless there is newer news")
  func puttingBack() {
    var ledger = VisitLedger()
    ledger.hear(.visitOpened(visit(1, from: 0, to: 3000)), at: moment(3000))
    let refused = ledger.takeAll(open: [], at: moment(13_000))
    ledger.hear(.visitClosed(visit(1, from: 0, to: 9000, isOpen: false)), at: moment(14_000))
    ledger.putBack(refused, at: MonotonicTime(milliseconds: 15_000))
    #expect(ledger.takeDue(open: [], at: moment(24_999)) == nil)
    #expect(ledger.takeDue(open: [], at: moment(25_000))?.map(\.visit.isOpen) == [false])
  }

  @Test("Visits are counted in the local hour of their start, over midnight too")
  func tally() {
    var tally = VisitTally()
    // 17:30 UTC is half past midnight in Vietnam.
    let evening = UTCTime(seconds: 17 * 3600 + 1800)
    tally.add(visit(1, from: 0, to: 1), start: evening, offsetSeconds: 7 * 3600)
    var other = visit(2, from: 0, to: 1)
    other.kind = .noPhone
    tally.add(other, start: UTCTime(seconds: 17 * 3600 - 1), offsetSeconds: 7 * 3600)
    let hours = tally.hours(ofDay: evening, offsetSeconds: 7 * 3600)
    #expect(hours.count == 24)
    #expect(hours[0].visits == 1)
    #expect(tally.day(evening, offsetSeconds: 7 * 3600).bluezoners == 1)
    let before = tally.day(UTCTime(seconds: 0), offsetSeconds: 7 * 3600)
    #expect(before.visits == 1)
    #expect(before.withoutPhone == 1)
    // Who was counted by hand is no estimate.
    #expect(before.uncertainty == 0)
    #expect(hours[0].uncertainty == 1)
  }
}
