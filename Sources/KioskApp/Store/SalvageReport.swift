// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import Tracer

extension Salvage {
  /// What was saved of a damaged database, and what was not.
  struct Report: Equatable, Sendable {
    /// Rows saved, by table.
    var rows: [String: Int] = [:]
    /// Pages that hold what nothing can be read from.
    var unreadablePages = 0
    /// Frames of the write-ahead log that had rotted.
    var rottenFrames = 0
    /// Rows that could not be read, or that the tables refuse: what they say has rotted.
    var damagedRows = 0
    /// Rows that were put back from an index.
    var restoredRows = 0
    /// Slots of the contact log that are lost in whole or in part.
    var lostSlots: Set<Int64> = []
    /// Imported by a person, and no more whole.
    var lostImports: [LostImport] = []

    struct LostImport: Equatable, Sendable {
      var importedAt: UTCTime
      var sha256: [UInt8]
      /// Entries.
      var missing: Int
    }

    /// Pages that the file had by its header, and that are cut off.
    var missingPages = 0
    /// Entries of the audit log that are missing, by their numbers, with whether others are missing that nothing tells of.
    var lostAudit = LostAudit()

    struct LostAudit: Equatable, Sendable {
      /// Gaps between the entries that are there, and up to the highest number that was known to be given.
      var gaps: [ClosedRange<Int64>] = []
      /// Nothing says up to which number there were entries.
      var hasUnknownEnd = false
    }

    /// Whether more may be lost than what is named.
    var mayLackMore: Bool { unreadablePages + missingPages + rottenFrames + damagedRows > 0 }

    /// For status, log and audit: figures alone.
    var description: String {
      var counts: [String: Int] = [:]
      for (table, count) in rows where count > 0 { counts[Self.names[table] ?? "other rows", default: 0] += count }
      let saved = Self.order.compactMap { name in counts[name].map { "\($0) \(name)" } }
      var parts = ["saved: " + (saved.isEmpty ? "nothing" : saved.joined(separator: ", "))]
      if restoredRows > 0 { parts.append("\(restoredRows) rows put back from an index") }
      var damage: [String] = []
      if unreadablePages > 0 { damage.append("\(unreadablePages) pages unreadable") }
      if missingPages > 0 { damage.append("\(missingPages) pages cut off") }
      if rottenFrames > 0 { damage.append("\(rottenFrames) parts of the write-ahead log rotten") }
      if damagedRows > 0 { damage.append("\(damagedRows) rows not readable") }
      if !damage.isEmpty { parts.append(damage.joined(separator: ", ")) }
      return (parts + lossWords).joined(separator: "; ")
    }

    /// What is lost, as far as that is known.
    private var lossWords: [String] {
      var words = [lostTime, auditWords, importWords].compactMap(\.self)
      if mayLackMore {
        words.append("what else stood there is lost: contacts and visits of any time may be missing")
      } else if words.isEmpty {
        words.append("nothing is known to be lost")
      }
      return words
    }

    private static let names = [
      "contactRow": "contacts", "undatedContact": "contacts", "contactPack": "packs of contacts", "visit": "visits",
      "audit": "audit entries", "f0Entry": "F0 entries", "exposedCase": "exposures",
    ]
    private static let order = [
      "contacts", "packs of contacts", "visits", "audit entries", "F0 entries", "exposures", "other rows",
    ]

    private var auditWords: String? {
      if lostAudit.gaps.isEmpty {
        return lostAudit.hasUnknownEnd && mayLackMore ? "the newest entries of the audit log may be lost" : nil
      }
      let some = lostAudit.gaps.prefix(AppLimits.lostImportsTold).map {
        $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
      }
      let more = lostAudit.gaps.count > some.count ? " and more" : ""
      return "entries \(some.joined(separator: ", "))\(more) of the audit log are lost"
        + (lostAudit.hasUnknownEnd ? ", perhaps also newer ones" : "")
    }

    /// As `kiosk f0 list` names the files.
    private var importWords: String? {
      guard !lostImports.isEmpty else { return nil }
      let some = lostImports.prefix(AppLimits.lostImportsTold).map {
        "\(SystemClock.rfc3339($0.importedAt)) \(Hex.string($0.sha256.prefix(8))), \($0.missing) entries"
      }
      let more = lostImports.count > some.count ? "; \(lostImports.count - some.count) more" : ""
      return "entries of unsigned F0 files are lost, import these again: \(some.joined(separator: "; "))\(more)"
    }

    private var lostTime: String? {
      // A number that was read from a rotten page may be anything. Bluezone is of 2020.
      let first2020 = LogSlot.number(at: UTCTime(seconds: 1_577_836_800))
      let lostSlots = lostSlots.filter { $0 >= first2020 && $0 < 2 * first2020 }
      guard let first = lostSlots.min(), let last = lostSlots.max() else { return nil }
      let end = LogSlot.start(of: last).adding(milliseconds: LogSlot.milliseconds)
      return "contacts of \(lostSlots.count) quarter hours are lost, in the time from "
        + "\(SystemClock.rfc3339(LogSlot.start(of: first))) to \(SystemClock.rfc3339(end))"
    }

    /// For people, with what to do.
    var words: String {
      "the database was damaged and has been repaired: \(description). Check the SD card: it may be failing"
    }
  }
}
