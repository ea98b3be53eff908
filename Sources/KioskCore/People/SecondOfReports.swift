// SPDX-License-Identifier: GPL-3.0-or-later

/// The reports of one address in the second that runs, in order of time: what `PairedReports` holds against another's.
struct SecondOfReports: Sendable {
  /// Reports kept of a second; further ones tell nothing new. A phone with the app sends ten.
  static let limit = 16

  private(set) var count = 0
  /// The low 32 bits of milliseconds are enough to compare what is of one second.
  private var times = InlineArray<16, Int32>(repeating: 0)
  private var strengths = InlineArray<16, Int8>(repeating: 0)

  /// `now` in milliseconds.
  mutating func add(_ rssiDBm: Int8, at now: Int64) {
    guard count < Self.limit else { return }
    times[count] = Int32(truncatingIfNeeded: now)
    strengths[count] = rssiDBm
    count += 1
  }

  mutating func removeAll() { count = 0 }

  /// Milliseconds from the `k`th of `other` to the `i`th of these.
  func apart(_ i: Int, _ other: borrowing Self, _ k: Int) -> Int32 { times[i] &- other.times[k] }

  func strength(_ i: Int) -> Int8 { strengths[i] }
}
