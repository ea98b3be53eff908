// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import Glibc

/// Why the database did not do what was asked. Holds no value of any row.
enum StoreError: Error, CustomStringConvertible {
  /// The database is damaged. The running kiosk repairs it by itself.
  case notADatabase(path: String)
  case newerSchema(path: String)
  case olderSchema(path: String)
  case cannotOpen(path: String, reason: String)
  case notThere(path: String)
  /// The data folder's disk is not there.
  case folderMissing(path: String)
  /// This user may not use it.
  case notAllowed(path: String)
  /// A folder, or a file of another kind, has the place of `what`.
  case inItsPlace(path: String, of: String)
  /// Reading or writing fails.
  case failingDisk
  case inUse(folder: String)
  case full
  case readOnly
  case busy
  case failed(reason: String)

  init(_ error: any Error, path: String) {
    // A value that its column cannot hold. What the error itself says holds the row.
    if error is RowDecodingError {
      self = .notADatabase(path: path)
      return
    }
    guard let error = error as? DatabaseError else {
      self = .failed(reason: "unexpected error")
      return
    }
    self =
      switch error.resultCode {
      case .SQLITE_NOTADB where Self.isForeign(path): .inItsPlace(path: path, of: "the database")
      case .SQLITE_NOTADB, .SQLITE_CORRUPT: .notADatabase(path: path)
      // No statement of ours writes NULL where none may be: it was read from a row that has rotted.
      case .SQLITE_CONSTRAINT where error.extendedResultCode == .SQLITE_CONSTRAINT_NOTNULL: .notADatabase(path: path)
      case .SQLITE_FULL: .full
      case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: StoreError(diskOf: path) ?? .readOnly
      case .SQLITE_IOERR: StoreError(diskOf: path) ?? .failingDisk
      case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
      case .SQLITE_CANTOPEN:
        StoreError(diskOf: path) ?? StoreErrorWords.cannotOpen(path)
      case .SQLITE_ERROR where StoreErrorWords.missingTable(error) != nil:
        .failed(reason: StoreErrorWords.missingTable(error) ?? "")
      default: .failed(reason: StoreErrorWords.words(error.extendedResultCode))
      }
  }

  /// Whether a kiosk has had its log there.
  private static func isEmptied(_ path: String) -> Bool { Files.isThere(IdentityFile.path(in: Files.folder(of: path))) }

  /// This user's own folder, with somebody else's file in it.
  private static func strayAdvice(_ path: String) -> String? {
    Login.strayFile(in: StoreErrorWords.isFolder(path) ? path : Files.folder(of: path)).map {
      ": \($0.path) belongs to user \($0.owner); give it back, as root: chown \(Login.name(of: geteuid())): \($0.path)"
    }
  }

  var description: String {
    switch self {
    case .notADatabase(let path):
      "the database \(path) is damaged. The kiosk repairs it by itself, when it starts or within minutes while it runs; "
        + "what can be read is kept. Try again then"
    case .newerSchema(let path): "the database \(path) was made by a newer version of kiosk; use that one"
    case .olderSchema(let path):
      "the database \(path) was made by an older version of kiosk; start the kiosk once, it brings it up to date"
    case .cannotOpen(let path, let reason): "the database \(path): \(reason)"
    case .notAllowed(let path):
      "\(path) may not be used by this user"
        + (Login.advice(for: path) ?? Self.strayAdvice(path)
          ?? "; run this as the user to whom the data folder belongs, or as root")
    case .notThere(let path):
      Self.isEmptied(path)
        ? "\(path) is \(Files.isThere(path) ? "empty" : "not there"). \(Beginning.Lost.log.words)"
        : "there is no database \(path); has the kiosk run with this data folder?"
    case .folderMissing(let path):
      "there is no database: the data folder \(path) is not there; plug in and mount its disk, or correct data_folder"
    case .inItsPlace(let path, let what):
      "\(path) is not \(what), or nothing of it can be read: a folder or another file stands in its place. Move it to where "
        + "you can keep it, and put a backup in its place; nothing of it is touched"
    case .failingDisk: "the disk fails: it cannot be read or written; look at dmesg, save what is on it, replace it"
    case .inUse(let folder):
      "another kiosk is running with the data folder \(folder); stop it, or use another folder"
    case .full: "the disk is full; free some space"
    case .readOnly:
      "the disk is read-only: the system has mounted it so, or has had to after an error; look at dmesg, mount it writable"
    case .busy: "the database is in use by another program for too long; try again"
    case .failed(let reason): "the database failed: \(reason)"
    }
  }
}
