// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One row of the entry log.
public struct LoggedVisit: Hashable, Sendable {
  /// Of the row, counted from 1. It says nothing about the visitor.
  public var id: Int64
  public var start: UTCTime
  /// While the visit is open, when the person was last near.
  public var end: UTCTime
  public var kind: Visit.Kind
  public var platform: Platform?
  /// Strongest smoothed RSSI, dBm; nil without a phone.
  public var nearestDBm: Int?
  public var isPrompted: Bool
  public var isInstalledHere: Bool
  public var isOpen: Bool

  public init(
    id: Int64, start: UTCTime, end: UTCTime, kind: Visit.Kind, platform: Platform? = nil, nearestDBm: Int? = nil,
    isPrompted: Bool = false, isInstalledHere: Bool = false, isOpen: Bool = false
  ) {
    self.id = id
    self.start = start
    self.end = end
    self.kind = kind
    self.platform = platform
    self.nearestDBm = nearestDBm
    self.isPrompted = isPrompted
    self.isInstalledHere = isInstalledHere
    self.isOpen = isOpen
  }
}

extension LoggedVisit {
  /// nil before it has a date.
  public init?(_ update: VisitUpdate) {
    guard case .dated(let start, let end) = update.span else { return nil }
    let visit = update.visit
    self.init(
      id: Int64(visit.number), start: start, end: end, kind: visit.kind, platform: visit.platform,
      nearestDBm: visit.nearestDBm.map { Int($0) }, isPrompted: visit.isPrompted,
      isInstalledHere: visit.isInstalledHere, isOpen: visit.isOpen)
  }
}

extension Visit.Kind {
  /// As it is written in the log's JSON and CSV, and asked for by `kiosk log --kind`.
  public var name: String {
    switch self {
    case .bluezoner: "bluezoner"
    case .noApp: "no-app"
    case .noPhone: "no-phone"
    }
  }
}

extension Platform {
  /// As it is written in the log's JSON and CSV.
  public var name: String {
    switch self {
    case .android: "android"
    case .ios: "ios"
    }
  }
}

extension VisitTally.Figures {
  public mutating func add(_ visit: LoggedVisit) { add(Visit(visit)) }

  /// Bluezoners among those with a phone, percent, whoever installed it here included; nil when there were none.
  public var share: Int? {
    let withPhone = bluezoners + withoutApp
    return withPhone > 0 ? ((bluezoners + min(installedHere, withoutApp)) * 100 + withPhone / 2) / withPhone : nil
  }
}
