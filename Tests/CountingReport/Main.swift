// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
@testable import KioskCore
import Simulator

/// How well people are counted: `crowds SEED …`, `captures FOLDER` or `speed FOLDER`.
@main struct Report {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    switch (arguments.first, arguments.dropFirst().first) {
    case ("captures", let folder?): try reportCaptures(folder, settings: People.Settings())
    case ("speed", let folder?): try reportSpeed(folder)
    case ("crowds", _?): reportCrowds(arguments.dropFirst().compactMap { UInt64($0) })
    default:
      FileHandle.standardError.write(Data("usage: CountingReport crowds SEED …, captures FOLDER, speed FOLDER\n".utf8))
      exit(64)
    }
  }

  /// Each scenario with each seed, and all seeds together.
  static func reportCrowds(_ seeds: [UInt64]) {
    let environment = ProcessInfo.processInfo.environment
    var settings = People.Settings()
    if let scan = environment["SET"] { set(&settings, scan) }
    let only = environment["ONLY"]
    for (scenario, leastMatch) in [
      (Scenario.quietClinic, 95), (.rushHour, 90), (.oneStopOffice, 95), (.night, 95),
    ] where only.map({ scenario.name.hasPrefix($0) }) ?? true {
      var sum = Figures()
      for seed in seeds {
        var scenario = scenario
        scenario.seed = seed
        let recording = Recording(scenario, settings: People.Settings())
        let figures = Figures(recording, Evaluation(recording, settings: settings))
        sum = sum + figures
        if environment["ALL"] == nil {
          Lines(figures: figures, leastMatch: leastMatch).print("\(scenario.name), seed \(seed)")
        }
      }
      if seeds.count > 1 {
        let list = seeds.map(String.init).joined(separator: ", ")
        Lines(figures: sum, leastMatch: leastMatch).print("\(scenario.name), seeds \(list) together")
      }
    }
  }

  static func set(_ set: inout People.Settings, _ text: String) {
    for part in text.split(separator: ",") {
      let pair = part.split(separator: "=")
      let v = Double(pair[1]) ?? 0
      switch pair[0] {
      case "A": set.near.androidDBm = v; set.near.otherDBm = v
      case "I": set.near.iosDBm = v
      case "H": set.near.hysteresisDB = v
      case "T": set.smoothingMilliseconds = v
      case "D": set.dwellMilliseconds = Int64(v)
      case "S": set.joinScore = Float(v)
      case "U": set.doubtScore = Float(v)
      case "P": set.promptMilliseconds = Int64(v)
      case "L": set.androidListeningMilliseconds = Int64(v)
      case "J": set.iosListeningMilliseconds = Int64(v)
      default: break
      }
    }
  }
}
