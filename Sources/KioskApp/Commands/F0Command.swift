// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct F0Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "f0", abstract: "Confirmed cases' data.",
    subcommands: [F0SyncCommand.self, F0ImportCommand.self, F0CheckCommand.self, F0ListCommand.self])
}

struct F0ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The batches that are held, the newest first, and where each came from.")

  @OptionGroup var options: SettingsOptions

  func run() throws {
    let settings = try options.settings()
    do {
      let store = try Store(dataFolder: settings.dataFolder, access: .look)
      let feed = settings.feed.region.isEmpty ? nil : try store.feed(region: settings.feed.region)
      var lacks: [[UInt8]: Store.Lack] = [:]
      if let feed {
        let state = feed.state
        let synced = state.lastSync.map { "last found current \(local($0))" } ?? "never by a synchronised clock"
        Exit.message(
          "feed \(state.region) version \(state.version), valid until \(local(state.expires)), \(synced)")
        let since = try store.expectedSince(
          retentionDays: settings.contactRetentionDays, issued: feed.manifest.issued,
          at: SystemClock(trust: settings.clockTrust).now())
        lacks = try store.lacks(feed.manifest, since: since)
      } else if !settings.feed.region.isEmpty, try store.hasUnreadableFeed(region: settings.feed.region) {
        Exit.message("what was held of the feed's manifest cannot be read; the next round fetches it again")
      }
      let batches = try store.batches()
      if batches.isEmpty, lacks.isEmpty { Exit.message("No F0 data has come in.") }
      for batch in batches {
        let origin =
          batch.region.map { "signed, feed \($0)" }
          ?? batch.operatorName.map { "unsigned, by \(PlainText.shown("\($0): \(batch.reason ?? "")"))" }
          ?? (batch.isStandIn
            ? "where it came from is lost with a damaged page; what a feed lists comes again" : "unsigned")
        let lack = lacks.removeValue(forKey: batch.sha256).map { "; \($0.words)" } ?? ""
        print(line(batch.importedAt, batch.entries, batch.sha256, origin + lack))
      }
      // What the manifest lists and the database does not know.
      for batch in feed?.manifest.batches ?? [] {
        guard let lack = lacks[batch.sha256] else { continue }
        print(line(batch.added, batch.entries, batch.sha256, "listed; \(lack.words)"))
      }
    } catch {
      throw Exit.failure(error)
    }
  }

  private func line(_ time: UTCTime, _ entries: Int, _ sha256: [UInt8], _ what: String) -> String {
    "\(local(time))  \(entries) entries  \(Hex.string(sha256.prefix(8)))  \(what)"
  }

  private func local(_ time: UTCTime) -> String {
    LocalTime(time, offsetSeconds: SystemClock.utcOffsetSeconds(at: time.seconds)).rfc3339
  }
}
