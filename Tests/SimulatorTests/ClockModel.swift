// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Simulator
import Tracer

/// A kiosk's log as a list, driven through a history of clocks by the real judge: what is lost, kept too long or dated
/// wrongly by the true time.
struct ClockModel {
  /// What the judge is replaced with, to see that the checks see it.
  enum Mutant { case none, believesEveryClock, deletesByTheWallClock }

  struct Row {
    var written: Int64
    var date: UTCTime?
    var boot: Int
    var monotonic: Int64
    /// Operating time at which it was written, or, if that was lost with its date, at which it was set aside.
    var operating: Int64
    /// For a row without a date: the latest time that it can be of, once a right clock was believed in a later boot.
    var dueFrom: Int64
    /// Running time since it was due with a clock that could be known.
    var overdue: Int64 = 0
  }

  struct Figures {
    var written = 0
    var deleted = 0
    var datedAtTheEnd = 0
    var undatedAtTheEnd = 0
  }

  let history: ClockHistory
  let mutant: Mutant
  var faults: [String] = []
  private(set) var figures = Figures()
  private var rows: [Row] = []
  private var record: ClockRecord?
  private var judge = ClockJudge(boot: "", at: MonotonicTime(milliseconds: 0))
  private var wasSynchronised = false
  private var purgedAt: Int64?
  private var purgedLine: UTCTime?
  /// By boot: operating time at its beginning, and an upper bound of its offset.
  private var boots: [Int: (operating: Int64, latest: Int64?)] = [:]

  static let day: Int64 = 86_400_000
  static let retention = 14 * day
  private static let step: Int64 = 10 * 60_000
  private static let slack: Int64 = 120_000

  init(_ history: ClockHistory, mutant: Mutant = .none) {
    self.history = history
    self.mutant = mutant
  }

  mutating func run() {
    var boot = -1
    var bootStart: Int64 = 0
    for (i, spell) in history.spells.enumerated() {
      if spell.boot != boot {
        boot = spell.boot
        bootStart = spell.start
        begin(boot, spell.moment(after: 0, bootStart: bootStart))
      }
      var elapsed: Int64 = 0
      while true {
        look(spell, elapsed, bootStart)
        if elapsed >= spell.milliseconds { break }
        elapsed = min(elapsed + (elapsed == 0 ? 1000 : Self.step), spell.milliseconds)
      }
      if spell.clock == .right, spell.milliseconds > 48 * 3_600_000 || i == history.spells.count - 1 {
        checkDates(spell)
      }
    }
    figures.datedAtTheEnd = rows.count { $0.date != nil }
    figures.undatedAtTheEnd = rows.count - figures.datedAtTheEnd
  }

  private mutating func begin(_ boot: Int, _ moment: Moment) {
    judge = ClockJudge(boot: "\(boot)", at: moment.monotonic)
    judge.take(record, at: moment.monotonic)
    wasSynchronised = false
    purgedAt = nil
  }

  private mutating func look(_ spell: ClockHistory.Spell, _ elapsed: Int64, _ bootStart: Int64) {
    let raw = spell.moment(after: elapsed, bootStart: bootStart)
    let time = spell.start + elapsed
    let before = judge.record.operating
    var moment = judge.judge(raw)
    let running = judge.record.operating - before
    if mutant == .believesEveryClock { moment = raw }
    for order in judge.takeOrders() where mutant != .believesEveryClock { carryOut(order) }
    if moment.isSynchronised, !wasSynchronised { dateRows(spell.boot, by: moment) }
    wasSynchronised = moment.isSynchronised
    boots[spell.boot] = (judge.record.operatingAtZero, boots[spell.boot]?.latest)
    if let (offset, before) = judge.record.upperBound {
      for (boot, known) in boots where known.operating < before {
        boots[boot]?.latest = min(known.latest ?? offset, offset)
      }
    }
    if judge.record.isSettled, moment.isSynchronised {
      let future = moment.utc.adding(milliseconds: 3_600_000)
      for i in rows.indices { if let date = rows[i].date, date > future { setAside(i, operating: nil) } }
    }
    // What must be gone ages while it is due.
    for i in rows.indices {
      if rows[i].date == nil, rows[i].dueFrom == .max, spell.clock == .right, judge.verdict == .trusted,
        rows[i].boot != spell.boot
      {
        rows[i].dueFrom = time - (judge.record.operating - rows[i].operating)
      }
      let from = rows[i].date == nil ? rows[i].dueFrom : rows[i].written
      if from != .max, time - from > Self.retention, isEvidence(spell.clock, against: rows[i]) {
        rows[i].overdue += elapsed == 0 ? 0 : running
      }
    }
    purge(at: time, raw, moment)
    if elapsed % Self.step == 1000 % Self.step || spell.clock.isWrong || elapsed == 0 {
      rows.append(
        Row(
          written: time, date: moment.isSynchronised ? moment.utc : nil, boot: spell.boot,
          monotonic: raw.monotonic.milliseconds, operating: judge.record.operating, dueFrom: .max))
      figures.written += 1
    }
    record = judge.record
  }

  /// Whether a kiosk could know by this clock that the row is so old. Where a synchronised clock dated it ahead, one that is
  /// not synchronised may as well be behind: nobody knows before its days of running have passed.
  private func isEvidence(_ clock: ClockHistory.Clock, against row: Row) -> Bool {
    guard clock == .chip, let date = row.date else { return clock.isKnown || clock.isWrong }
    return date.milliseconds - ClockHistory.origin.milliseconds - row.written <= Self.slack
      || judge.record.operating - row.operating > Self.retention
  }

  private mutating func dateRows(_ boot: Int, by moment: Moment) {
    for i in rows.indices where rows[i].date == nil && rows[i].boot == boot {
      rows[i].date = moment.utc(at: MonotonicTime(milliseconds: rows[i].monotonic))
    }
  }

  private mutating func carryOut(_ order: ClockJudge.Order) {
    switch order {
    case .redate(let from, let through, let by):
      for i in rows.indices {
        if let date = rows[i].date, date >= from, date <= through { rows[i].date = date.adding(milliseconds: by) }
      }
    case .setAside(let from, let through, let offset):
      for i in rows.indices {
        if let date = rows[i].date, date >= from, date <= through {
          setAside(i, operating: date.milliseconds - offset)
        }
      }
    case .tell: break
    }
  }

  /// - Parameter operating: operating time at which it was written; nil where nobody knows.
  private mutating func setAside(_ i: Int, operating: Int64?) {
    rows[i].date = nil
    rows[i].dueFrom = .max
    // It is known only by now.
    let boot = -1 - i - figures.written * 10_000
    rows[i].boot = boot
    rows[i].monotonic = 0
    if operating == nil { rows[i].operating = judge.record.operatingAtZero }
    boots[boot] = (operating ?? judge.record.operatingAtZero - 1, nil)
  }

  private mutating func purge(at time: Int64, _ raw: Moment, _ moment: Moment) {
    let line = mutant == .deletesByTheWallClock ? raw.isSynchronised ? raw.utc : nil : judge.purgeTime(at: raw)
    let operating = judge.record.operating
    // By more than the running time since: as `Kiosk.purge`.
    let rise = (line?.milliseconds ?? 0) - (purgedLine?.milliseconds ?? 0) - (operating - (purgedAt ?? operating))
    let hasRisen = rise > CoreLimits.clockAgreementMilliseconds
    guard purgedAt.map({ operating - $0 >= 3_600_000 }) ?? true || hasRisen else { return }
    purgedAt = operating
    purgedLine = line
    let before = line?.adding(milliseconds: -Self.retention)
    let ahead = judge.datedAhead(at: raw)
    let gone = rows.filter { row in
      if let date = row.date {
        return before.map { date < $0 } ?? false
          || ahead.contains { date >= $0.from && date.milliseconds - $0.offset < operating - Self.retention }
      }
      guard let boot = boots[row.boot] else { return false }
      let written = boot.operating + row.monotonic
      if operating - written > Self.retention { return true }
      guard let latest = boot.latest, let before else { return false }
      return written + latest < before.milliseconds
    }
    guard !gone.isEmpty || !rows.isEmpty else { return }
    for row in gone where time - row.written < Self.retention - Self.slack {
      fault("lost after \((time - row.written) / 3_600_000) h, boot \(row.boot), at \(time / 3_600_000) h")
    }
    figures.deleted += gone.count
    if !gone.isEmpty {
      let lost = Set(gone.map(\.written))
      rows.removeAll { lost.contains($0.written) }
    }
    let bound: Int64 = history.isPlain ? 3_600_000 : 72 * 3_600_000
    for i in rows.indices where rows[i].overdue > bound {
      fault(
        "kept \(rows[i].overdue / 60_000) min too long, dated \(rows[i].date != nil), boot \(rows[i].boot), at \(time / 3_600_000) h"
      )
      rows[i].overdue = .min / 2
    }
    // Whatever any clock says.
    for row in rows where operating - row.operating > Self.retention + 3_600_000 + Self.step {
      let hours = (operating - row.operating) / 3_600_000
      fault("kept for \(hours) h of running, boot \(row.boot), at \(time / 3_600_000) h")
    }
  }

  /// The clock has been right for long enough.
  private mutating func checkDates(_ spell: ClockHistory.Spell) {
    let now = ClockHistory.origin.adding(milliseconds: spell.end)
    for row in rows {
      guard let date = row.date else { continue }
      if date > now.adding(milliseconds: 3_600_000) { fault("a row of the future, boot \(row.boot)") }
      let error = date.milliseconds - ClockHistory.origin.milliseconds - row.written
      if error.magnitude > UInt64(Self.slack) {
        fault("dated wrongly by \(error / 1000) s, boot \(row.boot), at \(spell.end / 3_600_000) h")
      }
    }
  }

  private mutating func fault(_ words: String) { if faults.count < 4 { faults.append(words) } }
}
