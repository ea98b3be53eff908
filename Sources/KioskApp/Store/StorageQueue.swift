// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// The store on a thread of its own: the core says what to write and hears how it went.
///
/// What the effects of one event hand over is gathered until `commit`, and is one append to the journal; a few seconds after
/// the end of each log slot the journal is emptied into the database.
final class StorageQueue: Sendable {
  private let store: Store
  private let boot = Boot.id()
  private let post: @Sendable (Kiosk.Event) -> Void
  private let queue = DispatchQueue(label: "store")
  private let buffer = Mutex(Buffer())
  /// Used on the queue's thread alone, as the following.
  private let log: Mutex<JournaledLog>
  private let state = Mutex(State())
  private let isFinishing = Atomic(false)

  /// What waits for `commit`, and when the journal is to be emptied.
  private struct Buffer {
    var contacts: [ContactUpdate]?
    var visits: [VisitUpdate]?
    var clock: [UInt8]?
    var flushAt: MonotonicTime?
    var hasFailed = false

    /// - Returns: nil when there is nothing to be done.
    mutating func take(at moment: Moment?) -> Batch? {
      var batch = Batch(contacts: contacts, visits: visits, clock: clock)
      (contacts, visits, clock) = (nil, nil, nil)
      if let moment {
        let now = moment.monotonic
        if hasFailed, flushAt == nil { flushAt = now.adding(milliseconds: AppLimits.flushRetryMilliseconds) }
        hasFailed = false
        if let flushAt, now >= flushAt {
          batch.isFlushDue = true
          self.flushAt = nil
        } else if flushAt == nil, !batch.isEmpty {
          let end = LogSlot.start(of: LogSlot.number(at: moment.utc) + 1)
          let left = end.milliseconds - moment.utc.milliseconds
          flushAt = now.adding(milliseconds: left + AppLimits.flushDelayMilliseconds)
        }
      }
      return batch.isEmpty && !batch.isFlushDue ? nil : batch
    }
  }

  private struct Batch {
    var contacts: [ContactUpdate]?
    var visits: [VisitUpdate]?
    var clock: [UInt8]?
    var isFlushDue = false

    var isEmpty: Bool { contacts == nil && visits == nil && clock == nil }
  }

  private struct State {
    /// Why the last write reached neither journal nor database.
    var lastWriteFault: StoreError?
    /// Why the journal could not be emptied the last time.
    var flushFault: StoreError?
    /// Of the journal, as it was told.
    var journalFault: String?
    /// Rows without a date were to get one while the journal could not be emptied.
    var bootTime: UTCTime?
    /// Contacts for whose sake the journal was emptied before the end of the slot.
    var prompt: Set<Store.LogPlace> = []
    var hasBegun = false
  }

  init(_ store: Store, journal: sending JournaledLog, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.store = store
    self.post = post
    log = Mutex(journal)
    // What an earlier run has left.
    queue.async { [self] in flush() }
  }

  func write(_ updates: [ContactUpdate]) { buffer.withLock { $0.contacts = ($0.contacts ?? []) + updates } }

  func write(_ updates: [VisitUpdate]) { buffer.withLock { $0.visits = ($0.visits ?? []) + updates } }

  /// The newest record of the clock, at most `CoreLimits.journalClockBytes` long.
  func saveClock(_ record: [UInt8]) { buffer.withLock { $0.clock = record } }

  /// To be called after the effects of each event: writes what they handed over, and empties the journal when it is time.
  /// Without a moment only the first.
  func commit(at moment: Moment? = nil) {
    guard let batch = buffer.withLock({ $0.take(at: moment) }) else { return }
    queue.async { [self] in
      if !batch.isEmpty { append(batch) }
      if batch.isFlushDue {
        state.withLock { $0.prompt.removeAll() }
        flush()
      }
    }
  }

  /// Empties the journal into the database, as before something that asks the database alone.
  func flushJournal() {
    commit()
    queue.async { [self] in flush() }
  }

  private func append(_ batch: Batch) {
    let (contacts, visits) = (batch.contacts ?? [], batch.visits ?? [])
    let newestRow = visits.isEmpty ? nil : try? store.newestVisit()
    do throws(JournalError) {
      try log.withLock { log throws(JournalError) in
        try log.append(contacts, visits, clock: batch.clock, newestRow: newestRow)
      }
      state.withLock {
        $0.lastWriteFault = nil
        $0.journalFault = nil
      }
      tell(batch)
      if areExposed(contacts) { flush() }
    } catch {
      tellJournal(error)
      flush(batch)
    }
  }

  /// Brings the journal into the database, and with it what it could not take.
  private func flush(_ batch: Batch = Batch()) {
    do throws(StoreError) {
      let exposed = try log.withLock { log throws(StoreError) in
        try log.flush(into: store, batch.contacts ?? [], batch.visits ?? [])
      }
      let bootTime = state.withLock { state in
        if !batch.isEmpty { state.lastWriteFault = nil }
        state.flushFault = nil
        defer { state.bootTime = nil }
        return state.bootTime
      }
      if let bootTime { try store.date(boot: boot, bootTime: bootTime) }
      tell(batch)
      if exposed > 0 { readUnseenExposures() }
      begin()
    } catch {
      state.withLock {
        $0.flushFault = error
        if !batch.isEmpty { $0.lastWriteFault = error }
      }
      buffer.withLock { $0.hasFailed = true }
      let reason = error.description
      // Where the journal has it, the core need not keep it, but hears why the database does not take it.
      post(.contactsNotWritten(batch.contacts ?? [], reason: reason))
      if let visits = batch.visits { post(.visitsNotWritten(visits, reason: reason)) }
    }
    if let damage = store.damage { post(.problem(damage)) }
  }

  /// After the first flush: the pages of the run before are of no use any more.
  private func begin() {
    let isFirst = state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
    guard isFirst else { return }
    let (damage, fault) = log.withLock { log in
      do throws(JournalError) { try log.eraseAll() } catch { return (log.damage, error as JournalError?) }
      return (log.damage, log.fault)
    }
    if let damage { post(.problem(damage)) }
    if let fault { tellJournal(fault) }
  }

  private func tell(_ batch: Batch) {
    // The journal has it, or the database. While the database refuses, that is told as long as it lasts.
    let fault = state.withLock { $0.flushFault }
    if batch.contacts != nil {
      post(fault.map { .contactsNotWritten([], reason: $0.description) } ?? .contactsWritten)
    }
    if batch.visits != nil { post(.visitsWritten) }
  }

  private func tellJournal(_ fault: JournalError) {
    let isNew = state.withLock { state in
      defer { state.journalFault = fault.description }
      return state.journalFault != fault.description
    }
    if isNew, fault != .full { post(.problem("the journal: \(fault)")) }
  }

  /// Whether one of them may be a contact with an F0 entry that is held, and is not known as such yet: staff are not to
  /// wait for the end of the slot.
  private func areExposed(_ contacts: [ContactUpdate]) -> Bool {
    let places = Set(
      contacts.compactMap { update -> Store.LogPlace? in
        guard case .dated(let first, _) = update.span else { return nil }
        return Store.LogPlace(slot: LogSlot.number(at: first), id: update.id)
      })
    guard let candidates = try? store.candidates(places), !candidates.isEmpty else { return false }
    return state.withLock { state in
      let room = AppLimits.promptFlushes - state.prompt.count
      let new = candidates.subtracting(state.prompt).prefix(max(room, 0))
      state.prompt.formUnion(new)
      return !new.isEmpty
    }
  }

  /// Tells the core the newest two days of the entry log; those of a run that ended without a word are over.
  func readVisits() {
    flushJournal()
    attempt("reading the entry log") { [self] store, _ throws(StoreError) in
      try store.closeVisits()
      post(.visitsRead(try store.newestVisits(days: 2)))
    }
  }

  func date(bootTime: UTCTime) {
    flushJournal()
    attempt("dating what was heard before the clock was right") { [self] store, boot throws(StoreError) in
      // What could not be flushed is dated after it was.
      state.withLock { if $0.flushFault != nil { $0.bootTime = bootTime } }
      try store.date(boot: boot, bootTime: bootTime)
    }
  }

  func purge(contactsBefore: UTCTime, visitsBefore: UTCTime) {
    flushJournal()
    attempt("purging what is old") { [self] store, boot throws(StoreError) in
      // A journal that cannot be written is told of by the next append.
      log.withLock { log in do throws(JournalError) { try log.eraseStale() } catch {} }
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

  /// Writes what is left and waits for everything queued.
  ///
  /// - Returns: why the last write failed, nil if it did not: what stands in the journal is written.
  func finish() async -> StoreError? {
    isFinishing.store(true, ordering: .relaxed)
    flushJournal()
    return await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: state.withLock { $0.lastWriteFault }) }
    }
  }

  /// Waits for everything queued, and tells how many pages of the journal were written: for tests and measurements.
  func drain() -> Int { queue.sync { log.withLock { $0.pagesWritten } } }

  private func attempt(_ what: String, _ body: @escaping @Sendable (Store, String) throws(StoreError) -> Void) {
    queue.async { [self] in
      do throws(StoreError) { try body(store, boot) } catch { post(.problem("\(what): \(error)")) }
      if let damage = store.damage { post(.problem(damage)) }
    }
  }
}
