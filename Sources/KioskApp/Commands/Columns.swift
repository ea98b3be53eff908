// SPDX-License-Identifier: GPL-3.0-or-later

/// Tables for people.
extension String {
  enum Side { case left, right }

  /// Filled up with spaces so that it stands on a side of a column; a longer one stays as it is.
  func padded(to width: Int, _ side: Side = .left) -> String {
    let space = String(repeating: " ", count: max(width - count, 0))
    return side == .left ? self + space : space + self
  }
}
