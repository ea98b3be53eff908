// SPDX-License-Identifier: GPL-3.0-or-later

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
    try StoreRegistry.shared.alone(with: path) { () throws(StoreError) in try Salvage.finish(path: path) }
    if Salvage.isNeeded(path: path) {
      let report = try Salvage.run(path: path)
      return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), report)
    }
    do throws(StoreError) {
      return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), nil)
    } catch {
      guard case .notADatabase = error else { throw error }
      let report = try Salvage.run(path: path)
      return (try Store(dataFolder: dataFolder, access: access, isKiosks: true), report)
    }
  }

  /// Repairs the database and goes on with the repaired one. Call it on the thread that writes to this store; what others
  /// ask of it meanwhile is refused as busy.
  func salvage(at now: UTCTime = Salvage.wallTime) throws(StoreError) -> Salvage.Report {
    close()
    let report: Salvage.Report
    do throws(StoreError) { report = try Salvage.run(path: path, at: now) } catch {
      // What can be read is read on.
      try reopen()
      throw error
    }
    try reopen()
    return report
  }
}
