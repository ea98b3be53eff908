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
      let batch: F0Batch
      do {
        batch = try F0Batch(json: try Files.read(file, limit: CoreLimits.f0FileBytes))
      } catch let refusal as F0Batch.Refusal {
        throw Exit.failure("\(file) would be refused: \(refusal)")
      }
      let found = try store.countMatches(
        batch.entries, toleranceSlots: settings.f0ToleranceSlots, goOn: Progress("comparing with the log").goOn)
      print("\(batch.entries.count) entries; \(found.contacts) contacts match, of \(found.entries) of them")
      Exit.tell(store.damage)
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}
