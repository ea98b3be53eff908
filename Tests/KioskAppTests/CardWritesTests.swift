// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("What is written to the card") struct CardWritesTests {
  /// scripts/measure-writes: "FOLDER HOURS DEVICES THINNING".
  private static let asked = ProcessInfo.processInfo.environment["WRITES"]?.split(separator: " ").map(String.init)
  /// The aim for ten hours.
  private static let mostBytes = 20_000_000

  /// What the process has written to block devices. Source: getrusage(2), ru_oublock, blocks of 512 bytes.
  private static func bytesWritten() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_oublock * 512
  }

  @Test("An office day stays below 20 MB, by the system's count", .enabled(if: asked != nil))
  func officeDay() async throws {
    let words = try #require(Self.asked)
    let numbers = words.dropFirst().compactMap { Int($0) }
    try #require(words.count == 4 && numbers.count == 3, "WRITES is not \"FOLDER HOURS DEVICES THINNING\"")
    let (folder, hours) = (words[0], numbers[0])
    var day = try OfficeDay(folder: folder, devices: numbers[1], thinning: Int64(numbers[2]))
    // The journal's room is taken once in its life.
    _ = day.pagesWritten()
    let (start, pages) = (Self.bytesWritten(), day.pagesWritten())
    for hour in 1...hours {
      day.run(minutes: 60)
      print(
        "writes: \(hour) h, \(Self.bytesWritten() - start) bytes, \(day.pagesWritten() - pages) pages of the journal")
    }
    let isWritten = await day.stop()
    let (bytes, journal) = (Self.bytesWritten() - start, (day.pagesWritten() - pages) * 4096)
    let contacts = try await DatabaseQueue(path: folder + "/kiosk.sqlite").read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM contact") ?? 0
    }
    print(
      "writes: in \(hours) h \(bytes) bytes, of them \(journal) for \(journal / 4096) pages of the journal and the rest for "
        + "SQLite; \(contacts) contacts; \(day.contacts) news of contacts and \(day.visits) of visits in \(day.appends) appends"
    )
    #expect(isWritten && day.problems.isEmpty)
    #expect(contacts > 0)
    #expect(bytes <= Self.mostBytes * hours / 10)
  }

  @Test("Ten seconds cost one page of the journal, and half an hour one transaction") func pages() async throws {
    let folder = try Folder()
    var day = try OfficeDay(folder: folder.path, devices: 40, thinning: 40)
    day.run(minutes: 1)
    let (pages, appends) = (day.pagesWritten(), day.appends)
    day.run(minutes: 20)
    let (written, times) = (day.pagesWritten() - pages, day.appends - appends)
    #expect(times > 100)
    // Visits alone may be due as well.
    #expect((times...times + 12).contains(written), "\(written) pages for \(times) appends")
    #expect(await day.stop())
    #expect(day.problems.isEmpty)
  }
}
