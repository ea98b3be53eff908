// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import Simulator
import Testing
import Tracer

@testable import KioskApp
@testable import KioskCore

@Suite("The log under clocks that are wrong") struct StoreClockTests {
  private static let hour: Int64 = 3_600_000
  private static let day: Int64 = 24 * hour

  @Test(
    "Nothing young is lost, nothing old is kept, and every date is right or not given",
    arguments: 1...12 as ClosedRange<UInt64>)
  func histories(seed: UInt64) throws {
    let history = ClockHistory(seed: seed, days: 30)
    var run = try Run()
    var boot = -1
    var bootStart: Int64 = 0
    for spell in history.spells {
      if spell.boot != boot {
        (boot, bootStart) = (spell.boot, spell.start)
        try run.begin("\(boot)", spell.moment(after: 0, bootStart: bootStart))
      }
      var elapsed: Int64 = 0
      while true {
        try run.step(spell.moment(after: elapsed, bootStart: bootStart), trueTime: spell.start + elapsed)
        if elapsed >= spell.milliseconds { break }
        elapsed = min(elapsed + (elapsed == 0 ? 1000 : Self.hour), spell.milliseconds)
      }
      let kept = try run.kept()
      for (number, time) in run.times where spell.end - time < 14 * Self.day - 120_000 {
        #expect(kept[number] != nil, "seed \(seed), boot \(boot), lost after \((spell.end - time) / Self.hour) h")
      }
    }
    let kept = try run.kept()
    let end = history.spells.last?.end ?? 0
    for (number, date) in kept {
      let time = try #require(run.times[number])
      guard let date = date else { continue }
      let error = date.milliseconds - ClockHistory.origin.milliseconds - time
      #expect(error.magnitude <= 120_000, "seed \(seed), dated wrongly by \(error / 1000) s")
      #expect(end - time < 14 * Self.day + 2 * Self.hour, "seed \(seed), kept \((end - time) / Self.hour) h")
    }
    #expect(kept.count < run.times.count && kept.values.contains { $0 != nil })
  }

  @Test("Rows of 40 days ago go without a synchronised clock: by the clock chip after 48 h, by their age without one")
  func withoutSynchronisation() throws {
    for error in [0, -40 * Self.day] {
      var run = try Run()
      try run.begin("1", moment(0))
      try run.run(from: 0, hours: 3) { self.moment($0) }
      #expect(try run.kept().count == 4)
      let start = 40 * Self.day
      try run.begin("2", moment(start, boot: start, error: error, isSynchronised: false))
      let hours: Int64 = error == 0 ? 50 : 14 * 24 + 2
      try run.run(from: start, hours: hours) {
        self.moment($0, boot: start, error: error, isSynchronised: false)
      }
      let old = try run.kept().keys.filter { (run.times[$0] ?? 0) < start }
      #expect(old.isEmpty, "error \(error)")
    }
  }

  /// `isSynchronised`: whether a clock comes that contradicts it, so that the rows lose their date. They go when they are too
  /// old by the time that the kiosk has run since they were written.
  @Test("Rows that a clock years ahead dated end by running time", arguments: [false, true])
  func datedAhead(isSynchronised: Bool) throws {
    var run = try Run()
    try run.begin("1", moment(0))
    try run.run(from: 0, hours: 50) { self.moment($0) }
    let wrong = 51 * Self.hour
    try run.begin("2", moment(wrong, boot: wrong, error: 1000 * Self.day))
    try run.run(from: wrong, hours: 10) { self.moment($0, boot: wrong, error: 1000 * Self.day) }
    let chip = 62 * Self.hour
    try run.begin("3", moment(chip, boot: chip, isSynchronised: false))
    try run.run(from: chip, hours: 100) { self.moment($0, boot: chip, isSynchronised: false) }
    let start = 163 * Self.hour
    try run.begin("4", moment(start, boot: start, isSynchronised: isSynchronised))
    // It has run for 110 h since the first of the rows.
    let age = 14 * 24 - 112 as Int64
    try run.run(from: start, hours: age) { self.moment($0, boot: start, isSynchronised: isSynchronised) }
    func left() throws -> Int {
      try run.kept().keys.count { (wrong...wrong + 10 * Self.hour).contains(run.times[$0] ?? 0) }
    }
    #expect(try left() == 11)
    let later = start + (age + 1) * Self.hour
    try run.run(from: later, hours: 14) { self.moment($0, boot: start, isSynchronised: isSynchronised) }
    #expect(try left() == 0)
  }

  @Test(
    "A first boot with a wrong clock harms nothing: its rows get their dates, and those from before there were records stay"
  )
  func firstBoot() throws {
    for error in [30 * Self.day, -30 * Self.day] {
      let run0 = try Run()
      // As an earlier version left it.
      let id = try #require(BluezoneID([UInt8](repeating: 7, count: 12)))
      let before = ClockHistory.origin.adding(milliseconds: -2 * Self.hour)
      try run0.store.write([.init(id: id, span: .dated(first: before, last: before), strength: .init())], boot: "0")
      var run = run0
      try run.begin("1", moment(0, error: error))
      try run.run(from: 0, hours: 2) { self.moment($0, error: error) }
      try run.run(from: 2 * Self.hour, hours: 60) { self.moment($0) }
      let contacts = try run.store.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000))
      #expect(contacts.contains { $0.id == id && $0.first == before }, "error \(error)")
      for (number, date) in try run.kept() where run.times[number] != nil {
        let right = ClockHistory.origin.adding(milliseconds: run.times[number] ?? 0)
        let date = try #require(date, "error \(error)")
        #expect(abs(date.milliseconds - right.milliseconds) < 120_000, "error \(error)")
      }
    }
  }

  @Test("A row of the future loses its date, is no exposure, and ends by its age") func future() throws {
    let run = try Run()
    let store = run.store
    let id = try #require(BluezoneID([UInt8](repeating: 7, count: 12)))
    let now = ClockHistory.origin
    let later = now.adding(milliseconds: 5 * Self.day)
    try store.write(
      [.init(id: id, span: .dated(first: later, last: later), strength: .init(count: 1, nearestDBm: -60, sumDBm: -60))],
      boot: "1")
    var rows = Store.VisitRows()
    let visit = Visit(
      number: 1, start: MonotonicTime(milliseconds: 0), end: MonotonicTime(milliseconds: 9), kind: .noApp)
    try store.write(
      [VisitUpdate(visit, at: Moment(monotonic: MonotonicTime(milliseconds: 0), utc: later))], rows: &rows, boot: "1")
    try store.setAside(from: now, through: UTCTime(milliseconds: .max), offset: nil, boot: "1")
    #expect(try store.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000)).isEmpty)
    #expect(try store.visits().isEmpty)
    #expect(try undated(store) == 2)
    let age = 14 * Self.day
    try store.purgeUndated(.init(contactsBefore: -2, visitsBefore: -2), boot: "1")
    #expect(try undated(store) == 2)
    try store.purgeUndated(.init(contactsBefore: age, visitsBefore: age), boot: "1")
    #expect(try undated(store) == 0)
  }

  @Test("Rows that a wrong clock dated move with their exposures, packed or not") func redate() throws {
    let run = try Run()
    let store = run.store
    let id = try #require(BluezoneID([UInt8](repeating: 7, count: 12)))
    let wrong = ClockHistory.origin.adding(milliseconds: 3 * Self.day)
    for (at, count) in [(wrong, 2), (ClockHistory.origin, 1)] {
      try store.write(
        [.init(id: id, span: .dated(first: at, last: at), strength: .init(count: count, nearestDBm: -60, sumDBm: -60))],
        boot: "1")
    }
    while try store.pack(before: wrong.adding(milliseconds: Self.day)) {}
    try store.redate(from: wrong, through: wrong, byMilliseconds: -3 * Self.day)
    let contacts = try store.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000))
    #expect(contacts.count == 1 && contacts.first?.first == ClockHistory.origin && contacts.first?.strength.count == 3)
  }

  @Test("A leap is on record with what it would delete") func record() throws {
    let news = ClockNews(kind: .leapt, byMilliseconds: (30 * 24 + 2) * Self.hour, offset: 0)
    #expect(
      news.words(stake: ClockWords.stake(contacts: 1234, visits: 56))
        == "the clock leapt 30 d 2 h ahead; not believed yet, would delete 1234 contacts and 56 visits")
    let run = try Run()
    let at = ClockHistory.origin
    let id = try #require(BluezoneID([UInt8](repeating: 7, count: 12)))
    try run.store.write([.init(id: id, span: .dated(first: at, last: at), strength: .init())], boot: "1")
    try run.store.addVisits(withoutPhone: 2, at: at)
    let later = at.adding(milliseconds: Self.day)
    for _ in 0..<2 {
      let (contacts, visits) = try run.store.countOlder(contactsBefore: later, visitsBefore: later)
      #expect(contacts == 1 && visits == 2)
      _ = try run.store.pack(before: later)
    }
  }

  private func undated(_ store: Store) throws -> Int {
    try store.read { db in
      try Int.fetchOne(
        db, sql: "SELECT (SELECT count(*) FROM undatedContact) + (SELECT count(*) FROM visit WHERE boot IS NOT NULL)")
        ?? 0
    }
  }

  private func moment(_ time: Int64, boot: Int64 = 0, error: Int64 = 0, isSynchronised: Bool = true) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: time - boot + 5000),
      utc: ClockHistory.origin.adding(milliseconds: time + error), isSynchronised: isSynchronised)
  }

  /// The real core and the real store, with a contact at each step.
  private struct Run {
    let folder: Folder
    let store: Store
    /// True times, by the number that is in each id.
    var times: [UInt64: Int64] = [:]
    private var kiosk: Kiosk?
    private var boot = ""

    init() throws {
      folder = try Folder()
      store = try Store(dataFolder: folder.path, access: .create)
    }

    mutating func begin(_ boot: String, _ moment: Moment) throws {
      self.boot = boot
      let key = try #require(BluezoneKey([UInt8](repeating: 9, count: BluezoneKey.byteCount)))
      let identity = BluezoneIdentity(baseKey: key, baseDay: ClockHistory.origin.milliseconds / 86_400_000 - 4000)
      kiosk = Kiosk(settings: Settings(), identity: identity, boot: boot, startingAt: moment) { 1 }
      kiosk?.handle(.start, at: moment)
      kiosk?.handle(.clockRead(try store.clock()), at: moment)
      try carryOut()
    }

    mutating func run(from start: Int64, hours: Int64, _ moment: (Int64) -> Moment) throws {
      for hour in 0...hours { try step(moment(start + hour * 3_600_000), trueTime: start + hour * 3_600_000) }
    }

    mutating func step(_ raw: Moment, trueTime: Int64) throws {
      kiosk?.handle(.tick, at: raw)
      try carryOut()
      guard let now = kiosk?.now else { return }
      let number = UInt64(times.count + 1)
      times[number] = trueTime
      let bytes = (0..<12).map { UInt8(truncatingIfNeeded: $0 < 8 ? number >> (8 * UInt64($0)) : 0xEE) }
      let id = try #require(BluezoneID(bytes))
      let span: ContactUpdate.Span =
        now.isSynchronised
        ? .dated(first: now.utc, last: now.utc) : .undated(first: raw.monotonic, last: raw.monotonic)
      try store.write([ContactUpdate(id: id, span: span, strength: .init())], boot: boot)
    }

    private mutating func carryOut() throws {
      for effect in kiosk?.takeEffects() ?? [] {
        switch effect {
        case .dateContacts(let bootTime): try store.date(boot: boot, bootTime: bootTime)
        case .redate(let from, let through, let by):
          try store.redate(from: from, through: through, byMilliseconds: by)
        case .setAside(let from, let through, let offset):
          try store.setAside(from: from, through: through, offset: offset, boot: boot)
        case .saveClock(let record): try store.save(record)
        case .purge(let contacts, let visits):
          try store.purge(before: contacts, boot: boot)
          try store.purgeVisits(before: visits, boot: boot)
        case .purgeUndated(let undated): try store.purgeUndated(undated, boot: boot)
        case .packContacts(let time): _ = try store.pack(before: time)
        default: break
        }
      }
    }

    /// What is in the log: by number, the date if there is one.
    func kept() throws -> [UInt64: UTCTime?] {
      var kept: [UInt64: UTCTime?] = [:]
      func number(_ id: BluezoneID) -> UInt64 { id.bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }
      for contact in try store.contacts(from: UTCTime(seconds: -1 << 32), to: UTCTime(seconds: 1 << 33)) {
        kept.updateValue(contact.first, forKey: number(contact.id))
      }
      let undated = try store.read { db in try Data.fetchAll(db, sql: "SELECT blid FROM undatedContact") }
      for blid in undated {
        if let id = BluezoneID(blid) { kept.updateValue(nil, forKey: number(id)) }
      }
      return kept
    }
  }
}
