// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("Matching in the store") struct StoreMatchingTests {
  let folder: Folder
  let store: Store
  /// A UTC midnight.
  let day: Int64 = 1_599_955_200

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
  }

  private func entry(_ number: UInt8, days: Int64 = 3) throws -> F0Entry {
    let key = try #require(BluezoneKey([UInt8](repeating: number, count: 32)))
    return F0Entry(dailyKey: key, start: UTCTime(seconds: day), end: UTCTime(seconds: day + days * 86_400 - 1))
  }

  /// The id an entry's phone sends at a time by its own clock.
  private func sent(_ entry: F0Entry, at time: Int64) throws -> BluezoneID {
    var found: BluezoneID?
    entry.forEachID { id, start, end in
      if start.seconds <= time, time < end.seconds { found = id }
    }
    return try #require(found)
  }

  private func hear(
    _ id: BluezoneID, from: Int64, to: Int64? = nil, dBm: Int = -60, in store: Store? = nil, over: Int64 = .min
  ) throws {
    let span = ContactUpdate.Span.dated(first: UTCTime(seconds: from), last: UTCTime(seconds: to ?? from))
    try (store ?? self.store).write(
      [.init(id: id, span: span, strength: .init(count: 2, nearestDBm: dBm, sumDBm: 2 * dBm - 10), platform: .android)],
      boot: "b", over: over)
  }

  private func importing(_ entries: F0Entry..., tolerance: Int = 1) throws -> Store.ImportResult {
    try store.importF0(
      F0Batch(entries: entries), sha256: (entries.first?.dailyKey.bytes ?? []) + [UInt8(tolerance)],
      at: UTCTime(seconds: day + 86_400), toleranceSlots: tolerance)
  }

  private func cases() throws -> [ExposedCase] { try store.exposedCases(near: NearRule()) }

  private func rows() throws -> Int {
    try DatabaseQueue(path: store.path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM exposure") ?? -1 }
  }

  @Test("A late batch and a late contact are both found, once") func bothDirections() throws {
    let case1 = try entry(1)
    let t = day + 86_400 + 8 * 3600
    try hear(try sent(case1, at: t), from: t + 10)
    #expect(try importing(case1).newExposedContacts == 1)
    // Later the same day, the same slot again, and a stranger.
    try hear(try sent(case1, at: t), from: t + 400)
    try hear(try sent(case1, at: t + 900), from: t + 950)
    try hear(try sent(try entry(9), at: t + 900), from: t + 950)
    #expect(try rows() == 2)
    let found = try #require(try cases().first)
    #expect(found.start.seconds == t + 10 && found.end.seconds == t + 950 && found.contacts.count == 2)
    #expect(found.windows.first?.otherIDs == 1)
    // Asked again from either side, nothing new.
    #expect(try importing(case1) == .init(entries: 1, newEntries: 0, exposedContacts: 2, newExposedContacts: 0))
    try hear(try sent(case1, at: t + 900), from: t + 960)
    #expect(try rows() == 2 && cases().count == 1)
  }

  @Test("A contact that is packed as it is written is found too, once") func packedAtOnce() throws {
    let case1 = try entry(1)
    let t = day + 86_400 + 8 * 3600
    _ = try importing(case1)
    try hear(try sent(case1, at: t), from: t + 10, over: .max)
    try hear(try sent(case1, at: t), from: t + 400, over: .max)
    #expect(try rows() == 1)
    #expect(try cases().first?.end.seconds == t + 400)
    #expect(try importing(case1) == .init(entries: 1, newEntries: 0, exposedContacts: 1, newExposedContacts: 0))
  }

  @Test("Entries that another program brings in are known at the next contact, and those that it deletes are not")
  func otherConnection() throws {
    let (case1, case2) = (try entry(1), try entry(2))
    let t = day + 86_400 + 8 * 3600
    _ = try importing(case1)
    try hear(try sent(case2, at: t), from: t)
    #expect(try cases().isEmpty)
    let other = try Store(dataFolder: folder.path, access: .change)
    _ = try other.importF0(F0Batch(entries: [case2]), sha256: [2], at: UTCTime(seconds: t), toleranceSlots: 1)
    #expect(try cases().count == 1)
    try hear(try sent(case2, at: t + 900), from: t + 900)
    #expect(try rows() == 2)
    try other.purge(before: UTCTime(seconds: day + 10 * 86_400), boot: "b")
    try hear(try sent(case2, at: t + 900), from: t + 910)
    #expect(try rows() == 0)
  }

  @Test("Contacts that get their date later are found, whatever day that is") func dated() throws {
    let case1 = try entry(1)
    _ = try importing(case1)
    // Boot at the second day's 03:00; heard 20 min and 10 h later, before the clock was right.
    let boot = day + 86_400 + 3 * 3600
    for seconds: Int64 in [1200, 36_000] {
      let time = MonotonicTime(milliseconds: seconds * 1000)
      try store.write(
        [.init(id: try sent(case1, at: boot + seconds), span: .undated(first: time, last: time), strength: .init())],
        boot: "b")
    }
    #expect(try cases().isEmpty)
    try store.date(boot: "b", bootTime: UTCTime(seconds: boot))
    let found = try #require(try cases().first)
    #expect(found.windows.map(\.exposure.start.seconds) == [boot + 1200, boot + 36_000])
  }

  @Test("A comparison that was stopped goes on where it was") func stopped() throws {
    let entries = try (1...150).map { try entry(UInt8($0)) }
    let t = day + 3600
    for entry in [entries[3], entries[149]] { try hear(try sent(entry, at: t), from: t) }
    var asked = 0
    let stopped = try store.importF0(
      F0Batch(entries: entries), sha256: [7], at: UTCTime(seconds: t), toleranceSlots: 1
    ) { _ in
      asked += 1
      return asked < 2
    }
    #expect(stopped.newEntries == 150 && asked == 2)
    let rest = try store.matchF0(toleranceSlots: 1, at: UTCTime(seconds: t))
    #expect(rest.entries == 150 && !rest.isStopped)
    #expect(try rows() == 2 && cases().count == 2)
    #expect(try store.matchF0(toleranceSlots: 1, at: UTCTime(seconds: t)) == .init())
  }

  @Test(
    "A phone whose clock is 10 min off is found with the tolerance, not without", arguments: [-600, 600] as [Int64])
  func clockOff(shift: Int64) throws {
    let case1 = try entry(1)
    // Heard at the slot's first second by a clock that is behind, and its last by one that is ahead.
    let slot = day + 86_400 + 8 * 3600
    let phone = shift < 0 ? slot + 899 : slot
    try hear(try sent(case1, at: phone), from: phone - shift)
    #expect(try importing(case1, tolerance: 0).exposedContacts == 0)
    #expect(try importing(case1, tolerance: 1).exposedContacts == 1)
    // From the contact's side the same.
    let (other, next) = (try entry(2), slot + 1800)
    _ = try importing(other, tolerance: 1)
    let phoneThen = shift < 0 ? next + 899 : next
    try hear(try sent(other, at: phoneThen), from: phoneThen - shift)
    #expect(try cases().count == 2)
  }

  @Test("Who else was there is counted: ids, the most at once, visits") func others() throws {
    let case1 = try entry(1)
    let t = day + 86_400 + 8 * 3600
    for slot: Int64 in [0, 900] {
      try hear(try sent(case1, at: t + slot), from: t + slot, to: t + slot + 600, dBm: slot == 0 ? -80 : -70)
    }
    // Two others in the first slot, three in the second; one before and one after.
    for (number, time) in [(31, 100), (32, 200), (33, 950), (34, 1000), (35, 1400), (36, -700), (37, 2000)] {
      let id = try #require(BluezoneID([UInt8](repeating: UInt8(number), count: 12)))
      try hear(id, from: t + Int64(time))
    }
    try store.addVisits(withoutPhone: 2, at: UTCTime(seconds: t + 300))
    try store.addVisits(withoutPhone: 1, at: UTCTime(seconds: t + 5000))
    _ = try importing(case1)
    let found = try #require(try cases().first)
    let window = try #require(found.windows.first)
    #expect(found.windows.count == 1 && window.otherIDs == 5 && window.bluezoners == 3)
    #expect(window.visits == 2 && window.bluezonerVisits == 0)
    #expect(window.isNear && found.strength.nearestDBm == -70 && found.strength.meanDBm == -80)
    #expect(window.exposure.start.seconds == t && window.exposure.end.seconds == t + 1500)
  }

  @Test("One that was seen or exported is new again with a further contact, and only then") func states() throws {
    let case1 = try entry(1)
    let t = day + 86_400 + 8 * 3600
    try hear(try sent(case1, at: t), from: t)
    _ = try importing(case1)
    func state() throws -> ExposedCase.State? { try cases().first?.state }
    let id = try #require(try cases().first?.id)
    #expect(try state() == .new)
    try store.markSeen([id])
    #expect(try state() == .seen)
    try hear(try sent(case1, at: t), from: t + 60)
    _ = try importing(case1)
    #expect(try state() == .seen)
    try store.markExported(id)
    try store.markSeen([id])
    #expect(try state() == .exported)
    try hear(try sent(case1, at: t + 900), from: t + 900)
    #expect(try state() == .new && cases().first?.id == id)
  }

  @Test("Exposures go with their contacts, and a case's number is never used again") func retention() throws {
    let (case1, case2) = (try entry(1, days: 2), try entry(2, days: 9))
    let t = day + 86_400
    try hear(try sent(case1, at: t), from: t)
    _ = try importing(case1)
    try store.purge(before: UTCTime(seconds: day + 3 * 86_400), boot: "b")
    #expect(try cases().isEmpty && rows() == 0)
    try hear(try sent(case2, at: t + 4 * 86_400), from: t + 4 * 86_400)
    _ = try importing(case2)
    #expect(try cases().map(\.id) == [2])
  }

  @Test(
    "Over random logs and batches both directions give what comparing everything gives",
    arguments: 1...8 as ClosedRange<UInt64>)
  func property(seed: UInt64) throws {
    var random = SeededBits(state: seed)
    let entries = try (1...6).map { number in
      let start = day + Int64.random(in: 0...2, using: &random) * 86_400
      let slots = try #require([96, 96, 24, 144].randomElement(using: &random))
      return F0Entry(
        dailyKey: try #require(BluezoneKey([UInt8](repeating: UInt8(number), count: 32))),
        start: UTCTime(seconds: start),
        end: UTCTime(seconds: start + Int64.random(in: 0...3 * 86_400, using: &random)),
        scheme: try #require(SlotScheme(slotsPerDay: slots)))
    }
    var contacts: Set<[Int64]> = []
    var ids: [BluezoneID] = []
    for entry in entries {
      entry.forEachID { id, start, _ in
        guard Int.random(in: 0..<20, using: &random) == 0 else { return }
        let first = start.seconds + Int64.random(in: -2000...2000, using: &random)
        contacts.insert([Int64(ids.count), first, first + Int64.random(in: 0...60, using: &random)])
        ids.append(id)
      }
    }
    // Half of the entries before, half after half of the contacts.
    let order = contacts.shuffled(using: &random)
    func write(_ rows: ArraySlice<[Int64]>) throws {
      for row in rows { try hear(ids[Int(row[0])], from: row[1], to: row[2]) }
    }
    _ = try importing(entries[0], entries[1], entries[2])
    try write(order[..<(order.count / 2)])
    _ = try importing(entries[3], entries[4], entries[5])
    try write(order[(order.count / 2)...])

    var expected: Set<[Int64]> = []
    for (number, entry) in entries.enumerated() {
      entry.forEachID { id, start, end in
        for row in contacts where ids[Int(row[0])] == id && row[2] >= start.seconds - 900 && row[1] < end.seconds + 900
        {
          expected.insert([Int64(number) + 1, row[1], row[2]])
        }
      }
    }
    let found = try DatabaseQueue(path: store.path).read { db in
      try Row.fetchAll(db, sql: "SELECT f0, first, last FROM exposure").map {
        [$0["f0"], $0["first"], $0["last"]] as [Int64]
      }
    }
    #expect(Set(found) == expected && found.count == expected.count, "seed \(seed)")
    #expect(!expected.isEmpty)
  }
}

private struct SeededBits: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
