// SPDX-License-Identifier: GPL-3.0-or-later
import CCleanPages
import Foundation
import GRDB
import KioskCore
import Simulator
import Testing
import Tracer

@testable import KioskApp

@Suite("Erasure to the byte") struct ErasureTests {
  /// Ten hours of work a day.
  private func isOpen(_ hour: Int) -> Bool { (7..<17).contains(hour % 24) }

  private func expectNothing(_ hall: ErasureHall, in folder: Folder? = nil, _ when: String) throws -> Int {
    let expired = hall.expired()
    let found = try expired.search((folder ?? hall.folder).path)
    #expect(found.strings.isEmpty, "\(when): \(found.strings.count) of \(expired.count) in \(found.places)")
    return expired.count
  }

  private func expectAll(_ hall: ErasureHall, atLeast count: Int) throws {
    let kept = hall.kept()
    let found = try kept.search(hall.folder.path)
    #expect(found.strings.count == kept.count && kept.count >= count)
  }

  @Test(
    "In 16 days no file holds a piece of what has expired, after any hour, killed or not",
    arguments: [1, 2] as [UInt64])
  func sixteenDays(seed: UInt64) throws {
    let hall = try ErasureHall(seed: seed, perQuarter: 24)
    var searched = 0
    for hour in 0..<16 * 24 {
      let isKilled = hour > 14 * 24 && hour % 5 == 0
      try hall.passHour(isOpen: isOpen(hour), erasing: !isKilled)
      guard hour >= 14 * 24, isOpen(hour - 1) || hour % 24 == 23 else { continue }
      if isKilled {
        // Between the purge and what empties the log ahead: the next run does it, though it finds nothing to purge.
        let copy = try hall.copy()
        let next = try Store(dataFolder: copy.path, access: .create)
        #expect(try next.purge(before: UTCTime(seconds: hall.now - 14 * 86_400), boot: "next").contacts == 0)
        #expect(try next.eraseLog())
        searched += try expectNothing(hall, in: copy, "seed \(seed), hour \(hour), killed")
        #expect(try hall.store.eraseLog())
      }
      searched += try expectNothing(hall, "seed \(seed), hour \(hour)")
    }
    #expect(searched > 50_000)
    try expectAll(hall, atLeast: 20_000)
    #expect(hall.purged.contacts > 1000 && hall.purged.exposures > 0 && hall.purged.f0Entries > 0)
    #expect(hall.purged.undated > 10 && hall.purged.visits == 0)
  }

  @Test("A reader only puts it off") func reader() throws {
    let hall = try ErasureHall(seed: 3, perQuarter: 24)
    for hour in 8..<11 { try hall.passHour(isOpen: isOpen(hour)) }
    hall.skip(days: 15)
    let reader = try DatabaseQueue(path: hall.store.path)
    try reader.inDatabase { db in
      try db.beginTransaction(.deferred)
      #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM contactPack") ?? 0 > 0)
      try hall.purge(erasing: false)
      let began = Date()
      #expect(try !hall.store.eraseLog() && Date().timeIntervalSince(began) < 2)
      #expect(try !hall.expired().search(hall.folder.path).strings.isEmpty)
      try db.commit()
    }
    #expect(try hall.store.eraseLog())
    #expect(try expectNothing(hall, "after the reader") > 200)
  }

  @Test("What an older version left is erased once, as soon as there is room") func cleanUp() throws {
    let hall = try ErasureHall(seed: 4, perQuarter: 24)
    // As versions before this one wrote, on a system whose SQLite does not overwrite by itself.
    try hall.store.withoutTransaction { db in
      try db.execute(sql: "PRAGMA secure_delete = OFF")
      try db.execute(sql: "UPDATE erasure SET isClean = 0")
    }
    for hour in 0..<17 { try hall.passHour(isOpen: isOpen(hour)) }
    hall.skip(days: 14)
    for hour in 0..<11 { try hall.passHour(isOpen: isOpen(hour)) }
    let before = try hall.contacts()
    let remains = try hall.expired().search(hall.folder.path)
    #expect(remains.strings.count > 100, "the search must be able to find: \(remains.places)")
    hall.store = try Store(dataFolder: hall.folder.path, access: .create)
    guard case .noRoom(let bytes) = try hall.store.cleanUp(freeBytes: 1 << 20) else {
      Issue.record("it must ask for room")
      return
    }
    #expect(bytes > 16 << 20 && bytes < 64 << 20)
    #expect(try !hall.expired().search(hall.folder.path).strings.isEmpty)
    #expect(try hall.store.cleanUp() == .done && hall.store.eraseLog())
    #expect(try expectNothing(hall, "after the clean-up") > 300)
    #expect(try hall.contacts() == before && before.count > 250)
    // Once.
    let size = try Files.read(hall.store.path, limit: 64 << 20)
    hall.store = try Store(dataFolder: hall.folder.path, access: .create)
    #expect(try hall.store.cleanUp(freeBytes: 0) == .done && hall.store.eraseLog())
    #expect(try Files.read(hall.store.path, limit: 64 << 20) == size)
  }

  @Test("A new database needs no clean-up") func new() throws {
    let folder = try Folder()
    let store = try Store(dataFolder: folder.path, access: .create)
    #expect(try store.cleanUp(freeBytes: 0) == .done)
  }

  /// Bytes that this thread has caused to be written. Source: getrusage(2), RUSAGE_THREAD, ru_oublock in 512 bytes.
  private func bytesWritten() -> Int {
    var usage = rusage()
    return getrusage(1, &usage) == 0 ? usage.ru_oublock * 512 : 0
  }

  /// A day of ten hours with 200 devices, in a log that is full: as much goes as comes.
  private func officeDay(erasing: Bool) throws -> Int {
    let folder = try Folder()
    let store = try Store(dataFolder: folder.path, access: .create)
    var random = SplitMix64(seed: 6)
    var slot: Int64 = 0
    var written = 0
    for day in 0..<6 {
      // What comes before the last day is written without a word.
      if day == 5 { written = bytesWritten() }
      for quarter in 0..<40 {
        slot = Int64(day) * 96 + 32 + Int64(quarter)
        let start = ErasureHall.begin + slot * 900
        let updates = (0..<200).map { n in
          ContactUpdate(
            id: BluezoneID(high: random.next(), low: UInt32(n)),
            span: .dated(first: UTCTime(seconds: start), last: UTCTime(seconds: start + 800)),
            strength: .init(count: 90, nearestDBm: -60, sumDBm: -6000), platform: .android)
        }
        try store.write(updates, boot: "b")
        guard quarter % 4 == 3 else { continue }
        let now = start + 900
        try store.purge(before: UTCTime(seconds: now - 5 * 86_400), boot: "b")
        if erasing { #expect(try store.eraseLog()) }
        while try store.pack(before: UTCTime(seconds: now - 3600)) {}
      }
    }
    return bytesWritten() - written
  }

  @Test("Erasing writes little more to the card than the log itself") func wear() throws {
    let (plain, erasing) = (try officeDay(erasing: false), try officeDay(erasing: true))
    // None where the folder for temporary files is in memory.
    #expect(erasing < plain + 3_000_000, "\(erasing) bytes a day, \(plain) without")
  }

  // MARK: Pages

  /// Pages of trees with bytes in their gaps, in a database whose rows were put in where there was no room.
  private func dirtyPages(fileSystem: String) throws -> (dirty: Int, all: Int) {
    let folder = try Folder()
    #expect(kiosk_clean_pages() == 0)
    let path = folder.path + "/x.sqlite"
    let database = try DatabaseQueue(path: "file:\(path)\(fileSystem)")
    var random = SplitMix64(seed: 5)
    try database.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON")
      try db.execute(sql: "CREATE TABLE row (id BLOB PRIMARY KEY) WITHOUT ROWID")
      for _ in 0..<3000 {
        try db.execute(
          sql: "INSERT INTO row VALUES (?)", arguments: [Data((0..<12).map { _ in UInt8(random.next() % 255 + 1) })])
      }
      #expect(try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0)
      #expect(try String.fetchOne(db, sql: "PRAGMA integrity_check") == "ok")
    }
    var bytes = try Files.read(path, limit: 64 << 20)
    var dirty = 0
    for start in stride(from: 0, to: bytes.count, by: 4096) {
      bytes[start..<start + 4096].withUnsafeMutableBufferPointer { page in
        dirty += Int(kiosk_clean_page(page.baseAddress, 4096, start == 0 ? 1 : 0))
      }
    }
    return (dirty, bytes.count / 4096)
  }

  @Test("No page of a tree has bytes in its gap; without the layer many have") func gaps() throws {
    let (dirty, all) = try dirtyPages(fileSystem: "")
    #expect(dirty == 0 && all > 10)
    #expect(try dirtyPages(fileSystem: "?vfs=unix").dirty > 5)
  }

  @Test("What is no page of a tree, or makes no sense, is left as it is") func otherPages() {
    func isCleaned(_ head: [UInt8], isFirst: Bool = false) -> Bool {
      let page = head + [UInt8](repeating: 7, count: 1024 - head.count)
      var after = page
      let says = kiosk_clean_page(&after, 1024, isFirst ? 1 : 0) == 1
      #expect(says == (after != page))
      return says
    }
    // Type, first free block, rows, where they start, fragments.
    #expect(isCleaned([13, 0, 0, 0, 1, 3, 0, 0]) && isCleaned([10, 0, 0, 0, 1, 3, 0, 0]))
    #expect(isCleaned([2, 0, 0, 0, 1, 3, 0, 0]) && isCleaned([5, 0, 0, 0, 1, 3, 0, 0]))
    for type in [0, 1, 3, 4, 6, 9, 11, 12, 14, 255] as [UInt8] { #expect(!isCleaned([type, 0, 0, 0, 1, 3, 0, 0])) }
    // Rows that start before the pointers end, or beyond the page.
    #expect(!isCleaned([13, 0, 0, 2, 0, 3, 0, 0]) && !isCleaned([13, 0, 0, 0, 1, 5, 0, 0]))
    #expect(!isCleaned([13, 0, 0, 0, 1, 0, 0, 0]) && !isCleaned([13, 0, 0, 0, 1, 0, 10, 0]))
    #expect(isCleaned([UInt8](repeating: 7, count: 100) + [13, 0, 0, 0, 1, 3, 0, 0], isFirst: true))
    #expect(!isCleaned([UInt8](repeating: 7, count: 100) + [0, 0, 0, 0, 1, 3, 0, 0], isFirst: true))
  }

  // MARK: Other files

  @Test("What came of a feed that has been silent for longer than the retention is forgotten") func downloads() throws {
    let folder = try Folder()
    #expect(mkdir(folder.path + "/feed", 0o700) == 0)
    let (old, new) = (try folder.write("feed/aa.part", "x"), try folder.write("feed/bb.json", "x"))
    let time = Int(Date().timeIntervalSince1970)
    var times = [timeval(tv_sec: time - 1000, tv_usec: 0), timeval(tv_sec: time - 1000, tv_usec: 0)]
    #expect(utimes(old, &times) == 0)
    do {
      let held = try FeedDownloads(dataFolder: folder.path)
      FeedDownloads.forget(before: UTCTime(seconds: Int64(time) - 500), dataFolder: folder.path)
      #expect(Files.isThere(old))
      withExtendedLifetime(held) {}
    }
    FeedDownloads.forget(before: UTCTime(seconds: Int64(time) - 500), dataFolder: folder.path)
    #expect(!Files.isThere(old) && Files.isThere(new))
  }
}
