// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// Compares F0 entries that have come in with the log, on a thread and over a database connection of its own, so that
/// contacts are written meanwhile. What is stopped goes on at the next `start`.
final class F0Matching: Sendable {
  private let disk: StoreHandle
  private let toleranceSlots: Int
  private let clock: SystemClock
  private let post: @Sendable (Kiosk.Event) -> Void
  private let onFound: @Sendable () -> Void
  private let onDamage: @Sendable () -> Void
  private let queue = DispatchQueue(label: "matching", qos: .utility)
  private let isStopping = Atomic(false)
  private let isQueued = Atomic(false)
  /// The last comparison failed.
  private let isOwing = Atomic(false)

  /// - Parameters:
  ///   - onFound: called after a comparison that found contacts that were not known before.
  ///   - onDamage: called after one that came upon a damaged database.
  init(
    disk: StoreHandle, toleranceSlots: Int, clock: SystemClock, post: @escaping @Sendable (Kiosk.Event) -> Void,
    onFound: @escaping @Sendable () -> Void, onDamage: @escaping @Sendable () -> Void = {}
  ) {
    self.onFound = onFound
    self.onDamage = onDamage
    self.disk = disk
    self.toleranceSlots = toleranceSlots
    self.clock = clock
    self.post = post
  }

  /// Call it after entries were applied to the store, by whomever; one that finds nothing new costs nothing.
  func start() {
    // One that waits will see all that came before it.
    guard !isQueued.exchange(true, ordering: .relaxed) else { return }
    queue.async { [self] in
      isQueued.store(false, ordering: .relaxed)
      // It starts again when the log is open.
      guard (try? disk.store()) != nil else { return }
      do throws(StoreError) {
        let store = try disk.connect()
        let result = try store.matchF0(toleranceSlots: toleranceSlots, at: clock.now().utc) { _ in
          !isStopping.load(ordering: .relaxed)
        }
        if result.newExposedContacts > 0 { onFound() }
        if let damage = store.damage { post(.problem(damage)) }
        isOwing.store(false, ordering: .relaxed)
        post(.diskWork(.matching, fault: nil))
      } catch {
        if case .notADatabase = error { onDamage() }
        isOwing.store(true, ordering: .relaxed)
        disk.failed(error)
        post(.diskWork(.matching, fault: error.description))
      }
    }
  }

  /// Starts again what has failed.
  func retry() { if isOwing.load(ordering: .relaxed) { start() } }

  /// Stops within a block of some thousand ids, and waits for that.
  func stop() async {
    isStopping.store(true, ordering: .relaxed)
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }
}
