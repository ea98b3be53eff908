// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// When a kiosk asks for the feed: spread out, so that thousands never ask at once, and more rarely while it fails.
public struct FeedSchedule: Hashable, Sendable {
  public struct Settings: Hashable, Sendable {
    /// From one good round to the next, on the average.
    public var intervalMilliseconds: Int64 = 5 * 60_000

    public init() {}
  }

  public private(set) var isRunning = false
  /// Rounds that have ended, and failures since the last good one.
  public private(set) var rounds = 0
  public private(set) var failures = 0
  private var next: MonotonicTime
  private let settings: Settings

  /// After the first failure; doubled by each further one. Source for the order of magnitude: the app's own retries
  /// (5, 20, 50, 60 s).
  static let firstRetryMilliseconds: Int64 = 15_000
  static let longestRetryMilliseconds: Int64 = 30 * 60_000
  /// All kiosks of a town start at once when the power comes back: the first round is spread over this time.
  static let startMilliseconds: Int64 = 60_000

  public init(settings: Settings, at time: MonotonicTime, randomBits: UInt64) {
    self.settings = settings
    next = time.adding(
      milliseconds: Self.share(randomBits, of: min(settings.intervalMilliseconds, Self.startMilliseconds)))
  }

  /// When a round is due; nil while one runs.
  public var nextDeadline: MonotonicTime? { isRunning ? nil : next }

  /// Whether a round must begin now. It then runs until `ended`.
  public mutating func takeDue(at time: MonotonicTime) -> Bool {
    guard !isRunning, next <= time else { return false }
    isRunning = true
    return true
  }

  /// Somebody asks for a round: at once, or the one that runs is theirs.
  public mutating func request(at time: MonotonicTime) {
    if !isRunning { next = time }
  }

  /// - Parameter retryAfterMilliseconds: what the server asks for, if it does.
  public mutating func ended(
    well: Bool, retryAfterMilliseconds: Int64? = nil, at time: MonotonicTime, randomBits: UInt64
  ) {
    isRunning = false
    rounds += 1
    failures = well ? 0 : failures + 1
    let base: Int64
    if well {
      base = settings.intervalMilliseconds
    } else {
      let doublings = min(failures - 1, 16)
      base = min(Self.firstRetryMilliseconds << Int64(doublings), Self.longestRetryMilliseconds)
    }
    // Half to one and a half times as long: kiosks that met once drift apart.
    var delay = base / 2 + Self.share(randomBits, of: base)
    if let asked = retryAfterMilliseconds, asked > delay {
      delay = min(asked, Self.longestRetryMilliseconds) + Self.share(randomBits, of: base)
    }
    next = time.adding(milliseconds: delay)
  }

  /// 0 to `whole` − 1, evenly.
  private static func share(_ bits: UInt64, of whole: Int64) -> Int64 {
    Int64(truncatingIfNeeded: UInt64(clamping: max(whole, 1)).multipliedFullWidth(by: bits).high)
  }
}
