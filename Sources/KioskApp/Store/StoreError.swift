// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

/// Why the database did not do what was asked. Holds no value of any row.
enum StoreError: Error, CustomStringConvertible {
  case notADatabase(path: String)
  case newerSchema(path: String)
  case olderSchema(path: String)
  case cannotOpen(path: String, reason: String)
  case notThere(path: String)
  /// This user may not use it.
  case notAllowed(path: String)
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
      case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
        Login.advice(for: path) == nil ? .readOnly : .notAllowed(path: path)
      case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
      case .SQLITE_CANTOPEN: StoreErrorWords.cannotOpen(path)
      // To be read, SQLite opens a folder without complaint.
      case .SQLITE_IOERR where StoreErrorWords.isFolder(path): StoreErrorWords.cannotOpen(path)
      default: .failed(reason: StoreErrorWords.words(error.extendedResultCode))
      }
  }

  var description: String {
    switch self {
    case .notADatabase(let path):
      "the database \(path) is damaged, or another file stands in its place. Keep that file, and put a backup in its place"
    case .newerSchema(let path): "the database \(path) was made by a newer version of kiosk; use that one"
    case .olderSchema(let path):
      "the database \(path) was made by an older version of kiosk; start the kiosk once, it brings it up to date"
    case .cannotOpen(let path, let reason): "the database \(path): \(reason)"
    case .notAllowed(let path): "the database \(path) may not be used by this user\(Login.advice(for: path) ?? "")"
    case .notThere(let path): "there is no database \(path); has the kiosk run with this data folder?"
    case .full: "the disk is full; free some space"
    case .readOnly: "the database may not be written; check who owns the data folder, and that the disk is writable"
    case .busy: "the database is in use by another program for too long; try again"
    case .failed(let reason): "the database failed: \(reason)"
    }
  }
}
