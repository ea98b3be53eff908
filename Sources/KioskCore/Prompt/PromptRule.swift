// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Who is to be prompted, and what the lines do: a phone without the app that comes near gets amber and one beep, a
/// Bluezoner near gets green.
public struct PromptRule: Sendable {
  public struct Settings: Hashable, Sendable {
    /// How long amber stays on after a phone without the app has come near.
    public var amberMilliseconds: Int64 = 8000
    /// How long green stays on after a Bluezoner has come near.
    public var greenMilliseconds: Int64 = 3000
    public var beepMilliseconds: Int64 = 200
    /// Shortest time between two beeps.
    public var beepGapMilliseconds: Int64 = 5000
    /// Beeps in any minute.
    public var beepsAMinute = 3

    public init() {}
  }

  private let settings: Settings
  private var amberUntil: MonotonicTime?
  private var greenUntil: MonotonicTime?
  private var buzzerUntil: MonotonicTime?
  private var beeps: [MonotonicTime] = []

  public init(settings: Settings = Settings()) { self.settings = settings }

  /// A device has just come near.
  public mutating func cameNear(_ kind: DeviceKind, at now: MonotonicTime) {
    switch kind {
    case .bluezoner: greenUntil = now.adding(milliseconds: settings.greenMilliseconds)
    case .phone:
      amberUntil = now.adding(milliseconds: settings.amberMilliseconds)
      beeps.removeAll { now.milliseconds(since: $0) >= 60_000 }
      let tooSoon = beeps.last.map { now.milliseconds(since: $0) < settings.beepGapMilliseconds } ?? false
      guard !tooSoon, beeps.count < settings.beepsAMinute else { return }
      beeps.append(now)
      buzzerUntil = now.adding(milliseconds: settings.beepMilliseconds)
    case .phoneWithApp, .computer, .accessory, .fixture, .unknown: break
    }
  }

  /// What the lines show at `now`. The prompt comes before the welcome: it asks for something.
  public func lines(at now: MonotonicTime) -> LineStates {
    let amber = Self.isOn(amberUntil, now)
    return LineStates(
      green: Self.isOn(greenUntil, now) && !amber, amber: amber, buzzer: Self.isOn(buzzerUntil, now))
  }

  /// When the lines next change by themselves.
  public func nextDeadline(after now: MonotonicTime) -> MonotonicTime? {
    [amberUntil, greenUntil, buzzerUntil].compactMap(\.self).filter { $0 > now }.min()
  }

  private static func isOn(_ until: MonotonicTime?, _ now: MonotonicTime) -> Bool { until.map { now < $0 } ?? false }
}
