// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Simulator
import Testing
import Tracer

@testable import KioskApp

/// A hall whose kiosk hears known ids for days, stored as the appliance stores them, and what of them has expired.
final class ErasureHall {
  let folder: Folder
  var store: Store
  /// A UTC midnight.
  static let begin: Int64 = 1_599_955_200
  static let retentionDays: Int64 = 14
  private(set) var now = begin
  /// Ids with the slot that they were heard in last.
  private(set) var ids: [BluezoneID: Int64] = [:]
  /// Daily keys with the time of their end, and those of entries that were taken back.
  private(set) var keys: [BluezoneKey: Int64] = [:]
  private(set) var withdrawnKeys: [BluezoneKey] = []
  private(set) var purged = Store.Purged()
  private var random: SplitMix64
  private let office: FeedOffice
  private let perQuarter: Int
  private let boot = "boot"

  init(seed: UInt64, perQuarter: Int) throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
    random = SplitMix64(seed: seed)
    office = FeedOffice(now: SystemClock(trust: .always).now().utc)
    self.perQuarter = perQuarter
    _ = try IdentityFile(dataFolder: folder.path).loadOrCreate(at: UTCTime(seconds: Self.begin))
  }

  // MARK: An hour

  /// Lets an hour pass, as the appliance takes it: contacts, then the purge, then the packs.
  ///
  /// - Parameter isOpen: whether anybody comes.
  func passHour(isOpen: Bool, erasing: Bool = true) throws {
    let hour = now
    if isOpen { try hear(from: hour) }
    now = hour + 3600
    if isOpen, hour / 3600 % 24 == 9 { try hearF0(hour) }
    try purge(erasing: erasing)
    while try store.pack(before: UTCTime(seconds: now - 3600)) {}
  }

  func purge(erasing: Bool = true) throws {
    let before = UTCTime(seconds: now - Self.retentionDays * 86_400)
    purged += try store.purge(before: before, boot: boot)
    purged += try store.purgeVisits(before: UTCTime(seconds: now - 180 * 86_400), boot: boot)
    // It runs all the time: what has no date ends by the running time since.
    purged += try store.purgeUndated(
      UndatedPurge(contactsBefore: before.milliseconds, visitsBefore: (now - 180 * 86_400) * 1000), boot: boot)
    if erasing { #expect(try store.eraseLog()) }
  }

  /// Nothing happens for days.
  func skip(days: Int64) { now += days * 86_400 }

  /// All that can be read.
  func contacts() throws -> [Contact] {
    try store.contacts(from: UTCTime(seconds: Self.begin - 86_400), to: UTCTime(seconds: now + 86_400))
  }

  private func id() -> BluezoneID { BluezoneID(high: random.next(), low: UInt32(truncatingIfNeeded: random.next())) }

  private func update(_ id: BluezoneID, at time: Int64, count: Int = 3) -> ContactUpdate {
    ids[id] = max(ids[id] ?? 0, time / 900)
    return ContactUpdate(
      id: id, span: .dated(first: UTCTime(seconds: time), last: UTCTime(seconds: time + 20)),
      strength: .init(count: count, nearestDBm: -60, sumDBm: -60 * count),
      platform: [nil, .android, .ios][Int(time % 3)])
  }

  private func hear(from hour: Int64) throws {
    let day: Int64 = (hour - Self.begin) / 86_400
    let hourOfDay: Int64 = hour / 3600 % 24
    for quarter in 0..<4 {
      let start: Int64 = hour + Int64(quarter) * 900
      // One slot in four days holds more than a pack.
      var count: Int = perQuarter
      if day % 4 == 1, hourOfDay == 10, quarter == 2 { count = 2 * AppLimits.packedContacts + 500 }
      let here: [BluezoneID] = (0..<count).map { _ in id() }
      for _ in 0..<2 {
        // Not all of them each time, in no order, some more often than a pack can count.
        var updates: [ContactUpdate] = []
        for id in here where random.next() % 4 > 0 {
          let time: Int64 = start + Int64(random.next() % 800)
          let times: Int = random.next() % 200 == 0 ? 70_000 : 3
          updates.append(update(id, at: time, count: times))
        }
        try store.write(updates, boot: boot)
      }
      // What comes late, for slots that are packed: old ids and others.
      let hoursAgo: Int64 = 2 + Int64(random.next() % 3)
      let lateSlot: Int64 = start / 900 - 4 * hoursAgo
      let known: [BluezoneID] = ids.filter { $0.value == lateSlot }.map(\.key).sorted()
      var coming: [BluezoneID] = Array(known.prefix(2))
      coming.append(id())
      let updates: [ContactUpdate] = coming.map { update($0, at: lateSlot * 900 + 30) }
      try store.write(updates, boot: boot)
    }
    try hearUndated(hour)
    try store.addVisits(withoutPhone: 2, at: UTCTime(seconds: hour))
  }

  /// Of boots that never learn the time, and of this one, which does.
  private func hearUndated(_ hour: Int64) throws {
    func undated(_ id: BluezoneID) -> ContactUpdate {
      let time = MonotonicTime(milliseconds: 60_000)
      return ContactUpdate(
        id: id, span: .undated(first: time, last: time), strength: .init(count: 1, nearestDBm: -70, sumDBm: -70))
    }
    let lost = (0..<3).map { _ in id() }
    for id in lost { ids[id] = hour / 900 }
    try store.write(lost.map(undated), boot: "boot \(hour)")
    try store.write { db in
      try db.execute(
        sql: "INSERT INTO boot (id, operating) VALUES (?, ?)", arguments: ["boot \(hour)", hour * 1000])
    }
    let dated = (0..<3).map { _ in id() }
    for id in dated { ids[id] = hour / 900 }
    try store.write(dated.map(undated), boot: boot)
    try store.date(boot: boot, bootTime: UTCTime(seconds: hour))
  }

  /// An F0 of this day who was here; another, by mistake, whom the health office takes back a day later.
  private func hearF0(_ hour: Int64) throws {
    let day = hour / 86_400 * 86_400
    func entry() throws -> F0Entry {
      let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      return F0Entry(
        dailyKey: try #require(BluezoneKey(bytes)), start: UTCTime(seconds: day),
        end: UTCTime(seconds: day + 86_399))
    }
    let (case1, mistake) = (try entry(), try entry())
    keys[case1.dailyKey] = day + 86_399
    withdrawnKeys.append(mistake.dailyKey)
    for entry in [case1, mistake] {
      let sent = BluezoneIdentity.bluezoneIDs(of: entry.dailyKey, count: 96)
      let updates: [ContactUpdate] = [28, 29, 30].map { (slot: Int) in
        update(sent[slot], at: day + Int64(slot) * 900 + 60)
      }
      try store.write(updates, boot: boot)
    }
    office.manifest.withdrawn = office.manifest.batches.suffix(1).map(\.sha256)
    office.manifest.batches = []
    office.publish([case1])
    office.publish([mistake])
    let round = try FeedRound(
      region: "VN-HN", roots: [office.publicKey], sourceName: "https://x/", source: office, store: store,
      downloads: try FeedDownloads(dataFolder: folder.path), clock: SystemClock(trust: .always)
    ).run()
    guard case .applied = round.outcome else { throw CancellationError() }
    #expect(try store.matchF0(toleranceSlots: 1, at: UTCTime(seconds: hour)).newExposedContacts == 6)
    if day / 86_400 % 2 == 0 {
      try store.markSeen(try store.read { try Int64.fetchAll($0, sql: "SELECT id FROM exposedCase") })
    }
  }

  // MARK: What is known

  /// What must not be found: ids of slots before the retention, keys of days before it, keys that were taken back.
  func expired(at time: Int64? = nil) -> ByteSearch {
    let limit = (time ?? now) - Self.retentionDays * 86_400
    var strings: [[UInt8]] = withdrawnKeys.dropLast().map(\.bytes)
    for (id, slot) in ids where slot < limit / 900 { strings.append(id.bytes) }
    for (key, end) in keys where end < limit { strings.append(key.bytes) }
    return ByteSearch(strings)
  }

  /// What must be.
  func kept() -> ByteSearch {
    let limit = now - Self.retentionDays * 86_400
    var strings: [[UInt8]] = []
    for (id, slot) in ids where slot >= limit / 900 { strings.append(id.bytes) }
    for (key, end) in keys where end >= limit { strings.append(key.bytes) }
    return ByteSearch(strings)
  }

  /// The data folder as it is on the disk now, as a kiosk that was killed leaves it.
  func copy() throws -> Folder {
    let copy = try Folder()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try FileManager.default.copyItem(atPath: folder.path + "/" + name, toPath: copy.path + "/" + name)
    }
    return copy
  }
}
