// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Simulator
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("Salvage of a damaged database") struct SalvageTests {
  enum Rot: String, CaseIterable, Sendable {
    case noise
    case zeros
    case flips
  }

  /// `KIOSK_ALL_PAGES=1` spoils every page in every way, and of a larger log.
  static let isThorough = ProcessInfo.processInfo.environment["KIOSK_ALL_PAGES"] != nil

  private func spoil(_ bytes: inout [UInt8], page: Int, _ rot: Rot, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let range = (page - 1) * 4096..<page * 4096
    switch rot {
    case .noise: for i in range { bytes[i] = UInt8.random(in: 0...255, using: &random) }
    case .zeros: for i in range { bytes[i] = 0 }
    case .flips:
      for _ in 0..<12 { bytes[Int.random(in: range, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
    }
  }

  @Test("A rotten page costs the rows on it and nothing else", arguments: Rot.allCases) func everyPage(rot: Rot) throws
  {
    let sample = try SalvageSample(scale: Self.isThorough ? 6 : 1)
    #expect(sample.pages.count > 40 && Set(sample.pages.map(\.kind)) == ["leaf", "internal", "overflow"])
    var (repaired, rowsLost, leaves) = (0, 0, 0)
    for page in sample.pages {
      // Each page with noise; of the other two ways every third page.
      if rot != .noise, !Self.isThorough, page.number % 3 != (rot == .zeros ? 0 : 1) { continue }
      let folder = try sample.folder { spoil(&$0, page: page.number, rot, seed: UInt64(page.number)) }
      let outcome = try sample.outcome(in: folder)
      repaired += outcome.report == nil ? 0 : 1
      // A table without rowids has rows on its inner pages too.
      let holdsRows = sample.tables[page.name] != nil && (page.kind == "leaf" || Self.withoutRowID.contains(page.name))
      for (table, lost) in outcome.lost {
        rowsLost += lost
        if page.kind == "overflow" {
          #expect(table == page.name && lost == 1, "\(page), \(rot): \(lost) of \(table)")
        } else {
          // Of an entry's batch only the hash is left, in an index.
          let isAllowed = holdsRows && table == page.name || page.name == "exposure" && table == "seenExposure"
          // An entry whose number has rotted is another one: what was found of it is found again.
          let isFoundAgain =
            rot == .flips && page.name == "f0Entry" && ["exposure", "seenExposure", "exposedCase"].contains(table)
          #expect(isFoundAgain || isAllowed && lost <= page.cells, "\(page), \(rot): \(lost) of \(table)")
        }
      }
      if rot != .flips {
        let added = outcome.added.filter { !["exposedCase", "f0Batch"].contains($0.key) }
        // SQLite does not look into what goes on on other pages; a pack has its own checksum.
        #expect(added.isEmpty || page.kind == "overflow", "\(page): \(outcome.added)")
        if page.kind == "leaf", sample.tables[page.name] != nil {
          leaves += 1
          #expect(outcome.report != nil, "\(page)")
        }
      }
    }
    print("salvage, \(rot): \(sample.pages.count) pages, \(repaired) repaired, \(rowsLost) rows lost in all")
    #expect(rot == .flips || leaves > 3)
  }

  private static let withoutRowID = ["contactRow", "undatedContact", "exposure", "seenExposure"]

  @Test("Pages that were exchanged, and a file that was cut off") func shape() throws {
    let sample = try SalvageSample()
    let leaves = sample.pages.filter { $0.kind == "leaf" && sample.tables[$0.name] != nil }
    let (first, second) = (try #require(leaves.first), try #require(leaves.last))
    #expect(first.name != second.name)
    let exchanged = try sample.folder { bytes in
      for i in 0..<4096 { bytes.swapAt((first.number - 1) * 4096 + i, (second.number - 1) * 4096 + i) }
    }
    let outcome = try sample.outcome(in: exchanged)
    #expect(outcome.report != nil && outcome.lost.isEmpty, "\(outcome.lost)")

    let kept = sample.pages.count * 2 / 3
    let cut = try sample.folder { $0 = Array($0.prefix(kept * 4096 - 100)) }
    let rest = try sample.outcome(in: cut)
    #expect(rest.report != nil)
    let gone = sample.pages.filter { $0.number >= kept }
    // Tables to which no row of another belongs.
    for table in ["visit", "contactRow", "undatedContact", "audit"] {
      let lost = rest.lost[table] ?? 0
      #expect(lost <= gone.filter { $0.name == table }.reduce(0) { $0 + $1.cells }, "\(lost) of \(table)")
    }
    #expect(!rest.lost.isEmpty)
  }

  @Test("A header and a schema that are gone altogether cost nothing") func noSchema() throws {
    let sample = try SalvageSample()
    let schema = sample.pages.filter { $0.name == "sqlite_schema" }
    #expect(schema.count > 1)
    let folder = try sample.folder { for page in schema { spoil(&$0, page: page.number, .noise, seed: 1) } }
    let outcome = try sample.outcome(in: folder)
    #expect(outcome.report != nil && outcome.lost.isEmpty, "\(outcome.lost)")
    // It lives on.
    let store = try Store(dataFolder: folder.path, access: .create)
    try store.write([SalvageSample.heard(5, at: SalvageSample.day + 90_000)], boot: "b")
    let audit = try store.audit()
    #expect(audit.map(\.id) == audit.map(\.id).sorted() && audit.last?.action == "salvage")
    #expect(try #require(audit.last?.detail).contains("pages unreadable"))
    #expect(audit.last?.operatorName == "kiosk")
  }

  @Test("Unsigned files of which entries are lost are named once, those of a feed and whole ones are not")
  func lostImports() throws {
    let sample = try SalvageSample()
    let leaves = sample.pages.filter { $0.name == "f0Entry" && $0.kind == "leaf" }
    let index = sample.pages.filter { $0.name.hasPrefix("sqlite_autoindex_f0Entry") }
    #expect(leaves.count > 1 && !index.isEmpty)
    let now = UTCTime(seconds: SalvageSample.day + 86_400)
    for isIndexLost in [false, true] {
      let folder = try sample.folder { bytes in
        spoil(&bytes, page: leaves[0].number, .noise, seed: 1)
        if isIndexLost { for page in index { spoil(&bytes, page: page.number, .noise, seed: 2) } }
      }
      let path = folder.path + "/kiosk.sqlite"
      // The first of the three came with a feed, which brings it again.
      try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE f0Batch SET region = 'vn' WHERE id = 1") }
      let report = try Salvage.run(path: path, at: now)
      let left = try SalvageSample.rows(path)["f0Entry"]?.count ?? 0
      guard isIndexLost else {
        #expect(report.lostImports.isEmpty && left == 150 && !report.words.contains("import these again"))
        continue
      }
      #expect(left < 100 && report.lostImports.map(\.missing) == [100 - left], "\(left) entries left")
      let lost = try #require(report.lostImports.first)
      #expect(lost.importedAt.seconds == SalvageSample.day && lost.sha256 == [UInt8](repeating: 2, count: 32))
      let name = "\(SystemClock.rfc3339(lost.importedAt)) 0202020202020202"
      #expect(report.words.contains("import these again: \(name), \(100 - left) entries"))
      let again = try Salvage.run(path: path, at: now)
      #expect(again.lostImports.isEmpty)
    }
  }

  @Test("What is not the kiosk's is named and left alone") func foreign() throws {
    let text = try Folder()
    let words = String(repeating: "This is not a database. ", count: 1000)
    let path = try text.write("kiosk.sqlite", words)
    #expect { try Store.repaired(dataFolder: text.path) } throws: {
      guard case .inItsPlace = $0 as? StoreError else { return false }
      return "\($0)".contains("another file stands in its place")
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == words)
    #expect(try FileManager.default.contentsOfDirectory(atPath: text.path) == ["kiosk.sqlite"])

    let other = try Folder()
    try DatabaseQueue(path: other.path + "/kiosk.sqlite").write {
      try $0.execute(sql: "CREATE TABLE song (title TEXT); INSERT INTO song VALUES ('x')")
    }
    for isRotten in [false, true] {
      let file = other.path + "/kiosk.sqlite"
      if isRotten {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        for i in 4096..<8192 { bytes[i] = 0x55 }
        try bytes.write(to: URL(fileURLWithPath: file))
      }
      let before = try Data(contentsOf: URL(fileURLWithPath: file))
      #expect { try Store.repaired(dataFolder: other.path) } throws: {
        if case .inItsPlace = $0 as? StoreError { true } else { false }
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }
  }

  // MARK: The write-ahead log

  /// A database whose log is in its write-ahead log, as a power cut leaves it.
  private func cutOff(writes: Int = 6) throws -> (folder: Folder, contacts: Set<Contact>) {
    let source = try Folder()
    let store = try Store(dataFolder: source.path, access: .create)
    for number in 0..<writes {
      try store.write(
        (0..<30).map { SalvageSample.heard(number * 100 + $0, at: SalvageSample.day + Int64(number) * 900) }, boot: "b")
    }
    let folder = try Folder()
    for end in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: source.path + "/kiosk.sqlite" + end, toPath: folder.path + "/kiosk.sqlite" + end)
    }
    return (folder, Set(try contacts(store)))
  }

  private func contacts(_ store: Store) throws -> [Contact] {
    try store.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: SalvageSample.day + 30 * 86_400))
  }

  private func change(_ folder: Folder, _ end: String, _ body: (inout Data) -> Void) throws {
    let file = URL(fileURLWithPath: folder.path + "/kiosk.sqlite" + end)
    var bytes = try Data(contentsOf: file)
    body(&bytes)
    try bytes.write(to: file)
  }

  @Test("A rotten frame in the write-ahead log does not end it") func rottenFrame() throws {
    let (whole, all) = try cutOff()
    let frames = (try Data(contentsOf: URL(fileURLWithPath: whole.path + "/kiosk.sqlite-wal")).count - 32) / 4120
    #expect(frames > 20 && all.count == 180)
    var tried = 0
    for frame in stride(from: 1, to: frames - 3, by: Self.isThorough ? 1 : 4) {
      let (folder, all) = try cutOff()
      try change(folder, "-wal") { $0[32 + frame * 4120 + 24 + 3000] ^= 0x40 }
      let (store, report) = try Store.repaired(dataFolder: folder.path)
      let left = Set(try contacts(store))
      // The last write is in it, though SQLite by itself would see nothing after the rotten frame.
      let newest = all.filter { $0.first >= UTCTime(seconds: SalvageSample.day + 5 * 900) }
      #expect(report?.rottenFrames == 1 && newest.isSubset(of: left), "frame \(frame) of \(frames)")
      #expect(left.isSubset(of: all) && left.count >= 60, "frame \(frame): \(left.count)")
      tried += 1
    }
    #expect(tried > 3)
  }

  @Test("A torn write-ahead log loses what was never confirmed, and needs no repair", arguments: [1, 500, 4119])
  func torn(bytes: Int) throws {
    let (folder, all) = try cutOff()
    try change(folder, "-wal") { $0.removeLast(bytes) }
    let (store, report) = try Store.repaired(dataFolder: folder.path)
    let left = Set(try contacts(store))
    #expect(report == nil && left.count == 150 && left.isSubset(of: all))
  }

  @Test("A rotten head of the write-ahead log, and a database file with nothing in it") func rottenHead() throws {
    let (folder, all) = try cutOff()
    try change(folder, "-wal") { for i in 0..<32 { $0[i] = 0x5A } }
    let (store, report) = try Store.repaired(dataFolder: folder.path)
    #expect(try report != nil && Set(contacts(store)) == all)
    let (empty, kept) = try cutOff()
    try change(empty, "") { $0 = Data() }
    let (again, salvaged) = try Store.repaired(dataFolder: empty.path)
    #expect(try salvaged != nil && Set(contacts(again)) == kept)
  }

  // MARK: Files

  @Test("A crash at any step of the exchange leaves the old or the new, whole", arguments: 0...4) func crash(step: Int)
    throws
  {
    let sample = try SalvageSample()
    func damaged() throws -> Folder { try sample.folder { for i in 0..<4096 { $0[i] = 0x33 } } }
    // The salvaged file as it is when all of it is on the disk.
    let done = try damaged()
    let (store, report) = try Store.repaired(dataFolder: done.path)
    let all = Set(try contacts(store))
    #expect(report != nil && all.count > 900)
    store.close()
    // The old files, with a write-ahead log that would spoil the new one.
    let folder = try damaged()
    let file = folder.path + "/kiosk.sqlite"
    let (other, _) = try cutOff()
    if step == 1 {
      try FileManager.default.copyItem(atPath: other.path + "/kiosk.sqlite-wal", toPath: file + "-wal")
    }
    let made = done.path + "/kiosk.sqlite"
    switch step {
    case 0: try Data(repeating: 7, count: 5000).write(to: URL(fileURLWithPath: file + "-salvage"))
    case 1...3:
      try FileManager.default.copyItem(atPath: made, toPath: file + "-salvaged")
      if step > 2 { try FileManager.default.removeItem(atPath: file) }
    default:
      try FileManager.default.removeItem(atPath: file)
      try FileManager.default.copyItem(atPath: made, toPath: file)
    }
    let (again, _) = try Store.repaired(dataFolder: folder.path)
    #expect(try Set(contacts(again)) == all)
    #expect(try again.audit().count { $0.action == "salvage" } == 1)
    again.close()
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    #expect(names.isSubset(of: ["kiosk.sqlite", "kiosk.sqlite-wal", "kiosk.sqlite-shm"]), "\(names)")
  }

  @Test("The old file is erased, and the new one has its rights") func erased() throws {
    let (folder, _) = try cutOff()
    let file = folder.path + "/kiosk.sqlite"
    // Its write-ahead log has rotted, so that it is salvaged.
    try change(folder, "-wal") { for i in 0..<32 { $0[i] = 0x5A } }
    chmod(file, 0o640)
    let old = open(file, O_RDONLY)
    let journal = open(file + "-wal", O_RDONLY)
    defer { for descriptor in [old, journal] { close(descriptor) } }
    let (store, report) = try Store.repaired(dataFolder: folder.path)
    let contacts = try contacts(store)
    #expect(report != nil && !contacts.isEmpty)
    for descriptor in [old, journal] {
      var facts = stat()
      fstat(descriptor, &facts)
      var bytes = [UInt8](repeating: 1, count: Int(facts.st_size))
      #expect(pread(descriptor, &bytes, bytes.count, 0) == bytes.count && bytes.count >= 4096)
      #expect(bytes.allSatisfy { $0 == 0 })
    }
    var facts = stat()
    stat(file, &facts)
    #expect(facts.st_mode & 0o777 == 0o640)
  }

  @Test("An open store is repaired while others of the process and commands are kept out") func running() throws {
    let sample = try SalvageSample()
    let page = try #require(sample.pages.first { $0.name == "visit" && $0.kind == "leaf" && $0.cells > 20 })
    let folder = try sample.folder { spoil(&$0, page: page.number, .noise, seed: 3) }
    let store = try Store(dataFolder: folder.path, access: .create)
    #expect { try store.visits() } throws: {
      if case .notADatabase = $0 as? StoreError { "\($0)".contains("repairs it by itself") } else { false }
    }
    let isKnown = store.isDamaged.load(ordering: .relaxed)
    #expect(isKnown)
    let other = try Store(dataFolder: folder.path, access: .change)
    #expect { try store.salvage() } throws: {
      if case .busy = $0 as? StoreError { true } else { false }
    }
    other.close()
    let readable = try contacts(store)
    #expect(!readable.isEmpty, "what can be read is read on")
    let report = try store.salvage()
    let isStillKnown = store.isDamaged.load(ordering: .relaxed)
    #expect(report.unreadablePages == 1 && !isStillKnown)
    #expect(try store.visits().count >= 300 - page.cells)
    try store.addVisits(withoutPhone: 1, at: UTCTime(seconds: SalvageSample.day))
  }

  @Test("The storage thread repairs what it comes upon, and nothing is refused for good") func queue() async throws {
    let sample = try SalvageSample()
    let page = try #require(sample.pages.first { $0.name == "contactRow" && $0.kind == "internal" })
    let folder = try sample.folder { spoil(&$0, page: page.number, .noise, seed: 3) }
    _ = try IdentityFile(dataFolder: folder.path).loadOrCreate(at: UTCTime(seconds: SalvageSample.day))
    let (events, continuation) = AsyncStream.makeStream(of: Kiosk.Event.self)
    let post: @Sendable (Kiosk.Event) -> Void = { continuation.yield($0) }
    let disk = StoreHandle(DataFolder(folder.path), clock: SystemClock(trust: .always), post: post)
    let storage = StorageQueue(disk, post: post)
    disk.start(onOpening: { storage.opened($0) }, onTick: {})
    let update = SalvageSample.heard(777, at: SalvageSample.day + 5 * 900)
    storage.whenSalvaged { continuation.finish() }
    storage.write([update])
    // The journal takes it; the database comes upon the damage.
    storage.flushJournal()
    var (refused, told) = (0, 0)
    for await event in events {
      switch event {
      case .contactsNotWritten(let updates, _): refused += updates.count
      case .problem(let words): told += words.contains("has been repaired") ? 1 : 0
      default: break
      }
    }
    #expect(refused == 0 && told == 1)
    _ = storage.drain()
    #expect(try contacts(disk.store()).contains { $0.id == update.id })
    disk.close()
  }

  @Test("A night later, or when somebody asks, it is looked through again") func nights() {
    let check = QuickCheck(dataFolder: "/nowhere") {}
    #expect(check.isDue(at: MonotonicTime(milliseconds: 0), hour: 15))
    #expect(check.check() == .unknown)
  }
}
