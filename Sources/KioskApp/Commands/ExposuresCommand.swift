// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct ExposuresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exposures", abstract: "Confirmed cases that were here: when, how long, how near. For staff alone.",
    subcommands: [ExposuresListCommand.self, ExposuresShowCommand.self, ExposuresEvidenceCommand.self],
    defaultSubcommand: ExposuresListCommand.self)
}

struct ExposuresListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "All of them, the newest found first.",
    discussion: """
      Bluezoners: at least so many others were here at once, of whom any may be an F1. Visits overlap its windows.
      Looking at the table marks what it shows as seen, and ends the notice on the staff's line. --json leaves them as they
      are.
      """)

  @OptionGroup var options: SettingsOptions

  @Flag(help: "One JSON object a line.")
  var json = false

  func run() throws {
    let settings = try options.settings()
    do {
      let store = try Store(dataFolder: settings.dataFolder, access: .look)
      let cases = try store.exposedCases(near: settings.people.near)
      Exit.tell(store.damage)
      if json {
        for exposed in cases { print(try CaseLine(exposed).json) }
      } else if cases.isEmpty {
        Exit.message("No exposures: no F0 entry matches the contact log.")
      } else {
        print(
          "ID     state     start                      end                        minutes  nearest  near  Bluezoners"
            + "  visits")
        for exposed in cases { print(Self.row(CaseLine(exposed))) }
        SeenExposures(dataFolder: settings.dataFolder).mark(cases.map(\.id))
      }
    } catch {
      throw Exit.failure(error)
    }
  }

  private static func row(_ line: CaseLine) -> String {
    [
      "\(line.id)".padded(to: 5), line.state.padded(to: 8), line.start.padded(to: 25), line.end.padded(to: 25),
      "\(line.minutes)".padded(to: 7, .right), (line.nearest_dbm.map { "\($0) dBm" } ?? "-").padded(to: 7, .right),
      (line.near ? "yes" : "no").padded(to: 4), "\(line.bluezoners)".padded(to: 10, .right),
      "\(line.visits)".padded(to: 6, .right),
    ].joined(separator: "  ")
  }
}

struct ExposuresShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "One of them with its windows, and marks it as seen.")

  @OptionGroup var options: SettingsOptions

  @Argument(help: "Its number, as `kiosk exposures` lists it.")
  var id: Int64

  @Flag(help: "As JSON.")
  var json = false

  func run() throws {
    let settings = try options.settings()
    do {
      let store = try Store(dataFolder: settings.dataFolder, access: .look)
      let exposed = try store.exposedCase(id, near: settings.people.near)
      Exit.tell(store.damage)
      let line = CaseLine(exposed)
      if json {
        print(try line.json)
      } else {
        for text in Self.text(line, exposed.provenance) { print(text) }
      }
      SeenExposures(dataFolder: settings.dataFolder).mark([id])
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  private static func text(_ line: CaseLine, _ provenance: ExposedCase.Provenance) -> [String] {
    func dBm(_ value: Int?) -> String { value.map { "\($0) dBm" } ?? "unknown" }
    let windows = line.windows.flatMap { window in
      [
        "  \(window.start) to \(window.end), \(window.minutes) min, \(window.near ? "near" : "not near")",
        "    nearest \(dBm(window.nearest_dbm)), mean \(dBm(window.mean_dbm)), \(window.contacts) contacts",
        "    others: at least \(window.bluezoners) Bluezoners at once (\(window.bluezoner_ids) ids),"
          + " \(window.visits) visits, \(window.bluezoner_visits) of them by Bluezoners",
      ]
    }
    return [
      "Exposure \(line.id), \(line.state), found \(line.found)",
      "F0 entry \(line.f0) of the batch of \(SystemClock.rfc3339(provenance.batchImportedAt)), compared with a"
        + " tolerance of \(provenance.toleranceSlots * 15) min",
      "Here for \(line.minutes) min in \(line.windows.count) windows:",
    ] + windows
  }
}

/// What was shown counts as seen, whatever becomes of saying so.
private struct SeenExposures {
  var dataFolder: String

  func mark(_ ids: [Int64]) {
    do {
      try Store(dataFolder: dataFolder, access: .change).markSeen(ids)
      _ = try? ControlSocket.ask(.exposuresSeen, dataFolder: dataFolder)
    } catch {
      Exit.message("The notice on the staff's line stays: \(error)")
    }
  }
}

extension Store {
  /// The exposure of an id.
  ///
  /// - Throws: an `ExitCode`, its words printed, when there is none.
  func exposedCase(_ id: Int64, near: NearRule) throws -> ExposedCase {
    guard let exposed = try exposedCases(id: id, near: near).first else {
      throw Exit.failure("there is no exposure \(id); `kiosk exposures` lists those that are kept")
    }
    return exposed
  }
}

extension Encodable {
  /// On one line, keys in order.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
