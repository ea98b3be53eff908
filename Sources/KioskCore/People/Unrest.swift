// SPDX-License-Identifier: GPL-3.0-or-later

/// How much more the reports of one address change from one to the next, on the same channel, than those of a phone
/// whose owner stands: walking changes what a channel's echoes do within a tenth of a second.
struct Unrest: Sendable {
  /// 1 for who stands, up to `greatest`. Who is first heard has just come, and walks until it shows otherwise.
  private(set) var value: Float = 8
  /// Of the last report on each channel.
  private var strengths = InlineArray<3, Float>(repeating: 0)
  private var times = InlineArray<3, Int64>(repeating: .min)

  /// At so many times as much nothing can be told any more.
  private static let greatest: Float = 16
  /// Share of a report in the mean.
  private static let share: Float = 0.15
  /// Reports further apart tell nothing of the last second.
  private static let longestMilliseconds: Int64 = 3000
  /// What the squared difference of two reports is of one who stands, dB²: at once; what sway, with seconds, and a
  /// channel's echoes, with seconds, add to it. Source: `Spread` of the simulator, from the recorded adverts.
  private static let atOnce: Float = 2
  private static let sway: (dB2: Float, seconds: Float) = (9.7, 2)
  private static let echoes: (dB2: Float, seconds: Float) = (18, 4)

  /// `channel`: 0, 1 or 2. `now` in milliseconds.
  mutating func add(_ rssiDBm: Int8, channel: Int, at now: Int64) {
    defer {
      strengths[channel] = Float(rssiDBm)
      times[channel] = now
    }
    guard times[channel] > .min, now &- times[channel] < Self.longestMilliseconds else { return }
    let seconds = Float(max(now &- times[channel], 0)) / 1000
    let difference = Float(rssiDBm) - strengths[channel]
    let expected =
      Self.atOnce + Self.sway.dB2 * seconds / (seconds + Self.sway.seconds)
      + Self.echoes.dB2 * seconds / (seconds + Self.echoes.seconds)
    value += Self.share * (min(difference * difference / expected, Self.greatest) - value)
  }
}
