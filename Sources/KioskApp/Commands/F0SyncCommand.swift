// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import Glibc
import KioskCore

struct F0SyncCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: "Ask for the feed now, by the running kiosk or, where none runs, by itself.",
    discussion: "Exit 0 when what is held is current, 1 with the reason when it could not be made so.")

  @OptionGroup var options: SettingsOptions

  func run() throws {
    let settings = try options.settings()
    guard settings.feed.isConfigured else {
      throw Exit.failure(
        "no feed is configured: set feed.url, feed.region and feed.keys, as the health office says")
    }
    do {
      if let status = try status(settings) {
        try follow(settings, since: status)
      } else {
        try syncHere(settings)
      }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  // MARK: No kiosk runs

  private func syncHere(_ settings: Settings) throws {
    signal(SIGPIPE, SIG_IGN)
    let store = try Store(dataFolder: settings.dataFolder, access: .change)
    let round = try FeedRound(
      settings: settings, source: try CurlFeedSource(settings: settings.feed), sourceName: settings.feed.url,
      store: store, clock: SystemClock(trust: settings.clockTrust)
    ) { Exit.message($0.words) }
    let result = try round.run()
    print("\(result.words); \(try store.matchNow(settings))")
  }

  // MARK: The running kiosk

  private func follow(_ settings: Settings, since status: Status) throws {
    let holder = "the kiosk that runs with the data folder \(settings.dataFolder)"
    guard !status.isDemo else {
      throw Exit.failure("\(holder) is the demo (kiosk run --demo), which asks no feed; stop it, or use another folder")
    }
    let before = status.feed
    guard before.isConfigured else {
      throw Exit.failure("\(holder) was started without a feed; start it again with these settings")
    }
    _ = try ControlSocket.ask(.f0Sync, dataFolder: settings.dataFolder)
    var shown: String?
    for _ in 0..<AppLimits.feedWaitSeconds * Self.looksASecond {
      usleep(1_000_000 / UInt32(Self.looksASecond))
      guard let now = try self.status(settings)?.feed else {
        throw Exit.failure("the kiosk ended meanwhile", code: Exit.notRunning)
      }
      if let step = now.step, step != shown { Exit.message(step) }
      shown = now.step ?? shown
      guard now.rounds > before.rounds else { continue }
      if let fault = now.lastFault { throw Exit.failure(fault) }
      print(now.words)
      return
    }
    throw Exit.failure("the kiosk is still at it; kiosk status shows how far it is")
  }

  private static let looksASecond = 5

  /// nil when none runs.
  private func status(_ settings: Settings) throws -> Status? {
    guard let answer = try ControlSocket.ask(.status, dataFolder: settings.dataFolder) else { return nil }
    guard let status = try? JSONDecoder().decode(Status.self, from: Data(answer.utf8)) else {
      throw Exit.failure("the running kiosk's answer cannot be read; is it of another version?")
    }
    return status
  }
}

extension Status.Feed {
  /// How the last good round went, one line.
  fileprivate var words: String {
    let held = "version \(version ?? 0)"
    let what =
      lastChange.map {
        "\(held) applied: \($0.batches) batches, \($0.newEntries) new entries"
          + ($0.withdrawnEntries > 0 ? ", \($0.withdrawnEntries) withdrawn" : "")
      } ?? "\(held) is current"
    return what + (freshness == "unknown" ? "; freshness unknown: the clock is not synchronised" : "")
  }
}
