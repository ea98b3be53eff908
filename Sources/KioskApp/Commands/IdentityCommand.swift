// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Glibc
import KioskCore
import Tracer

struct IdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity", abstract: "This node's own keys in Bluezone's form (InfoF), and puts it on record.",
    discussion: """
      From them follows every id that this node has sent since the day they begin with, and will send. Keys of earlier \
      days, beyond the retention, are forgotten.
      """)

  @OptionGroup var options: SettingsOptions
  @OptionGroup var authority: OperatorOptions

  /// Days back from which the authority asks for keys. Source: docs/bluezone.md, F0 batches.
  private static let days: Int64 = 14

  func run() throws {
    let settings = try options.settings()
    do {
      let authority = try authority.authority()
      let now = SystemClock(trust: .always).now().utc
      let store = try Store(dataFolder: settings.dataFolder, access: .change)
      let entry = AuditEntry(at: now, action: .showIdentity, authority: authority, detail: "InfoF")
      try store.onRecord(entry) { _, detail in
        var identity = try IdentityFile(dataFolder: settings.dataFolder).load()
        let today = SlotScheme.standard.slot(at: now).day
        // A younger node's chain begins on its base day; an older one's on the oldest day that is not forgotten.
        let day = max(today - Self.days, identity.baseDay)
        let dailyKey = try identity.dailyKey(of: day)
        detail += " with the daily key of \(today - day) days ago"
        // In the order of the app.
        let line =
          "{\"base_id\":\"\(identity.baseKey.hex.uppercased())\",\"time\":\(identity.baseDay * 86_400),"
          + "\"daily_key\":\"\(dailyKey.hex.uppercased())\",\"time_start\":\(day * 86_400)}\n"
        // It counts as shown when the system has taken it.
        let code = Files.writeAll(STDOUT_FILENO, Array(line.utf8))
        guard code == 0 else { throw FileError("cannot write to", path: "the standard output", errno: code) }
      }
      store.tellAuditHead()
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}
