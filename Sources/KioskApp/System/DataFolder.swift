// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Glibc

/// The data folder, held by one running kiosk.
final class DataFolder: Sendable {
  let path: String
  private let lock: Int32

  /// Makes the folder where there is none, sees that it can be written, and takes its lock.
  init(_ path: String) throws(FileError) {
    self.path = path
    try Files.createFolder(path)
    let file = path + "/lock"
    let fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw FileError("cannot write", path: file, errno: errno) }
    guard kiosk_lock(fd) == 0 else {
      close(fd)
      throw FileError("another kiosk is running with the data folder \(path); stop it, or use another folder")
    }
    lock = fd
  }

  deinit { close(lock) }
}

/// The kernel's id of this boot: new each time the machine starts, the same for every process until then.
enum Boot {
  /// Source: random(4), /proc/sys/kernel/random/boot_id.
  static func id() -> String {
    let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? []
    let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    return text.isEmpty ? "unknown" : text
  }
}
