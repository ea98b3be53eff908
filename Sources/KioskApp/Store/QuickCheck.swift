// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import GRDB
import KioskCore
import Synchronization
import Tracer

/// Looks through the whole database for damage, on a thread and over a connection of its own that only reads: once after
/// the start, each night, and when somebody came upon damage.
final class QuickCheck: Sendable {
  private let path: String
  private let onDamage: @Sendable () -> Void
  private let queue = DispatchQueue(label: "quick-check", qos: .utility)
  private let state = Mutex(State())
  private let hasStarted = Atomic(false)

  private struct State {
    var last: MonotonicTime?
    var isStopping = false
    var connection: DatabaseQueue?
  }

  enum Finding: Equatable {
    case whole
    case damaged
    /// It could not be opened, or was stopped.
    case unknown
  }

  /// - Parameter onDamage: called on its own thread, after its connection was closed.
  init(dataFolder: String, onDamage: @escaping @Sendable () -> Void) {
    path = dataFolder + "/kiosk.sqlite"
    self.onDamage = onDamage
  }

  /// Checks now, and each night from then on. Further calls do nothing.
  func start() {
    guard !hasStarted.exchange(true, ordering: .relaxed) else { return }
    nextHour(after: 0)
  }

  private func nextHour(after seconds: Int) {
    queue.asyncAfter(deadline: .now() + .seconds(seconds)) { [weak self] in
      guard let self, !state.withLock({ $0.isStopping }) else { return }
      if isDue(at: SystemClock.monotonic(), hour: Self.localHour()) { run() }
      nextHour(after: 3600)
    }
  }

  /// Checks now: somebody came upon damage.
  func checkNow() { queue.async { [self] in run() } }

  /// Breaks off what runs, and waits for that.
  func stop() async {
    state.withLock { state in
      state.isStopping = true
      state.connection?.interrupt()
    }
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  /// At night, when nobody waits for the disk; by day only where it was never night for long.
  func isDue(at now: MonotonicTime, hour: Int) -> Bool {
    guard let last = state.withLock({ $0.last }) else { return true }
    let hours = now.milliseconds(since: last) / 3_600_000
    return hours >= (AppLimits.quickCheckNight.contains(hour) ? 20 : 40)
  }

  private static func localHour() -> Int {
    let second = SystemClock.utcMicroseconds() / 1_000_000
    let local = second + Int64(SystemClock.utcOffsetSeconds(at: second))
    return Int(((local % 86_400) + 86_400) % 86_400 / 3600)
  }

  private func run() {
    guard !state.withLock({ $0.isStopping }) else { return }
    state.withLock { $0.last = SystemClock.monotonic() }
    if check() == .damaged { onDamage() }
  }

  /// Blocks until all of it was read.
  func check() -> Finding {
    StoreRegistry.shared.enter(path)
    defer { StoreRegistry.shared.leave(path) }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.publicStatementArguments = false
    configuration.busyMode = .timeout(5)
    do {
      let connection = try DatabaseQueue(path: path, configuration: configuration)
      defer { try? connection.close() }
      let isStopping = state.withLock { state in
        state.connection = connection
        return state.isStopping
      }
      defer { state.withLock { $0.connection = nil } }
      guard !isStopping else { return .unknown }
      // Of the entries the whole index too: one bit of a key, and a case would never be found.
      let words = try connection.read { db in
        try ["quick_check(1)", "integrity_check(f0Entry)"].compactMap { try String.fetchOne(db, sql: "PRAGMA \($0)") }
      }
      return words.allSatisfy { $0 == "ok" } ? .whole : .damaged
    } catch {
      let code = (error as? DatabaseError)?.resultCode
      return code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB ? .damaged : .unknown
    }
  }
}
