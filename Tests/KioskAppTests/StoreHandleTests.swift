// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// The database that may not be there.
@Suite("A database that comes and goes") struct StoreHandleTests {
  private let folder: Folder
  private let events = Events()
  private let openings = Lock<[Bool]>([])
  private let disk: StoreHandle
  private let storage: StorageQueue

  init() throws {
    let folder = try Folder()
    let events = events
    self.folder = folder
    disk = StoreHandle(
      DataFolder(folder.path + "/usb/data"), clock: SystemClock(trust: .always), post: { events.add($0) })
    storage = StorageQueue(disk, post: { events.add($0) })
  }

  private func start() async {
    let (storage, openings) = (storage, openings)
    disk.start(
      onOpening: { opening in
        if case .open(let isSame) = opening { openings.with { $0.append(isSame) } }
        storage.opened(opening)
      }, onTick: { storage.retry() })
    await disk.finish()
  }

  private func look() async {
    disk.lookNow()
    await disk.finish()
  }

  private var database: String { folder.path + "/usb/data/kiosk.sqlite" }

  @Test("What is asked of a disk that is not there is done when it comes") func comesLater() async throws {
    await start()
    let cause = Result { () throws(StoreError) in try disk.store() }
    guard case .failure(.folderMissing) = cause else { return #expect(Bool(false), "\(cause)") }
    #expect(events.states.count == 1)

    let time = UTCTime(seconds: 1_763_683_200)
    let update = ContactUpdate(
      id: try #require(BluezoneID(Data(repeating: 7, count: 12))), span: .dated(first: time, last: time),
      strength: .init(count: 1, nearestDBm: -50, sumDBm: -50), platform: nil)
    storage.write([update])
    storage.purge(contactsBefore: time.adding(milliseconds: -1000), visitsBefore: time)
    await disk.finish()
    #expect(events.refusals.count == 1 && events.refusals[0].contains("is not there"))
    // The same cause is told once, and what waits for the disk is no fault of its own.
    await look()
    #expect(events.states.count == 1 && events.workFaults.isEmpty)

    mkdir(folder.path + "/usb", 0o700)
    await look()
    #expect(events.states.last?.log == nil && openings.with { $0 } == [true])
    #expect(events.readings == 1)
    storage.write([update])
    storage.flushJournal()
    await disk.finish()
    let logged = try disk.store().contacts(from: time, to: time)
    #expect(logged.count == 1 && events.refusals.count == 1)
  }

  @Test("A file that has gone is noticed, and the same is opened again when it is back") func goes() async throws {
    mkdir(folder.path + "/usb", 0o700)
    await start()
    #expect(rename(database, database + ".away") == 0)
    await look()
    let waiting = try #require(events.states.last)
    #expect(waiting.log == .person(reason: Beginning.Lost.log.words) && waiting.identity == nil)
    #expect(!Files.isThere(database))
    #expect(rename(database + ".away", database) == 0)
    await look()
    #expect(events.states.last?.log == nil && openings.with { $0 } == [true, true])
    // The visits of before are read once: later the core knows better.
    #expect(events.readings == 1)
  }

  @Test("Where everything has gone with its disk nothing is made in the folder under it") func under() async throws {
    mkdir(folder.path + "/usb", 0o700)
    await start()
    #expect(rename(folder.path + "/usb/data", folder.path + "/taken") == 0)
    mkdir(folder.path + "/usb/data", 0o700)
    await look()
    guard case .disk = events.states.last?.log else { return #expect(Bool(false)) }
    let made = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/usb/data")
    #expect(made == ["lock"] && events.identities.count == 1)
  }

  @Test("Another disk in the place of the first, with file numbers that say it is the same, keeps what it has, once")
  func exchanged() async throws {
    mkdir(folder.path + "/usb", 0o700)
    let time = UTCTime(seconds: 1_763_683_200)
    func heard(_ number: UInt8) throws {
      storage.write([
        ContactUpdate(
          id: try #require(BluezoneID(Data(repeating: number, count: 12))), span: .dated(first: time, last: time),
          strength: .init(count: 1, nearestDBm: -50, sumDBm: -50), platform: nil)
      ])
      storage.commit()
    }
    /// By the ids' first bytes.
    func counts() throws -> [UInt8: Int] {
      try disk.store().contacts(from: time, to: time).reduce(into: [:]) { $0[$1.id.bytes[0]] = $1.strength.count }
    }
    // `reopen` says that it is the same, whatever the file's number is.
    func exchange(_ old: String, _ new: String?) async throws {
      await disk.finish()
      #expect(rename(folder.path + "/usb/data", folder.path + "/" + old) == 0)
      if let new { #expect(rename(folder.path + "/" + new, folder.path + "/usb/data") == 0) }
      disk.reopen()
      await disk.finish()
    }
    await start()
    // Disk 1: one contact in the database, one in the journal alone. Disk 2 is a copy of it.
    try heard(1)
    storage.flushJournal()
    try heard(2)
    await disk.finish()
    try disk.store().leaveOneFile()
    try FileManager.default.copyItem(atPath: folder.path + "/usb/data", toPath: folder.path + "/2")
    try heard(3)
    storage.flushJournal()
    try heard(4)
    try await exchange("1", "2")
    #expect(try counts() == [1: 1, 2: 1])
    try heard(5)
    try await exchange("2", "1")
    #expect(try counts() == [1: 1, 2: 1, 3: 1, 4: 1])
    storage.flushJournal()
    try await exchange("1", "2")
    #expect(try counts() == [1: 1, 2: 1, 5: 1])
  }

  @Test("When rows get their dates, the journal forgets the pages that have none: nobody could tell them from new ones")
  func dated() async throws {
    mkdir(folder.path + "/usb", 0o700)
    await start()
    let id = Data((1...12).map { $0 })
    let time = MonotonicTime(milliseconds: 5000)
    storage.write([
      ContactUpdate(
        id: try #require(BluezoneID(id)), span: .undated(first: time, last: time),
        strength: .init(count: 1, nearestDBm: -50, sumDBm: -50), platform: nil)
    ])
    storage.flushJournal()
    await disk.finish()
    func isInJournal() throws -> Bool {
      try Data(contentsOf: URL(filePath: folder.path + "/usb/data/kiosk.journal")).range(of: id) != nil
    }
    #expect(try isInJournal())
    let bootTime = UTCTime(seconds: 1_763_683_200)
    storage.date(bootTime: bootTime)
    await disk.finish()
    #expect(try !isInJournal())
    #expect(try disk.store().contacts(from: bootTime, to: bootTime).count == 1)
  }

  @Test("A salvaged file counts as the one it was made of") func salvaged() async throws {
    mkdir(folder.path + "/usb", 0o700)
    await start()
    try disk.store().leaveOneFile()
    try FileManager.default.copyItem(atPath: database, toPath: database + ".new")
    #expect(rename(database + ".new", database) == 0)
    disk.reopen()
    await disk.finish()
    #expect(openings.with { $0 } == [true, true] && events.states.last?.log == nil)
  }
}

extension Events {
  var refusals: [String] {
    collect { if case .contactsNotWritten(_, let reason) = $0 { reason } else { nil } }
  }
  var workFaults: [String] {
    collect { if case .diskWork(_, let fault) = $0 { fault } else { nil } }
  }
  /// How often the log of before was told.
  var readings: Int { collect { if case .visitsRead = $0 { true } else { nil } }.count }
}
