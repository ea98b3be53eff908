// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("What staff add and take back") struct StoreAdditionsTests {
  let folder: Folder
  let store: Store
  private let now = UTCTime(seconds: 1_700_000_000)

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
  }

  private func later(_ seconds: Int64) -> UTCTime { UTCTime(seconds: now.seconds + seconds) }

  @Test("The last addition is taken back, or the one named, and both are on record") func undo() throws {
    let first = try store.addVisits(withoutPhone: 3, at: later(-600), enteredAt: now)
    let second = try store.addVisits(withoutPhone: 2, at: now, enteredAt: now)
    let third = try store.addVisits(withoutPhone: 1, at: now, enteredAt: now)
    #expect(try store.undoAddition(nil, at: later(10)) == third)
    #expect(try store.undoAddition(first.id, at: later(20)) == first)
    #expect(try store.visits().count == 2)
    #expect(throws: Store.UndoRefusal.self) { try store.undoAddition(first.id, at: later(30)) }
    #expect(try store.undoAddition(nil, at: later(40)) == second)
    #expect(throws: Store.UndoRefusal.self) { try store.undoAddition(nil, at: later(50)) }
    #expect(try store.visits().isEmpty)
    let log = try store.audit()
    #expect(
      log.map(\.action) == ["add-visits", "add-visits", "add-visits", "undo-visits", "undo-visits", "undo-visits"])
    #expect(log[3].detail.hasPrefix("addition 3: 1 without a phone at ") && log[3].operatorName == Login.name())
    #expect(try store.verifyAudit().fault == nil)
  }

  @Test("After a day nothing is taken back, and no number is used again") func late() throws {
    let old = try store.addVisits(withoutPhone: 1, at: now, enteredAt: now)
    #expect(throws: Store.UndoRefusal.self) { try store.undoAddition(old.id, at: later(86_401)) }
    #expect(throws: Store.UndoRefusal.self) { try store.undoAddition(nil, at: later(86_401)) }
    let new = try store.addVisits(withoutPhone: 1, at: later(90_000), enteredAt: later(90_000))
    #expect(new.id == old.id + 1)
    #expect(try store.undoAddition(nil, at: later(90_001)) == new)
    #expect(try store.visits().count == 1)
  }

  @Test("Only what staff added is taken back: not what the kiosk saw") func seen() throws {
    var rows = Store.VisitRows()
    var visit = Visit(number: 1, start: .init(milliseconds: 0), end: .init(milliseconds: 0), kind: .noPhone)
    visit.isOpen = false
    let moment = Moment(monotonic: .init(milliseconds: 0), utc: now, isSynchronised: true, utcOffsetSeconds: 0)
    try store.write([VisitUpdate(visit, at: moment)], rows: &rows, boot: "b")
    #expect(throws: Store.UndoRefusal.self) { try store.undoAddition(nil, at: now) }
    #expect(try store.visits().count == 1)
  }

  @Test("The running kiosk's figure of the day follows") func figure() throws {
    let running = try Program.start(["run", "--demo", "--data", folder.path, "--display", "none"])
    func withoutPhone() throws -> Int? {
      let result = try Program.run("status", "--json", "--data", folder.path)
      guard result.code == 0 else { return nil }
      let status = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
      return (status?["visits"] as? [String: Any])?["without_phone"] as? Int
    }
    #expect(try eventually { try withoutPhone() != nil })
    let before = try withoutPhone() ?? -1
    let config = try folder.write("kiosk.toml", "[clock]\ntrust = \"always\"\n")
    let added = try Program.run("log", "add", "50", "--config", config, "--data", folder.path)
    #expect(added.code == 0 && added.messages.contains("kiosk log undo 1"), "\(added.messages)")
    #expect(try eventually { try withoutPhone() ?? 0 >= before + 50 })
    let undone = try Program.run("log", "undo", "--config", config, "--data", folder.path)
    #expect(undone.code == 0 && undone.output.contains("taken back: addition 1: 50 without a phone"))
    #expect(try eventually { try withoutPhone() ?? 99 < before + 50 })
    #expect(try Program.run("log", "undo", "--config", config, "--data", folder.path).code == 1)
    #expect(try running.terminate().code == 0)
  }
}
