// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore

struct F0CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "What importing a file of the authority would find in the contact log. Nothing is kept of it.",
    discussion: "Reads the file whole, refuses it for the same reasons as `kiosk f0 import`, and counts its contacts.")

  @OptionGroup var options: SettingsOptions

  @Argument(help: "The authority's JSON.")
  var file: String

  func run() throws {
    let settings = try options.settings()
    do {
      let store = try Store(dataFolder: settings.dataFolder, access: .look)
      let reader = try FileReader(file)
      var (entries, contacts, matched) = (0, 0, 0)
      var group: [F0Entry] = []
      // As many as one walk through the log takes; a larger file takes several.
      func compare() throws {
        let found = try store.countMatches(
          group, toleranceSlots: settings.f0ToleranceSlots, goOn: Progress("comparing with the log").goOn)
        entries += group.count
        contacts += found.contacts
        matched += found.entries
        group.removeAll(keepingCapacity: true)
      }
      do {
        try F0Batch.read({ try reader.next() }) { entry in
          if group.count == CoreLimits.f0Entries { try compare() }
          group.append(entry)
        }
      } catch let refusal as F0Batch.Refusal {
        throw Exit.failure("\(file) would be refused: \(refusal)")
      }
      try compare()
      print("\(entries) entries; \(contacts) contacts match, of \(matched) of them")
      Exit.tell(store.damage)
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}
