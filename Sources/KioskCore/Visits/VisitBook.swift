// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Visits on their way to the disk, and the totals of them.
public struct VisitBook: Sendable {
  private var ledger = VisitLedger()
  private var tally = VisitTally()
  /// Closed while the wall clock could not be believed: counted once it can.
  private var undated: [Visit] = []
  private var checkIns = 0

  public init() {}

  public var pendingCount: Int { ledger.pendingCount }
  public var lost: Int { ledger.lost }
  var nextDeadline: MonotonicTime? { ledger.nextDeadline }

  mutating func hear(_ event: People.Event, at moment: Moment) {
    ledger.hear(event, at: moment)
    switch event {
    case .visitClosed(let visit): count(visit, at: moment)
    case .visitWithdrawn(let visit) where !visit.isOpen: discount(visit, at: moment)
    case .visitWithdrawn, .visitOpened, .bluezonerNear, .prompt: break
    }
  }

  /// A person without any phone.
  mutating func checkIn(at moment: Moment) {
    checkIns += 1
    ledger.checkIn(number: -checkIns, at: moment)
    count(Visit(number: -checkIns, start: moment.monotonic, end: moment.monotonic, kind: .noPhone), at: moment)
  }

  /// A person whom only the presence sensor saw.
  mutating func sensed(from start: MonotonicTime, to end: MonotonicTime, at moment: Moment) {
    checkIns += 1
    var visit = Visit(number: -checkIns, start: start, end: end, kind: .noPhone)
    visit.isOpen = false
    hear(.visitClosed(visit), at: moment)
  }

  /// They stand in the log already.
  mutating func added(withoutPhone count: Int, at time: UTCTime, _ moment: Moment) {
    for _ in 0..<count {
      tally.add(
        Visit(number: 0, start: moment.monotonic, end: moment.monotonic, kind: .noPhone), start: time,
        offsetSeconds: moment.utcOffsetSeconds)
    }
  }

  /// They stand in the log no more.
  mutating func takenBack(withoutPhone count: Int, at time: UTCTime, _ moment: Moment) {
    for _ in 0..<count {
      tally.remove(
        Visit(number: 0, start: moment.monotonic, end: moment.monotonic, kind: .noPhone), start: time,
        offsetSeconds: moment.utcOffsetSeconds)
    }
  }

  /// What an earlier run has logged.
  mutating func read(_ logged: [LoggedVisit], at moment: Moment) {
    for visit in logged {
      tally.add(Visit(visit), start: visit.start, offsetSeconds: moment.utcOffsetSeconds)
    }
  }

  private mutating func count(_ visit: Visit, at moment: Moment) {
    if moment.isSynchronised {
      tally.add(visit, start: moment.utc(at: visit.start), offsetSeconds: moment.utcOffsetSeconds)
    } else if undated.count < CoreLimits.pendingVisits {
      undated.append(visit)
    }
  }

  /// It was counted, and none after all.
  private mutating func discount(_ visit: Visit, at moment: Moment) {
    if let i = undated.firstIndex(where: { $0.number == visit.number }) {
      undated.remove(at: i)
    } else if moment.isSynchronised {
      tally.remove(visit, start: moment.utc(at: visit.start), offsetSeconds: moment.utcOffsetSeconds)
    }
  }

  /// The wall clock is believed from now on.
  mutating func date(at moment: Moment) {
    ledger.date(at: moment)
    for visit in undated {
      tally.add(visit, start: moment.utc(at: visit.start), offsetSeconds: moment.utcOffsetSeconds)
    }
    undated.removeAll()
  }

  /// A clock was wrong.
  mutating func redate(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) {
    ledger.redate(from: from, through: through, byMilliseconds: shift)
  }

  /// The totals of the local day, those who are here now included.
  func today(open: [Visit], at moment: Moment) -> VisitTally.Figures {
    var figures = tally.day(moment.utc, offsetSeconds: moment.utcOffsetSeconds)
    for visit in open { figures.add(visit) }
    return figures
  }

  /// Hour by hour from the local midnight, those who are here now left out.
  public func hours(at moment: Moment) -> [VisitTally.Figures] {
    tally.hours(ofDay: moment.utc, offsetSeconds: moment.utcOffsetSeconds)
  }

  // MARK: To the disk

  func isDue(at now: MonotonicTime) -> Bool { ledger.isDue(at: now) }

  mutating func takeAll(open: [Visit], at moment: Moment) -> [VisitUpdate] { ledger.takeAll(open: open, at: moment) }

  /// Everything, for the end of the run: who is still here leaves with it.
  mutating func takeAll(closing open: [Visit], at moment: Moment) -> [VisitUpdate] {
    for var visit in open {
      visit.isOpen = false
      ledger.hear(.visitClosed(visit), at: moment)
    }
    return ledger.takeAll(open: [], at: moment)
  }

  mutating func putBack(_ updates: [VisitUpdate], at moment: Moment) {
    ledger.putBack(updates, at: moment.monotonic)
    // They may have been handed over before the clock was synchronised.
    if moment.isSynchronised { ledger.date(at: moment) }
  }
}

extension Visit {
  /// A row as far as it is counted.
  init(_ logged: LoggedVisit) {
    let zero = MonotonicTime(milliseconds: 0)
    self.init(number: 0, start: zero, end: zero, kind: logged.kind)
    isPrompted = logged.isPrompted
    isInstalledHere = logged.isInstalledHere
    isOpen = false
  }
}
