// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Run a btsnoop recording through the real pipeline at its own times.",
    discussion: """
      Counts are of devices. People and visits are null: this version does not estimate them yet.
      """)

  @OptionGroup var options: SettingsOptions

  @Argument(help: "A btsnoop file of HCI packets (data link 1002).")
  var file: String

  @Flag(help: "One JSON object with a count for each second, instead of words.")
  var json = false

  func run() throws {
    let settings = try options.settings()
    do {
      let bytes = try Files.read(file, limit: AppLimits.recordingBytes)
      let start = ContinuousClock.now
      var reader = try BtsnoopReader(bytes)
      var replay = Replay(settings: settings)
      var damage: BtsnoopReader.Failure?
      do throws(BtsnoopReader.Failure) {
        while let record = try reader.next() { replay.add(record) }
      } catch {
        damage = error
      }
      let result = replay.finish()
      let seconds = start.duration(to: .now) / .seconds(1)
      print(json ? try result.json() : result.words())
      Exit.message(
        "\(result.reports) reports in \(Int(seconds * 1000)) ms, \(Int(Double(result.reports) / max(seconds, 1e-6))) a second"
      )
      if let damage { throw Exit.failure("\(file): \(damage). What came before it was read.") }
    } catch let code as ExitCode {
      throw code
    } catch let failure as BtsnoopReader.Failure {
      throw Exit.failure("\(file): \(failure)")
    } catch {
      throw Exit.failure(error)
    }
  }
}

extension Replay.Result {
  private struct Document: Encodable {
    var reports: Int
    var addresses: Int
    var bluezone_ids: Int
    var malformed: Int
    /// Not known yet.
    var visits: [Int]?
    var counts: [Count]

    struct Count: Encodable {
      var t: Int
      var devices: Int
      var bluezoners: Int
      var near_devices: Int
      var near_bluezoners: Int
      var people: Int?
      var near_people: Int?

      enum CodingKeys: CodingKey {
        case t, devices, bluezoners, near_devices, near_bluezoners, people, near_people
      }

      /// People are null, not left out: there is no estimate yet.
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(t, forKey: .t)
        try container.encode(devices, forKey: .devices)
        try container.encode(bluezoners, forKey: .bluezoners)
        try container.encode(near_devices, forKey: .near_devices)
        try container.encode(near_bluezoners, forKey: .near_bluezoners)
        try container.encode(people, forKey: .people)
        try container.encode(near_people, forKey: .near_people)
      }
    }
  }

  fileprivate func json() throws -> String {
    let counts = seconds.map {
      Document.Count(
        t: $0.t, devices: $0.counts.devicesAround, bluezoners: $0.counts.bluezonersAround,
        near_devices: $0.counts.devicesNear, near_bluezoners: $0.counts.bluezonersNear)
    }
    let document = Document(
      reports: reports, addresses: addresses, bluezone_ids: bluezoneIDs, malformed: malformedPackets, counts: counts)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  fileprivate func words() -> String {
    let most = seconds.map(\.counts.devicesAround).max() ?? 0
    let mostNear = seconds.map(\.counts.devicesNear).max() ?? 0
    return """
      \(records) records over \(seconds.count) s: \(reports) reports, \(malformedPackets) malformed packets
      \(addresses) addresses, \(bluezoneIDs) Bluezone ids
      at most \(most) devices around at once, \(mostNear) near
      """
  }
}
