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
      let (contacts, visits) = (SystemClock.rfc3339(contactsBefore), SystemClock.rfc3339(visitsBefore))
      let detail = "of before \(contacts), visits of before \(visits)"
      try store.recordPurge(detail, at: SystemClock.utc()) { () throws(StoreError) in
        try store.purge(before: contactsBefore, boot: boot)
        try store.purgeVisits(before: visitsBefore, boot: boot)
      }
    }
    readUnseenExposures()
  }

  /// Puts it on record if the settings' file is another one than at the last start.
  func noteSettings(sha256: [UInt8]) {
    attempt("putting the settings on record") { store, _ throws(StoreError) in
      try store.noteSettings(sha256: sha256, at: SystemClock.utc())
    }
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
      if let damage = store.damage { post(.problem(damage)) }
    }
  }
}
