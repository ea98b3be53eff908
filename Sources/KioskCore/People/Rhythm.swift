// SPDX-License-Identifier: GPL-3.0-or-later

/// When a phone sends and when it pauses: an Android phone with the app sends 15 s of every 30, whatever its address and
/// its id. So an address that falls silent tells, to a fraction of a second, which one it continues.
///
/// Times are monotonic milliseconds.
struct Rhythm: Sendable {
  /// The last report before the first pause.
  private(set) var firstPause: Int64?
  /// The last report before the latest pause, and the first after it.
  private var latestPause: Range<Int64>?

  /// Source: docs/bluezone.md, Radio.
  static let pauseMilliseconds: Int64 = 15_000
  private static let roundMilliseconds: Int64 = 30_000
  /// What is heard weakly seems to pause for longer.
  static let pauses: ClosedRange<Int64> = 11_000...19_000

  /// Nothing was heard from `last` to `now`.
  mutating func pause(from last: Int64, to now: Int64) {
    guard Self.pauses.contains(now &- last) else { return }
    firstPause = firstPause ?? last
    latestPause = last..<now
  }

  /// When it next falls silent after `time`; nil while no pause was heard.
  func silence(after time: Int64) -> Int64? {
    guard let pause = latestPause else { return nil }
    // Reports are missed at the end of sending as at its beginning: in the mean of both that cancels out.
    let middle = (pause.lowerBound + pause.upperBound - Self.pauseMilliseconds) / 2
    let rest = (middle - time) % Self.roundMilliseconds
    return time + (rest + Self.roundMilliseconds) % Self.roundMilliseconds
  }

  // MARK: Whose it is

  /// How exactly phones keep to it, s.
  private static let deviation: Float = 0.5
  /// Share of phones that do over a change of their id; of the others nothing is known.
  private static let keptShare: Float = 0.9
  /// Silent for so long, or for so many intervals, it has fallen silent.
  private static let leastSilence: Int64 = 1500
  private static let silentIntervals: Float = 6
  /// So much late is later than it can be.
  private static let lateSeconds: Float = 1.5
  /// It may have begun so much before its first report.
  private static let slackMilliseconds: Int64 = 1500

  /// How much likelier `new` is the phone that `old` was than another one, by when it fell silent; nats. nil as long as
  /// that tells nothing.
  static func score(_ old: Track, _ new: Track, at now: Int64) -> Float? {
    guard let expected = old.rhythm.silence(after: new.firstHeard - slackMilliseconds) else { return nil }
    let late = Float((new.rhythm.firstPause ?? new.lastHeard) - expected) / 1000
    guard new.rhythm.firstPause != nil || hasFallenSilent(new, at: now) else {
      return late > lateSeconds ? LinkModel.log(1 - keptShare) : nil
    }
    // Another phone's silence may begin anywhere in what is left of its 15 s.
    let others = Float(pauseMilliseconds) / 1000
    return LinkModel.log(
      keptShare * others * LinkModel.exp(LinkModel.logNormal(late, deviation)) + 1 - keptShare)
  }

  static func hasFallenSilent(_ track: Track, at now: Int64) -> Bool {
    now - track.lastHeard >= max(leastSilence, Int64(silentIntervals * track.interval))
  }
}
