// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Visits since the last write. Handed over at most once in 10 s; what the disk refuses comes back and waits.
public struct VisitLedger: Sendable {
  private var pending: [Int: VisitUpdate] = [:]
  /// The end of each open visit as it was handed over, so that an unchanged one is not written again.
  private var written: [Int: MonotonicTime] = [:]
  /// Visits that were handed over as ended or taken back, for as long as an older batch may still come back.
  private var ended: [Int: (update: VisitUpdate, at: MonotonicTime)] = [:]
  private var writeDue: MonotonicTime?
  private var redatings = Redatings()
  /// Visits not logged because the ledger was full.
  public private(set) var lost = 0

  public init() {}

  public var pendingCount: Int { pending.count }

  /// When `takeDue` next has something to give. While a visit is open that is each 10 s: its end moves.
  public var nextDeadline: MonotonicTime? { pending.isEmpty && written.isEmpty ? nil : writeDue }

  public mutating func hear(_ event: People.Event, at moment: Moment) {
    switch event {
    case .visitOpened(let visit): add(news(of: visit, at: moment), at: moment.monotonic)
    case .visitClosed(let visit):
      written[visit.number] = nil
      add(news(of: visit, at: moment), at: moment.monotonic)
    case .visitWithdrawn(let visit):
      pending[visit.number] = nil
      // Only a row that has been written needs removing; of a visit that has ended nothing is kept here.
      guard written.removeValue(forKey: visit.number) != nil || !visit.isOpen else { return }
      var update = news(of: visit, at: moment)
      update.isWithdrawn = true
      add(update, at: moment.monotonic)
    case .bluezonerNear, .prompt: break
    }
  }

  /// A person without any phone: checked in by touch, by staff or by a sensor. `number` is below 0, so that it is no
  /// other visit's.
  public mutating func checkIn(number: Int, at moment: Moment) {
    var visit = Visit(number: number, start: moment.monotonic, end: moment.monotonic, kind: .noPhone)
    visit.isOpen = false
    add(news(of: visit, at: moment), at: moment.monotonic)
  }

  /// Whether `takeDue` would look for something to give: not with every event.
  func isDue(at now: MonotonicTime) -> Bool { writeDue.map { now >= $0 } ?? false }

  /// Everything pending and how the open visits stand, 10 s after the first news or the last write; nil before, and if
  /// there is nothing.
  public mutating func takeDue(open: [Visit], at moment: Moment) -> [VisitUpdate]? {
    guard isDue(at: moment.monotonic) else { return nil }
    let updates = takeAll(open: open, at: moment)
    return updates.isEmpty ? nil : updates
  }

  /// The same at once, for the end of the run.
  public mutating func takeAll(open: [Visit], at moment: Moment) -> [VisitUpdate] {
    for visit in open where written[visit.number] != visit.end {
      pending[visit.number] = news(of: visit, at: moment)
    }
    let updates = pending.values.sorted { $0.visit.number < $1.visit.number }
    let now = moment.monotonic
    ended = ended.filter { now.milliseconds(since: $0.value.at) < CoreLimits.endedVisitMilliseconds }
    for update in updates {
      if update.visit.isOpen, !update.isWithdrawn {
        written[update.visit.number] = update.visit.end
      } else {
        ended[update.visit.number] = (update, now)
      }
    }
    pending.removeAll(keepingCapacity: true)
    writeDue = written.isEmpty ? nil : moment.monotonic.adding(milliseconds: CoreLimits.writeIntervalMilliseconds)
    return updates
  }

  /// What could not be written, in any order. It is offered again after 10 s; newer news of the same visit stands.
  public mutating func putBack(_ updates: [VisitUpdate], at now: MonotonicTime) {
    for update in updates {
      let number = update.visit.number
      // A disk that took a later batch meanwhile has newer news of it.
      if let (end, _) = ended[number], end.isNewer(than: update) { continue }
      if let known = pending[number], !update.isNewer(than: known) { continue }
      add(update, at: now)
    }
    writeDue = now.adding(milliseconds: CoreLimits.writeIntervalMilliseconds)
  }

  /// Gives dates to what was seen before the clock was synchronised at `moment`.
  public mutating func date(at moment: Moment) {
    for (number, update) in pending {
      guard case .undated(let start, let end) = update.span else { continue }
      pending[number]?.span = .dated(start: moment.utc(at: start), end: moment.utc(at: end))
      pending[number]?.redatings = redatings.count
    }
  }

  /// Moves what a wrong clock has dated, and what comes back later with such a date.
  public mutating func redate(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) {
    redatings.add(from: from, through: through, byMilliseconds: shift)
    for (number, update) in pending { pending[number] = redated(update) }
  }

  private func redated(_ update: VisitUpdate) -> VisitUpdate {
    guard update.redatings < redatings.count, case .dated(let start, let end) = update.span else { return update }
    let shift = redatings.shift(of: start, since: update.redatings)
    var update = update
    update.span = .dated(start: start.adding(milliseconds: shift), end: end.adding(milliseconds: shift))
    update.redatings = redatings.count
    return update
  }

  private func news(of visit: Visit, at moment: Moment) -> VisitUpdate {
    var update = VisitUpdate(visit, at: moment)
    update.redatings = redatings.count
    return update
  }

  private mutating func add(_ update: VisitUpdate, at now: MonotonicTime) {
    let number = update.visit.number
    guard pending[number] != nil || pending.count < CoreLimits.pendingVisits else {
      lost += 1
      return
    }
    pending[number] = redated(update)
    if writeDue == nil { writeDue = now.adding(milliseconds: CoreLimits.writeIntervalMilliseconds) }
  }
}

extension VisitUpdate {
  /// A visit is open, ends, and may be taken back; while it is open its end moves on.
  fileprivate func isNewer(than other: Self) -> Bool {
    func stage(_ update: Self) -> Int { update.isWithdrawn ? 2 : update.visit.isOpen ? 0 : 1 }
    return (stage(self), visit.end) > (stage(other), other.visit.end)
  }
}
