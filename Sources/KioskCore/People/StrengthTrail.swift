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

  /// Sums over the seconds in which two were heard: of the means of the one and of the other and of their squares, of the
  /// difference and its square.
  struct Shared {
    var count: Int32 = 0
    var (x, xx): (Int32, Int32) = (0, 0)
    var (y, yy): (Int32, Int32) = (0, 0)
    var (d, dd): (Int32, Int32) = (0, 0)
  }

  /// Over all that is kept up to `second`, with which both must end: all trails are closed together.
  ///
  /// Whole numbers, all 128 and none left out by a branch, since that makes vectors of them: this is most of what a
  /// crowd costs. Inlined it is no vectors, and a report in a crowd costs three times as much.
  @inline(never)
  func shared(with other: Self, to second: Int64) -> Shared {
    var sums = Shared()
    guard newest == second, other.newest == second else { return sums }
    for i in 0..<Self.seconds {
      let isHeard: Int32 = means[i] != Self.silent && other.means[i] != Self.silent ? 1 : 0
      let (x, y) = (Int32(means[i]) &* isHeard, Int32(other.means[i]) &* isHeard)
      let d = x &- y
      sums.count &+= isHeard
      sums.x &+= x
      sums.xx &+= x &* x
      sums.y &+= y
      sums.yy &+= y &* y
      sums.d &+= d
      sums.dd &+= d &* d
    }
    return sums
  }

  private static func place(_ second: Int64) -> Int { Int(second & 127) }
}
