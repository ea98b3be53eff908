// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Glibc

/// One program at a time makes a database or brings it up to date: of two that do it at once each takes the steps of the
/// other for damage. Readers wait for its end together. The lock is on the folder, so that nothing is written for it.
struct OpeningLock: ~Copyable {
  private let descriptor: Int32

  /// Waits as long as for any other program that writes. A folder that cannot be opened is used without.
  ///
  /// - Throws: `busy`.
  init(_ folder: String, isReader: Bool) throws(StoreError) {
    let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    var looks = 0
    // Anything but that another has it is a file system without locks.
    while opened >= 0, (isReader ? kiosk_lock_shared(opened) : kiosk_lock(opened)) == -EWOULDBLOCK {
      guard looks < AppLimits.busySeconds * Self.looksASecond else {
        close(opened)
        throw .busy
      }
      looks += 1
      usleep(1_000_000 / UInt32(Self.looksASecond))
    }
    descriptor = opened
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static let looksASecond = 100
}
