// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
@testable import KioskCore
import Simulator

@main struct Report {
  static func main() throws {
    let arguments = CommandLine.arguments
    var settings = People.Settings()
    let env = ProcessInfo.processInfo.environment
    if let n = env["IOS"].flatMap({ Double($0) }) { settings.near.iosDBm = n }
    if let n = env["ANDROID"].flatMap({ Double($0) }) { settings.near.androidDBm = n; settings.near.otherDBm = n }
    if let n = env["HYST"].flatMap({ Double($0) }) { settings.near.hysteresisDB = n }
    if let n = env["TAU"].flatMap({ Double($0) }) { settings.smoothingMilliseconds = n }
    if let n = env["LISTEN"].flatMap({ Int64($0) }) { settings.androidListeningMilliseconds = n }
    if arguments.count > 2, arguments[1] == "captures" { try reportCaptures(arguments[2], settings: settings); return }
    if arguments.count > 2, arguments[1] == "speed" { try reportSpeed(arguments[2]); return }
    let scenarios: [Scenario] = [.quietClinic, .rushHour, .oneStopOffice, .night]
    for var s in scenarios
    where arguments.count < 2 || arguments[1].split(separator: ",").contains(where: { s.name.hasPrefix($0) }) {
      s.seed = env["SEED"].flatMap { UInt64($0) } ?? 1
      if let h = env["HOURS"].flatMap({ Int64($0) }) {
        s.durationMilliseconds = min(s.durationMilliseconds, h * 3_600_000)
      }
      let recording = Recording(s)
      func one(_ label: String, _ settings: People.Settings) {
        recording.evaluate(settings, baselines: env["SCAN"] == nil).report(
          "\(s.name) \(s.seed) \(label)", addresses: recording.addresses.count, appWay: recording.ids.count,
          verbose: env["V"] != nil)
      }
      // SCAN: "key=a,b,c;key=…"
      var grid: [[(String, Double)]] = [[]]
      for part in (env["SCAN"] ?? "").split(separator: ";") {
        let pair = part.split(separator: "=")
        grid = grid.flatMap { g in pair[1].split(separator: ",").map { g + [(String(pair[0]), Double($0) ?? 0)] } }
      }
      for point in grid {
        var set = settings
        for (k, v) in point {
          switch k {
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
        one(point.map { "\($0.0)\($0.1)" }.joined(separator: " "), set)
      }
    }
  }
}
