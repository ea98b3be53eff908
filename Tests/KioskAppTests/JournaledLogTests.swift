// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("The journal before the database")
final class JournaledLogTests {
  private let folder: Folder
  private let time = UTCTime(seconds: 1_763_686_800)
  private let boot = "this-boot"

  init() throws { folder = try Folder() }

  private func id(_ number: Int) -> BluezoneID { BluezoneID(high: UInt64(number), low: 7) }

  /// Ten reports of one id, in the ten seconds that begin so many after the start.
  private func contact(_ number: Int, at seconds: Int64) -> ContactUpdate {
    ContactUpdate(
      id: id(number),
      span: .dated(
        first: time.adding(milliseconds: seconds * 1000), last: time.adding(milliseconds: (seconds + 9) * 1000)),
      strength: .init(count: 10, nearestDBm: -60, sumDBm: -650), platform: .android)
  }

  private func visit(_ number: Int, to seconds: Int64, isOpen: Bool = true, isWithdrawn: Bool = false) -> VisitUpdate {
    let zero = MonotonicTime(milliseconds: 0)
    var visit = Visit(number: number, start: zero, end: zero, kind: .noApp)
    visit.isOpen = isOpen
    let moment = Moment(monotonic: MonotonicTime(milliseconds: 0), utc: time)
    visit.end = MonotonicTime(milliseconds: seconds * 1000)
    var update = VisitUpdate(visit, at: moment)
    update.isWithdrawn = isWithdrawn
    return update
  }

  private func store(_ access: Store.Access = .create) throws -> Store {
    try Store(dataFolder: folder.path, access: access)
  }

  private func log(_ medium: MemoryJournal) -> JournaledLog {
    JournaledLog(boot: boot) { () throws(JournalError) in medium }
  }

  /// How many reports of each id the database has.
  private func counts(_ store: Store) throws -> [BluezoneID: Int] {
    let contacts = try store.contacts(from: time, to: time.adding(milliseconds: 3_600_000))
    return Dictionary(contacts.map { ($0.id, $0.strength.count) }, uniquingKeysWith: +)
  }

  // MARK: Exactly once

  @Test("What was appended is in the database after a flush, and not before")
  func flush() throws {
    let (store, medium) = (try store(), MemoryJournal())
    var log = log(medium)
    try log.append([contact(1, at: 0)], [visit(1, to: 9)], newestRow: try store.newestVisit())
    try log.append([contact(1, at: 10), contact(2, at: 10)], [visit(1, to: 19)], newestRow: try store.newestVisit())
    #expect(try counts(store).isEmpty)
    #expect(try store.visits().isEmpty)
    #expect(medium.disk.withLock { $0.pagesWritten } == 2)
    try log.flush(into: store)
    #expect(try counts(store) == [id(1): 20, id(2): 10])
    let visits = try store.visits()
    #expect(visits.map(\.id) == [1])
    #expect(visits.map(\.end) == [time.adding(milliseconds: 19_000)])
    #expect(!log.isPending)
    // The row goes on being the visit's.
    try log.append([], [visit(1, to: 29, isOpen: false)], newestRow: try store.newestVisit())
    try log.flush(into: store)
    #expect(try store.visits().map(\.end) == [time.adding(milliseconds: 29_000)])
    try log.append([], [visit(1, to: 29, isOpen: false, isWithdrawn: true)], newestRow: try store.newestVisit())
    try log.flush(into: store)
    #expect(try store.visits().isEmpty)
  }

  @Test("A power cut after any append or flush, and another during the replay, loses and doubles nothing")
  func crashes() throws {
    // Steps of a run; after each the machine stops, and the next run finds what the disk has.
    let steps = 12
    for stop in 0...steps {
      let folder = try Folder()
      let store = try Store(dataFolder: folder.path, access: .create)
      let medium = MemoryJournal()
      var log = log(medium)
      var expected: [BluezoneID: Int] = [:]
      var lastVisit: Int64?
      for step in 0..<stop {
        if step % 4 == 3 {
          try log.flush(into: store)
        } else {
          let seconds = Int64(step * 10)
          try log.append(
            [contact(1, at: seconds), contact(step, at: seconds)], [visit(1, to: seconds + 9)],
            newestRow: try store.newestVisit())
          expected[id(1), default: 0] += 10
          expected[id(step), default: 0] += 10
          lastVisit = seconds + 9
        }
      }
      // A later run, twice: the first is stopped right after the replay was committed.
      for _ in 0..<2 {
        var next = self.log(MemoryJournal(bytes: medium.bytes))
        try next.flush(into: store)
        #expect(try counts(store) == expected, "stopped after step \(stop)")
        #expect(try store.visits().map(\.end) == (lastVisit.map { [time.adding(milliseconds: $0 * 1000)] } ?? []))
        #expect(try store.visits().allSatisfy { $0.id == 1 })
        #expect(next.damage == nil)
      }
      // What the later run hears comes on top of it.
      var next = self.log(MemoryJournal(bytes: medium.bytes))
      try next.append([contact(50, at: 500)], [], newestRow: 0)
      try next.flush(into: store)
      #expect(try counts(store) == expected.merging([id(50): 10]) { $1 }, "stopped after step \(stop)")
    }
  }

  @Test("Every write and sync of the journal fails in turn: what it refused is written to the database, once")
  func failingJournal() throws {
    for (steps, torn) in (0..<12).flatMap({ steps in [0, 100, 4096].map { (steps, $0) } }) {
      let folder = try Folder()
      let store = try Store(dataFolder: folder.path, access: .create)
      let medium = MemoryJournal()
      var log = log(medium)
      medium.fail(after: steps, tornBytes: torn)
      var refused = 0
      for step in 0..<8 {
        let news = [contact(1, at: Int64(step * 10))]
        do throws(JournalError) {
          try log.append(news, [], newestRow: 0)
        } catch {
          refused += 1
          #expect(log.fault != nil)
          try log.flush(into: store, news, [])
        }
        if step == 5 { medium.fail(after: nil) }
      }
      #expect(refused > 0 && log.fault == nil, "after \(steps) steps")
      var next = self.log(MemoryJournal(bytes: medium.bytes))
      try next.flush(into: store)
      #expect(try counts(store) == [id(1): 80], "after \(steps) steps, \(torn) bytes")
    }
  }

  @Test("While neither journal nor database take it, it stays with the caller, and is counted once in the end")
  func neither() throws {
    for torn in [0, 1000, 4096, 8192] {
      let folder = try Folder()
      let store = try Store(dataFolder: folder.path, access: .create)
      let medium = MemoryJournal()
      var log = log(medium)
      try log.append([contact(1, at: 0)], [], newestRow: 0)
      medium.fail(after: torn == 8192 ? 1 : 0, tornBytes: torn)
      // Two pages of which one or both reach the disk, and the database refuses.
      let many = (100..<400).map { contact($0, at: 10) }
      #expect(throws: JournalError.self) { try log.append(many, [], newestRow: 0) }
      try refuse(true, folder)
      #expect(throws: StoreError.self) { try log.flush(into: store, many, []) }
      medium.fail(after: nil)
      // Offered again, with less: pages that were written before count for nothing.
      try log.append([contact(100, at: 10)], [], newestRow: 0)
      try refuse(false, folder)
      var next = self.log(MemoryJournal(bytes: medium.bytes))
      try next.flush(into: store)
      #expect(try counts(store) == [id(1): 10, id(100): 10], "\(torn) bytes")
    }
  }

  @Test("A journal that is opened again does not bring in what it and the database had given back")
  func givenBackAndReopened() throws {
    for pages in [1, 300] {
      let folder = try Folder()
      let store = try Store(dataFolder: folder.path, access: .create)
      let medium = MemoryJournal()
      var log = log(medium)
      try log.append([contact(1, at: 0)], [], newestRow: 0)
      try log.flush(into: store)
      // The pages reach the disk, and their synchronising fails, as the database does.
      medium.fail(after: 1)
      let news = (100..<100 + pages).map { contact($0, at: 10) }
      #expect(throws: JournalError.self) { try log.append(news, [visit(1, to: 19)], newestRow: 0) }
      try refuse(true, folder)
      #expect(throws: StoreError.self) { try log.flush(into: store, news, [visit(1, to: 19)]) }
      // The disk is found again: what `StorageQueue.opened` does.
      medium.fail(after: nil)
      try refuse(false, folder)
      try log.flush(into: store)
      log.close()
      try log.flush(into: store)
      #expect(try counts(store) == [id(1): 10])
      // The caller offers it again.
      try log.append(news, [visit(1, to: 19)], newestRow: store.newestVisit())
      try log.flush(into: store)
      #expect(try counts(store).values.reduce(0, +) == 10 + 10 * pages)
      #expect(try store.visits().count == 1)
      var next = self.log(MemoryJournal(bytes: medium.bytes))
      try next.flush(into: store)
      #expect(try counts(store).values.reduce(0, +) == 10 + 10 * pages)
    }
  }

  @Test("A journal that was cut off or is gone is told of, a new one beside a new database is not")
  func cutOff() throws {
    let store = try store()
    var first = JournaledLog(boot: boot) { () throws(JournalError) in MemoryJournal(lackedBytes: 4096) }
    try first.append([contact(1, at: 0)], [], newestRow: 0)
    try first.flush(into: store)
    #expect(first.damage == nil)
    var second = JournaledLog(boot: boot) { () throws(JournalError) in MemoryJournal(lackedBytes: 4096) }
    try second.flush(into: store)
    #expect(second.damage?.contains("cut off") == true)
    let file = folder.path + "/kiosk.journal"
    #expect(try JournalFile(dataFolder: folder.path).lackedBytes > 0)
    #expect(try JournalFile(dataFolder: folder.path).lackedBytes == 0)
    #expect(truncate(file, 4096) == 0)
    #expect(try JournalFile(dataFolder: folder.path).lackedBytes > 0)
  }

  /// Makes the database refuse contacts, or take them again.
  private func refuse(_ refuses: Bool, _ folder: Folder) throws {
    let database = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try database.write { db in
      try db.execute(
        sql: refuses
          ? "CREATE TRIGGER refuse BEFORE INSERT ON contactRow BEGIN SELECT RAISE(ABORT, 'no'); END"
          : "DROP TRIGGER refuse")
    }
    try database.close()
  }

  @Test("While the database refuses, the journal fills, and everything is there once it takes it")
  func refusingDatabase() throws {
    let (store, medium) = (try store(), MemoryJournal(pages: 8))
    var log = log(medium)
    try refuse(true, folder)
    for step in 0..<8 {
      try log.append([contact(step, at: Int64(step))], [visit(step + 1, to: 9)], newestRow: try store.newestVisit())
      #expect(throws: StoreError.self) { try log.flush(into: store) }
    }
    #expect(throws: JournalError.full) { try log.append([contact(9, at: 0)], [], newestRow: 0) }
    #expect(try counts(store).isEmpty)
    // The kiosk is started again and goes on while the database still refuses.
    var next = self.log(MemoryJournal(pages: 12, bytes: medium.bytes + [UInt8](repeating: 0, count: 4 * 4096)))
    #expect(throws: StoreError.self) { try next.flush(into: store) }
    try next.append([contact(20, at: 0)], [visit(1, to: 30)], newestRow: try store.newestVisit())
    try refuse(false, folder)
    try next.flush(into: store)
    #expect(try counts(store).count == 9)
    // Visit 1 of the first run is another than visit 1 of the second; those of the first are over.
    let visits = try store.visits()
    #expect(visits.count == 9)
    #expect(visits.filter(\.isOpen).map(\.end) == [time.adding(milliseconds: 30_000)])
    #expect(Set(visits.map(\.id)).count == 9)
  }

  @Test("A last page that was cut off costs itself alone, without a word; one before it is told")
  func torn() throws {
    for (page, isTold) in [(2, false), (1, true)] {
      let folder = try Folder()
      let store = try Store(dataFolder: folder.path, access: .create)
      let medium = MemoryJournal()
      var log = log(medium)
      for step in 0..<3 { try log.append([contact(step, at: Int64(step * 10))], [], newestRow: 0) }
      var bytes = medium.bytes
      bytes[page * 4096 + 60] ^= 1
      var next = self.log(MemoryJournal(bytes: bytes))
      try next.flush(into: store)
      #expect(try counts(store) == (page == 2 ? [id(0): 10, id(1): 10] : [id(0): 10, id(2): 10]))
      #expect((next.damage != nil) == isTold)
    }
  }

  @Test("Undated contacts and visits keep their boot over a crash and are dated afterwards")
  func undated() throws {
    let store = try store()
    let medium = MemoryJournal()
    var log = log(medium)
    let (start, end) = (MonotonicTime(milliseconds: 5000), MonotonicTime(milliseconds: 8000))
    let update = ContactUpdate(
      id: id(1), span: .undated(first: start, last: end), strength: .init(count: 2, nearestDBm: -60, sumDBm: -130))
    let seen = Visit(number: 1, start: start, end: end, kind: .bluezoner)
    let moment = Moment(monotonic: end, utc: time, isSynchronised: false)
    try log.append([update], [VisitUpdate(seen, at: moment)], newestRow: 0)
    var next = self.log(MemoryJournal(bytes: medium.bytes))
    try next.flush(into: store)
    #expect(try store.visits().isEmpty)
    try store.date(boot: boot, bootTime: time)
    #expect(try store.contacts(from: time, to: time).map(\.first) == [time.adding(milliseconds: 5000)])
    #expect(try store.visits().map(\.start) == [time.adding(milliseconds: 5000)])
  }

  @Test("The clock's record outlives flushes, erasing and restarts; the newest is given back")
  func clock() throws {
    let store = try store()
    let medium = MemoryJournal()
    var log = log(medium)
    try log.append([contact(1, at: 0)], [], clock: [1], newestRow: 0)
    try log.append([contact(1, at: 10)], [], clock: [2], newestRow: 0)
    let record = try #require(ClockRecord.of(newestRow: time))
    #expect(try !log.flush(into: store).isClockKept && store.clock() == record)
    try log.append([contact(1, at: 15)], [], newestRow: 0)
    let newer = try #require(ClockRecord.of(newestRow: time.adding(milliseconds: 9_000_000)))
    #expect(try log.flush(into: store, record: newer).isClockKept && store.clock() == newer)
    try log.append([contact(1, at: 20)], [], newestRow: 0)
    try log.append([contact(1, at: 30)], [], newestRow: 0)
    var next = self.log(medium)
    #expect(next.clock == [2])
    try next.flush(into: store)
    try next.eraseAll()
    #expect(self.log(MemoryJournal(bytes: medium.bytes)).clock == [2])
  }

  // MARK: Without the database's mark

  /// What becomes of it behind the kiosk's back.
  enum MarkLoss: String, CaseIterable, Sendable {
    case row
    case otherEpoch
  }

  private func lose(_ loss: MarkLoss, _ folder: Folder) throws {
    let database = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try database.write { db in
      try db.execute(sql: loss == .row ? "DELETE FROM journal" : "UPDATE journal SET epoch = epoch + 1, sequence = 900")
    }
    try database.close()
  }

  @Test(
    "Where the database lost the number of its newest page, nothing is lost or counted twice",
    arguments: MarkLoss.allCases)
  func lostMark(loss: MarkLoss) throws {
    // Slots that grow shorter, so that pages of each are left; the last pages may not be in the database.
    for stop in 1...10 {
      let folder = try Folder()
      let store = try Store(dataFolder: folder.path, access: .create)
      var log = JournaledLog(dataFolder: folder.path, boot: boot)
      var expected: [BluezoneID: Int] = [:]
      var visits: [Int64: UTCTime] = [:]
      for step in 0..<stop {
        guard ![4, 7, 9].contains(step) else {
          try log.flush(into: store)
          // A part stands in packs.
          if step == 4 { while try store.pack(before: time.adding(milliseconds: 900_000)) {} }
          continue
        }
        let (seconds, own) = (Int64(step * 10), Int64(step) + 2)
        try log.append(
          [contact(1, at: seconds), contact(10 + step, at: seconds)],
          [visit(1, to: seconds + 9), visit(Int(own), to: seconds + 9, isOpen: false)],
          newestRow: try store.newestVisit())
        expected[id(1), default: 0] += 10
        expected[id(10 + step)] = 10
        visits[1] = time.adding(milliseconds: (seconds + 9) * 1000)
        visits[Int64(visits.count + 1)] = visits[1]
      }
      try lose(loss, folder)
      let command = try Store(dataFolder: folder.path, access: .look)
      #expect(try counts(command) == expected, "a command after \(stop) steps")
      #expect(try command.visits().map(\.end.seconds).sorted() == visits.values.map(\.seconds).sorted())
      for _ in 0..<2 {
        var next = JournaledLog(dataFolder: folder.path, boot: boot)
        try next.flush(into: store)
        #expect(try counts(store) == expected, "after \(stop) steps")
        #expect(
          try store.visits().reduce(into: [:]) { $0[$1.id] = $1.end } == visits, "after \(stop) steps")
        #expect(next.damage == nil)
        #expect(try store.journalMark() != nil)
      }
    }
  }

  @Test("A contact whose row was lost with the mark comes back from the journal; undated ones are not doubled")
  func lostRow() throws {
    let (store, medium) = (try store(), MemoryJournal())
    var log = log(medium)
    let span = ContactUpdate.Span.undated(
      first: MonotonicTime(milliseconds: 5000), last: MonotonicTime(milliseconds: 8000))
    let undated = ContactUpdate(id: id(3), span: span, strength: .init(count: 2, nearestDBm: -60, sumDBm: -130))
    try log.append([contact(1, at: 0), contact(2, at: 0), undated], [], newestRow: 0)
    try log.flush(into: store)
    try lose(.row, folder)
    let database = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try database.write { db in try db.execute(sql: "DELETE FROM contactRow WHERE blid = ?", arguments: [id(2).data]) }
    try database.close()
    var next = self.log(medium)
    try next.flush(into: store)
    try store.date(boot: boot, bootTime: time)
    #expect(try counts(store) == [id(1): 10, id(2): 10, id(3): 2])
  }

  @Test("A run gives a repaired database its mark back, and goes on after it in a journal opened again")
  func markGivenBack() throws {
    let (store, medium) = (try store(), MemoryJournal())
    var log = log(medium)
    try log.append([contact(1, at: 0)], [], newestRow: 0)
    try log.append([contact(1, at: 10)], [], newestRow: 0)
    let earlier = medium.bytes
    try log.flush(into: store)
    let mark = try #require(try store.journalMark())
    #expect(mark == log.mark)
    try lose(.row, folder)
    try log.flush(into: store)
    #expect(try store.journalMark() == mark)
    // Opened again it has lost its newest page: the numbers go on all the same, else the next page would count as held.
    for (number, spoilt) in [(2, 4096 + 60), (4, nil)] {
      log.close()
      medium.disk.withLock {
        $0.bytes = earlier
        if let spoilt { $0.bytes[spoilt] ^= 1 }
      }
      try log.append([contact(number, at: 20)], [], newestRow: 0)
      var next = self.log(MemoryJournal(bytes: medium.bytes))
      try next.flush(into: store)
      #expect(try counts(store)[id(number)] == 10)
      try log.flush(into: store)
    }
    // The same at a start.
    medium.disk.withLock { $0.bytes = earlier }
    var next = self.log(medium)
    try next.flush(into: store)
    try next.append([contact(3, at: 30)], [], newestRow: 0)
    var last = self.log(MemoryJournal(bytes: medium.bytes))
    try last.flush(into: store)
    #expect(try counts(store)[id(3)] == 10)
  }

  // MARK: Erasing

  @Test("Ids of earlier slots leave the journal: at the next start at once, in a run after some purges")
  func erasing() throws {
    let (store, medium) = (try store(), MemoryJournal())
    let old = id(0xABCD_EF01)
    func isThere() -> Bool { medium.bytes.withUnsafeBytes { Data($0) }.range(of: Data(old.bytes)) != nil }
    var log = log(medium)
    try log.append([contact(1, at: 0)], [], newestRow: 0)
    try log.append([contact(0xABCD_EF01, at: 10)], [], newestRow: 0)
    try log.eraseStale()
    #expect(isThere(), "what the database does not hold stays")
    try log.flush(into: store)
    try log.append([contact(1, at: 900)], [], newestRow: 0)
    for _ in 1..<AppLimits.stalePurges { try log.eraseStale() }
    #expect(isThere())
    try log.eraseStale()
    #expect(!isThere())
    #expect(try counts(store)[old] == 10)

    try log.append([contact(0xABCD_EF01, at: 910)], [], newestRow: 0)
    var next = JournaledLog(boot: boot) { () throws(JournalError) in medium }
    try next.flush(into: store)
    #expect(isThere())
    try next.eraseAll()
    #expect(!isThere())
    #expect(try counts(store)[old] == 20)
  }

  // MARK: The file

  @Test("The file keeps its size and its pages; a folder, a link or another file in its place is told and left alone")
  func file() throws {
    let path = JournalFile.path(dataFolder: folder.path)
    let whole = AppLimits.journalPages * JournalPage.byteCount
    // Empty, and cut off: put right.
    try Data().write(to: URL(filePath: path))
    let store = try store()
    var log = JournaledLog(dataFolder: folder.path, boot: boot)
    #expect(log.fault == nil)
    try log.append([contact(1, at: 0)], [], newestRow: 0)
    #expect(try Data(contentsOf: URL(filePath: path)).count == whole)
    try Data(contentsOf: URL(filePath: path)).prefix(5000).write(to: URL(filePath: path))
    log = JournaledLog(dataFolder: folder.path, boot: boot)
    try log.flush(into: store)
    #expect(try counts(store) == [id(1): 10])
    #expect(try Data(contentsOf: URL(filePath: path)).count == whole)

    let foreign = Data("a letter to somebody".utf8)
    for kind in ["folder", "link", "letter", "pipe"] {
      try FileManager.default.removeItem(atPath: path)
      let other = folder.path + "/letter"
      try foreign.write(to: URL(filePath: other))
      switch kind {
      case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      case "link": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
      case "letter": try foreign.write(to: URL(filePath: path))
      default: #expect(mkfifo(path, 0o600) == 0)
      }
      var log = JournaledLog(dataFolder: folder.path, boot: boot)
      #expect(log.fault?.description.contains("move it away") == true, "\(kind)")
      #expect(throws: JournalError.self) { try log.append([contact(2, at: 0)], [], newestRow: 0) }
      #expect(try Data(contentsOf: URL(filePath: other)) == foreign)
      if kind == "letter" { #expect(try Data(contentsOf: URL(filePath: path)).prefix(foreign.count) == foreign) }
      // A command shows the database alone.
      #expect(try counts(self.store(.look)) == [id(1): 10])
    }
  }

  @Test("Of the data folder nothing is mapped into memory but SQLite's index: a failing disk is an error, not a signal")
  func mappings() throws {
    let store = try store()
    var log = JournaledLog(dataFolder: folder.path, boot: boot)
    try log.append([contact(1, at: 0)], [], newestRow: 0)
    try log.flush(into: store)
    #expect(try counts(store) == [id(1): 10])
    // It is mapped as long as the store is open.
    let maps = try withExtendedLifetime(store) { try Files.read("/proc/self/maps", limit: 1 << 24) }
    let lines = String(decoding: maps, as: UTF8.self).split(separator: "\n")
    let mapped = Set(lines.filter { $0.contains(folder.path) }.compactMap { $0.split(separator: "/").last })
    #expect(mapped == ["kiosk.sqlite-shm"])
  }

  // MARK: Commands

  @Test("A command sees what is in the journal as if it were in the database, whatever is flushed meanwhile")
  func look() throws {
    let kiosk = try store()
    var log = JournaledLog(dataFolder: folder.path, boot: boot)
    let command = try store(.look)
    try log.append([contact(1, at: 0)], [visit(1, to: 9), visit(2, to: 9)], newestRow: try kiosk.newestVisit())
    try log.flush(into: kiosk)
    try log.append(
      [contact(1, at: 10), contact(2, at: 10)],
      [visit(1, to: 19), visit(2, to: 9, isWithdrawn: true), visit(3, to: 19, isOpen: false), visit(4, to: 19)],
      newestRow: try kiosk.newestVisit())
    func check() throws {
      #expect(try counts(command) == [id(1): 20, id(2): 10])
      let visits = try command.visits()
      #expect(visits.map(\.id) == [1, 3, 4])
      #expect(visits.map(\.end) == [19, 19, 19].map { time.adding(milliseconds: $0 * 1000) })
      #expect(try command.newestVisit() == 4)
      #expect(try command.newestVisits(days: 1).map(\.id) == [1, 3, 4])
      var query = Store.VisitQuery()
      query.closedOnly = true
      #expect(try command.visits(query).map(\.id) == [3])
      query.after = 3
      #expect(try command.visits(query).isEmpty)
      query = Store.VisitQuery()
      query.kind = .bluezoner
      #expect(try command.visits(query).isEmpty)
    }
    #expect(try counts(kiosk) == [id(1): 10])
    try check()
    // The journal was read, then it was flushed and written over: the rows are seen in the database.
    let before = command.readJournal()
    try log.flush(into: kiosk)
    try log.append([], [visit(1, to: 29)], newestRow: try kiosk.newestVisit())
    #expect(try command.read { db in try before.news(db).isEmpty })
    try log.flush(into: kiosk)
    try log.append([contact(9, at: 20)], [], newestRow: 0)
    #expect(try counts(command) == [id(1): 20, id(2): 10, id(9): 10])
  }

  @Test("People whom staff add take no row of a visit in the journal")
  func added() throws {
    let kiosk = try store()
    var log = JournaledLog(dataFolder: folder.path, boot: boot)
    try log.append([], [visit(1, to: 9), visit(2, to: 9)], newestRow: try kiosk.newestVisit())
    let command = try store(.change)
    try command.addVisits(withoutPhone: 2, at: time)
    #expect(try command.visits().map(\.id) == [1, 2, 3, 4])
    try log.append([], [visit(5, to: 19)], newestRow: try kiosk.newestVisit())
    // In the same moment as the kiosk: both stay.
    try command.addVisits(withoutPhone: 1, at: time)
    try log.append([], [visit(6, to: 19)], newestRow: 5)
    try log.flush(into: kiosk)
    #expect(try kiosk.visits().count == 7)
    #expect(try kiosk.visits().count { $0.kind == .noPhone } == 3)
  }
}
