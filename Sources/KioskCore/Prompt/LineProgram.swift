// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the lines are to do from now on, without further word from the core: patterns with the times at which they
/// start. Of each part the first pattern that runs is shown, so temporary ones stand before the permanent one.
public struct LineProgram: Hashable, Sendable {
  /// A pattern that runs from `start` on.
  public struct Run: Hashable, Sendable {
    public var pattern: Pattern
    public var start: MonotonicTime
    /// Of the lamp; the other parts have none.
    public var colour: LampColour?

    public init(_ pattern: Pattern, colour: LampColour? = nil, start: MonotonicTime) {
      self.pattern = pattern
      self.colour = colour
      self.start = start
    }

    /// When it is over; nil for one without end.
    public var end: MonotonicTime? { pattern.lengthMilliseconds.map { start.adding(milliseconds: $0) } }

    /// From its start to its end, pauses included.
    public func isRunning(at time: MonotonicTime) -> Bool { time >= start && end.map { time < $0 } ?? true }

    public func isOn(at time: MonotonicTime) -> Bool {
      isRunning(at: time) && time.milliseconds(since: start) % pattern.periodMilliseconds < pattern.onMilliseconds
    }

    /// When it next goes on or off, starts or ends.
    func nextEdge(after time: MonotonicTime) -> MonotonicTime? {
      guard time >= start else { return start }
      guard isRunning(at: time) else { return nil }
      // Without pauses there is only the end.
      guard pattern.offTenths > 0 else { return end }
      let inPeriod = time.milliseconds(since: start) % pattern.periodMilliseconds
      let next = inPeriod < pattern.onMilliseconds ? pattern.onMilliseconds : pattern.periodMilliseconds
      return time.adding(milliseconds: next - inPeriod)
    }
  }

  public var wiring: LampWiring
  public var lamp: [Run]
  public var buzzer: [Run]
  public var staff: [Run]

  public init(wiring: LampWiring = .separate, lamp: [Run] = [], buzzer: [Run] = [], staff: [Run] = []) {
    self.wiring = wiring
    self.lamp = lamp
    self.buzzer = buzzer
    self.staff = staff
  }

  /// Every line inactive, and nothing to come.
  public static let dark = LineProgram()

  public func states(at time: MonotonicTime) -> LineStates {
    var states = LineStates()
    if let shown = Self.shown(lamp, at: time), shown.isOn(at: time), let colour = shown.colour {
      (states.green, states.amber) = wiring.states(of: colour)
    }
    states.buzzer = Self.shown(buzzer, at: time)?.isOn(at: time) ?? false
    states.staff = Self.shown(staff, at: time)?.isOn(at: time) ?? false
    return states
  }

  /// When the states may next change by themselves; they can turn out to be the same.
  public func nextChange(after time: MonotonicTime) -> MonotonicTime? {
    [lamp, buzzer, staff].compactMap { Self.nextChange(of: $0, after: time) }.min()
  }

  private static func shown(_ runs: [Run], at time: MonotonicTime) -> Run? {
    runs.first { $0.isRunning(at: time) }
  }

  /// What stands behind the pattern that is shown is not looked at: its edges show only when that one ends.
  private static func nextChange(of runs: [Run], after time: MonotonicTime) -> MonotonicTime? {
    var next: MonotonicTime?
    for run in runs {
      if let edge = run.nextEdge(after: time) { next = next.map { min($0, edge) } ?? edge }
      if run.isRunning(at: time) { break }
    }
    return next
  }
}
