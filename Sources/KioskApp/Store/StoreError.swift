// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

/// Why the database did not do what was asked. Holds no value of any row.
enum StoreError: Error, CustomStringConvertible {
  case notADatabase(path: String)
  case newerSchema(path: String)
  case olderSchema(path: String)
  case cannotOpen(path: String, reason: String)
  case notThere(path: String)
  case full
  case readOnly
  case busy
  case failed(reason: String)

  init(_ error: any Error, path: String) {
    guard let error = error as? DatabaseError else {
      self = .failed(reason: "unexpected error")
      return
    }
    self =
      switch error.resultCode {
      case .SQLITE_NOTADB, .SQLITE_CORRUPT: .notADatabase(path: path)
      case .SQLITE_FULL: .full
      case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: .readOnly
      case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
      case .SQLITE_CANTOPEN: .cannotOpen(path: path, reason: "it cannot be opened or created")
      default: .failed(reason: "SQLite error \(error.extendedResultCode.rawValue)")
      }
  }

  var description: String {
    switch self {
    case .notADatabase(let path):
      "the database \(path) is damaged or no database. Move it away to start an empty log, or restore a backup"
    case .newerSchema(let path): "the database \(path) was made by a newer version of kiosk; use that one"
    case .olderSchema(let path):
      "the database \(path) was made by an older version of kiosk; start the kiosk once, it brings it up to date"
    case .cannotOpen(let path, let reason):
      "the database \(path): \(reason); check that the data folder exists and may be written"
    case .notThere(let path): "there is no database \(path); has the kiosk run with this data folder?"
    case .full: "the disk is full; free some space"
    case .readOnly: "the database may not be written; check who owns the data folder, and that the disk is writable"
    case .busy: "the database is in use by another program for too long; try again"
    case .failed(let reason): "the database failed: \(reason)"
    }
  }
}
