// SPDX-License-Identifier: GPL-3.0-or-later

/// Reports of two addresses that were heard on the same channel: in the same second where channels are known
/// (`ScanChannels`), else at nearly the same moment.
///
/// A scanner stays on one of the three channels for a scan interval. On one channel, at one place, one antenna is heard
/// alike: in the recorded adverts of the screen room the reports of a phone's successive events differ by 1.8 dB (root
/// mean square) on the same channel, and by 4.5 dB on another; those of one event differ by 6.4 dB from channel to
/// channel. So two streams of one phone agree in each such pair, whatever the channel does, and those of two phones do
/// not. Means of a second cannot show it: a stream that sends once a second is heard on one channel in each.
struct PairedReports: Sendable {
  /// Pairs; older ones weigh less and less.
  private(set) var count: Float = 0
  /// Second of the newest pair.
  private(set) var second: Int64 = .min
  private var weight: Float = 0
  /// Weighted sums of both, of their squares, of the difference and its square.
  private var (a, aa): (Float, Float) = (0, 0)
  private var (b, bb): (Float, Float) = (0, 0)
  private var (d, dd): (Float, Float) = (0, 0)

  /// Reports further apart are no pair.
  static let togetherMilliseconds: Int32 = 30
  /// How long a scanner stays on a channel.
  static let scanMilliseconds: Float = 60
  /// Variance of the difference of a phone's reports on the same channel, dB²: 3.2 of one who stands, as recorded.
  static let sameChannelVariance: Float = 4
  /// What is added to it on another channel, dB².
  static let otherChannelVariance: Float = 16
  /// At so many pairs all that came before is halved.
  private static let memory: Float = 64

  /// Takes in what both sent in `second`, each report at most once. Returns whether there was a pair.
  mutating func add(_ x: SecondOfReports, _ y: SecondOfReports, second: Int64) -> Bool {
    var (i, k, hasPair) = (0, 0, false)
    while i < x.count, k < y.count {
      let apart = x.apart(i, y, k)
      if apart > Self.togetherMilliseconds {
        k += 1
      } else if apart < -Self.togetherMilliseconds {
        i += 1
      } else {
        add(Float(x.strength(i)), Float(y.strength(k)), apart: Float(apart.magnitude))
        (i, k, hasPair) = (i + 1, k + 1, true)
      }
    }
    if hasPair { self.second = second }
    return hasPair
  }

  /// The nearer in time, the surer on the same channel.
  private mutating func add(_ x: Float, _ y: Float, apart: Float) {
    let isElsewhere = min(apart / Self.scanMilliseconds, 1)
    add(
      x, y, weight: Self.sameChannelVariance / (Self.sameChannelVariance + Self.otherChannelVariance * isElsewhere))
  }

  /// Takes in what both sent in `second`, channel by channel. `unrest`: how many times as much as one who stands their
  /// owner changes what is heard (`Unrest`). Returns whether both were heard on any channel.
  mutating func add(_ x: SecondOfReports, _ y: SecondOfReports, unrest: Float, second: Int64) -> Bool {
    var hasPair = false
    for channel in 0..<3 {
      guard let a = x.mean(channel), let b = y.mean(channel) else { continue }
      add(a, b, weight: 1 / max(unrest, 1))
      hasPair = true
    }
    if hasPair { self.second = second }
    return hasPair
  }

  private mutating func add(_ x: Float, _ y: Float, weight w: Float) {
    if count >= Self.memory { fade() }
    count += 1
    weight += w
    (a, aa) = (a + w * x, aa + w * x * x)
    (b, bb) = (b + w * y, bb + w * y * y)
    (d, dd) = (d + w * (x - y), dd + w * (x - y) * (x - y))
  }

  private mutating func fade() {
    (count, weight) = (count / 2, weight / 2)
    (a, aa, b, bb, d, dd) = (a / 2, aa / 2, b / 2, bb / 2, d / 2, dd / 2)
  }

  // MARK: Variance of the difference, dB²

  /// As found.
  var found: Float { variance(d, dd) }
  /// As it would be of one phone.
  var together: Float { weight > 0 ? Self.sameChannelVariance * count / weight : 0 }
  /// As it would be of two that know nothing of each other.
  var apart: Float { variance(a, aa) + variance(b, bb) }

  private func variance(_ sum: Float, _ squares: Float) -> Float {
    weight > 0 ? max((squares - sum * sum / weight) / weight, 0) : 0
  }
}
