// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("Store") struct StoreTests {
  let folder: Folder
  let store: Store
  /// The start of a slot.
  let start = UTCTime(seconds: 1_600_000_200)

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
  }

  private func id(_ byte: UInt8) throws -> BluezoneID { try #require(BluezoneID([UInt8](repeating: byte, count: 12))) }

  private func heard(
    _ byte: UInt8, _ from: Int64, _ to: Int64, count: Int = 1, nearest: Int? = -60, sum: Int = -60
  ) throws -> ContactUpdate {
    ContactUpdate(
      id: try id(byte), span: .dated(first: UTCTime(seconds: from), last: UTCTime(seconds: to)),
      strength: .init(count: count, nearestDBm: nearest, sumDBm: sum))
  }

  private func all() throws -> [Contact] {
    try store.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000))
  }

  @Test("An id has one row a slot, to which later updates are added") func merges() throws {
    #expect(LogSlot.start(of: LogSlot.number(at: start)) == start)
    let t = start.seconds
    try store.write([try heard(1, t + 10, t + 20, count: 3, nearest: -70, sum: -220)], boot: "b")
    try store.write([try heard(1, t + 5, t + 15, count: 2, nearest: -60, sum: -130)], boot: "b")
    try store.write([try heard(1, t + 900, t + 901, count: 1, nearest: -50, sum: -50), try heard(2, t, t)], boot: "b")
    let contacts = try all()
    #expect(contacts.count == 3)
    let first = try #require(contacts.first { try $0.id == id(1) })
    #expect(first.first.seconds == t + 5 && first.last.seconds == t + 20)
    #expect(first.strength == .init(count: 5, nearestDBm: -60, sumDBm: -350))
  }

  @Test("A contact whose strength nobody knew keeps none, and takes one that comes") func unknownStrength() throws {
    let t = start.seconds
    try store.write([try heard(1, t, t, count: 0, nearest: nil, sum: 0)], boot: "b")
    #expect(try all().first?.strength == .init())
    try store.write([try heard(1, t, t, count: 1, nearest: -80, sum: -80)], boot: "b")
    try store.write([try heard(1, t, t, count: 0, nearest: nil, sum: 0)], boot: "b")
    #expect(try all().first?.strength == .init(count: 1, nearestDBm: -80, sumDBm: -80))
  }

  @Test("Everything is there after opening again, also read-only") func reopen() throws {
    try store.write([try heard(1, start.seconds, start.seconds)], boot: "b")
    for access in [Store.Access.create, .change, .look] {
      let again = try Store(dataFolder: folder.path, access: access)
      #expect(try again.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000)).count == 1)
    }
  }

  @Test("What was heard before the clock was right gets its date, once") func dating() throws {
    let update = ContactUpdate(
      id: try id(7),
      span: .undated(first: MonotonicTime(milliseconds: 5000), last: MonotonicTime(milliseconds: 9000)),
      strength: .init(count: 2, nearestDBm: -66, sumDBm: -140))
    try store.write([update], boot: "this")
    try store.write([update], boot: "other")
    try store.write([update], boot: "this")
    #expect(try all().isEmpty)
    try store.date(boot: "this", bootTime: start)
    try store.date(boot: "this", bootTime: start)
    let contacts = try all()
    #expect(contacts.count == 1)
    #expect(contacts.first?.first.seconds == start.seconds + 5 && contacts.first?.last.seconds == start.seconds + 9)
    #expect(contacts.first?.strength.count == 4)
  }

  @Test("Purging forgets what is older, to the slot, and nothing else") func purge() throws {
    let t = start.seconds
    try store.write([try heard(1, t - 1, t - 1), try heard(2, t, t), try heard(3, t + 1, t + 1)], boot: "b")
    let undated = ContactUpdate(
      id: try id(9), span: .undated(first: MonotonicTime(milliseconds: 0), last: MonotonicTime(milliseconds: 0)),
      strength: .init())
    try store.write([undated], boot: "old boot")
    try store.write([undated], boot: "b")
    try store.purge(before: start, boot: "b")
    #expect(try Set(all().map(\.id)) == [id(2), id(3)])
    // What has no date ends by its age: see StoreClockTests.
    try store.date(boot: "b", bootTime: start)
    #expect(try all().count == 3)
  }

  // MARK: F0

  private func entry(_ byte: UInt8, slots: Int64 = 4) throws -> F0Entry {
    let key = try #require(BluezoneKey([UInt8](repeating: byte, count: 32)))
    let day = SlotScheme.standard.start(of: Slot(day: SlotScheme.standard.slot(at: start).day, index: 0))
    return F0Entry(dailyKey: key, start: day, end: day.adding(milliseconds: 96 * 900_000 - 1000))
  }

  /// The id an entry's phone sends in the slot of a time.
  private func sent(_ entry: F0Entry, at time: Int64) throws -> BluezoneID {
    let index = SlotScheme.standard.slot(at: UTCTime(seconds: time)).index
    return BluezoneIdentity.bluezoneIDs(of: entry.dailyKey, count: 96)[index]
  }

  @Test("An import finds its contacts and no others, and a second one adds nothing") func imports() throws {
    let (case1, case2, stranger) = (try entry(1), try entry(2), try entry(3))
    let t = start.seconds
    for (who, times) in [(case1, [t + 60, t + 900]), (case2, [t + 30])] {
      for time in times {
        let span = ContactUpdate.Span.dated(first: UTCTime(seconds: time), last: UTCTime(seconds: time + 100))
        try store.write(
          [.init(id: try sent(who, at: time), span: span, strength: .init(count: 4, nearestDBm: -60, sumDBm: -260))],
          boot: "b")
      }
    }
    try store.write([try heard(0xEE, t, t)], boot: "b")
    let batch = F0Batch(entries: [case1, case2, stranger])
    let first = try store.importF0(batch, sha256: [1], at: start, toleranceSlots: 1)
    #expect(first == .init(entries: 3, newEntries: 3, exposedContacts: 3, newExposedContacts: 3))
    let second = try store.importF0(batch, sha256: [1], at: start, toleranceSlots: 1)
    #expect(second == .init(entries: 3, newEntries: 0, exposedContacts: 3, newExposedContacts: 0))
    let exposures = try store.exposures()
    #expect(exposures.count == 2)
    let long = try #require(exposures.first { $0.contacts == 2 })
    #expect(long.start.seconds == t + 60 && long.end.seconds == t + 1000 && long.strength.count == 8)
    #expect(
      try store.batches() == [.init(importedAt: start, entries: 3, sha256: [1], operatorName: "An", reason: "test")])
    #expect(try store.lastImport() == start)
  }

  @Test("A contact that goes on after the import is up to date after the next") func growing() throws {
    let case1 = try entry(1)
    let t = start.seconds
    let sent = try sent(case1, at: t)
    func hear(_ time: Int64) throws {
      let at = UTCTime(seconds: time)
      try store.write(
        [.init(id: sent, span: .dated(first: at, last: at), strength: .init(count: 1, nearestDBm: -60, sumDBm: -60))],
        boot: "b")
    }
    try hear(t)
    _ = try store.importF0(F0Batch(entries: [case1]), sha256: [1], at: start, toleranceSlots: 1)
    try hear(t + 500)
    let again = try store.importF0(F0Batch(entries: [case1]), sha256: [1], at: start, toleranceSlots: 1)
    #expect(again.newExposedContacts == 0)
    #expect(try store.exposures().map(\.end.seconds) == [t + 500])
  }

  @Test("The tolerance is as configured") func tolerance() throws {
    let case1 = try entry(1)
    let t = start.seconds
    // Sent two slots late by a phone whose clock is behind.
    let late = UTCTime(seconds: t + 1860)
    try store.write(
      [.init(id: try sent(case1, at: t), span: .dated(first: late, last: late), strength: .init())], boot: "b")
    let batch = F0Batch(entries: [case1])
    #expect(try store.importF0(batch, sha256: [1], at: start, toleranceSlots: 0).exposedContacts == 0)
    #expect(try store.importF0(batch, sha256: [1], at: start, toleranceSlots: 1).exposedContacts == 0)
    #expect(try store.importF0(batch, sha256: [1], at: start, toleranceSlots: 2).exposedContacts == 1)
  }

  @Test("Purging forgets exposures and F0 entries as well") func purgeF0() throws {
    let case1 = try entry(1)
    let t = start.seconds
    try store.write(
      [.init(id: try sent(case1, at: t), span: .dated(first: start, last: start), strength: .init())], boot: "b")
    _ = try store.importF0(F0Batch(entries: [case1]), sha256: [1], at: start, toleranceSlots: 1)
    try markAllSeen()
    try store.purge(before: UTCTime(seconds: t + 86_400 * 2), boot: "b")
    #expect(try store.exposures().isEmpty)
    let queue = try DatabaseQueue(path: store.path)
    for table in ["f0Entry", "seenExposure"] {
      #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") } == 0)
    }
  }

  private func markAllSeen() throws { try store.markSeen(try store.exposedCases(near: NearRule()).map(\.id)) }

  @Test("What staff have looked at stays looked at, through an import anew and a purge of something else") func seen()
    throws
  {
    let (case1, case2) = (try entry(1), try entry(2))
    let t = start.seconds
    for who in [case1, case2] {
      try store.write(
        [.init(id: try sent(who, at: t), span: .dated(first: start, last: start), strength: .init())], boot: "b")
    }
    #expect(try store.unseenExposures() == 0)
    _ = try store.importF0(F0Batch(entries: [case1]), sha256: [1], at: start, toleranceSlots: 1)
    #expect(try store.unseenExposures() == 1)
    try markAllSeen()
    #expect(try store.unseenExposures() == 0)
    _ = try store.importF0(F0Batch(entries: [case1, case2]), sha256: [2], at: start, toleranceSlots: 1)
    #expect(try store.unseenExposures() == 1)
    try store.purge(before: UTCTime(seconds: t - 86_400), boot: "b")
    #expect(try store.unseenExposures() == 1)
    try markAllSeen()
    #expect(try store.unseenExposures() == 0)
  }

  // MARK: Bad files

  @Test("A file that is no database is refused and left alone") func notADatabase() throws {
    let other = try Folder()
    let path = try other.write("kiosk.sqlite", String(repeating: "This is not a database. ", count: 100))
    #expect(throws: StoreError.self) { try Store(dataFolder: other.path, access: .create) }
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("This is not"))
  }

  @Test("Programs that make a database at the same moment all get it, and none takes it for damaged")
  func atOnce() throws {
    for _ in 0..<20 {
      let folder = try Folder()
      let faults = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        do { _ = try Store(dataFolder: folder.path, access: .create).contacts(from: start, to: start) } catch {
          faults.withLock { $0.append("\(error)") }
        }
      }
      #expect(faults.withLock { $0 } == [])
    }
  }

  @Test("A database of a newer version is refused") func newer() throws {
    let queue = try DatabaseQueue(path: store.path)
    try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: from the future')") }
    #expect(throws: StoreError.self) { try Store(dataFolder: folder.path, access: .create) }
  }

  @Test("A command does not make a database where there is none") func notThere() throws {
    let other = try Folder()
    #expect(throws: StoreError.self) { try Store(dataFolder: other.path, access: .look) }
    #expect(throws: StoreError.self) { try Store(dataFolder: other.path, access: .change) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: other.path).isEmpty)
  }

  @Test("No value of a row reaches an error's words") func noValues() throws {
    let secret = String(repeating: "ab", count: 12)
    let queue = try DatabaseQueue(path: store.path)
    try queue.write { try $0.execute(sql: "DROP TABLE contactRow") }
    do {
      try store.write([try heard(0xAB, start.seconds, start.seconds)], boot: secret)
      Issue.record("writing without a table went well")
    } catch {
      #expect(!"\(error)".lowercased().contains("abab") && !String(reflecting: error).contains(secret))
    }
  }
}
