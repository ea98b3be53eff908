// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct F0ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Read F0 data from a stick or a file, and find its cases in the contact log.",
    discussion: """
      PATH is a signed feed: its folder, as the health office published it, or the manifest in it. It is checked as one \
      from the network is.

      PATH may also be a file of the authority that nobody signed: {"data": [{"daily_key", "time_start", "max", \
      "time_end"}, …]}. Then somebody must answer for it, by --operator and --reason, which the audit log keeps.

      It is used whole or not at all. Importing it again changes nothing that is already known.
      """)

  @OptionGroup var options: SettingsOptions

  @Argument(help: "The folder of a signed feed, its manifest, or a file of the authority.")
  var path: String

  @Option(name: .customLong("operator"), help: ArgumentHelp("Who imports an unsigned file.", valueName: "name"))
  var operatorName: String?

  @Option(help: ArgumentHelp("Why, and where it comes from.", valueName: "text"))
  var reason: String?

  func run() throws {
    let settings = try options.settings()
    do {
      if let file = try unsignedFile() {
        try importFile(file, settings)
      } else {
        try importFeed(settings)
      }
      _ = try? ControlSocket.ask(.f0Imported, dataFolder: settings.dataFolder)
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  /// nil for a feed, which its first line tells.
  private func unsignedFile() throws(FileError) -> FileReader? {
    if FolderFeedSource(path: path).folder == path { return nil }
    let file = try FileReader(path)
    return FeedEnvelope.isClaimed(by: try file.peek()) ? nil : file
  }

  private func importFeed(_ settings: Settings) throws {
    let store = try Store(dataFolder: settings.dataFolder, access: .change)
    let round = try FeedRound(
      settings: settings, source: FolderFeedSource(path: path), sourceName: nil, store: store,
      clock: SystemClock(trust: settings.clockTrust)
    ) { Exit.message($0.words) }
    let result = try round.run()
    print("\(result.words); \(try store.matchNow(settings))")
  }

  private func importFile(_ file: FileReader, _ settings: Settings) throws {
    guard let operatorName, let reason else {
      // What would be refused anyway is not asked for.
      try readUnsigned(file) { _ in }
      throw Exit.failure(
        "\(path) is not signed: say who imports it and why, with --operator and --reason", code: Exit.usage)
    }
    let authority: AuditEntry.Authority
    do throws(AuditEntry.Authority.Refusal) {
      authority = try AuditEntry.Authority(operatorName: operatorName, reason: reason)
    } catch {
      throw Exit.failure("\(error)", code: Exit.usage)
    }
    let store = try Store(dataFolder: settings.dataFolder, access: .change)
    let now = SystemClock(trust: settings.clockTrust).now().utc
    let entry = AuditEntry(at: now, action: .importUnsigned, authority: authority, detail: path)
    let result = try store.onRecord(
      entry,
      doneBy: { attempt in
        try store.addUnsigned(authority: authority, at: now, attempt: attempt) { each in
          try readUnsigned(file, each)
          return file.sha256
        }
      })
    print("\(result.entries) entries, \(result.new) of them new; \(try store.matchNow(settings))")
  }

  private func readUnsigned(_ file: FileReader, _ each: (F0Entry) throws -> Void) throws {
    let progress = Progress("reading \(path)")
    do {
      try F0Batch.read(
        {
          let piece = try file.next()
          _ = progress.goOn(file.share)
          return piece
        }, each: each)
    } catch let refusal as F0Batch.Refusal {
      throw RefusedFile(description: "\(path) was refused, nothing of it is used: \(refusal)")
    }
  }

  /// As it is told, and stands on record.
  private struct RefusedFile: Error, CustomStringConvertible {
    let description: String
  }
}

extension FeedRound.Result {
  /// For people, one line.
  var words: String {
    let what =
      switch outcome {
      case .unchanged: "version \(version) is current"
      case .applied(let batches, let new, let withdrawn):
        "version \(version) applied: \(batches) batches, \(new) new entries"
          + (withdrawn > 0 ? ", \(withdrawn) withdrawn" : "")
      case .failed(let reason, _): reason
      }
    let fresh = freshness == .unknown ? "; freshness unknown: the clock is not synchronised" : ""
    return what + fresh
  }
}

extension Store {
  /// Compares what came in with the log, as a command does: with progress, and what was found in words.
  func matchNow(_ settings: Settings) throws(StoreError) -> String {
    let match = try matchF0(
      toleranceSlots: settings.f0ToleranceSlots, at: SystemClock(trust: settings.clockTrust).now().utc,
      goOn: Progress("comparing with the log").goOn)
    Exit.tell(damage)
    return "\(match.entries) entries compared with the log, \(match.newExposedContacts) new contacts match"
  }
}
