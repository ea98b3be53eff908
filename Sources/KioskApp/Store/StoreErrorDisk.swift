// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

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

  /// Whether the file there is of another kind: SQLite's begin with its name.
  static func isForeign(_ path: String) -> Bool {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return false }
    defer { close(fd) }
    var head = [UInt8](repeating: 0, count: 16)
    let count = read(fd, &head, head.count)
    // What has rotted is not foreign: some of its name is left.
    let name = Array("SQLite format 3\0".utf8)
    return count > 0 && zip(head.prefix(count), name).count(where: ==) < 4
  }

  var isNotAllowed: Bool { if case .notAllowed = self { true } else { false } }
  var isFull: Bool { if case .full = self { true } else { false } }

  /// Whether the database must be opened again: nothing done with this connection can succeed any more.
  var asksForReopening: Bool {
    switch self {
    case .failingDisk, .readOnly, .folderMissing, .inItsPlace, .cannotOpen, .notThere, .notAllowed: true
    case .notADatabase, .newerSchema, .olderSchema, .inUse, .full, .busy, .failed: false
    }
  }
}
