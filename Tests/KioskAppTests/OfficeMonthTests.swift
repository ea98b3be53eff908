// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// scripts/soak-faults: an office for a month through the real core, store and journal, with what a month may bring: clocks
/// that step, a disk that is full for a day, a feed that is dead for a week.
@Suite("A month of an office, with faults") struct OfficeMonthTests {
  /// "FOLDER DAYS DEVICES". The folder's disk is filled up: it must be a small one of its own.
  private static let asked = ProcessInfo.processInfo.environment["OFFICE_MONTH"]?.split(separator: " ").map(String.init)

  private enum Fault: String { case none, clockAhead, clockBehind, clockYearsAhead, fullDisk }

  private static func fault(of day: Int) -> Fault {
    switch day {
    case 5: .clockAhead
    case 9: .fullDisk
    case 13: .clockBehind
    case 21: .clockYearsAhead
    default: .none
    }
  }

  @Test("Every contact is accounted for, and memory stays flat", .enabled(if: asked != nil)) func month() async throws {
    let words = try #require(Self.asked)
    let numbers = words.dropFirst().compactMap { Int($0) }
    try #require(words.count == 3 && numbers.count == 2, "OFFICE_MONTH is not \"FOLDER DAYS DEVICES\"")
    let (disk, days) = (words[0], numbers[0])
    let folder = disk + "/data"
    try Files.createFolder(folder)
    var settings = Settings()
    settings.feed.url = "https://feed.example.vn/"
    settings.feed.region = "VN-HN"
    var office = try OfficeDay(folder: folder, devices: numbers[1], thinning: 40, settings: settings)
    var (expected, missing, later) = (0, 0, 0)
    var settled = 0
    var memory: [[(slot: Int64, id: BluezoneID)]] = []
    for day in 1...days {
      let fault = Self.fault(of: day)
      office.isFeedDead = (15..<22).contains(day)
      if fault == .fullDisk { try fill(disk) }
      office.run(minutes: 60)
      switch fault {
      case .clockAhead: office.clockErrorMilliseconds = 30 * SlotScheme.dayMilliseconds
      case .clockBehind: office.clockErrorMilliseconds = -2 * SlotScheme.dayMilliseconds - 12_345
      case .clockYearsAhead: office.clockErrorMilliseconds = 10 * 366 * SlotScheme.dayMilliseconds
      case .fullDisk, .none: break
      }
      office.run(minutes: 120)
      if fault == .fullDisk { #expect(Files.freeBytes(folder) < 4096, "day \(day): the disk is not full") }
      if fault == .clockAhead || fault == .clockBehind { #expect(office.status.clock.isDoubtful, "day \(day)") }
      office.rest(minutes: 60)
      office.clockErrorMilliseconds = 0
      office.rest(minutes: 20 * 60 - 30)
      if fault == .fullDisk { unlink(disk + "/ballast") }
      office.rest(minutes: 30)
      #expect(office.status.contacts.lost == 0, "day \(day)")
      let today = office.takeExpected()
      let found = try held(folder, today.map(\.slot))
      expected += today.count
      let lacking = today.filter { !found.contains(Place(slot: $0.slot, id: $0.id)) }
      missing += lacking.count
      if !lacking.isEmpty { print("month: day \(day) (\(fault.rawValue)) lacks \(lacking.count) of \(today.count)") }
      if day == min(5, days) { settled = Self.residentBytes }
      // Those of ten days ago are still there, whatever the clock said meanwhile.
      memory.append(today)
      if memory.count > 10 {
        let old = memory.removeFirst()
        let still = try held(folder, old.map(\.slot))
        later += old.count { !still.contains(Place(slot: $0.slot, id: $0.id)) }
      }
    }
    let end = Self.residentBytes
    let isWritten = await office.stop()
    print(
      "month: \(days) days, \(expected) contacts expected, \(missing) missing the next morning, \(later) missing ten days "
        + "later; resident \(settled >> 20) MiB after 5 days, \(end >> 20) MiB at the end")
    #expect(isWritten && expected > 0 && missing == 0 && later == 0)
    if days > 10 { #expect(end <= settled + settled / 10) }
  }

  private struct Place: Hashable {
    var slot: Int64
    var id: BluezoneID
  }

  private func held(_ folder: String, _ slots: [Int64]) throws -> Set<Place> {
    guard let first = slots.min(), let last = slots.max() else { return [] }
    let store = try Store(dataFolder: folder, access: .look)
    let contacts = try store.contacts(
      from: LogSlot.start(of: first), to: LogSlot.start(of: last + 1).adding(milliseconds: -1))
    return Set(contacts.map { Place(slot: LogSlot.number(at: $0.first), id: $0.id) })
  }

  /// Nothing more fits on it.
  private func fill(_ disk: String) throws {
    let fd = open(disk + "/ballast", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(fd >= 0)
    defer { close(fd) }
    for size in [1 << 20, 4096, 1] {
      let piece = [UInt8](repeating: 0x55, count: size)
      while write(fd, piece, size) == size {}
    }
  }

  /// Source: proc_pid_statm(5): resident pages.
  private static var residentBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
  }
}
