// SPDX-License-Identifier: GPL-3.0-or-later

/// When nothing at all was heard although many send: the controller was looking for a phone to ask it, or began to scan
/// anew. What a phone did meanwhile nobody knows, so its silence then says nothing.
///
/// Times are monotonic milliseconds.
struct SilentSpells: Sendable {
  /// The latest, in order.
  private var spells: [Range<Int64>] = []
  private var last: Int64 = 0
  /// Mean time from one report of all to the next, up to a second.
  private var pause: Float = SilentSpells.longestPause

  private static let longestPause: Float = 1000
  /// Share of a report in the mean.
  private static let share: Float = 1.0 / 64
  /// A pause so many times the mean is no chance: one in 3000 is, where reports know nothing of each other.
  private static let pauses: Float = 8
  private static let leastMilliseconds: Float = 100
  /// Spells are kept for longer than a track that is not heard.
  private static let keptMilliseconds: Int64 = 40_000
  private static let limit = 64

  /// Something was heard.
  mutating func hear(at now: Int64) {
    let elapsed = now &- last
    defer { last = max(last, now) }
    guard elapsed > 0, last > 0 else { return }
    if Float(elapsed) > max(Self.pauses * pause, Self.leastMilliseconds) {
      if spells.count >= Self.limit { spells.removeFirst() }
      spells.append(last..<now)
    }
    pause += Self.share * (min(Float(elapsed), Self.longestPause) - pause)
  }

  /// Forgets what was long ago. Called once a step.
  mutating func advance(to now: Int64) {
    guard let first = spells.first, now &- first.upperBound > Self.keptMilliseconds else { return }
    spells.removeAll { now &- $0.upperBound > Self.keptMilliseconds }
  }

  /// How much of the time from `a` to `b` they take, milliseconds.
  func milliseconds(from a: Int64, to b: Int64) -> Int64 {
    spells.reduce(0) { $0 + max(min($1.upperBound, b) - max($1.lowerBound, a), 0) }
  }
}
