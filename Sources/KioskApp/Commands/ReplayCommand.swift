// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Run a btsnoop recording through the real pipeline at its own times.",
    discussion: "People and visits are estimates, as in the kiosk itself.")

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
    var visits: [VisitWriter.Document]
    var counts: [Count]

    struct Count: Encodable {
      var t: Int
      var people: Int
      var bluezoners: Int
      var near_people: Int
      var near_bluezoners: Int
      /// Addresses, as a plain count of devices would have it.
      var devices: Int
    }
  }

  fileprivate func json() throws -> String {
    let counts = seconds.map {
      Document.Count(
        t: $0.t, people: $0.counts.people, bluezoners: $0.counts.bluezoners, near_people: $0.counts.nearPeople,
        near_bluezoners: $0.counts.nearBluezoners, devices: $0.counts.devices)
    }
    let document = Document(
      reports: reports, addresses: addresses, bluezone_ids: bluezoneIDs, malformed: malformedPackets,
      visits: visits.map(VisitWriter.Document.init), counts: counts)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  fileprivate func words() -> String {
    let most = seconds.map(\.counts.people).max() ?? 0
    let mostNear = seconds.map(\.counts.nearPeople).max() ?? 0
    return """
      \(records) records over \(seconds.count) s: \(reports) reports, \(malformedPackets) malformed packets
      \(addresses) addresses, \(bluezoneIDs) Bluezone ids
      at most about \(most) people around at once, \(mostNear) near; \(visits.count) visits
      """
  }
}
