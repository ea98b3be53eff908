// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "What left the kiosk, came in or was deleted, who answered for it, why, and how it ended.",
    discussion: """
      The oldest first. "attempted" is written before an act, "done" or "failed" after it; one that stays alone was broken
      off. The log is only ever added to, and each entry holds a hash over all before it. The last hash is the head: status \
      shows it, and every export names it. A signed feed is not on it: its signature says whose it is.

      --verify walks the chain: exit 0 and the head if every entry fits, else 1 and the first entry that does not; where \
      entries are missing and a repair of a damaged database is on record after them, it says so. Entries \
      that were cut off at the end, or a chain that was written again, show only against a head that was noted elsewhere: \
      --head.
      """)

  @OptionGroup var options: SettingsOptions

  @Flag(help: "One JSON object a line.")
  var json = false

  @Flag(help: "Check that no entry was altered, removed or put in.")
  var verify = false

  @Option(
    help: ArgumentHelp(
      "With --verify: a head noted earlier, from status or an export, that must still be in the chain.",
      valueName: "hex"))
  var head: String?

  /// Fewer hexadecimal digits could be met by chance.
  private static let headDigits = 16...64

  func validate() throws {
    guard let head else { return }
    guard verify else { throw ValidationError("--head goes with --verify.") }
    guard Self.headDigits.contains(head.count), head.allSatisfy(\.isHexDigit) else {
      throw ValidationError("--head must be 16 to 64 hexadecimal digits, as status shows them.")
    }
  }

  func run() throws {
    let settings = try options.settings()
    do {
      let store = try Store(dataFolder: settings.dataFolder, access: .look)
      if verify { return try verify(store) }
      let entries = try store.audit()
      if entries.isEmpty { Exit.message("The audit log is empty.") }
      for entry in entries { for line in try lines(Line(entry)) { print(line) } }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  private func lines(_ line: Line) throws -> [String] {
    if json { return [try line.json] }
    let of = line.attempt.map { " (of \($0))" } ?? ""
    let what = "\(line.action.padded(to: 20))  \((line.outcome + of).padded(to: 9))"
    return [
      "\(line.id)".padded(to: 5) + " \(line.at)  \(what)  " + PlainText.shown("\(line.operator): \(line.reason)"),
      "      " + PlainText.shown(line.detail),
    ]
  }

  // MARK: The chain

  private func verify(_ store: Store) throws {
    let verdict = try store.verifyAudit(head: head)
    let chain = verdict.chain.head
    var fault = words(of: verdict)
    if fault == nil, head != nil, verdict.noted == nil {
      fault =
        "the head that was noted is not in the chain of \(chain.entries) entries: the newest entries were removed, or the "
        + "log was written again"
    }
    if json {
      print(try Verdict(entries: chain.entries, head: chain.hash, fits: fault == nil, noted_entry: verdict.noted).json)
    } else if fault == nil {
      print("Every entry fits.\n\(chain.words)")
      if let noted = verdict.noted { print("The head that was noted is entry \(noted)'s.") }
    }
    if let fault { throw Exit.failure(fault) }
  }

  private func words(of verdict: Store.AuditVerdict) -> String? {
    guard let fault = verdict.fault else { return nil }
    let before = verdict.fitting > 0 ? ". The entries before fit" : ""
    guard let repair = verdict.repair else { return "the audit log was altered: \(fault)\(before)" }
    let fitting =
      verdict.fitting > 0 ? "The entries before fit, and so do those behind it" : "The entries behind it fit"
    return
      "the audit log has a gap: \(fault). \(fitting). Entry \(repair) tells of a repair of the database: a card that "
      + "rots can lose entries. Only a copy of the data folder from before shows whether a person removed them"
  }

  private struct Verdict: Encodable {
    var entries: Int64
    var head: String
    var fits: Bool
    var noted_entry: Int64?
  }

  private struct Line: Encodable {
    var id: Int64
    var at: String
    var action: String
    var outcome: String
    /// The entry that said `attempted`.
    var attempt: Int64?
    var `operator`: String
    var reason: String
    var detail: String
    var user: Int64
    var hash: String

    init(_ entry: Store.LoggedAudit) {
      id = entry.id
      at = SystemClock.rfc3339(entry.at)
      action = entry.action
      outcome = entry.outcome
      attempt = entry.attempt
      `operator` = entry.operatorName
      reason = entry.reason
      detail = entry.detail
      user = entry.user
      hash = Hex.string(entry.hash)
    }
  }
}

extension AuditChain.Head {
  /// For people, one line; to be noted elsewhere.
  var words: String { "audit log: \(entries) entries, head \(hash)" }
}

extension Store {
  /// Tells the head after an export, on stderr, so that it can be noted beside what left.
  func tellAuditHead() {
    if let head = try? auditHead() { Exit.message(head.words) }
  }
}
