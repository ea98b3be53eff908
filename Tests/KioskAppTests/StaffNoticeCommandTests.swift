// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("From an F0 file to the staff's line") struct StaffNoticeCommandTests {
  /// A time of yesterday, so that the running kiosk's own purge leaves it alone.
  private let heard = UTCTime(seconds: SystemClock(trust: .always).now().utc.seconds - 86_400)

  private func contactAndBatch(in folder: Folder) throws -> String {
    let key = [UInt8](repeating: 7, count: 32)
    let slot = SlotScheme.standard.slot(at: heard)
    let id = BluezoneIdentity.bluezoneIDs(of: try #require(BluezoneKey(key)), count: 96)[slot.index]
    try Store(dataFolder: folder.path, access: .change).write(
      [
        .init(
          id: id, span: .dated(first: heard, last: heard), strength: .init(count: 1, nearestDBm: -60, sumDBm: -60))
      ], boot: "test")
    let day = SlotScheme.standard.start(of: Slot(day: slot.day, index: 0)).seconds
    let hex = key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return try folder.write(
      "f0.json",
      "{\"data\": [{\"daily_key\": \"\(hex)\", \"time_start\": \(day), \"max\": 96, \"time_end\": \(day + 86_399)}]}")
  }

  @Test("An import that finds something is noticed by the running kiosk, after a restart too, until staff look at it")
  func notice() throws {
    let folder = try Folder()
    let arguments = ["run", "--demo", "--quiet", "--data", folder.path]
    func unseen() throws -> Int? {
      let result = try Program.run("status", "--json", "--data", folder.path)
      let status = try? JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
      return status?.unseenExposures
    }
    var kiosk = try Program.start(arguments)
    #expect(try eventually { try unseen() == 0 })
    // It answers before its log is made.
    #expect(eventually { (try? Store(dataFolder: folder.path, access: .change)) != nil })
    let file = try contactAndBatch(in: folder)
    let imported = try Program.run("f0", "import", file, "--operator", "An", "--reason", "test", "--data", folder.path)
    #expect(
      imported.code == 0 && imported.output.contains("1 new contacts match"), "\(imported.output)\(imported.messages)")
    #expect(try eventually { try unseen() == 1 })
    #expect(try Program.run("status", "--data", folder.path).output.contains("kiosk exposures"))
    // A script that reads them is nobody who has looked.
    #expect(try Program.run("exposures", "--json", "--data", folder.path).code == 0)
    #expect(try kiosk.terminate().code == 0)

    kiosk = try Program.start(arguments)
    #expect(try eventually { try unseen() == 1 })
    let table = try Program.run("exposures", "--data", folder.path)
    #expect(table.code == 0 && table.output.contains("-60 dBm"))
    #expect(try eventually { try unseen() == 0 })
    #expect(try kiosk.terminate().code == 0)
  }
}
