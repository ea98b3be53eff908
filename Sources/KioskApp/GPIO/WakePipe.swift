// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Wakes a thread from poll(2).
final class WakePipe: Sendable {
  /// Readable once woken; -1 when the process has no descriptor to spare.
  let descriptor: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    for end in ends where end >= 0 {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (descriptor, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    for end in [descriptor, writeEnd] where end >= 0 { close(end) }
  }

  func wake() {
    var byte: UInt8 = 0
    // A full pipe is as good as another byte in it.
    _ = write(writeEnd, &byte, 1)
  }

  /// Makes it wait for the next call of `wake`.
  func drain() {
    var bytes: UInt64 = 0
    while read(descriptor, &bytes, 8) > 0 {}
  }
}
