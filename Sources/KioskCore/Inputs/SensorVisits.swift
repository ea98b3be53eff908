// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Counts people without any phone, by a PIR or beam sensor.
///
/// When the sensor becomes active, somebody is there. If nobody with a phone is near in the time of the dwell before and
/// after, that is a visit without a phone; it ends when the sensor has been inactive for the time of an absence.
/// It counts one person for each stay, however many stand there, and nobody who comes together with a phone: the
/// sensor cannot tell them apart, so the figure is a lower bound.
public struct SensorVisits: Hashable, Sendable {
  public struct Settings: Hashable, Sendable {
    /// How long a phone may take to be heard, and how long one that has just gone explains the sensor.
    public var dwellMilliseconds: Int64 = 5000
    /// Inactive for so long, the sensor says that the person has gone: the absence that ends any visit.
    public var absenceMilliseconds: Int64 = 60_000

    public init() {}
  }

  public enum Event: Hashable, Sendable {
    /// Somebody without a phone is there, since `start`. May start the prompt.
    case opened(start: MonotonicTime)
    /// `end` is when the sensor became inactive for the last time.
    case closed(start: MonotonicTime, end: MonotonicTime)
    /// The sensor has been active for `CoreLimits.sensorVisitMilliseconds` without a pause: it is stuck, or looks at
    /// something that moves all day. It counts again once it has been inactive.
    case stuck
  }

  private enum State: Hashable, Sendable {
    case nobody
    /// Active since then; not yet known whether a phone belongs to it.
    case dwelling(since: MonotonicTime)
    case visiting(since: MonotonicTime)
    /// Explained by a phone, or stuck: no visit until the person has gone.
    case ignoring
  }

  private let settings: Settings
  private var state = State.nobody
  private var isActive = false
  private var activeSince: MonotonicTime?
  private var inactiveSince: MonotonicTime?
  private var isPhoneNear = false
  /// When a phone was last near, or somebody checked in.
  private var explainedAt: MonotonicTime?

  public init(settings: Settings = Settings()) { self.settings = settings }

  /// The sensor has become active or inactive.
  public mutating func sensor(isActive: Bool, at now: MonotonicTime) -> [Event] {
    let events = advance(at: now)
    guard isActive != self.isActive else { return events }
    self.isActive = isActive
    (activeSince, inactiveSince) = isActive ? (now, nil) : (nil, now)
    if isActive, state == .nobody {
      state = isPhoneNear || isExplained(at: now) ? .ignoring : .dwelling(since: now)
    }
    return events
  }

  /// Whether anybody with a phone is near now, Bluezoner or not. Called whenever that changes, or at every event.
  public mutating func phones(areNear: Bool, at now: MonotonicTime) -> [Event] {
    let events = advance(at: now)
    if isPhoneNear, !areNear { explainedAt = now }
    isPhoneNear = areNear
    if areNear, case .dwelling = state { state = .ignoring }
    return events
  }

  /// Whom the sensor sees has checked in by touch, and is counted for that.
  public mutating func checkedIn(at now: MonotonicTime) -> [Event] {
    let events = advance(at: now)
    // The sensor may be slower than a hand.
    explainedAt = now
    switch state {
    case .dwelling, .visiting: state = .ignoring
    case .nobody, .ignoring: break
    }
    return events
  }

  /// Time has passed. Times must not go back.
  public mutating func advance(at now: MonotonicTime) -> [Event] {
    var events: [Event] = []
    if case .dwelling(let since) = state, now.milliseconds(since: since) >= settings.dwellMilliseconds {
      state = .visiting(since: since)
      events.append(.opened(start: since))
    }
    if let inactiveSince, state != .nobody, now.milliseconds(since: inactiveSince) >= settings.absenceMilliseconds {
      if case .visiting(let since) = state { events.append(.closed(start: since, end: inactiveSince)) }
      state = .nobody
    }
    if let activeSince, now.milliseconds(since: activeSince) >= CoreLimits.sensorVisitMilliseconds {
      if case .visiting(let since) = state { events.append(.closed(start: since, end: now)) }
      state = .ignoring
      self.activeSince = nil
      events.append(.stuck)
    }
    return events
  }

  /// Ends what is open, when the kiosk stops.
  public mutating func finish(at now: MonotonicTime) -> [Event] {
    var events = advance(at: now)
    if case .visiting(let since) = state { events.append(.closed(start: since, end: inactiveSince ?? now)) }
    state = .ignoring
    return events
  }

  /// When `advance` next has something to do.
  public var nextDeadline: MonotonicTime? {
    var deadlines: [MonotonicTime] = []
    if case .dwelling(let since) = state { deadlines.append(since.adding(milliseconds: settings.dwellMilliseconds)) }
    if let inactiveSince, state != .nobody {
      deadlines.append(inactiveSince.adding(milliseconds: settings.absenceMilliseconds))
    }
    if let activeSince { deadlines.append(activeSince.adding(milliseconds: CoreLimits.sensorVisitMilliseconds)) }
    return deadlines.min()
  }

  private func isExplained(at now: MonotonicTime) -> Bool {
    explainedAt.map { now.milliseconds(since: $0) < settings.dwellMilliseconds } ?? false
  }
}
