// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import KioskCore

/// What the file system says of a database that cannot be used: SQLite's own code does not tell.
extension StoreError {
  /// The cause as found beside the database at `path`; nil if nothing there explains it.
  init?(diskOf path: String) {
    let folder = Files.folder(of: path)
    var attributes = stat()
    guard stat(folder, &attributes) == 0 else {
      self.init(ofFolder: folder, errno: errno)
      return
    }
    guard attributes.st_mode & S_IFMT == S_IFDIR else {
      self = .inItsPlace(path: folder, of: "the data folder")
      return
    }
    if stat(path, &attributes) == 0, attributes.st_mode & S_IFMT != S_IFREG {
      self = .inItsPlace(path: path, of: "the database")
      return
    }
    for end in ["-wal", "-shm"]
    where stat(path + end, &attributes) == 0 && attributes.st_mode & S_IFMT != S_IFREG {
      self = .inItsPlace(path: path + end, of: "the database's file \(end)")
      return
    }
    var system = statvfs()
    guard statvfs(folder, &system) == 0 else {
      self.init(ofFolder: folder, errno: errno)
      return
    }
    if system.f_flag & UInt(ST_RDONLY) != 0 {
      self = .readOnly
    } else if access(folder, W_OK | X_OK) != 0 || (Files.isThere(path) && access(path, R_OK | W_OK) != 0) {
      self.init(ofFolder: folder, errno: errno)
    } else {
      let free = geteuid() == 0 ? system.f_bfree : system.f_bavail
      guard free * UInt(system.f_frsize) < AppLimits.fullDiskBytes || system.f_ffree == 0 && system.f_files > 0 else {
        return nil
      }
      self = .full
    }
  }

  /// Why a folder cannot be used that the system refuses with `code`.
  init(ofFolder folder: String, errno code: Int32) {
    switch code {
    case ENOENT, ENOTDIR, ENODEV, ENXIO: self = .folderMissing(path: folder)
    case EACCES, EPERM: self = .notAllowed(path: folder)
    case EROFS: self = .readOnly
    case ENOSPC, EDQUOT: self = .full
    case EIO, ESTALE, ENOTCONN: self = .failingDisk
    default: self = .cannotOpen(path: folder, reason: FileError.cause(code))
    }
  }

  /// Whether the file there is of another kind: neither its beginning nor one of its first pages is a database's. Only a
  /// repair finds out whether a database with a rotten beginning is the kiosk's.
  static func isForeign(_ path: String) -> Bool {
    // Where it is open, it was one. To open and close it here would take SQLite's locks from that connection.
    guard !StoreRegistry.shared.isOpen(path) else { return false }
    guard let file = try? SalvageFile(path: path, forWriting: false), file.fileBytes > 0 else { return false }
    let head = file.page(1) ?? []
    // What has rotted is not foreign: some of its name is left.
    let name = Array("SQLite format 3\0".utf8)
    if zip(head, name).count(where: ==) >= 4 { return false }
    let looked = min(file.pages, AppLimits.foreignPagesLooked)
    guard looked > 1 else { return true }
    return !(2...looked).contains { number in
      guard let bytes = file.page(number) else { return false }
      let page = StoredPage(bytes.span, isFirst: false, usable: file.usable)
      return page.map { !$0.cells.isEmpty && $0.damagedCells == 0 } ?? false
    }
  }

  var isNotAllowed: Bool { if case .notAllowed = self { true } else { false } }
  var isBusy: Bool { if case .busy = self { true } else { false } }
  var isReadOnly: Bool { if case .readOnly = self { true } else { false } }
  var isFull: Bool { if case .full = self { true } else { false } }

  /// Why a repair could not begin, in words.
  var whileRepairing: String {
    isBusy
      ? "another program holds it open; end it (kiosk log --follow, sqlite3, a copy that is being made)" : description
  }

  /// Whether the database must be opened again: nothing done with this connection can succeed any more.
  var asksForReopening: Bool {
    switch self {
    case .failingDisk, .readOnly, .folderMissing, .inItsPlace, .cannotOpen, .notThere, .notAllowed: true
    case .notADatabase, .newerSchema, .olderSchema, .inUse, .full, .busy, .failed: false
    }
  }
}
