// SPDX-License-Identifier: GPL-3.0-or-later

/// The reports of one address in the second that runs: what `PairedReports` holds against another's.
struct SecondOfReports: Sendable {
  /// Reports kept of a second; further ones tell nothing new. A phone with the app sends ten.
  static let limit = 16

  /// How many are kept with their times.
  private(set) var count = 0
  /// Sums of RSSI on each channel, dBm, and how many reports they are of.
  private var sums = SIMD4<Int32>()
  private var numbers = SIMD4<Int32>()
  /// The low 32 bits of milliseconds are enough to compare what is of one second.
  private var times = InlineArray<16, Int32>(repeating: 0)
  private var strengths = InlineArray<16, Int8>(repeating: 0)

  /// `channel`: 0, 1 or 2, nil where it is not known. `now` in milliseconds.
  mutating func add(_ rssiDBm: Int8, channel: Int? = nil, at now: Int64) {
    if let channel {
      sums[channel] &+= Int32(rssiDBm)
      numbers[channel] &+= 1
    }
    guard count < Self.limit else { return }
    times[count] = Int32(truncatingIfNeeded: now)
    strengths[count] = rssiDBm
    count += 1
  }

  mutating func removeAll() {
    count = 0
    (sums, numbers) = (.zero, .zero)
  }

  /// dBm, nil where nothing was heard on that channel.
  func mean(_ channel: Int) -> Float? {
    numbers[channel] > 0 ? Float(sums[channel]) / Float(numbers[channel]) : nil
  }

  /// Milliseconds from the `k`th of `other` to the `i`th of these.
  func apart(_ i: Int, _ other: borrowing Self, _ k: Int) -> Int32 { times[i] &- other.times[k] }

  func strength(_ i: Int) -> Int8 { strengths[i] }
}
