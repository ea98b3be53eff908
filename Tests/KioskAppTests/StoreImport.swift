// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Tracer

@testable import KioskApp

extension Store {
  struct ImportResult: Equatable {
    var entries = 0
    var newEntries = 0
    /// Contacts that match any entry held, and how many of them were not known as exposures before.
    var exposedContacts = 0
    var newExposedContacts = 0
  }

  /// Entries that are in memory already.
  func addUnsigned(_ batch: F0Batch, sha256: [UInt8], authority: AuditEntry.Authority, at now: UTCTime) throws -> Int {
    try addUnsigned(authority: authority, at: now) { each in
      try batch.entries.forEach(each)
      return sha256
    }.new
  }

  /// What `kiosk f0 import FILE` does: takes in an unsigned file and compares it with the log.
  func importF0(
    _ batch: F0Batch, sha256: [UInt8], at now: UTCTime, toleranceSlots: Int, goOn: (Double) -> Bool = { _ in true }
  ) throws -> ImportResult {
    let authority = try AuditEntry.Authority(operatorName: "An", reason: "test")
    let new = try addUnsigned(batch, sha256: sha256, authority: authority, at: now)
    let match = try matchF0(toleranceSlots: toleranceSlots, at: now, goOn: goOn)
    return ImportResult(
      entries: batch.entries.count, newEntries: new,
      exposedContacts: try exposures().reduce(0) { $0 + $1.contacts }, newExposedContacts: match.newExposedContacts)
  }
}
