// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What was heard since the last write, by id and slot. Handed over at most once in 10 s; what the disk refuses comes
/// back and waits.
public struct ContactLedger: Sendable {
  private enum Key: Hashable {
    /// Slot number as in `LogSlot`.
    case dated(BluezoneID, slot: Int64)
    /// Quarter hours since boot.
    case undated(BluezoneID, quarter: Int64)
  }

  private var pending: [Key: ContactUpdate] = [:]
  private var writeDue: MonotonicTime?
  private var redatings = Redatings()
  /// Contacts not logged because the ledger was full.
  public private(set) var lost = 0

  public init() {}

  public var pendingCount: Int { pending.count }

  /// When `takeDue` next has something to give.
  public var nextDeadline: MonotonicTime? { pending.isEmpty ? nil : writeDue }

  public mutating func hear(
    _ id: BluezoneID, rssiDBm: Int8?, platform: Platform? = nil, at moment: Moment
  ) {
    let span: ContactUpdate.Span =
      moment.isSynchronised
      ? .dated(first: moment.utc, last: moment.utc)
      : .undated(first: moment.monotonic, last: moment.monotonic)
    var update = ContactUpdate(id: id, span: span, strength: .init(rssiDBm), platform: platform)
    update.redatings = redatings.count
    add(update)
    if writeDue == nil {
      writeDue = moment.monotonic.adding(milliseconds: CoreLimits.writeIntervalMilliseconds)
    }
  }

  /// Whether `takeDue` has something to give.
  func isDue(at now: MonotonicTime) -> Bool { !pending.isEmpty && (writeDue.map { now >= $0 } ?? false) }

  /// Everything pending, once 10 s have passed since the first of it was heard or since the last write; nil before.
  public mutating func takeDue(at now: MonotonicTime) -> [ContactUpdate]? {
    isDue(at: now) ? takeAll() : nil
  }

  /// Everything pending, for the end of the run.
  public mutating func takeAll() -> [ContactUpdate] {
    let updates = Array(pending.values)
    pending.removeAll(keepingCapacity: true)
    writeDue = nil
    return updates
  }

  /// What could not be written. It is offered again after 10 s.
  public mutating func putBack(_ updates: [ContactUpdate], at now: MonotonicTime) {
    for update in updates { add(update) }
    writeDue = now.adding(milliseconds: CoreLimits.writeIntervalMilliseconds)
  }

  /// Gives dates to what was heard before the clock was synchronised at `moment`.
  public mutating func date(at moment: Moment) {
    let updates = Array(pending.values)
    pending.removeAll(keepingCapacity: true)
    for var update in updates {
      if case .undated(let first, let last) = update.span {
        update.span = .dated(first: moment.utc(at: first), last: moment.utc(at: last))
        update.redatings = redatings.count
      }
      add(update)
    }
  }

  /// Moves what a wrong clock has dated, and what comes back later with such a date.
  public mutating func redate(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) {
    redatings.add(from: from, through: through, byMilliseconds: shift)
    let updates = Array(pending.values)
    pending.removeAll(keepingCapacity: true)
    for update in updates { add(update) }
  }

  private mutating func add(_ update: ContactUpdate) {
    var update = update
    if update.redatings < redatings.count, case .dated(let first, let last) = update.span {
      let shift = redatings.shift(of: first, since: update.redatings)
      update.span = .dated(first: first.adding(milliseconds: shift), last: last.adding(milliseconds: shift))
      update.redatings = redatings.count
    }
    let key = Self.key(of: update)
    guard var known = pending[key] else {
      guard pending.count < CoreLimits.pendingContacts else {
        lost += 1
        return
      }
      pending[key] = update
      return
    }
    known.strength.add(update.strength)
    known.platform = known.platform ?? update.platform
    switch (known.span, update.span) {
    case (.dated(let first, let last), .dated(let otherFirst, let otherLast)):
      known.span = .dated(first: min(first, otherFirst), last: max(last, otherLast))
    case (.undated(let first, let last), .undated(let otherFirst, let otherLast)):
      known.span = .undated(first: min(first, otherFirst), last: max(last, otherLast))
    default: break  // The key tells the two apart.
    }
    pending[key] = known
  }

  private static func key(of update: ContactUpdate) -> Key {
    switch update.span {
    case .dated(let first, _): .dated(update.id, slot: LogSlot.number(at: first))
    case .undated(let first, _): .undated(update.id, quarter: first.milliseconds / LogSlot.milliseconds)
    }
  }
}
