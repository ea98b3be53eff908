// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import Tracer

/// Opening a database that may be damaged, and repairing one that is open.
extension Store {
  /// The kiosk's own way to open its database: what is damaged is repaired first.
  ///
  /// - Returns: what was saved, where that was needed.
  static func repaired(
    dataFolder: String, access: Access = .create
  ) throws(StoreError) -> (store: Store, report: Salvage.Report?) {
    let path = dataFolder + "/kiosk.sqlite"
    // Where this process closes a file that a connection of its own has open, SQLite's locks on it are gone.
    let isNeeded = try StoreRegistry.shared.alone(with: path) { () throws(StoreError) in
      try Salvage.finish(path: path)
      return Salvage.isNeeded(path: path)
    }
    if isNeeded {
      let report = try Salvage.run(path: path)
      return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), report)
    }
    do throws(StoreError) {
      return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), nil)
    } catch {
      // Of a first start that was cut off there may be a file with nothing in it yet.
      if access == .create, case .inItsPlace = error, Salvage.isEmpty(path: path) {
        try Salvage.forget(path: path)
        return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), nil)
      }
      guard case .notADatabase = error else { throw error }
      let report: Salvage.Report
      do throws(StoreError) { report = try Salvage.run(path: path) } catch {
        // It may be one with no table yet, which the disk gave wrongly once.
        guard access == .create, case .inItsPlace = error,
          let store = try? Store(dataFolder: dataFolder, access: access, isKiosks: true)
        else { throw error }
        return (store, nil)
      }
      return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), report)
    }
  }

  /// The last repair since a time, in words for who takes something out of the log; nil where there was none.
  func repairWords(since time: UTCTime) throws(StoreError) -> String? {
    try read { db in
      let row = try Row.fetchOne(
        db, sql: "SELECT at, detail FROM audit WHERE action = ? AND at >= ? ORDER BY id DESC LIMIT 1",
        arguments: [AuditEntry.Action.salvage.rawValue, time.seconds])
      return try row.map { row in
        let at = SystemClock.rfc3339(UTCTime(seconds: try row.get("at")))
        return "the log was damaged, and repaired at \(at); what is taken out of it may be incomplete: "
          + PlainText.shown(try row.get("detail"))
      }
    }
  }

  /// Repairs the database and goes on with the repaired one. Call it on the thread that writes to this store; what others
  /// ask of it meanwhile is refused as busy.
  func salvage(at now: UTCTime = Salvage.wallTime) throws(StoreError) -> Salvage.Report {
    close()
    let report: Salvage.Report
    do throws(StoreError) { report = try Salvage.run(path: path, at: now) } catch {
      // What can be read is read on. Why it was not repaired counts, and not that it is damaged.
      try? reopen()
      throw error
    }
    try reopen()
    return report
  }
}
