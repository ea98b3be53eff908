// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Crypto
import KioskCore
import Tracer

struct F0Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "f0", abstract: "Confirmed cases' data.",
    subcommands: [F0ImportCommand.self, F0CheckCommand.self, F0ListCommand.self])
}

struct F0ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Read a file of the authority and find its cases in the contact log.",
    discussion: "The file is used whole or not at all. Importing it again changes nothing that is already known.")

  @OptionGroup var options: SettingsOptions

  @Argument(help: "The authority's JSON: {\"data\": [{\"daily_key\", \"time_start\", \"max\", \"time_end\"}, …]}")
  var file: String

  func run() throws {
    let settings = try options.settings()
    do {
      let bytes = try Files.read(file, limit: CoreLimits.f0FileBytes)
      let batch: F0Batch
      do {
        batch = try F0Batch(json: bytes)
      } catch {
        throw Exit.failure("\(file) was refused, nothing of it is used: \(error)")
      }
      let store = try Store(dataFolder: settings.dataFolder, access: .change)
      let result = try store.importF0(
        batch, sha256: Array(SHA256.hash(data: bytes)), at: SystemClock(trust: .always).now().utc,
        toleranceSlots: settings.f0ToleranceSlots, goOn: Progress("comparing with the log").goOn)
      print(
        """
        \(result.entries) entries, \(result.newEntries) of them new;         \(result.exposedContacts) contacts match, \(result.newExposedContacts) of them new
        """)
      _ = try? ControlSocket.ask(.f0Imported, dataFolder: settings.dataFolder)
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}

struct F0ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The batches that were imported, the newest first.")

  @OptionGroup var options: SettingsOptions

  func run() throws {
    let settings = try options.settings()
    do {
      let batches = try Store(dataFolder: settings.dataFolder, access: .look).batches()
      if batches.isEmpty { Exit.message("No F0 data has been imported.") }
      for batch in batches {
        let time = LocalTime(
          batch.importedAt, offsetSeconds: SystemClock.utcOffsetSeconds(at: batch.importedAt.seconds))
        print("\(time.rfc3339)  \(batch.entries) entries")
      }
    } catch {
      throw Exit.failure(error)
    }
  }
}
