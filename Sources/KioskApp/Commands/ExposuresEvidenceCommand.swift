// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import Glibc
import KioskCore
import Tracer

struct ExposuresEvidenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "Writes an exposure's evidence for the health office, and puts it on record.",
    discussion: """
      Two files: exposure-ID-trace.txt, the contacts of its windows in the app's own format, and exposure-ID.json, the
      exposure with where it comes from. Only their owner can read them. Nothing is sent anywhere.
      """)

  @OptionGroup var options: SettingsOptions
  @OptionGroup var authority: OperatorOptions

  @Argument(help: "Its number, as `kiosk exposures` lists it.")
  var id: Int64

  @Option(name: [.short, .customLong("output")], help: ArgumentHelp("Where the files go.", valueName: "folder"))
  var output: String

  func run() throws {
    let settings = try options.settings()
    do {
      let authority = try authority.authority()
      let now = SystemClock(trust: .always).now().utc
      let store = try Store(dataFolder: settings.dataFolder, access: .change)
      let exposed = try store.exposedCase(id, near: settings.people.near)
      let (trace, document) = ("exposure-\(id)-trace.txt", "exposure-\(id).json")
      let batch = Hex.string(exposed.provenance.batchSHA256)
      let entry = AuditEntry(
        at: now, action: .exportEvidence, authority: authority,
        detail: "exposure \(id) of batch \(batch), into \(output)/\(document) and \(trace)")
      let written = try store.onRecord(entry) { attempt, detail in
        let identity = try IdentityFile(dataFolder: settings.dataFolder).load()
        try Files.findFolder(Files.folder(of: output))
        try Files.createFolder(output)
        for name in [trace, document] where Files.isThere("\(output)/\(name)") {
          throw FileError("\(output)/\(name) is there already; it is never overwritten: name another folder")
        }
        let written = try TraceFile(store: store, identity: identity).write(
          to: "\(output)/\(trace)", from: exposed.start.adding(milliseconds: -LogSlot.milliseconds), to: exposed.end
        ) { contact in
          exposed.windows.contains { contact.first <= $0.exposure.end && contact.last >= $0.exposure.start }
        }
        let evidence = Evidence(
          software: "bluezone-kiosk \(KioskCommand.configuration.version)", made: SystemClock.rfc3339(now),
          operator: authority.operatorName, reason: authority.reason, exposure: CaseLine(exposed),
          contacts: exposed.contacts.map(Evidence.ContactLine.init), batch: Evidence.Batch(exposed.provenance),
          tolerance_minutes: exposed.provenance.toleranceSlots * Int(LogSlot.milliseconds / 60_000),
          trace: Evidence.Trace(
            file: trace, sha256: Hex.string(written.sha256), lines: written.lines, contacts: written.contacts),
          audit: try store.auditHead(), audit_entry: attempt)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
          try Files.create("\(output)/\(document)", Array(try encoder.encode(evidence)) + [10])
          try store.markExported(id)
        } catch {
          // A trace without its exposure is no evidence, and stands in the way of the next attempt.
          unlink("\(output)/\(trace)")
          unlink("\(output)/\(document)")
          throw error
        }
        detail += ": \(written.words)"
        return written
      }
      print("\(output)/\(document)\n\(output)/\(trace)")
      if written.withoutOwnID > 0 { Exit.message(TraceFile.words(withoutOwnID: written.withoutOwnID)) }
      store.tellAuditHead()
      Exit.tell(store.damage)
      Exit.tell(try store.repairWords(since: now.adding(milliseconds: -30 * SlotScheme.dayMilliseconds)))
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}

extension TraceFile {
  static func words(withoutOwnID count: Int) -> String {
    "\(count) contacts are older than this node's key and have no own id: they are left out"
  }
}
