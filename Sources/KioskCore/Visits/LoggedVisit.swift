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
  public mutating func add(_ visit: LoggedVisit) {
    visits += 1
    switch visit.kind {
    case .bluezoner: bluezoners += 1
    case .noApp: withoutApp += 1
    case .noPhone: withoutPhone += 1
    }
    if visit.isPrompted { prompted += 1 }
    if visit.isInstalledHere { installedHere += 1 }
  }

  /// Bluezoners among those with a phone, percent, whoever installed it here included; nil when there were none.
  public var share: Int? {
    let withPhone = bluezoners + withoutApp
    return withPhone > 0 ? ((bluezoners + min(installedHere, withoutApp)) * 100 + withPhone / 2) / withPhone : nil
  }
}
