// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct ExposuresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exposures", abstract: "Confirmed cases that were here: when, how long, how near. For staff alone.",
    discussion: "Looking at the table ends the notice on the staff's line. --json leaves it as it is.")

  @OptionGroup var options: SettingsOptions

  @Flag(help: "One JSON object a line.")
  var json = false

  func run() throws {
    let settings = try options.settings()
    let exposures: [Exposure]
    do {
      exposures = try Store(dataFolder: settings.dataFolder, access: .look).exposures()
    } catch {
      throw Exit.failure(error)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      for exposure in exposures {
        print(String(decoding: try encoder.encode(Line(exposure)), as: UTF8.self))
      }
      return
    }
    guard !exposures.isEmpty else {
      Exit.message("No exposures: no imported F0 entry matches the contact log.")
      return
    }
    print("F0     start                      end                        minutes  nearest  contacts")
    for exposure in exposures {
      let line = Line(exposure)
      let columns = [
        "\(line.f0)".padded(to: 5), line.start.padded(to: 25), line.end.padded(to: 25),
        "\(line.minutes)".padded(to: 7, .right),
        (line.nearest_dbm.map { "\($0) dBm" } ?? "-").padded(to: 7, .right),
        "\(line.contacts)".padded(to: 8, .right),
      ]
      print(columns.joined(separator: "  "))
    }
    markSeen(settings)
  }

  /// The list was shown, whatever becomes of this.
  private func markSeen(_ settings: Settings) {
    do {
      try Store(dataFolder: settings.dataFolder, access: .change).markExposuresSeen()
      _ = try? ControlSocket.ask(.exposuresSeen, dataFolder: settings.dataFolder)
    } catch {
      Exit.message("The notice on the staff's line stays: \(error)")
    }
  }

  private struct Line: Encodable {
    var f0: Int64
    var start: String
    var end: String
    var minutes: Int64
    var nearest_dbm: Int?
    var mean_dbm: Int?
    var contacts: Int

    init(_ exposure: Exposure) {
      f0 = exposure.f0
      start = Self.local(exposure.start)
      end = Self.local(exposure.end)
      minutes = (exposure.end.seconds - exposure.start.seconds) / 60
      nearest_dbm = exposure.strength.nearestDBm
      let count = exposure.strength.count
      mean_dbm = count > 0 ? exposure.strength.sumDBm / count : nil
      contacts = exposure.contacts
    }

    private static func local(_ time: UTCTime) -> String {
      LocalTime(time, offsetSeconds: SystemClock.utcOffsetSeconds(at: time.seconds)).rfc3339
    }
  }
}
