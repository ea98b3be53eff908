// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import FoundationEssentials
import Glibc

/// Why a file could not be used, in words that say what to do.
struct FileError: Error, CustomStringConvertible {
  let description: String
  /// Whether the reason is a missing permission.
  let isNotAllowed: Bool

  init(_ what: String, path: String, errno code: Int32) {
    isNotAllowed = code == EACCES || code == EPERM
    let advice = isNotAllowed ? Login.advice(for: path) : nil
    description = "\(what) \(path): \(advice.map { "permission denied\($0)" } ?? Self.cause(code))"
  }

  /// What an error number means, and what to do about it.
  static func cause(_ code: Int32) -> String {
    switch code {
    case EACCES, EPERM: "permission denied; check who owns it, and run this as that user"
    case EROFS: "the disk is read-only; mount it to be written, or exchange it if it became so by itself"
    case ENOSPC: "the disk is full; free some space"
    case EDQUOT: "this user's share of the disk is used up; free some space, or have the quota raised"
    case EIO: "the disk or stick failed; try another one, and look for its faults in the system's log (dmesg)"
    case ENODEV, ENXIO: "the device is gone or is no disk; plug it in again, and check the path"
    case ELOOP: "symbolic links lead in a circle; check the path"
    case ENOTDIR: "a part of the path is a file and no folder; check the path"
    case EISDIR: "it is a folder; name a file"
    case EMFILE, ENFILE: "too many files are open; end other programs, or restart the kiosk"
    case ENOMEM: "the machine has no memory left; end other programs, or restart it"
    case ENAMETOOLONG: "the path is too long; use a shorter one"
    case EFBIG: "the disk's file system cannot hold so large a file; use another disk"
    case ENOENT: "No such file or directory; check the path"
    case EEXIST: "it is there already; it is never overwritten: name another, or move it away"
    default: String(cString: strerror(code))
    }
  }

  init(_ description: String) {
    self.description = description
    isNotAllowed = false
  }
}

/// Reading and writing whole files safely.
enum Files {
  /// Reads a whole file of at most `limit` bytes.
  static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw FileError("cannot open", path: path, errno: errno) }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError("cannot read", path: path, errno: errno) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= limit else { throw FileError("\(path) is larger than \(limit) bytes") }
    }
  }

  /// The names in a folder, in no order; none when it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Bytes of the disk that a file stands on which may be used; 0 when nobody knows.
  static func freeBytes(_ path: String) -> Int64 {
    var disk = statvfs()
    guard statvfs(path, &disk) == 0 else { return 0 }
    return Int64(clamping: UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize)).partialValue)
  }

  static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether this user may not even see if it is there.
  static func isHidden(_ path: String) -> Bool { access(path, F_OK) != 0 && errno == EACCES }

  /// Makes a file that did not exist, whole and on the disk, or nothing: written beside its place, synchronised,
  /// then linked there. Mode 0600 or as given.
  static func create(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws(FileError) {
    do {
      try create(path, mode: mode) { write in try write(bytes) }
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError("cannot write \(path)")
    }
  }

  /// The same for what is made piece by piece; where `body` throws there is no file.
  static func create(
    _ path: String, mode: mode_t = 0o600, _ body: (_ write: ([UInt8]) throws(FileError) -> Void) throws -> Void
  ) throws {
    let temporary = "\(path).new-\(getpid())"
    unlink(temporary)
    let fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard fd >= 0 else { throw FileError("cannot create", path: path, errno: errno) }
    defer { unlink(temporary) }
    do {
      defer { close(fd) }
      try body { bytes throws(FileError) in
        let code = writeAll(fd, bytes)
        guard code == 0 else { throw FileError("cannot write", path: path, errno: code) }
      }
      guard fsync(fd) == 0 else { throw FileError("cannot write", path: path, errno: errno) }
    }
    if link(temporary, path) != 0 {
      var code = errno
      // A stick (vfat) knows no links, and no modes either, but renames without replacing.
      if code == EPERM { code = -kiosk_rename_new(temporary, path) }
      guard code == 0 else { throw FileError("cannot create", path: path, errno: code) }
    }
    try synchroniseFolder(of: path)
  }

  /// Makes a file, or puts another in the place of one, so that a reader finds the one or the other whole. On the disk
  /// when this returns. The mode is as given, whatever the umask.
  static func replace(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(FileError) {
    let temporary = "\(path).new-\(getpid())"
    unlink(temporary)
    let fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw FileError("cannot create", path: path, errno: errno) }
    defer { unlink(temporary) }
    var code = writeAll(fd, bytes)
    if code == 0, fchmod(fd, mode) != 0 || fsync(fd) != 0 { code = errno }
    close(fd)
    guard code == 0 else { throw FileError("cannot write", path: path, errno: code) }
    guard rename(temporary, path) == 0 else { throw FileError("cannot write", path: path, errno: errno) }
    try synchroniseFolder(of: path)
  }

  /// Opens a file that did not exist, to write from its beginning. Unlike `create` this works on a stick without
  /// links (vfat); what is written may be part of a file when the power goes.
  static func openNew(_ path: String, mode: mode_t = 0o600) throws(FileError) -> Int32 {
    let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard fd >= 0 else { throw FileError("cannot create", path: path, errno: errno) }
    return fd
  }

  /// Writes all bytes, and blocks until the system has taken them.
  ///
  /// - Returns: 0, or why not.
  static func writeAll(_ fd: Int32, _ bytes: [UInt8]) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? EIO : errno }
      offset += count
    }
    return 0
  }

  /// Makes a folder and those above it, mode 0700 for the last.
  static func createFolder(_ path: String) throws(FileError) {
    var isFolder = stat()
    if stat(path, &isFolder) == 0 {
      guard isFolder.st_mode & S_IFMT == S_IFDIR else { throw FileError("\(path) is not a folder") }
      return
    }
    let parent = folder(of: path)
    if parent != path { try createFolder(parent) }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw FileError("cannot make the folder", path: path, errno: errno)
    }
  }

  /// - Throws: unless the folder is there in which a person wants something: it may be one of a stick that is not plugged in.
  static func findFolder(_ path: String) throws(FileError) {
    var facts = stat()
    guard stat(path, &facts) == 0 else {
      let code = errno
      guard code == ENOENT else { throw FileError("cannot look into", path: path, errno: code) }
      throw FileError("the folder \(path) is not there: plug in its stick, make it, or name another")
    }
    guard facts.st_mode & S_IFMT == S_IFDIR else { throw FileError("\(path) is not a folder") }
  }

  static func folder(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
    return (path.hasPrefix("/") ? "/" : parts.isEmpty ? "." : "") + parts.joined(separator: "/")
  }

  /// Makes sure that a name is on the disk, or is gone from it.
  static func synchroniseFolder(of path: String) throws(FileError) {
    let folder = folder(of: path)
    let fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0 else { return }
    defer { close(fd) }
    // Some file systems have nothing to synchronise there.
    guard fsync(fd) == 0 || errno == EINVAL || errno == EROFS else {
      throw FileError("cannot write in", path: folder, errno: errno)
    }
  }
}
