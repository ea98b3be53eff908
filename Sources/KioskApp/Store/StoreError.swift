// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

/// Why the database did not do what was asked. Holds no value of any row.
enum StoreError: Error, CustomStringConvertible {
  /// The database is damaged. The running kiosk repairs it by itself.
  case notADatabase(path: String)
  /// Something else stands in the database's place.
  case foreign(path: String)
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
      case .SQLITE_IOERR:
        .failed(
          reason: "the disk could not be read or written (SQLite error \(error.extendedResultCode.rawValue)); "
            + "check the SD card and its contacts")
      default: .failed(reason: "SQLite error \(error.extendedResultCode.rawValue)")
      }
  }

  var description: String {
    switch self {
    case .notADatabase(let path):
      "the database \(path) is damaged. The kiosk repairs it by itself, when it starts or within minutes while it runs; "
        + "what can be read is kept. Try again then"
    case .foreign(let path):
      "\(path) is not the kiosk's database, and is left alone. Find out whose it is, and put it elsewhere"
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
