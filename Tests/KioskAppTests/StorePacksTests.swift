// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import GRDBSQLite
import KioskCore
import Simulator
import Testing
import Tracer

@testable import KioskApp

@Suite("Packs in the store") struct StorePacksTests {
  let folder: Folder
  let store: Store
  /// A UTC midnight, the start of a slot.
  let day: Int64 = 1_599_955_200

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
  }

  private func id(_ number: Int) -> BluezoneID {
    BluezoneID(high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15, low: UInt32(truncatingIfNeeded: number))
  }

  private func heard(
    _ number: Int, at time: Int64, to end: Int64? = nil, count: Int = 3, nearest: Int? = -60, sum: Int = -200,
    platform: Platform? = .ios
  ) -> ContactUpdate {
    ContactUpdate(
      id: id(number), span: .dated(first: UTCTime(seconds: time), last: UTCTime(seconds: end ?? time)),
      strength: .init(count: count, nearestDBm: nearest, sumDBm: sum), platform: platform)
  }

  private func hear(_ updates: ContactUpdate..., in store: Store? = nil) throws {
    try (store ?? self.store).write(updates, boot: "b")
  }

  /// So many contacts in each of some slots.
  private func fill(slots: Int, each count: Int, from start: Int64? = nil) throws {
    for slot in 0..<slots {
      let time = (start ?? day) + Int64(slot) * 900
      try store.write(
        (0..<count).map { n in
          heard(
            slot * 100_000 + n, at: time + Int64(n % 800), to: time + Int64(n % 800 + n % 90), count: n,
            nearest: n % 7 == 0 ? nil : -(n % 90), sum: -n * 61, platform: [nil, .android, .ios][n % 3])
        }, boot: "b")
    }
  }

  private func packAll(before time: Int64? = nil, in store: Store? = nil) throws {
    while try (store ?? self.store).pack(before: UTCTime(seconds: time ?? day + 30 * 86_400)) {}
  }

  private func all(_ store: Store? = nil) throws -> [Contact] {
    try (store ?? self.store).contacts(from: UTCTime(seconds: day - 86_400), to: UTCTime(seconds: day + 30 * 86_400))
  }

  private func sql<T: DatabaseValueConvertible>(_ type: T.Type = T.self, _ sql: String) throws -> [T] {
    try DatabaseQueue(path: store.path).read { try T.fetchAll($0, sql: sql) }
  }

  private func rows() throws -> Int { try sql(Int.self, "SELECT count(*) FROM contactRow")[0] }

  private func packs() throws -> Int { try sql(Int.self, "SELECT count(*) FROM contactPack")[0] }

  private func execute(_ sql: String, _ arguments: StatementArguments = []) throws {
    try DatabaseQueue(path: store.path).write { try $0.execute(sql: sql, arguments: arguments) }
  }

  @Test("News of slots that are over go straight into packs, and say the same as rows do", arguments: 0..<12)
  func packedAtOnce(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let byRows = try Folder()
    let rowStore = try Store(dataFolder: byRows.path, access: .create)
    let first = day / 900
    for _ in 0..<12 {
      // Some of them several times, some with more reports than a pack can hold.
      let news = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        let number = Int.random(in: 0..<30, using: &random)
        let at = day + Int64.random(in: 0..<3600, using: &random)
        let isStrange = seed % 3 == 0 && Int.random(in: 0..<20, using: &random) == 0
        let nearest = Bool.random(using: &random) ? nil : Int.random(in: -100 ... -30, using: &random)
        return heard(
          number, at: at, to: at + Int64.random(in: -5...90, using: &random), count: isStrange ? 65_000 : 3,
          nearest: nearest, sum: -200, platform: [nil, .android, .ios].randomElement(using: &random) ?? nil)
      }
      try store.write(news, boot: "b", over: first + Int64.random(in: 0...5, using: &random))
      try rowStore.write(news, boot: "b")
      if Int.random(in: 0..<4, using: &random) == 0 {
        _ = try store.pack(before: UTCTime(seconds: day + Int64.random(in: 0...4000, using: &random)))
      }
      #expect(try all() == all(rowStore))
    }
    try packAll()
    #expect(try all() == all(rowStore))
    #expect(try packs() > 0)
  }

  @Test("What is packed at once leaves no row behind, and one pack a slot") func packedAtOnceRows() throws {
    try hear(heard(1, at: day), heard(2, at: day + 900))
    #expect(try rows() == 2)
    var news = (0..<500).map { heard(10 + $0, at: day + Int64($0)) }
    news += [heard(1, at: day + 600), heard(3, at: day + 900)]
    try store.write(news, boot: "b", over: day / 900 + 1)
    #expect(try rows() == 2 && packs() == 1)
    try store.write([heard(1, at: day + 700), heard(4, at: day + 1800)], boot: "b", over: day / 900 + 2)
    #expect(try rows() == 3 && packs() == 1, "the second slot had nothing new")
    #expect(try all().first { $0.id == id(1) }?.strength.count == 9)
  }

  @Test("Contacts of slots that are over are packed, the others are not, and all read as before") func packing() throws
  {
    try fill(slots: 6, each: 50)
    let before = try all()
    #expect(try !store.pack(before: UTCTime(seconds: day + 4 * 900 + 450)))
    #expect(try rows() == 100 && packs() == 4)
    #expect(try all() == before)
    #expect(try !store.pack(before: UTCTime(seconds: day + 4 * 900 + 450)) && rows() == 100 && packs() == 4)
    try packAll()
    #expect(try rows() == 0 && packs() == 6 && all() == before && before.count == 300)
    let again = try Store(dataFolder: folder.path, access: .look)
    #expect(try all(again) == before && again.damage == nil)
  }

  @Test("In SQL the view shows what it showed before") func view() throws {
    try fill(slots: 3, each: 40)
    try hear(heard(1009, at: day, count: 65_535, nearest: 126, sum: Int(Int32.min)))
    try hear(heard(1008, at: day, count: 0, nearest: -128, sum: Int(Int32.max), platform: nil))
    func shown() throws -> [Row] {
      try DatabaseQueue(path: store.path).read {
        try Row.fetchAll($0, sql: "SELECT * FROM contact ORDER BY slot, blid")
      }
    }
    let before = try shown()
    #expect(before.count == 122)
    try packAll(before: day + 1800)
    #expect(try shown() == before)
    try packAll()
    #expect(try shown() == before && rows() == 0)
    let slot = LogSlot.number(at: UTCTime(seconds: day))
    #expect(try sql(Int.self, "SELECT count(*) FROM contact WHERE slot = \(slot)") == [42])
  }

  @Test("A slot of many contacts takes several packs and transactions") func manyContacts() throws {
    try fill(slots: 2, each: 10_000)
    let before = try all()
    var steps = 1
    while try store.pack(before: UTCTime(seconds: day + 86_400)) { steps += 1 }
    #expect(try rows() == 0 && packs() == 6 && steps >= 6)
    #expect(try sql(Int.self, "SELECT max(length(ids)) FROM contactPack") == [9 + 12 * AppLimits.packedContacts])
    #expect(try all() == before)
    #expect(try sql(Int.self, "SELECT count(*) FROM contact") == [20_000])
  }

  @Test("Contacts that come late for a packed slot are added to it, and those heard there already grow") func late()
    throws
  {
    try fill(slots: 2, each: 5)
    try hear(heard(77, at: day + 100, to: day + 110, count: 3, nearest: -60, sum: -200))
    try packAll()
    #expect(try packs() == 2 && rows() == 0)
    try hear(
      heard(77, at: day + 50, to: day + 300, count: 2, nearest: -50, sum: -110, platform: nil), heard(78, at: day + 60))
    #expect(try rows() == 2 && sql(Int.self, "SELECT count(*) FROM contact") == [12])
    for _ in 0..<2 {
      let contacts = try all()
      #expect(contacts.count == 12 && Set(contacts.map { "\($0.id.hex) \($0.first)" }).count == 12)
      let grown = try #require(contacts.first { $0.id == id(77) })
      #expect(grown.first.seconds == day + 50 && grown.last.seconds == day + 300 && grown.platform == .ios)
      #expect(grown.strength == .init(count: 5, nearestDBm: -50, sumDBm: -310))
      #expect(contacts.contains { $0.id == id(78) && $0.strength.count == 3 })
      try packAll()
    }
    #expect(try rows() == 0 && packs() == 2)
    // The only contact of a pack leaves it empty.
    try hear(heard(90, at: day + 9000))
    try packAll()
    #expect(try packs() == 3)
    try hear(heard(90, at: day + 9001))
    #expect(try packs() == 2 && rows() == 1 && all().count == 13)
  }

  @Test("What gets its date later joins a packed slot") func dated() throws {
    try hear(heard(1, at: day + 5))
    try packAll()
    for number in [1, 2] {
      let time = MonotonicTime(milliseconds: 10_000)
      try hear(.init(id: id(number), span: .undated(first: time, last: time), strength: .init(), platform: nil))
    }
    try store.date(boot: "b", bootTime: UTCTime(seconds: day))
    for _ in 0..<2 {
      #expect(
        try Set(all().map { "\($0.id.hex) \($0.first.seconds) \($0.last.seconds)" }) == [
          "\(id(1).hex) \(day + 5) \(day + 10)", "\(id(2).hex) \(day + 10) \(day + 10)",
        ])
      try packAll()
    }
  }

  @Test("Purging forgets packs to the slot") func purge() throws {
    try fill(slots: 4, each: 3)
    try packAll(before: day + 2700)
    try store.purge(before: UTCTime(seconds: day + 1800), boot: "b")
    #expect(try packs() == 1 && rows() == 3)
    #expect(try Set(all().map { ($0.first.seconds - day) / 900 }) == [2, 3])
    try store.purge(before: UTCTime(seconds: day + 3600), boot: "b")
    #expect(try packs() == 0 && rows() == 0)
  }

  @Test("What no pack can hold stays a row, and is found all the same") func unfitting() throws {
    try hear(heard(1, at: day, count: 65_536), heard(2, at: day, count: 3), heard(3, at: day, nearest: 127))
    try hear(heard(4, at: day, to: day + 70_000))
    let before = try all()
    try packAll()
    #expect(try rows() == 3 && packs() == 1 && all() == before && before.count == 4)
    try packAll()
    #expect(try rows() == 3 && packs() == 1)
  }

  // MARK: Matching

  @Test("Cases are found in packs as in rows, by either direction, once") func matching() throws {
    let key = try #require(BluezoneKey([UInt8](repeating: 5, count: 32)))
    let entry = F0Entry(dailyKey: key, start: UTCTime(seconds: day), end: UTCTime(seconds: day + 3 * 86_400 - 1))
    var sent: [(BluezoneID, Int64)] = []
    entry.forEachID { id, start, _ in sent.append((id, start.seconds)) }
    try fill(slots: 288, each: 20)
    let visits = stride(from: 3, to: 288, by: 11).map { sent[$0] }
    for (id, time) in visits {
      let at = UTCTime(seconds: time + 30)
      try store.write(
        [.init(id: id, span: .dated(first: at, last: at), strength: .init(count: 1, nearestDBm: -50, sumDBm: -50))],
        boot: "b")
    }
    // Half of the log packed, in the middle of a day.
    try packAll(before: day + 86_400 + 7000)
    #expect(try rows() > 1000 && packs() > 90)
    #expect(try store.countMatches([entry], toleranceSlots: 1).contacts == visits.count)
    let found = try store.importF0(F0Batch(entries: [entry]), sha256: [1], at: UTCTime(seconds: day), toleranceSlots: 1)
    #expect(found.newExposedContacts == visits.count)
    let cases = try store.exposedCases(near: NearRule())
    try packAll()
    #expect(
      try store.importF0(F0Batch(entries: [entry]), sha256: [1], at: UTCTime(seconds: day), toleranceSlots: 1)
        .newExposedContacts == 0)
    #expect(try store.countMatches([entry], toleranceSlots: 1).contacts == visits.count)
    let packed = try store.exposedCases(near: NearRule())
    #expect(packed.map(\.windows.count) == cases.map(\.windows.count))
    #expect(packed.flatMap { $0.windows.map(\.otherIDs) } == cases.flatMap { $0.windows.map(\.otherIDs) })
    #expect(packed.flatMap { $0.windows.map(\.bluezoners) } == cases.flatMap { $0.windows.map(\.bluezoners) })
    #expect(packed.allSatisfy { $0.windows.allSatisfy { $0.otherIDs > 0 } })
    // A contact of a case that comes late into a packed slot, and one that was there already.
    try hear(
      .init(
        id: sent[4].0, span: .dated(first: UTCTime(seconds: sent[4].1), last: UTCTime(seconds: sent[4].1)),
        strength: .init()))
    try hear(
      .init(
        id: sent[3].0, span: .dated(first: UTCTime(seconds: sent[3].1), last: UTCTime(seconds: sent[3].1)),
        strength: .init()))
    #expect(try sql(Int.self, "SELECT count(*) FROM exposure") == [visits.count + 1])
    #expect(try store.countMatches([entry], toleranceSlots: 1).contacts == visits.count + 1)
  }

  // MARK: Damage

  @Test("A damaged pack loses its slot alone, says so, and stops nothing", arguments: ["ids", "facts", "slot"])
  func damage(column: String) throws {
    try fill(slots: 5, each: 30)
    try packAll()
    let slot = LogSlot.number(at: UTCTime(seconds: day + 1800))
    if column == "slot" {
      try execute("UPDATE contactPack SET slot = slot + 32 WHERE slot = ?", [slot])
    } else {
      try execute(
        """
        UPDATE contactPack SET \(column) = CAST(substr(\(column), 1, 99) || x'5A' || substr(\(column), 101) AS BLOB)
        WHERE slot = ?
        """, [slot])
    }
    let contacts = try all()
    #expect(contacts.count == 120 && contacts.allSatisfy { LogSlot.number(at: $0.first) != slot })
    #expect(try #require(store.damage).contains("1 quarter hours of the contact log are damaged"))
    // A late contact there is kept, and packed beside what is damaged.
    try hear(heard(1, at: day + 1900))
    try packAll()
    #expect(try all().count == 121 && rows() == 0)
    // Matching goes by it.
    let fresh = try Store(dataFolder: folder.path, access: .look)
    let key = try #require(BluezoneKey([UInt8](repeating: 5, count: 32)))
    let entry = F0Entry(dailyKey: key, start: UTCTime(seconds: day), end: UTCTime(seconds: day + 86_399))
    #expect(try fresh.countMatches([entry], toleranceSlots: 1).contacts == 0)
    #expect((fresh.damage != nil) == (column != "facts"))
    try store.purge(before: UTCTime(seconds: day + 86_400), boot: "b")
    #expect(try packs() == 0 && store.damage == nil)
  }

  @Test("Where the pages of a pack have rotted, its slot alone is lost", arguments: 1...12 as ClosedRange<UInt64>)
  func rottenPages(seed: UInt64) throws {
    try fill(slots: 6, each: 1500)
    try packAll()
    let whole = try all()
    let pages = try DatabaseQueue(path: store.path).writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      return try Int.fetchAll(
        db, sql: "SELECT pageno FROM dbstat WHERE name = 'contactPack' AND pagetype = 'overflow' ORDER BY 1")
    }
    #expect(pages.count > 40)
    var random = SplitMix64(seed: seed)
    let page = try #require(pages.randomElement(using: &random))
    // Half of them where the page says which comes next, half in what it holds.
    let offset = seed % 2 == 0 ? Int.random(in: 0..<4, using: &random) : Int.random(in: 4..<4096, using: &random)
    let copy = try Folder()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: store.path))
    bytes[(page - 1) * 4096 + offset] ^= UInt8.random(in: 1...255, using: &random)
    try bytes.write(to: URL(fileURLWithPath: copy.path + "/kiosk.sqlite"))
    let damaged = try Store(dataFolder: copy.path, access: .change)
    let read = try all(damaged)
    let lost = Set(whole).subtracting(read)
    #expect(Set(read).isSubset(of: whole) && lost.count == 1500, "seed \(seed)")
    #expect(Set(lost.map { LogSlot.number(at: $0.first) }).count == 1)
    #expect(damaged.damage != nil)
    // Matching goes by it, whichever of the two pieces it was.
    let key = try #require(BluezoneKey([UInt8](repeating: 5, count: 32)))
    let entry = F0Entry(dailyKey: key, start: UTCTime(seconds: day), end: UTCTime(seconds: day + 86_399))
    #expect(try damaged.countMatches([entry], toleranceSlots: 1).contacts == 0)
    try hear(heard(90_005, at: day + 10), heard(90_006, at: day + 5000), in: damaged)
    try packAll(in: damaged)
    #expect(try all(damaged).count == 7502)
    // Only what SQLite cannot free is left after its time.
    let isPurged = (try? damaged.purge(before: UTCTime(seconds: day + 86_400), boot: "b")) != nil
    let left = try DatabaseQueue(path: damaged.path).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM contactPack")
    }
    #expect(left == (isPurged ? 0 : 1) && isPurged || seed % 2 == 0)
  }

  @Test("A command that meets a damaged pack says so, beside its answer") func damageTold() throws {
    try fill(slots: 2, each: 10)
    try packAll()
    let key = String(repeating: "05", count: 32)
    let file = try folder.write(
      "f0.json",
      #"{"data": [{"daily_key": "\#(key)", "time_start": \#(day), "max": 96, "time_end": \#(day + 86_399)}]}"#)
    let whole = try Program.run("f0", "check", file, "--data", folder.path)
    #expect(whole.code == 0 && whole.messages.isEmpty, "\(whole.messages)")
    try execute("UPDATE contactPack SET ids = zeroblob(length(ids)) WHERE slot = ?", [day / 900])
    let damaged = try Program.run("f0", "check", file, "--data", folder.path)
    #expect(damaged.code == 0 && damaged.output == whole.output)
    #expect(damaged.messages.contains("1 quarter hours of the contact log are damaged"), "\(damaged.messages)")
    #expect(damaged.messages.contains("2020-09-13T07:00:00+07:00 to 2020-09-13T07:15:00+07:00"), "\(damaged.messages)")
  }

  // MARK: What was there before

  /// A database as the version before packs made it, with rows.
  private func oldDatabase(_ contacts: Int, slots: Int) throws -> Folder {
    let folder = try Folder()
    let queue = try DatabaseQueue(path: folder.path + "/kiosk.sqlite")
    try Migrations.migrator.migrate(queue, upTo: "feed 1: what is held of it")
    try queue.write { db in
      for n in 0..<contacts {
        try db.execute(
          sql: """
            INSERT INTO contact (slot, blid, first, last, count, nearest, rssiSum, platform) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            day / 900 + Int64(n % slots), Data(id(n).bytes), n % 900, n % 900 + 5, n % 50,
            n % 7 == 0 ? nil : -(n % 90), -n, n % 3 == 0 ? nil : n % 3,
          ])
      }
    }
    return folder
  }

  private func shown(_ folder: Folder, table: String = "contact") throws -> [Row] {
    try DatabaseQueue(path: folder.path + "/kiosk.sqlite").read {
      try Row.fetchAll($0, sql: "SELECT * FROM \(table) ORDER BY 1, 2")
    }
  }

  @Test("A database of the version before opens at once with all that was there, and is packed step by step")
  func migration() throws {
    let old = try oldDatabase(9000, slots: 40)
    let before = try shown(old)
    let tooOld = try Program.run("exposures", "--data", old.path)
    #expect(tooOld.code == 1 && tooOld.messages.contains("older version of kiosk"), "\(tooOld.messages)")
    let store = try Store(dataFolder: old.path, access: .create)
    #expect(try shown(old) == before && shown(old, table: "contactPack").isEmpty)
    var steps = 1
    while try store.pack(before: UTCTime(seconds: day + 86_400)) {
      steps += 1
      #expect(try shown(old) == before)
    }
    #expect(try steps >= 3 && shown(old) == before && shown(old, table: "contactPack").count == 40)
    #expect(try shown(old, table: "contactRow").isEmpty && all(store).count == 9000)
  }

  @Test("A kiosk that is killed while it packs loses nothing, and goes on where it was") func killed() throws {
    let now = Int64(Date().timeIntervalSince1970) / 900 * 900
    let old = try oldDatabase(0, slots: 1)
    let data = old.path
    var configuration = Configuration()
    configuration.busyMode = .timeout(20)
    let database = try DatabaseQueue(path: data + "/kiosk.sqlite", configuration: configuration)
    try database.write { db in
      try db.execute(
        sql: """
          WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200000)
          INSERT INTO contact (slot, blid, first, last, count, nearest, rssiSum, platform)
          SELECT ? - n % 500, randomblob(12), n % 900, n % 900 + 3, n % 40, -(n % 90), -n, 1 + n % 2 FROM place
          """, arguments: [now / 900 - 8])
    }
    func state(_ table: String) throws -> [Int64] {
      try database.read { db in
        let row = try #require(
          try Row.fetchOne(
            db,
            sql: """
              SELECT count(*), sum(slot * first), sum(last * count), sum(nearest), sum(rssiSum * first),
                sum(platform * slot), sum(instr(hex(blid), 'A') * first) FROM \(table) WHERE slot <= ?
              """, arguments: [now / 900 - 8]))
        return try (0..<7).map { try #require(row[$0] as Int64?) }
      }
    }
    func count(_ table: String) throws -> Int? {
      try database.read { db in
        // Not GRDB's `tableExists`, which remembers what was there before another program changed it.
        guard try Row.fetchOne(db, sql: "SELECT 1 FROM sqlite_master WHERE name = ?", arguments: [table]) != nil else {
          return nil
        }
        return try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)")
      }
    }
    let before = try state("contact")
    #expect(before[0] == 200_000)
    let config = try old.write("kiosk.toml", "[clock]\ntrust = \"always\"\n")
    func start() throws -> Program.Running {
      try Program.start([
        "run", "--config", config, "--data", data, "--display", "none", "--radio", "h4:unix:\(data)/no-radio",
        "--quiet",
      ])
    }
    var inTheMiddle = 0
    for _ in 0..<4 {
      let packs = try count("contactPack") ?? 0
      let kiosk = try start()
      _ = try eventually { try count("contactPack") ?? 0 > packs }
      kill(kiosk.process.processIdentifier, SIGKILL)
      kiosk.process.waitUntilExit()
      if try count("contactRow") ?? 0 > 0 { inTheMiddle += 1 }
      #expect(try state("contact") == before)
    }
    #expect(inTheMiddle > 0)
    let kiosk = try start()
    let isPacked = try eventually(within: 60) { try count("contactRow") == 0 }
    let left = try count("contactRow") ?? -1
    let told = isPacked ? "" : try Program.run("status", "--config", config, "--data", data).output
    #expect(isPacked, "\(left) rows are left; \(told)")
    let ended = try kiosk.terminate()
    #expect(ended.code == 0, "\(ended.messages)")
    #expect(try state("contact") == before && count("contactPack") == 500)
    let store = try Store(dataFolder: data, access: .look)
    let contacts = try store.contacts(from: UTCTime(seconds: now - 508 * 900), to: UTCTime(seconds: now))
    #expect(contacts.count == 200_000 && store.damage == nil)
  }

  // MARK: Wear

  /// Pages that a store has written to its log ahead.
  private func pagesWritten(_ store: Store) throws -> Int {
    try store.read { db in
      var (now, most): (Int32, Int32) = (0, 0)
      sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &now, &most, 0)
      return Int(now)
    }
  }

  /// Hours of an office with 300 visitors an hour, each heard every second for 2 to 18 minutes.
  ///
  /// - Returns: pages written in all, and by packing alone.
  private func visit(_ store: Store, hours: Int64, packing: Bool) throws -> (all: Int, packs: Int) {
    var random = SplitMix64(seed: 1)
    let visitors = (0..<Int(hours) * 300).map { _ in
      let from = Int64.random(in: 0..<hours * 3600, using: &random)
      return (from, from + Int64.random(in: 120...1080, using: &random))
    }
    let start = try pagesWritten(store)
    var packs = 0
    func pack(before time: Int64) throws {
      packs -= try pagesWritten(store)
      try packAll(before: time, in: store)
      packs += try pagesWritten(store)
    }
    for time in stride(from: Int64(0), to: hours * 3600, by: 10) {
      let updates = visitors.enumerated().filter { $0.element.0 <= time && time < $0.element.1 }.map { number, _ in
        heard(
          number + Int(time / 900) * 1_000_000, at: day + time, to: day + min(time + 9, time / 900 * 900 + 899),
          count: 8)
      }
      try store.write(updates, boot: "b")
      if packing, time % 3600 == 0 { try pack(before: day + time - 3600) }
    }
    if packing { try pack(before: day + hours * 3600) }
    // Days later all of it goes, hour by hour.
    for hour in 1...hours { try store.purge(before: UTCTime(seconds: day + hour * 3600), boot: "b") }
    return (try pagesWritten(store) - start, packs)
  }

  @Test("Packing does not wear the SD card: it writes a small share of what the rows take") func wear() throws {
    let hours: Int64 = 2
    let plain = try visit(store, hours: hours, packing: false)
    let other = try Folder()
    let packed = try visit(try Store(dataFolder: other.path, access: .create), hours: hours, packing: true)
    #expect(Double(packed.all) < 1.05 * Double(plain.all), "\(packed) pages with packing, \(plain) without")
  }
}
