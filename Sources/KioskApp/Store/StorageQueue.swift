// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// The store on a thread of its own: the core says what to write and hears how it went.
final class StorageQueue: Sendable {
  private let store: Store
  private let boot = Boot.id()
  private let post: @Sendable (Kiosk.Event) -> Void
  private let queue = DispatchQueue(label: "store")
  private let visitRows = Mutex(Store.VisitRows())
  private let lastWriteFault = Mutex<StoreError?>(nil)
  private let isFinishing = Atomic(false)
  private let repair = Mutex(Repair())

  private struct Repair {
    var isQueued = false
    var last: MonotonicTime?
    var onEnd: @Sendable () -> Void = {}
  }

  init(_ store: Store, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.store = store
    self.post = post
  }

  func write(_ updates: [ContactUpdate]) {
    queue.async { [self] in
      do throws(StoreError) {
        let exposed = try store.write(updates, boot: boot)
        lastWriteFault.withLock { $0 = nil }
        post(.contactsWritten)
        if exposed > 0 { readUnseenExposures() }
      } catch {
        lastWriteFault.withLock { $0 = error }
        post(.contactsNotWritten(updates, reason: error.description))
      }
      repairIfDamaged()
    }
  }

  func write(_ updates: [VisitUpdate]) {
    queue.async { [self] in
      do throws(StoreError) {
        var rows = visitRows.withLock { $0 }
        try store.write(updates, rows: &rows, boot: boot)
        visitRows.withLock { $0 = rows }
        lastWriteFault.withLock { $0 = nil }
        post(.visitsWritten)
      } catch {
        lastWriteFault.withLock { $0 = error }
        post(.visitsNotWritten(updates, reason: error.description))
      }
      repairIfDamaged()
    }
  }

  /// Tells the core the newest two days of the entry log; those of a run that ended without a word are over.
  func readVisits() {
    attempt("reading the entry log") { [self] store, _ throws(StoreError) in
      try store.closeVisits()
      post(.visitsRead(try store.newestVisits(days: 2)))
    }
  }

  func date(bootTime: UTCTime) {
    attempt("dating what was heard before the clock was right") { store, boot throws(StoreError) in
      try store.date(boot: boot, bootTime: bootTime)
    }
  }

  func purge(contactsBefore: UTCTime, visitsBefore: UTCTime) {
    attempt("purging what is old") { store, boot throws(StoreError) in
      try store.purge(before: contactsBefore, boot: boot)
      try store.purgeVisits(before: visitsBefore, boot: boot)
    }
    readUnseenExposures()
  }

  /// Packs contacts of slots that were over at `time`, a step at a time: what is to be written meanwhile comes between.
  func pack(before time: UTCTime) {
    attempt("packing the contact log") { [self] store, _ throws(StoreError) in
      if try store.pack(before: time), !isFinishing.load(ordering: .relaxed) { pack(before: time) }
    }
  }

  /// Tells the core how many exposures staff have not looked at: whenever some may have come or gone.
  func readUnseenExposures() {
    attempt("reading the exposures") { [self] store, _ throws(StoreError) in
      post(.exposures(unseen: try store.unseenExposures()))
    }
  }

  /// Tells the core when F0 data last came in.
  func readLastImport() {
    queue.async { [self] in
      if let time = try? store.lastImport() { post(.f0Synced(time)) }
    }
  }

  // MARK: Repair

  /// - Parameter onEnd: called after a repair, on this thread: what stands in the database may have changed.
  func whenSalvaged(_ onEnd: @escaping @Sendable () -> Void) { repair.withLock { $0.onEnd = onEnd } }

  private func repairIfDamaged() {
    if store.isDamaged.exchange(false, ordering: .relaxed) { salvage() }
  }

  /// Repairs the database, after what is queued and before all else. The core's ledgers keep what is heard meanwhile. Not
  /// twice within an hour.
  func salvage() {
    let isNew = repair.withLock { repair in
      defer { repair.isQueued = true }
      return !repair.isQueued
    }
    if isNew { queue.async { [self] in salvageNow() } }
  }

  private func salvageNow() {
    let now = SystemClock.monotonic()
    let (isTooSoon, onEnd) = repair.withLock { repair in
      repair.isQueued = false
      let isTooSoon = repair.last.map { now.milliseconds(since: $0) < AppLimits.salvagePauseMilliseconds } ?? false
      return (isTooSoon, repair.onEnd)
    }
    guard !isTooSoon, !isFinishing.load(ordering: .relaxed) else { return }
    do throws(StoreError) {
      let report = try store.salvage()
      repair.withLock { $0.last = now }
      post(.problem(report.words))
      onEnd()
    } catch {
      post(.problem("the database is damaged and could not be repaired yet: \(error)"))
      queue.asyncAfter(deadline: .now() + .seconds(AppLimits.salvageRetrySeconds)) { [weak self] in self?.salvage() }
    }
  }

  /// Waits for everything queued.
  ///
  /// - Returns: why the last write failed, nil if it did not.
  func finish() async -> StoreError? {
    isFinishing.store(true, ordering: .relaxed)
    return await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: lastWriteFault.withLock { $0 }) }
    }
  }

  private func attempt(_ what: String, _ body: @escaping @Sendable (Store, String) throws(StoreError) -> Void) {
    queue.async { [self] in
      do throws(StoreError) { try body(store, boot) } catch { post(.problem("\(what): \(error)")) }
      repairIfDamaged()
      if let damage = store.damage { post(.problem(damage)) }
    }
  }
}
