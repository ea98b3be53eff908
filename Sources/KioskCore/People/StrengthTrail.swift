// SPDX-License-Identifier: GPL-3.0-or-later

/// The mean RSSI of each of the last seconds: what two addresses of one phone have in common.
struct StrengthTrail: Sendable {
  /// Seconds kept.
  static let seconds = 128
  /// Stands for a second in which nothing was heard.
  private static let silent = Int8.min

  private var means = InlineArray<128, Int8>(repeating: StrengthTrail.silent)
  /// Seconds since the start, of the newest mean.
  private var newest: Int64 = .min
  private var sum: Int32 = 0
  private var reports: Int32 = 0

  mutating func add(_ rssiDBm: Int8) {
    sum &+= Int32(rssiDBm)
    reports &+= 1
  }

  /// Ends the second `second`; called once for each, in order.
  mutating func close(_ second: Int64) {
    // After a jump of time what stands in the other places is of other seconds.
    if newest != second &- 1 { means = InlineArray(repeating: Self.silent) }
    let mean = reports > 0 ? Int8(clamping: sum / reports) : Self.silent
    means[Self.place(second)] = mean
    newest = second
    (sum, reports) = (0, 0)
  }

  /// nil where nothing was heard, or too long ago.
  func mean(_ second: Int64) -> Int8? {
    guard second <= newest, newest - second < Int64(Self.seconds) else { return nil }
    let mean = means[Self.place(second)]
    return mean == Self.silent ? nil : mean
  }

  private static func place(_ second: Int64) -> Int { Int(second & 127) }
}
