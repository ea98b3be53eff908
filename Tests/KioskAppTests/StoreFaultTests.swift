// SPDX-License-Identifier: GPL-3.0-or-later
import CFaultVFS
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// Every access of the store to its files fails in turn. The model are SQLite's own anomaly tests
/// (sqlite.org/testing.html, 3.2 I/O Error Testing).
///
/// `KIOSK_ALL_FAULTS=1` tries each; without it, every so many.
@Suite("The store on a failing disk", .serialized) struct StoreFaultTests {
  static let isThorough = ProcessInfo.processInfo.environment["KIOSK_ALL_FAULTS"] != nil

  private static let day = SalvageSample.day
  private static let calls = (0..<Int(fault_calls.rawValue)).map { fault_call(UInt32($0)) }

  /// A day of a kiosk in small, step by step; what a step could not do is refused, and the next goes on.
  private final class Office {
    let folder: Folder
    let path: String
    var store: Store?
    var contacts: [ContactUpdate] = []
    /// What was not confirmed, by its number. It may stand in the database all the same: of a commit whose sync failed
    /// nobody knows whether it lasts.
    private var unconfirmed: [(sequence: UInt64, updates: [ContactUpdate])] = []
    private var sequence: UInt64 = 0
    var visits = 0
    var batches = 0
    /// Of steps that were refused: they too may last.
    var refusedVisits = 0
    var refusedBatches = 0
    var faults: [StoreError] = []

    init() throws {
      folder = try Folder()
      path = folder.path + "/fault-vfs"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    private func attempt(_ body: (Store) throws(StoreError) -> Void) -> Bool {
      do throws(StoreError) {
        let store: Store
        if let open = self.store {
          store = open
        } else {
          store = try Store.repaired(dataFolder: path).store
          self.store = store
        }
        try body(store)
        return true
      } catch {
        faults.append(error)
        return false
      }
    }

    private func hear(_ slot: Int, _ numbers: Range<Int>) {
      let updates = numbers.map { SalvageSample.heard(slot * 1000 + $0, at: day + Int64(slot) * 900 + Int64($0)) }
      contacts += updates
      sequence += 1
      unconfirmed.append((sequence, updates))
      _ = attempt(confirm)
    }

    /// As the journal does: all that the database's mark does not name.
    private func confirm(_ store: Store) throws(StoreError) {
      let mark = try store.journalMark()?.sequence ?? 0
      var pending = JournalPending()
      for (sequence, updates) in unconfirmed where sequence > mark { pending.add(updates, [], run: 1, boot: "b") }
      var rows = Store.VisitRows()
      _ = try store.write(pending, run: 1, rows: &rows, mark: JournalMark(epoch: 1, sequence: sequence))
      unconfirmed = []
    }

    func live() throws {
      let authority = try AuditEntry.Authority(operatorName: "An", reason: "test")
      for slot in 0..<3 { hear(slot, 0..<40) }
      for _ in 0..<2 {
        if attempt({ store throws(StoreError) in try store.addVisits(withoutPhone: 3, at: UTCTime(seconds: day)) }) {
          visits += 3
        } else {
          refusedVisits += 3
        }
      }
      let entries = try (0..<20).map { number in
        F0Entry(
          dailyKey: try #require(BluezoneKey([UInt8](repeating: UInt8(number), count: 32))),
          start: UTCTime(seconds: day),
          end: UTCTime(seconds: day + 86_399))
      }
      if attempt({ store throws(StoreError) in
        do {
          _ = try store.addUnsigned(
            F0Batch(entries: entries), sha256: [UInt8](repeating: 9, count: 32), authority: authority,
            at: UTCTime(seconds: day))
        } catch let error as StoreError {
          throw error
        } catch {
          throw StoreError.failed(reason: "\(error)")
        }
      }) {
        batches += 1
      } else {
        refusedBatches += 1
      }
      _ = attempt { store throws(StoreError) in _ = try store.matchF0(toleranceSlots: 1, at: UTCTime(seconds: day)) }
      _ = attempt { store throws(StoreError) in _ = try store.pack(before: UTCTime(seconds: day + 2 * 900)) }
      hear(1, 50..<60)
      hear(3, 0..<40)
      _ = attempt { store throws(StoreError) in try store.purge(before: UTCTime(seconds: day - 86_400), boot: "b") }
      _ = attempt { store throws(StoreError) in try read(store) }
      store?.close()
      store = nil
    }

    private func read(_ store: Store) throws(StoreError) {
      _ = try store.contacts(from: UTCTime(seconds: day), to: UTCTime(seconds: day + 86_400))
      _ = try store.visits()
      _ = try store.exposedCases(near: NearRule())
      _ = try store.audit()
      _ = try store.batches()
    }

    /// The disk works again: what was refused is written, and all of it must be there, once.
    func judge(_ fault: String) throws {
      let store = try Store.repaired(dataFolder: path).store
      try confirm(store)
      let found = try store.contacts(from: UTCTime(seconds: day), to: UTCTime(seconds: day + 86_400))
      let wanted = Set(contacts.map(\.id))
      #expect(Set(found.map(\.id)) == wanted && found.count == wanted.count, "\(fault)")
      let counts = Dictionary(uniqueKeysWithValues: contacts.map { ($0.id, $0.strength.count) })
      #expect(found.allSatisfy { $0.strength.count == counts[$0.id] }, "\(fault): nothing is counted twice")
      // What staff add is added whole or not at all, whatever they were told.
      let logged = try store.visits().count
      #expect((visits...visits + refusedVisits).contains(logged) && logged % 3 == 0, "\(fault)")
      let held = try store.batches()
      #expect(
        (batches...batches + refusedBatches).contains(held.count) && held.allSatisfy { $0.entries == 20 }, "\(fault)")
      #expect(store.damage == nil, "\(fault)")
      store.close()
      #expect(QuickCheck(dataFolder: path, onDamage: {}).check() == .whole, "\(fault)")
    }
  }

  private static func plan(_ calls: [fault_call], nth: Int64, stays: Bool, _ kind: fault_kind) {
    fault_vfs_plan(calls.reduce(0) { $0 | 1 << $1.rawValue }, nth, stays ? 1 : 0, kind)
  }

  private static func counted() -> [(fault_call, Int64)] { calls.map { ($0, fault_vfs_count($0)) } }

  init() { #expect(fault_vfs_install() == 0) }

  @Test(
    "Each access fails in turn, once or from then on: words, no trap, and nothing lost or doubled",
    arguments: [fault_broken, fault_short], [false, true])
  func everyAccess(kind: fault_kind, stays: Bool) throws {
    Self.plan([], nth: 0, stays: false, kind)
    let whole = try Office()
    try whole.live()
    #expect(whole.faults.isEmpty)
    try whole.judge("without a fault")
    let counts = Self.counted()
    for call in [fault_open, fault_read, fault_write, fault_sync, fault_file_size, fault_shm_map] {
      #expect(counts.first { $0.0 == call }?.1 ?? 0 > 0, "\(call)")
    }
    // Reads and writes alone can be short.
    let calls = kind == fault_short ? [fault_read, fault_write] : Self.calls.filter { $0 != fault_fetch }
    let total = counts.filter { calls.contains($0.0) }.reduce(0) { $0 + $1.1 }
    let stride = Self.isThorough ? 1 : max(1, total / 40)
    var (tried, refusals, nth) = (0, 0, Int64(1))
    while true {
      let office = try Office()
      Self.plan(calls, nth: nth, stays: stays, kind)
      try office.live()
      let failed = fault_vfs_failed()
      Self.plan([], nth: 0, stays: false, kind)
      guard failed > 0 else { break }
      for fault in office.faults {
        let isNamed = ["disk", "data folder", "damaged"].contains { "\(fault)".contains($0) }
        #expect(isNamed, "access \(nth): \(fault)")
      }
      try office.judge("access \(nth), \(stays ? "from then on" : "once"), \(kind == fault_short ? "short" : "broken")")
      tried += 1
      refusals += office.faults.count
      nth += stride
    }
    let words = "\(kind == fault_short ? "short or full" : "broken"), \(stays ? "from then on" : "once")"
    print("store faults, \(words): \(tried) of \(total) accesses failed, \(refusals) steps refused")
    #expect(tried >= 20 && refusals > 0)
  }

  @Test("The store maps no file into memory, and where one were mapped a fault of it would be told") func mapped()
    throws
  {
    Self.plan([], nth: 0, stays: false, fault_broken)
    let office = try Office()
    try office.live()
    #expect(fault_vfs_count(fault_fetch) == 0)
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA mmap_size = 268435456") }
    let path = office.path + "/kiosk.sqlite"
    var (tried, refused) = (0, 0)
    for nth in 1...40 as ClosedRange<Int64> {
      Self.plan([fault_fetch], nth: nth, stays: true, fault_broken)
      do {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try queue.read { try String.fetchAll($0, sql: "PRAGMA quick_check") }
        _ = try queue.read { try Row.fetchAll($0, sql: "SELECT * FROM contact") }
      } catch let error as DatabaseError {
        #expect("\(StoreError(error, path: path))".contains("disk"))
        refused += 1
      }
      if fault_vfs_failed() == 0 { break }
      tried += 1
    }
    Self.plan([], nth: 0, stays: false, fault_broken)
    print("store faults, mapped: \(tried) accesses failed, \(refused) refused")
    #expect(tried > 0 && refused > 0)
    try office.judge("after faults of mapped memory")
  }
}

private let day = SalvageSample.day
