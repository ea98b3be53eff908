// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "What left the kiosk or came in unsigned, who answered for it, and why.",
    discussion: "The oldest first. The log is only ever added to.")

  @OptionGroup var options: SettingsOptions

  @Flag(help: "One JSON object a line.")
  var json = false

  func run() throws {
    let settings = try options.settings()
    do {
      let entries = try Store(dataFolder: settings.dataFolder, access: .look).audit()
      if entries.isEmpty { Exit.message("The audit log is empty.") }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      for entry in entries {
        let line = Line(entry)
        if json {
          print(String(decoding: try encoder.encode(line), as: UTF8.self))
        } else {
          print("\(line.at)  \(line.action.padded(to: 20))  \(line.operator): \(line.reason)\n    \(line.detail)")
        }
      }
    } catch {
      throw Exit.failure(error)
    }
  }

  private struct Line: Encodable {
    var id: Int64
    var at: String
    var action: String
    var `operator`: String
    var reason: String
    var detail: String
    var user: Int64

    init(_ entry: Store.LoggedAudit) {
      id = entry.id
      at = LocalTime(entry.at, offsetSeconds: SystemClock.utcOffsetSeconds(at: entry.at.seconds)).rfc3339
      action = entry.action
      `operator` = entry.operatorName
      reason = entry.reason
      detail = entry.detail
      user = entry.user
    }
  }
}
