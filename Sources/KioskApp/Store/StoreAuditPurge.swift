// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Tracer

/// What the kiosk puts on record of its own accord: what it forgot, and that its settings are others.
extension Store {
  /// Rows of each kind that a purge may delete.
  struct Holdings: Equatable {
    var contacts = 0
    var undatedContacts = 0
    var visits = 0
    var exposures = 0
    var f0Entries = 0

    fileprivate static func - (before: Holdings, after: Holdings) -> Holdings {
      Holdings(
        contacts: max(before.contacts - after.contacts, 0),
        undatedContacts: max(before.undatedContacts - after.undatedContacts, 0),
        visits: max(before.visits - after.visits, 0), exposures: max(before.exposures - after.exposures, 0),
        f0Entries: max(before.f0Entries - after.f0Entries, 0))
    }

    /// For the audit log; nil where there is nothing.
    fileprivate var words: String? {
      let kinds = [
        (contacts, "contacts"), (undatedContacts, "contacts without a date"), (visits, "visits"),
        (exposures, "contacts with confirmed cases"), (f0Entries, "F0 entries"),
      ]
      let words = kinds.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      return words.isEmpty ? nil : words.joined(separator: ", ")
    }
  }

  func holdings() throws(StoreError) -> Holdings {
    try read { db in
      func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
      var holdings = Holdings()
      holdings.contacts = try count("SELECT count(*) FROM contactRow")
      // A pack's ids are 12 bytes each, behind a head of 9. Source: ContactPack.
      holdings.contacts += try count("SELECT coalesce(sum((length(ids) - 9) / 12), 0) FROM contactPack")
      holdings.undatedContacts = try count("SELECT count(*) FROM undatedContact")
      holdings.visits = try count("SELECT count(*) FROM visit")
      holdings.exposures = try count("SELECT count(*) FROM exposure")
      holdings.f0Entries = try count("SELECT count(*) FROM f0Entry")
      return holdings
    }
  }

  /// Runs a purge and puts on record how many rows of each kind it deleted, if any. What it deleted stays on record also
  /// when it breaks off halfway.
  ///
  /// - Parameter detail: by which times it purges.
  func recordPurge(_ detail: String, at now: UTCTime, _ purge: () throws(StoreError) -> Void) throws(StoreError) {
    let before = try holdings()
    var fault: StoreError?
    do throws(StoreError) { try purge() } catch { fault = error }
    if let words = (before - (try holdings())).words {
      try addAudit(AuditEntry(at: now, action: .purge, authority: .kiosk, detail: "\(words); \(detail)"))
    }
    if let fault { throw fault }
  }

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
