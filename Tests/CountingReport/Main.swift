// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Simulator

/// How well people are counted: `crowds SEED …`, `day SEED` or `captures FOLDER`.
@main struct Report {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let seeds = arguments.dropFirst().compactMap { UInt64($0) }
    switch (arguments.first, arguments.dropFirst().first) {
    case ("captures", let folder?):
      try reportCaptures(folder, settings: People.Settings())
      try reportChannels(folder)
    case ("day", let seed?): reportDay(seed: UInt64(seed) ?? 1)
    case ("crowds", _?) where seeds.count == arguments.count - 1: reportCrowds(seeds)
    default:
      FileHandle.standardError.write(
        Data("usage: CountingReport crowds SEED …, day SEED, captures FOLDER\n".utf8))
      exit(64)
    }
  }

  /// Each scenario with each seed, and all seeds together.
  static func reportCrowds(_ seeds: [UInt64]) {
    let settings = People.Settings()
    for (scenario, leastMatch) in [
      (Scenario.quietClinic, 95), (.rushHour, 90), (.oneStopOffice, 95), (.night, 95),
    ] {
      var sum = Figures()
      for seed in seeds {
        var scenario = scenario
        scenario.seed = seed
        let recording = Recording(scenario, settings: settings)
        let figures = Figures(recording, Evaluation(recording, settings: settings))
        sum = sum + figures
        Lines(figures: figures, leastMatch: leastMatch).print("\(scenario.name), seed \(seed)")
      }
      guard seeds.count > 1 else { continue }
      let list = seeds.map(String.init).joined(separator: ", ")
      Lines(figures: sum, leastMatch: leastMatch).print("\(scenario.name), seeds \(list) together")
    }
  }
}
