// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import Tracer

/// Changes of the key on the disk. A power cut at any moment leaves the old key or the new one, whole, in the file's place.
extension IdentityFile {
  /// What is done of a change, in this order.
  enum Step: CaseIterable, Sendable {
    /// What a change left that was cut off is gone.
    case cleared
    /// The new key is on the disk, in a file beside.
    case written
    /// The old file has a second name, so that it can be found and overwritten whatever happens.
    case named
    /// The new file is in its place, on the disk.
    case replaced
    /// The bytes of the old one are overwritten, and its second name is gone.
    case erased
  }

  /// Keeps the key of a day in place of an earlier one: the chain goes one way, so that ids of the days before can be told
  /// no more. Does nothing where the key is of that day or a later one.
  ///
  /// - Parameter passed: called after each step; throwing there is a power cut, for tests.
  /// - Returns: the identity as the file has it now.
  @discardableResult
  func ratchet(
    to day: Int64, passed: (Step) throws(FileError) -> Void = { _ throws(FileError) in }
  ) throws(FileError) -> BluezoneIdentity {
    let identity = try load()
    try clear()
    try passed(.cleared)
    guard day > identity.baseDay else { return identity }
    let ratcheted: BluezoneIdentity
    do throws(BluezoneIdentity.Failure) { ratcheted = try identity.ratcheted(to: day) } catch {
      throw FileError("\(path) is not changed: \(error)")
    }
    try replace(with: ratcheted, passed)
    return ratcheted
  }

  /// Gives the key the day `day`, where its own lies after it: it was made by a clock that went ahead.
  ///
  /// - Returns: the identity as the file has it now.
  @discardableResult
  func putRight(
    to day: Int64, passed: (Step) throws(FileError) -> Void = { _ throws(FileError) in }
  ) throws(FileError) -> BluezoneIdentity {
    let identity = try load()
    try clear()
    try passed(.cleared)
    guard day >= 0, identity.baseDay > day else { return identity }
    let right = BluezoneIdentity(baseKey: identity.baseKey, baseDay: day)
    try replace(with: right, passed)
    return right
  }

  private var oldPath: String { path + ".old" }
  private var newPath: String { path + ".new" }

  private func replace(
    with identity: BluezoneIdentity, _ passed: (Step) throws(FileError) -> Void
  ) throws(FileError) {
    let json = "{\"base_key\":\"\(identity.baseKey.hex)\",\"base_day\":\(identity.baseDay * 86_400)}\n"
    let fd = open(newPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw FileError("cannot create", path: newPath, errno: errno) }
    var code = Files.writeAll(fd, Array(json.utf8))
    if code == 0, fsync(fd) != 0 { code = errno }
    close(fd)
    guard code == 0 else {
      unlink(newPath)
      throw FileError("cannot write", path: newPath, errno: code)
    }
    try passed(.written)
    // Where a disk knows no second names, the old bytes are the disk's to overwrite.
    if link(path, oldPath) != 0, ![EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EEXIST].contains(errno) {
      let code = errno
      unlink(newPath)
      throw FileError("cannot write", path: oldPath, errno: code)
    }
    try passed(.named)
    guard rename(newPath, path) == 0 else { throw FileError("cannot write", path: path, errno: errno) }
    try synchroniseFolder()
    try passed(.replaced)
    try erase(oldPath)
    try passed(.erased)
  }

  /// Erases what stands beside the key: of changes that were cut off, or of making it.
  private func clear() throws(FileError) {
    let folder = Files.folder(of: path)
    let names = Files.names(in: folder).filter {
      let name = "\(folder)/\($0)"
      return name == oldPath || name.hasPrefix(newPath)
    }
    guard !names.isEmpty else { return }
    // The key's own name must be on the disk before another file is overwritten that may be the only one there.
    try synchroniseFolder()
    for name in names { try erase("\(folder)/\(name)") }
  }

  /// Overwrites a file's bytes and removes it; if it is the key's own by another name, only that name goes.
  private func erase(_ file: String) throws(FileError) {
    let fd = open(file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
    guard fd >= 0 else {
      guard errno == ENOENT else { throw FileError("cannot erase", path: file, errno: errno) }
      return
    }
    defer { close(fd) }
    var (this, key) = (stat(), stat())
    guard fstat(fd, &this) == 0, stat(path, &key) == 0 else {
      throw FileError("cannot erase", path: file, errno: errno)
    }
    if this.st_ino != key.st_ino || this.st_dev != key.st_dev {
      var code = Files.writeAll(fd, [UInt8](repeating: 0, count: Int(min(max(this.st_size, 0), 4096))))
      if code == 0, fsync(fd) != 0 { code = errno }
      guard code == 0 else { throw FileError("cannot erase", path: file, errno: code) }
    }
    guard unlink(file) == 0 || errno == ENOENT else { throw FileError("cannot erase", path: file, errno: errno) }
    try synchroniseFolder()
  }

  private func synchroniseFolder() throws(FileError) {
    let folder = Files.folder(of: path)
    let fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0 else { throw FileError("cannot open", path: folder, errno: errno) }
    defer { close(fd) }
    guard fsync(fd) == 0 else { throw FileError("cannot write in", path: folder, errno: errno) }
  }
}
