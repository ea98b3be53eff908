// SPDX-License-Identifier: GPL-3.0-or-later

/// The reports of one address in the second that runs, in order of time: what `PairedReports` holds against another's.
struct SecondOfReports: Sendable {
  /// Reports kept of a second; further ones tell nothing new. A phone with the app sends ten.
  static let limit = 16

  private(set) var count = 0
  private var times = InlineArray<16, Int64>(repeating: 0)
  private var strengths = InlineArray<16, Int8>(repeating: 0)

  /// `now` in milliseconds.
  mutating func add(_ rssiDBm: Int8, at now: Int64) {
    guard count < Self.limit else { return }
    times[count] = now
    strengths[count] = rssiDBm
    count += 1
  }

  mutating func removeAll() { count = 0 }

  func time(_ i: Int) -> Int64 { times[i] }
  func strength(_ i: Int) -> Int8 { strengths[i] }
}
