// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import KioskCore
import Tracer

/// A visit as a line of a table, of CSV or of JSON.
struct VisitWriter {
  enum Form {
    case table, json, csv
  }

  var form: Form

  /// A visit in JSON, everywhere.
  struct Document: Encodable {
    var start: String
    var end: String
    var kind: String
    var platform: String?
    var nearest_dbm: Int?
    var prompted: Bool
    var installed_here: Bool

    init(_ visit: LoggedVisit) {
      start = Self.local(visit.start).rfc3339
      end = Self.local(visit.end).rfc3339
      kind = visit.kind.name
      platform = visit.platform?.name
      nearest_dbm = visit.nearestDBm
      prompted = visit.isPrompted
      installed_here = visit.isInstalledHere
    }

    static func local(_ time: UTCTime) -> LocalTime {
      LocalTime(time, offsetSeconds: SystemClock.utcOffsetSeconds(at: time.seconds))
    }

    enum CodingKeys: CodingKey {
      case start, end, kind, platform, nearest_dbm, prompted, installed_here
    }

    /// What is not known is null, not left out.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(start, forKey: .start)
      try container.encode(end, forKey: .end)
      try container.encode(kind, forKey: .kind)
      try container.encode(platform, forKey: .platform)
      try container.encode(nearest_dbm, forKey: .nearest_dbm)
      try container.encode(prompted, forKey: .prompted)
      try container.encode(installed_here, forKey: .installed_here)
    }
  }

  var header: [String] {
    switch form {
    case .json: []
    case .csv: ["start,end,kind,platform,nearest_dbm,prompted,installed_here"]
    case .table: ["day         from      to        kind       phone    nearest  prompted  installed here"]
    }
  }

  func line(_ visit: LoggedVisit) throws -> String {
    let document = Document(visit)
    switch form {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    case .csv:
      return [
        document.start, document.end, document.kind, document.platform ?? "",
        document.nearest_dbm.map { "\($0)" } ?? "",
        "\(document.prompted)", "\(document.installed_here)",
      ].joined(separator: ",")
    case .table:
      let (start, end) = (Document.local(visit.start), Document.local(visit.end))
      let columns = [
        start.date.padded(to: 10), start.clock.padded(to: 8), (visit.isOpen ? "still" : end.clock).padded(to: 8),
        document.kind.padded(to: 9), (document.platform ?? "-").padded(to: 7),
        (document.nearest_dbm.map { "\($0) dBm" } ?? "-").padded(to: 7, .right),
        (document.prompted ? "yes" : "-").padded(to: 8), document.installed_here ? "yes" : "-",
      ]
      return columns.joined(separator: "  ")
    }
  }

  /// For people, under the table.
  func footer(_ visits: [LoggedVisit]) -> [String] {
    guard form == .table else { return [] }
    var figures = VisitTally.Figures()
    for visit in visits { figures.add(visit) }
    return [figures.words]
  }
}

extension VisitTally.Figures {
  /// `about 120 (±6) visits: 44 Bluezoners, 70 without the app, 6 without a phone; 65 prompted, 3 installed here`
  var words: String {
    let about = uncertainty > 0 ? "about \(visits) (±\(uncertainty)) visits" : "\(visits) visits"
    return "\(about): \(bluezoners) Bluezoners, \(withoutApp) without the app, \(withoutPhone) without a phone; "
      + "\(prompted) prompted, \(installedHere) installed here"
  }
}
