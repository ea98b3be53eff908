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

    /// For status, log and audit: figures alone.
    var description: String {
      var parts = ["\(rows.values.reduce(0, +)) rows saved"]
      parts += rows.keys.sorted().map { "\($0) \(rows[$0] ?? 0)" }
      if restoredRows > 0 { parts.append("\(restoredRows) put back from an index") }
      parts.append("\(unreadablePages) pages unreadable")
      if rottenFrames > 0 { parts.append("\(rottenFrames) parts of the write-ahead log rotten") }
      if damagedRows > 0 { parts.append("\(damagedRows) rows not readable") }
      return parts.joined(separator: ", ") + "; " + lostTime + importWords
    }

    /// As `kiosk f0 list` names the files.
    private var importWords: String {
      guard !lostImports.isEmpty else { return "" }
      let some = lostImports.prefix(AppLimits.lostImportsTold).map {
        "\(SystemClock.rfc3339($0.importedAt)) \(Hex.string($0.sha256.prefix(8))), \($0.missing) entries"
      }
      let more = lostImports.count > some.count ? "; \(lostImports.count - some.count) more" : ""
      return "; entries of unsigned F0 files are lost, import these again: \(some.joined(separator: "; "))\(more)"
    }

    private var lostTime: String {
      // A number that was read from a rotten page may be anything. Bluezone is of 2020.
      let first2020 = LogSlot.number(at: UTCTime(seconds: 1_577_836_800))
      let lostSlots = lostSlots.filter { $0 >= first2020 && $0 < 2 * first2020 }
      guard let first = lostSlots.min(), let last = lostSlots.max() else {
        return "no packed quarter hour of the contact log is lost"
      }
      let end = LogSlot.start(of: last).adding(milliseconds: LogSlot.milliseconds)
      return "\(lostSlots.count) quarter hours of the contact log lost, in the time from "
        + "\(SystemClock.rfc3339(LogSlot.start(of: first))) to \(SystemClock.rfc3339(end))"
    }

    /// For people, with what to do.
    var words: String {
      "the database was damaged and has been repaired: \(description). Check the SD card: it may be failing"
    }
  }
}
