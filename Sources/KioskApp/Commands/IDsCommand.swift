// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Tracer

struct IDsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ids", abstract: "The Bluezone IDs of a daily key, one a line, to check an authority's data with.")

  @Option(help: ArgumentHelp("64 hexadecimal digits.", valueName: "hex"))
  var dailyKey: String

  @Option(help: "How many slots of the day, from the first, 1 to 1440.")
  var slots = SlotScheme.standard.slotsPerDay

  func validate() throws {
    guard BluezoneKey(hex: dailyKey) != nil else {
      throw ValidationError("--daily-key must be 64 hexadecimal digits")
    }
    guard SlotScheme(slotsPerDay: slots) != nil else { throw ValidationError("--slots must be 1 to 1440") }
  }

  func run() throws {
    guard let key = BluezoneKey(hex: dailyKey) else { return }
    for id in BluezoneIdentity.bluezoneIDs(of: key, count: slots) { print(id.hex) }
  }
}
