// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// Key and log are made together, once; what is missing later was lost.
@Suite("How a node begins") struct BeginningTests {
  typealias Part = Beginning.Part
  typealias Step = Beginning.Step
  static let failing = Part.unreadable(reason: "the disk fails")
  static let waits = Step.wait(.disk(reason: "the disk fails"))
  static let lostKey = Step.wait(.person(reason: Beginning.Lost.key.words))
  static let lostLog = Step.wait(.person(reason: Beginning.Lost.log.words))

  /// Key, log, whether the first start has not ended → what becomes of each.
  static let rules: [(Part, Part, Bool, Step, Step)] = [
    (.missing, .missing, false, .make, .make),
    (.missing, .there, false, lostKey, .use),
    (.missing, failing, false, lostKey, waits),
    (.there, .missing, false, .use, lostLog),
    (.there, .there, false, .use, .use),
    (.there, failing, false, .use, waits),
    (failing, .missing, false, waits, lostLog),
    (failing, .there, false, waits, .use),
    (failing, failing, false, waits, waits),
    (.missing, .missing, true, .make, .make),
    (.missing, .there, true, .make, .use),
    (.missing, failing, true, .make, waits),
    (.there, .missing, true, .use, .make),
    (.there, .there, true, .use, .use),
    (.there, failing, true, .use, waits),
    (failing, .missing, true, waits, .make),
    (failing, .there, true, waits, .use),
    (failing, failing, true, waits, waits),
  ]

  @Test("Every combination has its rule") func everyRule() {
    #expect(Set(Self.rules.map { "\($0.0) \($0.1) \($0.2)" }).count == 18)
    for (key, log, isBeginning, keyStep, logStep) in Self.rules {
      let plan = Beginning.plan(.init(key: key, log: log, isBeginning: isBeginning))
      #expect(plan == Beginning.Plan(key: keyStep, log: logStep), "key \(key), log \(log), \(isBeginning)")
    }
  }

  @Test("An empty file is a missing log, a folder in its place is not") func emptyLog() throws {
    let folder = try Folder()
    let beginning = Beginning(dataFolder: folder.path)
    #expect(beginning.parts() == .init(key: .missing, log: .missing, isBeginning: false))
    _ = try folder.write("kiosk.sqlite", "")
    _ = try folder.write("kiosk.sqlite-wal", "x")
    #expect(beginning.parts().log == .missing)
    try FileManager.default.removeItem(atPath: beginning.database)
    mkdir(beginning.database, 0o700)
    #expect(beginning.parts().log == .there)
  }

  @Test("Of a folder that is not there nothing is said to be missing") func absentFolder() throws {
    let folder = try Folder()
    let parts = Beginning(dataFolder: folder.path + "/absent").parts()
    guard case .unreadable = parts.key, case .unreadable = parts.log else {
      return #expect(Bool(false), "\(parts)")
    }
  }

  @Test("Folders of disks that /etc/fstab names and nothing is mounted for are waited for")
  func fstab() {
    let fstab = """
      UUID=1 / ext4 defaults 0 1
      # /srv/old ext4
      LABEL=usb\t/media/my\\040usb\text4 nofail 0 2
      swap none swap sw
      """
    let root = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    let both = root + "30 21 8:17 / /media/my\\040usb rw - ext4 /dev/sdb1 rw\n"
    #expect(MountTable.isAwaited("/media/my usb/kiosk", fstab: fstab, mounts: root))
    #expect(MountTable.isAwaited("/media/my usb", fstab: fstab, mounts: root))
    #expect(!MountTable.isAwaited("/media/my usb/kiosk", fstab: fstab, mounts: both))
    #expect(!MountTable.isAwaited("/media/my usbstick", fstab: fstab, mounts: root))
    #expect(!MountTable.isAwaited("/var/lib/bluezone-kiosk", fstab: fstab, mounts: root))
  }

  // MARK: A power cut at each point of the first start

  /// The steps of the first start in their order, each on the disk before the next.
  enum Cut: Int, CaseIterable { case nothing, marked, emptyLog, bareLog, halfLog, log, keyWritten, key, ended }

  private func leave(_ cut: Cut, in folder: String) throws {
    let beginning = Beginning(dataFolder: folder)
    if cut.rawValue >= Cut.marked.rawValue { try beginning.begin() }
    if cut == .emptyLog { try Data().write(to: URL(fileURLWithPath: beginning.database)) }
    // SQLite's own header and no table.
    if cut == .bareLog {
      let queue = try DatabaseQueue(path: beginning.database)
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
    }
    if cut == .halfLog {
      let queue = try DatabaseQueue(path: beginning.database)
      try Migrations.migrator.migrate(queue, upTo: "3: entry log")
    }
    if cut.rawValue >= Cut.log.rawValue { _ = try Store(dataFolder: folder, access: .create) }
    // It is linked to its name when it is whole.
    if cut == .keyWritten { try Data([1]).write(to: URL(fileURLWithPath: folder + "/base-key.json.new-1")) }
    if cut.rawValue >= Cut.key.rawValue { try IdentityFile(dataFolder: folder).create(at: UTCTime(seconds: 86_400)) }
    if cut == .ended { try beginning.end() }
  }

  @Test("The first start is gone on from wherever the power went", arguments: Cut.allCases)
  func cut(_ cut: Cut) async throws {
    let folder = try Folder()
    try leave(cut, in: folder.path)
    let events = Events()
    let disk = StoreHandle(
      DataFolder(folder.path), clock: SystemClock(trust: .always), post: { events.add($0) })
    disk.start(onOpening: { _ in }, onTick: {})
    await disk.finish()
    #expect(events.identities.count == 1)
    let state = try #require(events.states.last)
    #expect(state.log == nil && state.identity == nil && state.fault == nil, "\(state)")
    #expect(Beginning(dataFolder: folder.path).parts() == .init(key: .there, log: .there, isBeginning: false))
    #expect(events.identities.first == (try IdentityFile(dataFolder: folder.path).load().baseKey))
  }

  // MARK: What is missing later

  @Test(
    "A lost key or log is told and nothing is made; kiosk begin ends the wait", arguments: [Beginning.Lost.key, .log])
  func lost(_ lost: Beginning.Lost) async throws {
    let folder = try Folder()
    try leave(.ended, in: folder.path)
    let key = IdentityFile(dataFolder: folder.path).path
    for file in lost == .key ? [key] : ["", "-wal", "-shm"].map({ folder.path + "/kiosk.sqlite" + $0 }) {
      try? FileManager.default.removeItem(atPath: file)
    }
    let events = Events()
    let disk = StoreHandle(
      DataFolder(folder.path), clock: SystemClock(trust: .always), post: { events.add($0) })
    disk.start(onOpening: { _ in }, onTick: {})
    await disk.finish()
    let waiting = try #require(events.states.last)
    let reason = DiskState.Wait.person(reason: lost.words)
    #expect(lost == .key ? waiting.identity == reason && waiting.log == nil : waiting.log == reason)
    #expect(events.identities.isEmpty == (lost == .key))
    #expect(!Files.isThere(lost == .key ? key : folder.path + "/kiosk.sqlite"))

    let command = ["begin", "--data", folder.path, "--operator", "An", "--reason", "card exchanged"]
    let begun = try Program.start(command).finish()
    #expect(begun.code == 0 && begun.messages.contains(lost.name), "\(begun.messages)")
    disk.lookNow()
    await disk.finish()
    let state = try #require(events.states.last)
    #expect(state.log == nil && state.identity == nil)
    #expect(!events.identities.isEmpty)
    let audit = try Store(dataFolder: folder.path, access: .look).audit()
    #expect(audit.map(\.action) == ["begin"] && audit[0].detail.contains(lost.name) && audit[0].operatorName == "An")
    let again = try Program.start(command).finish()
    #expect(again.code == 1 && again.messages.contains("nothing is missing"), "\(again.messages)")
  }

  @Test("kiosk begin refuses where there is nothing to decide") func nothingToDecide() throws {
    let folder = try Folder()
    let command = ["begin", "--data", folder.path, "--operator", "An", "--reason", "test"]
    let both = try Program.start(command).finish()
    #expect(both.code == 1 && both.messages.contains("the kiosk makes both"))
    try leave(.log, in: folder.path)
    let first = try Program.start(command).finish()
    #expect(first.code == 1 && first.messages.contains("the first start has not ended"))
    try Beginning(dataFolder: folder.path).end()
    _ = try folder.write("base-key.json", "{")
    let damaged = try Program.start(command).finish()
    #expect(damaged.code == 1 && damaged.messages.contains("is damaged"))
    #expect(try String(contentsOfFile: folder.path + "/base-key.json", encoding: .utf8) == "{")
  }
}

/// What a part tells the core.
final class Events: Sendable {
  private let all = Lock<[Kiosk.Event]>([])

  func add(_ event: Kiosk.Event) { all.with { $0.append(event) } }

  func collect<T>(_ pick: (Kiosk.Event) -> T?) -> [T] { all.with { $0.compactMap(pick) } }

  var states: [DiskState] { collect { if case .disk(let state) = $0 { state } else { nil } } }
  var identities: [BluezoneKey] {
    collect { if case .identityRead(let identity) = $0 { identity.baseKey } else { nil } }
  }
}

/// A value that threads share.
final class Lock<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: Value) { self.value = value }

  func with<T>(_ body: (inout Value) -> T) -> T { lock.withLock { body(&value) } }
}

extension StoreHandle {
  /// Waits for what the storage thread has been asked for.
  func finish() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }
}
