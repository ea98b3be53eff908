// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the thread that drives the lines does, as a value: the program in force, the limit of on-times, and the
/// watchdog that makes every line inactive while the core gives no sign of life.
public struct LineDrive: Hashable, Sendable {
  /// When each run of a part really starts, by the start that the core gave it.
  private typealias Starts = [MonotonicTime: MonotonicTime]

  private var program = LineProgram.dark
  private var limit = OnTimeLimit()
  private var lastBeat: MonotonicTime
  private var lampStarts: Starts = [:]
  private var buzzerStarts: Starts = [:]
  private var staffStarts: Starts = [:]

  public init(at now: MonotonicTime) { lastBeat = now }

  /// Puts a program in force. What should have started a moment ago starts now and is played whole: a loaded machine
  /// delays a beep, it does not shorten it. What is later than `CoreLimits.lateStartMilliseconds` is not moved.
  public mutating func take(_ program: LineProgram, at now: MonotonicTime) {
    self.program = program
    self.program.lamp = Self.placed(program.lamp, &lampStarts, at: now)
    self.program.buzzer = Self.placed(program.buzzer, &buzzerStarts, at: now)
    self.program.staff = Self.placed(program.staff, &staffStarts, at: now)
  }

  private static func placed(
    _ runs: [LineProgram.Run], _ starts: inout Starts, at now: MonotonicTime
  ) -> [LineProgram.Run] {
    let former = starts
    starts = [:]
    return runs.map { run in
      let isLate = run.start < now && now.milliseconds(since: run.start) <= CoreLimits.lateStartMilliseconds
      let start = former[run.start] ?? (isLate ? now : run.start)
      starts[run.start] = start
      var placed = run
      placed.start = start
      return placed
    }
  }

  /// The core lives.
  public mutating func beat(at now: MonotonicTime) { lastBeat = max(lastBeat, now) }

  /// Whether the core has been silent for `CoreLimits.heartbeatMilliseconds`; then no line is active until it beats.
  public func isStale(at now: MonotonicTime) -> Bool {
    now.milliseconds(since: lastBeat) >= CoreLimits.heartbeatMilliseconds
  }

  /// What the lines are to be. Times must not go back.
  public mutating func states(at now: MonotonicTime) -> LineStates {
    limit.limited(isStale(at: now) ? .allInactive : program.states(at: now), at: now)
  }

  /// When `states` may next say something else by itself.
  public func nextDeadline(after now: MonotonicTime) -> MonotonicTime? {
    guard !isStale(at: now) else { return limit.nextDeadline.flatMap { $0 > now ? $0 : nil } }
    return [
      program.nextChange(after: now), limit.nextDeadline,
      lastBeat.adding(milliseconds: CoreLimits.heartbeatMilliseconds),
    ].compactMap(\.self).filter { $0 > now }.min()
  }
}
