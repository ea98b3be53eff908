// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The feed as the running kiosk follows it: when to ask, what is held, and what is told of it.
public struct FeedFollower: Sendable {
  public private(set) var schedule: FeedSchedule
  /// What is held, nil if nothing ever was.
  public var state: FeedState?
  public private(set) var lastReport: FeedReport?
  private let settings: Settings.Feed
  private var lastGoodRound: MonotonicTime?

  init(settings: Settings.Feed, at time: MonotonicTime, randomBits: UInt64) {
    self.settings = settings
    schedule = FeedSchedule(settings: settings.schedule, at: time, randomBits: randomBits)
  }

  /// nil also where batches come on a stick alone.
  var nextDeadline: MonotonicTime? { settings.isConfigured ? schedule.nextDeadline : nil }

  mutating func takeDue(at time: MonotonicTime) -> Bool {
    settings.isConfigured && schedule.takeDue(at: time)
  }

  mutating func request(at time: MonotonicTime) { schedule.request(at: time) }

  mutating func ended(_ report: FeedReport, at moment: Moment, randomBits: UInt64) {
    var retryAfter: Int64?
    if case .failed(_, let milliseconds) = report.outcome { retryAfter = milliseconds }
    let isGood = report.fault == nil
    schedule.ended(
      well: isGood, retryAfterMilliseconds: retryAfter, at: moment.monotonic, randomBits: randomBits)
    if isGood { lastGoodRound = moment.monotonic }
    lastReport = report
    state = report.state
  }

  /// Whether F0 data cannot be relied on: it has expired or is not whole, or there is none and the last round failed.
  public func isStale(at moment: Moment) -> Bool {
    guard let state else { return lastReport?.fault != nil }
    switch state.freshness(at: moment) {
    case .expired, .incomplete: return true
    case .fresh, .unknown: return false
    }
  }

  /// When the feed was last found to be current, by the clock of now: a round of this run is dated afterwards if the
  /// clock was wrong. nil while what it lists is not all held: it is not current then.
  func lastSync(at moment: Moment) -> UTCTime? {
    if let state, state.missingBatches > 0 { return nil }
    return lastGoodRound.map { moment.utc(at: $0) } ?? state?.lastSync
  }

  func status(at moment: Moment) -> Status.Feed {
    var status = Status.Feed()
    status.isConfigured = settings.isConfigured
    status.region = settings.region
    status.isSyncing = schedule.isRunning
    status.rounds = schedule.rounds
    status.failures = schedule.failures
    status.lastFault = lastReport?.fault
    status.nextSeconds = nextDeadline.map { max($0.milliseconds(since: moment.monotonic), 0) / 1000 }
    func local(_ time: UTCTime) -> String { LocalTime(time, offsetSeconds: moment.utcOffsetSeconds).rfc3339 }
    status.lastSync = lastSync(at: moment).map(local)
    if case .applied(let batches, let new, let withdrawn) = lastReport?.outcome {
      status.lastChange = .init(batches: batches, newEntries: new, withdrawnEntries: withdrawn)
    }
    if let state {
      status.version = state.version
      status.issued = local(state.issued)
      status.expires = local(state.expires)
      status.freshness = state.freshness(at: moment).rawValue
      status.missingBatches = state.missingBatches
      status.missingEntries = state.missingEntries
      status.communityTotal = state.communityTotal
      status.notices = state.notices.map(\.vietnamese)
    }
    return status
  }
}
