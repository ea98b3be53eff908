// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import Synchronization

/// How far long work is, on a terminal, in whole hundredths; silent where stderr is none.
final class Progress: Sendable {
  private let what: String
  private let isShown = isatty(STDERR_FILENO) == 1
  private let last = Mutex(-1)

  init(_ what: String) { self.what = what }

  /// - Parameter share: 0 to 1.
  /// - Returns: true: a terminal's interrupt ends the program, and what is done stays done.
  func goOn(_ share: Double) -> Bool {
    guard isShown else { return true }
    let hundredths = Int(min(max(share, 0), 1) * 100)
    let isNews = last.withLock { last in
      defer { last = hundredths }
      return last != hundredths
    }
    if isNews {
      let line = "\r\(what): \(hundredths) %" + (hundredths == 100 ? "\n" : "")
      line.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    }
    return true
  }
}
