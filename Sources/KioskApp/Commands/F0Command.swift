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
      if !settings.feed.region.isEmpty, let state = try store.feed(region: settings.feed.region)?.state {
        let synced = state.lastSync.map { "last found current \(local($0))" } ?? "never by a synchronised clock"
        Exit.message(
          "feed \(state.region) version \(state.version), valid until \(local(state.expires)), \(synced)")
      }
      let batches = try store.batches()
      if batches.isEmpty { Exit.message("No F0 data has come in.") }
      for batch in batches {
        let origin =
          batch.region.map { "signed, feed \($0)" }
          ?? batch.operatorName.map { "unsigned, by \($0): \(batch.reason ?? "")" } ?? "unsigned"
        print("\(local(batch.importedAt))  \(batch.entries) entries  \(Hex.string(batch.sha256.prefix(8)))  \(origin)")
      }
    } catch {
      throw Exit.failure(error)
    }
  }

  private func local(_ time: UTCTime) -> String {
    LocalTime(time, offsetSeconds: SystemClock.utcOffsetSeconds(at: time.seconds)).rfc3339
  }
}
