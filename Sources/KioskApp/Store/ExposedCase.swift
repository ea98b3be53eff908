// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import Tracer

/// An F0 entry whose phone was here.
struct ExposedCase: Sendable {
  /// The kiosk's number of it, never used again.
  var id: Int64
  /// The entry's number.
  var f0: Int64
  var state: State
  /// When its newest contact was found.
  var foundAt: UTCTime
  var provenance: Provenance
  /// Its stays here, in the order of time; at least one.
  var windows: [Window]
  /// Its contacts, in the order of time.
  var contacts: [Contact]

  enum State: Int, Sendable, CaseIterable {
    case new = 0
    /// Staff have looked at all its contacts. A further one makes it new again.
    case seen = 1
    /// Seen, and evidence was made of all its contacts.
    case exported = 2

    var name: String { "\(self)" }
  }

  /// Where the entry came from and how it was compared.
  struct Provenance: Sendable {
    /// SHA-256 of the file it came in.
    var batchSHA256: [UInt8]
    var batchImportedAt: UTCTime
    var batchEntries: Int
    /// The signed feed it came with: its version and region; nil for a file without.
    var feedVersion: Int64?
    var feedRegion: String?
    var entryStart: UTCTime
    var entryEnd: UTCTime
    var slotsPerDay: Int
    var toleranceSlots: Int
  }

  /// A stay of it, and who else was here.
  struct Window: Sendable {
    var exposure: Exposure
    /// Whether any contact was as strong as a phone within about 2 m.
    var isNear: Bool
    /// Other ids heard in it.
    var otherIDs: Int
    /// The most of them in one slot of 15 minutes: so many Bluezoners were here at the least. An id lasts a slot, so that
    /// `otherIDs` counts who stays longer again.
    var bluezoners: Int
    /// Visits in the entry log that overlap it, and those of them by Bluezoners; the case itself may be one.
    var visits: Int
    var bluezonerVisits: Int
  }

  var start: UTCTime { windows.first?.exposure.start ?? UTCTime(milliseconds: 0) }
  var end: UTCTime { windows.last?.exposure.end ?? UTCTime(milliseconds: 0) }
  /// Length of all stays.
  var seconds: Int64 { windows.reduce(0) { $0 + $1.exposure.end.seconds - $1.exposure.start.seconds } }
  var isNear: Bool { windows.contains(where: \.isNear) }
  var strength: ContactUpdate.Strength {
    .init(
      count: contacts.reduce(0) { $0 + $1.strength.count },
      nearestDBm: contacts.compactMap(\.strength.nearestDBm).max(),
      sumDBm: contacts.reduce(0) { $0 + $1.strength.sumDBm })
  }
}

extension ContactUpdate.Strength {
  /// Rounded to the nearest; nil when no report told one.
  var meanDBm: Int? { count > 0 ? Int((Double(sumDBm) / Double(count)).rounded()) : nil }
}
