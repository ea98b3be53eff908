// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore
import Tracer

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Visits by day or by hour, and how many had the app.",
    discussion: "People are estimated from their phones: the column ± says how far the number may be off.")

  enum Step: String, ExpressibleByArgument, CaseIterable { case day, hour }

  @OptionGroup var options: SettingsOptions
  @Option(help: "How many days, today included, 1 to 366.") var days = 7
  @Option(help: "day or hour.") var by = Step.day
  @Flag(help: "One JSON object a line.") var json = false
  @Flag(help: "Comma-separated values with a header.") var csv = false

  func validate() throws {
    guard (1...366).contains(days) else { throw ValidationError("1 to 366 days.") }
    guard !(json && csv) else { throw ValidationError("Either --json or --csv.") }
  }

  private struct Line: Encodable {
    var from: String
    var visits: Int
    var plus_minus: Int
    var bluezoners: Int
    var without_app: Int
    var without_phone: Int
    var prompted: Int
    var installed_here: Int
    /// Of those with a phone, percent.
    var share: Int?

    init(_ from: String, _ figures: VisitTally.Figures) {
      self.from = from
      visits = figures.visits
      plus_minus = figures.uncertainty
      bluezoners = figures.bluezoners
      without_app = figures.withoutApp
      without_phone = figures.withoutPhone
      prompted = figures.prompted
      installed_here = figures.installedHere
      share = figures.share
    }
  }

  func run() throws {
    let settings = try options.settings()
    do {
      let now = SystemClock(trust: .always).now().utc
      var query = Store.VisitQuery()
      query.from = LocalMoment.midnight(of: now, addingDays: Int32(1 - days))
      let visits = try Store(dataFolder: settings.dataFolder, access: .look).visits(query)
      let lines = lines(of: visits, until: now)
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for line in lines { print(String(decoding: try encoder.encode(line), as: UTF8.self)) }
      } else if csv {
        print("from,visits,plus_minus,bluezoners,without_app,without_phone,prompted,installed_here,share")
        for line in lines {
          print(
            [
              line.from, "\(line.visits)", "\(line.plus_minus)", "\(line.bluezoners)", "\(line.without_app)",
              "\(line.without_phone)", "\(line.prompted)", "\(line.installed_here)", line.share.map { "\($0)" } ?? "",
            ].joined(separator: ","))
        }
      } else {
        printTable(lines)
      }
    } catch {
      throw Exit.failure(error)
    }
  }

  /// Hours in which nobody came are left out; days are not.
  private func lines(of visits: [LoggedVisit], until now: UTCTime) -> [Line] {
    var figures: [UTCTime: VisitTally.Figures] = [:]
    if by == .day {
      for day in 0..<days { figures[LocalMoment.midnight(of: now, addingDays: Int32(-day))] = .init() }
    }
    for visit in visits {
      let local = VisitWriter.Document.local(visit.start)
      let start =
        by == .day
        ? LocalMoment.midnight(of: visit.start)
        : UTCTime(seconds: visit.start.seconds - Int64(local.minute * 60 + local.second))
      figures[start, default: .init()].add(visit)
    }
    return figures.sorted { $0.key < $1.key }.map { start, figures in
      Line(VisitWriter.Document.local(start).rfc3339, figures)
    }
  }

  private func printTable(_ lines: [Line]) {
    print("\(by.rawValue.padded(to: 16))  visits     ±  Bluezoners  share  no app  no phone  prompted  installed here")
    for line in lines {
      let name = by == .day ? String(line.from.prefix(10)) : String(line.from.prefix(16)).replacing("T", with: " ")
      let columns = [
        name.padded(to: 16), "\(line.visits)".padded(to: 6, .right), "\(line.plus_minus)".padded(to: 4, .right),
        "\(line.bluezoners)".padded(to: 10, .right), (line.share.map { "\($0) %" } ?? "-").padded(to: 5, .right),
        "\(line.without_app)".padded(to: 6, .right), "\(line.without_phone)".padded(to: 8, .right),
        "\(line.prompted)".padded(to: 8, .right), "\(line.installed_here)".padded(to: 14, .right),
      ]
      print(columns.joined(separator: "  "))
    }
  }
}
