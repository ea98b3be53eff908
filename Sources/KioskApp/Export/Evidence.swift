// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import KioskCore
import Tracer

/// An exposure as a health office gets it, beside the trace of its windows.
struct Evidence: Encodable {
  var format = "bluezone-kiosk evidence"
  var format_version = 1
  var software: String
  var made: String
  var `operator`: String
  var reason: String
  var exposure: CaseLine
  /// The F0's own contacts, with their ids.
  var contacts: [ContactLine]
  var batch: Batch
  var tolerance_minutes: Int
  var trace: Trace
  /// The audit log when this was written, for `kiosk audit --verify --head`, and the entry by which it is on record.
  var audit: AuditChain.Head
  var audit_entry: Int64

  struct ContactLine: Encodable {
    var id: String
    var start: String
    var end: String
    var nearest_dbm: Int?
    var mean_dbm: Int?
    var reports: Int
    var platform: String?

    init(_ contact: Contact) {
      id = contact.id.hex.uppercased()
      start = SystemClock.rfc3339(contact.first)
      end = SystemClock.rfc3339(contact.last)
      nearest_dbm = contact.strength.nearestDBm
      mean_dbm = contact.strength.meanDBm
      reports = contact.strength.count
      platform = contact.platform.map { "\($0)" }
    }
  }

  struct Batch: Encodable {
    var sha256: String
    var imported: String
    var entries: Int
    var feed_version: Int64?
    var feed_region: String?
    /// The entry's span of time and slots a day.
    var time_start: Int64
    var time_end: Int64
    var max: Int

    init(_ provenance: ExposedCase.Provenance) {
      sha256 = Hex.string(provenance.batchSHA256)
      imported = SystemClock.rfc3339(provenance.batchImportedAt)
      entries = provenance.batchEntries
      feed_version = provenance.feedVersion
      feed_region = provenance.feedRegion
      time_start = provenance.entryStart.seconds
      time_end = provenance.entryEnd.seconds
      max = provenance.slotsPerDay
    }
  }

  /// The file of all contacts in the windows, the F0's and those of the others.
  struct Trace: Encodable {
    var file: String
    var sha256: String
    var lines: Int
    var contacts: Int
  }
}

/// An exposure in JSON, for staff and in evidence.
struct CaseLine: Encodable {
  var id: Int64
  var f0: Int64
  var state: String
  var found: String
  var start: String
  var end: String
  var minutes: Int64
  var nearest_dbm: Int?
  var mean_dbm: Int?
  var near: Bool
  var contacts: Int
  var bluezoners: Int
  var visits: Int
  var windows: [Window]

  struct Window: Encodable {
    var start: String
    var end: String
    var minutes: Int64
    var nearest_dbm: Int?
    var mean_dbm: Int?
    var near: Bool
    var contacts: Int
    var bluezoners: Int
    var bluezoner_ids: Int
    var visits: Int
    var bluezoner_visits: Int

    init(_ window: ExposedCase.Window) {
      let exposure = window.exposure
      start = SystemClock.rfc3339(exposure.start)
      end = SystemClock.rfc3339(exposure.end)
      minutes = CaseLine.minutes(exposure.end.seconds - exposure.start.seconds)
      nearest_dbm = exposure.strength.nearestDBm
      mean_dbm = exposure.strength.meanDBm
      near = window.isNear
      contacts = exposure.contacts
      bluezoners = window.bluezoners
      bluezoner_ids = window.otherIDs
      visits = window.visits
      bluezoner_visits = window.bluezonerVisits
    }
  }

  init(_ exposed: ExposedCase) {
    id = exposed.id
    f0 = exposed.f0
    state = exposed.state.name
    found = SystemClock.rfc3339(exposed.foundAt)
    start = SystemClock.rfc3339(exposed.start)
    end = SystemClock.rfc3339(exposed.end)
    minutes = Self.minutes(exposed.seconds)
    nearest_dbm = exposed.strength.nearestDBm
    mean_dbm = exposed.strength.meanDBm
    near = exposed.isNear
    contacts = exposed.contacts.count
    bluezoners = exposed.windows.map(\.bluezoners).max() ?? 0
    visits = exposed.windows.reduce(0) { $0 + $1.visits }
    windows = exposed.windows.map(Window.init)
  }

  /// Begun minutes count: a stay of seconds is one.
  static func minutes(_ seconds: Int64) -> Int64 { max((seconds + 59) / 60, 1) }
}

extension SystemClock {
  /// In local time with its offset.
  static func rfc3339(_ time: UTCTime) -> String {
    LocalTime(time, offsetSeconds: utcOffsetSeconds(at: time.seconds)).rfc3339
  }
}
