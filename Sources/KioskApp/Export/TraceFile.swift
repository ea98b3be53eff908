// SPDX-License-Identifier: GPL-3.0-or-later

import Crypto
import KioskCore
import Tracer

/// The contact log of a time in the app's format, written to a file as it is read.
struct TraceFile {
  var store: Store
  var identity: BluezoneIdentity

  struct Written: Equatable {
    var contacts = 0
    var lines = 0
    /// Contacts of days before this node's key was made: they have no own id, and are left out.
    var withoutOwnID = 0
    /// SHA-256 of the file.
    var sha256: [UInt8] = []

    /// For the audit log.
    var words: String { "\(contacts) contacts, sha256 \(Hex.string(sha256))" }
  }

  /// Makes the file, whole or not at all, mode 0600.
  ///
  /// - Parameter isWanted: says of each contact whether it goes in.
  func write(
    to path: String, from: UTCTime, to end: UTCTime, isWanted: (Contact) -> Bool = { _ in true }
  ) throws -> Written {
    var written = Written()
    var sha = SHA256()
    var identity = identity
    try Files.create(path) { write in
      var chunk: [UInt8] = []
      func flush() throws {
        sha.update(data: chunk)
        try write(chunk)
        chunk.removeAll(keepingCapacity: true)
      }
      try store.forEachContact(from: from, to: end) { contact in
        guard isWanted(contact) else { return }
        let slot = SlotScheme.standard.slot(at: contact.first)
        guard let own = try? identity.bluezoneID(in: slot) else {
          written.withoutOwnID += 1
          return
        }
        let lines = TraceLine.lines(contact, own: own)
        for line in lines { chunk += line.bytes }
        written.contacts += 1
        written.lines += lines.count
        if chunk.count >= AppLimits.exportChunkBytes { try flush() }
      }
      try flush()
    }
    written.sha256 = Array(sha.finalize())
    return written
  }
}
