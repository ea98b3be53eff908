// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Files for an authority that asks for them.",
    subcommands: [ExportTraceCommand.self])
}

struct ExportTraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Writes the contact log as the app's data_trace.txt, and puts it on record.",
    discussion: "Only its owner can read the file. Nothing is sent anywhere.")

  @OptionGroup var options: SettingsOptions
  @OptionGroup var authority: OperatorOptions

  @Option(help: "How many days back, 1 to 30.")
  var days: Int64 = 14

  @Option(
    name: [.short, .customLong("output")], help: ArgumentHelp("The file; it must not be there.", valueName: "file"))
  var output = "data_trace.txt"

  func validate() throws {
    guard (1...30).contains(days) else { throw ValidationError("--days must be 1 to 30") }
  }

  func run() throws {
    let settings = try options.settings()
    do {
      let authority = try authority.authority()
      let now = SystemClock(trust: .always).now().utc
      let store = try Store(dataFolder: settings.dataFolder, access: .change)
      let entry = AuditEntry(
        at: now, action: .exportTrace, authority: authority,
        detail: "the contact log of \(days) days until \(SystemClock.rfc3339(now)), into \(output)")
      let from = now.adding(milliseconds: -days * SlotScheme.dayMilliseconds)
      let written = try store.onRecord(entry) { _, detail in
        let identity = try IdentityFile(dataFolder: settings.dataFolder).load()
        try Files.findFolder(Files.folder(of: output))
        guard !Files.isThere(output) else {
          throw FileError("\(output) is there already; it is never overwritten: name another with -o")
        }
        let written = try TraceFile(store: store, identity: identity).write(to: output, from: from, to: now)
        detail += ": \(written.words)"
        return written
      }
      print("\(output): \(written.contacts) contacts in \(written.lines) lines")
      if written.withoutOwnID > 0 { Exit.message(TraceFile.words(withoutOwnID: written.withoutOwnID)) }
      store.tellAuditHead()
      Exit.tell(store.damage)
      Exit.tell(try store.repairWords(since: from))
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}
