// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// A copy of the database in memory, for those who only look where no file can be made beside it: a disk that is full or
/// read-only, or a folder of another user. SQLite needs one even to read (`-shm`), unless the kiosk holds it open.
struct ReadingCopy {
  let path: String
  private let folder: TemporaryFolder

  /// nil if it cannot be read, or does not fit.
  init?(of original: String) {
    let log = original + "-wal"
    for _ in 0..<AppLimits.copyAttempts {
      let before = [Self.stamp(original), Self.stamp(log)]
      let bytes = before.reduce(0) { $0 + ($1?.bytes ?? 0) }
      // A file system in memory, which the whole machine shares; the last may be the disk itself.
      let places = ["/dev/shm", "/run/user/\(getuid())", "/run", "/tmp"]
      guard before[0] != nil, let place = places.first(where: { Self.room(in: $0) > 2 * bytes }),
        let folder = TemporaryFolder("kiosk-reads", in: place)
      else { return nil }
      let path = folder.path + "/kiosk.sqlite"
      guard Self.copy(original, to: path), before[1] == nil || Self.copy(log, to: path + "-wal") else {
        folder.remove()
        return nil
      }
      if [Self.stamp(original), Self.stamp(log)] == before {
        self.path = path
        self.folder = folder
        return
      }
      folder.remove()
    }
    return nil
  }

  /// What has been opened stays readable, and is gone when it is closed, however the program ends.
  func remove() { folder.remove() }

  private struct Stamp: Equatable {
    var bytes: Int
    var seconds: Int
    var nanoseconds: Int
  }

  private static func stamp(_ path: String) -> Stamp? {
    var attributes = stat()
    guard stat(path, &attributes) == 0, attributes.st_size > 0 else { return nil }
    return Stamp(
      bytes: Int(attributes.st_size), seconds: attributes.st_mtim.tv_sec, nanoseconds: attributes.st_mtim.tv_nsec)
  }

  private static func room(in folder: String) -> Int {
    var system = statvfs()
    guard access(folder, W_OK | X_OK) == 0, statvfs(folder, &system) == 0 else { return 0 }
    return Int(clamping: system.f_bavail.multipliedReportingOverflow(by: UInt(system.f_frsize)).partialValue)
  }

  private static func copy(_ path: String, to copy: String) -> Bool {
    let from = open(path, O_RDONLY | O_CLOEXEC)
    guard from >= 0 else { return false }
    defer { close(from) }
    let to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard to >= 0 else { return false }
    defer { close(to) }
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(from, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 }
      guard Files.writeAll(to, Array(chunk[..<count])) == 0 else { return false }
    }
  }
}
