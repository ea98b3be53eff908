// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Synchronization
import Tracer

/// What the kiosk puts on record of its own accord: what it forgot, and that its settings are others.
extension Store {
  /// Runs a purge and puts on record how many rows of each kind it deleted, if any.
  ///
  /// - Parameter detail: by which times it purges.
  func recordPurge(_ detail: String, at now: UTCTime, _ purge: () throws(StoreError) -> Purged) throws(StoreError) {
    let purged = try purge()
    // What an earlier one deleted and could not put on record, too.
    let all = unrecorded.withLock { unrecorded in
      unrecorded += purged
      return unrecorded
    }
    guard let words = all.words else { return }
    try addAudit(AuditEntry(at: now, action: .purge, authority: .kiosk, detail: "\(words); \(detail)"))
    unrecorded.withLock { $0 = Purged() }
  }

  /// What was deleted before a fault goes on record with the next purge.
  func noteUnrecorded(_ purged: Purged) { unrecorded.withLock { $0 += purged } }

  /// Puts on record that the settings' file is another one than at the last start. Its content is not kept.
  ///
  /// - Parameter sha256: of the file's bytes; of none where there is no file.
  func noteSettings(sha256: [UInt8], at now: UTCTime) throws(StoreError) {
    try write { db in
      let seen = try Data.fetchOne(db, sql: "SELECT sha256 FROM settingsSeen").map { [UInt8]($0) }
      guard seen != sha256 else { return }
      let before = seen.map { "before: sha256 \(Hex.string($0))" } ?? "none on record before"
      try Self.addAudit(
        db,
        AuditEntry(
          at: now, action: .changeConfiguration, authority: .kiosk,
          detail: "settings found at the start: sha256 \(Hex.string(sha256)); \(before)"))
      try db.execute(sql: "INSERT OR REPLACE INTO settingsSeen (id, sha256) VALUES (1, ?)", arguments: [Data(sha256)])
    }
  }
}

extension Store.Purged {
  /// For the audit log; nil where there is nothing.
  fileprivate var words: String? {
    let kinds = [
      (contacts, "contacts"), (undated, "contacts without a date"), (visits, "visits"),
      (exposures, "contacts with confirmed cases"), (f0Entries, "F0 entries"),
    ]
    let words = kinds.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
