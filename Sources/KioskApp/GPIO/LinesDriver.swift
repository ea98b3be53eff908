// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Synchronization
import Tracer

/// Drives the output lines along the core's program, on a thread of its own: the core may be late, the lamps are not.
///
/// While the core gives no sign of life for `CoreLimits.heartbeatMilliseconds` every line is inactive. When the process
/// dies the kernel takes the lines back; what they do then is up to chip and wiring, see docs/technician.md.
final class LinesDriver: Sendable {
  private struct State: Sendable {
    var drive: LineDrive
    var isClosed = false
  }

  /// What the thread shares with whoever gives it work.
  private final class Shared: Sendable {
    let lines: OutputLines
    let now: @Sendable () -> MonotonicTime
    let onFault: @Sendable (OutputLines.Fault) -> Void
    let state: Mutex<State>

    init(
      _ lines: OutputLines, now: @escaping @Sendable () -> MonotonicTime,
      onFault: @escaping @Sendable (OutputLines.Fault) -> Void
    ) {
      self.lines = lines
      self.now = now
      self.onFault = onFault
      state = Mutex(State(drive: LineDrive(at: now())))
    }

    /// Sets the lines for now, and says when next. A line's own call can block, so it is not made under the lock; the
    /// thread is the only one to make it until it has ended.
    func step() -> MonotonicTime? {
      let (states, deadline) = state.withLock { state in
        let now = now()
        let states = state.isClosed ? .allInactive : state.drive.states(at: now)
        return (states, state.isClosed ? nil : state.drive.nextDeadline(after: now))
      }
      for fault in lines.apply(states) { onFault(fault) }
      return deadline
    }
  }

  private let shared: Shared
  private let thread: DeadlineThread

  /// Opens the lines; those that cannot be opened are told to `onFault`.
  convenience init(_ wiring: OutputLines.Wiring, onFault: @escaping @Sendable (OutputLines.Fault) -> Void) {
    self.init(OutputLines(wiring), now: SystemClock.monotonic, onFault: onFault)
  }

  /// - Parameter now: the core's clock.
  init(
    _ lines: OutputLines, now: @escaping @Sendable () -> MonotonicTime,
    onFault: @escaping @Sendable (OutputLines.Fault) -> Void
  ) {
    for fault in lines.faults { onFault(fault) }
    let shared = Shared(lines, now: now, onFault: onFault)
    self.shared = shared
    thread = DeadlineThread(name: "lines") { shared.step() }
  }

  deinit { close() }

  /// Whether the thread is a real-time one, so that a loaded machine does not delay the lines.
  var isRealtime: Bool { thread.isRealtime }

  /// Puts a program in force.
  func apply(_ program: LineProgram) {
    shared.state.withLock { $0.drive.take(program, at: shared.now()) }
    thread.signal()
  }

  /// The core lives. Cheap: called for each of its events.
  func beat() {
    let wasStale = shared.state.withLock { state in
      let now = shared.now()
      defer { state.drive.beat(at: now) }
      return state.drive.isStale(at: now)
    }
    if wasStale { thread.signal() }
  }

  /// Every line inactive and given back. Blocks; a second call does nothing.
  func close() {
    guard
      shared.state.withLock({ state in
        defer { state.isClosed = true }
        return !state.isClosed
      })
    else { return }
    thread.end()
    for fault in shared.lines.close() { shared.onFault(fault) }
  }
}
