// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// The store on a thread of its own: the core says what to write and hears how it went. What cannot be written goes back
/// to the core's ledgers; other work that fails is kept here, the latest of its kind, and done when the disk serves again.
final class StorageQueue: Sendable {
  private let disk: StoreHandle
  private let boot = Boot.id()
  private let post: @Sendable (Kiosk.Event) -> Void
  private var queue: DispatchQueue { disk.queue }
  private let waiting = Mutex(WaitingWork())
  private let visitRows = Mutex(Store.VisitRows())
  private let lastWriteFault = Mutex<StoreError?>(nil)
  private let isFinishing = Atomic(false)
  private let repair = Mutex(Repair())

  private struct Repair {
    var isQueued = false
    var last: MonotonicTime?
    var onEnd: @Sendable () -> Void = {}
  }

  private typealias Work = @Sendable () throws(StoreError) -> Void
  private struct WaitingWork {
    /// In the order in which it was asked for; of most kinds the latest alone.
    var work: [Kiosk.DiskWork: [Work]] = [:]
    /// Of what the core has been told.
    var faults: [Kiosk.DiskWork: String] = [:]
    var hasReadClock = false
    var hasReadVisits = false
    var hasClosedVisits = false
  }

  init(_ disk: StoreHandle, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.disk = disk
    self.post = post
  }

  /// The log can be read, or is open: what the core wants to know of it, before anything is written. Call it on the
  /// storage thread.
  func opened(_ opening: StoreHandle.Opening) {
    // In another file the visits that go on are other rows.
    if case .open(isSame: false) = opening { visitRows.withLock { $0 = Store.VisitRows() } }
    // What is dated, and by what rows are old, depends on it.
    perform(.readingClock, readClock)
    perform(.readingLog, readVisits)
    perform(.readingExposures, readExposures)
    if let time = try? disk.readable().lastImport() { post(.f0Synced(time)) }
    retry()
  }

  /// Does what has failed before. Call it on the storage thread.
  func retry() {
    guard (try? disk.store()) != nil else { return }
    for kind in Kiosk.DiskWork.allCases {
      let work = waiting.withLock { $0.work.removeValue(forKey: kind) ?? [] }
      for work in work { perform(kind, work) }
    }
  }

  func write(_ updates: [ContactUpdate]) {
    queue.async { [self] in
      do throws(StoreError) {
        let exposed = try disk.store().write(updates, boot: boot)
        lastWriteFault.withLock { $0 = nil }
        post(.contactsWritten)
        if exposed > 0 { readUnseenExposures() }
      } catch {
        disk.failed(error)
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
        try disk.store().write(updates, rows: &rows, boot: boot)
        visitRows.withLock { $0 = rows }
        lastWriteFault.withLock { $0 = nil }
        post(.visitsWritten)
      } catch {
        disk.failed(error)
        lastWriteFault.withLock { $0 = error }
        post(.visitsNotWritten(updates, reason: error.description))
      }
      repairIfDamaged()
    }
  }

  /// Tells the core the newest two days of the entry log, once: later it knows better. Those of a run that ended without
  /// a word are over.
  private func readVisits() throws(StoreError) {
    if !waiting.withLock({ $0.hasReadVisits }) {
      post(.visitsRead(try disk.readable().newestVisits(days: 2)))
      waiting.withLock { $0.hasReadVisits = true }
    }
    if !waiting.withLock({ $0.hasClosedVisits }) {
      try disk.store().closeVisits()
      waiting.withLock { $0.hasClosedVisits = true }
    }
  }

  func date(bootTime: UTCTime) {
    attempt(.dating) { [disk, boot] () throws(StoreError) in
      try disk.store().date(boot: boot, bootTime: bootTime)
    }
  }

  func purge(contactsBefore: UTCTime, visitsBefore: UTCTime) {
    attempt(.purging) { [disk, boot] () throws(StoreError) in
      let store = try disk.store()
      let (contacts, visits) = (SystemClock.rfc3339(contactsBefore), SystemClock.rfc3339(visitsBefore))
      var purged = Store.Purged()
      try store.recordPurge("of before \(contacts), visits of before \(visits)", at: SystemClock.utc()) {
        () throws(StoreError) in
        purged += try store.purge(before: contactsBefore, boot: boot)
        purged += try store.purgeVisits(before: visitsBefore, boot: boot)
        return purged
      }
    }
    readUnseenExposures()
  }

  /// The end of a purge: what is deleted is erased, too.
  func purge(_ undated: UndatedPurge) {
    attempt(.purgingUndated) { [disk, boot] () throws(StoreError) in
      let store = try disk.store()
      try store.recordPurge("too old, without a date", at: SystemClock.utc()) { () throws(StoreError) in
        try store.purgeUndated(undated, boot: boot)
      }
    }
    attempt(.erasing) { [self] () throws(StoreError) in
      let store = try disk.store()
      try cleanUp(store)
      try eraseLog(store)
    }
  }

  /// After a purge, so that nothing old is copied. Where there is no room for it now, there may be after the next.
  private func cleanUp(_ store: Store) throws(StoreError) {
    guard case .noRoom(let bytes) = try store.cleanUp() else { return }
    post(
      .problem(
        "contacts that were deleted long ago may still be found on the disk: \(bytes >> 20) MB must be free to erase "
          + "them; free some space, the kiosk does the rest within the hour"))
  }

  /// Nothing that was purged stays in the log ahead. While another program reads it is tried again.
  private func eraseLog(_ store: Store, attempt number: Int = 1) throws(StoreError) {
    guard try !store.eraseLog(), !isFinishing.load(ordering: .relaxed) else { return }
    if number == AppLimits.eraseAttempts {
      post(
        .problem(
          "contacts that were deleted may still be found on the disk: another program has held the database for hours; "
            + "end it"))
    }
    queue.asyncAfter(deadline: .now() + .seconds(AppLimits.eraseRetrySeconds)) { [self] in
      perform(.erasing) { [self] () throws(StoreError) in try eraseLog(disk.store(), attempt: number + 1) }
    }
  }

  /// Puts it on record if the settings' file is another one than at the last start.
  func noteSettings(sha256: [UInt8]) {
    attempt(.recordingSettings) { [disk] () throws(StoreError) in
      try disk.store().noteSettings(sha256: sha256, at: SystemClock.utc())
    }
  }

  // MARK: The clock

  /// Tells the core what earlier runs knew of the clock, once: later it knows better.
  private func readClock() throws(StoreError) {
    guard !waiting.withLock({ $0.hasReadClock }) else { return }
    post(.clockRead(try disk.readable().clock()))
    waiting.withLock { $0.hasReadClock = true }
  }

  func save(_ record: ClockRecord) {
    attempt(.savingClock) { [disk] () throws(StoreError) in try disk.store().save(record) }
  }

  func redate(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) {
    attempt(.redating) { [disk] () throws(StoreError) in
      try disk.store().redate(from: from, through: through, byMilliseconds: shift)
    }
    readUnseenExposures()
  }

  func setAside(from: UTCTime, through: UTCTime) {
    attempt(.settingAside) { [disk, boot] () throws(StoreError) in
      try disk.store().setAside(from: from, through: through, boot: boot)
    }
  }

  /// Puts a leap of the clock on record, with what it would delete.
  func tell(
    _ news: ClockNews, contactsBefore: UTCTime?, visitsBefore: UTCTime?, report: @escaping @Sendable (String) -> Void
  ) {
    attempt(.recordingLeap) { [disk, post] () throws(StoreError) in
      let store = try disk.store()
      var stake: String?
      if news.kind != .takenBack, let contactsBefore, let visitsBefore {
        let (contacts, visits) = try store.countOlder(contactsBefore: contactsBefore, visitsBefore: visitsBefore)
        stake = ClockWords.stake(contacts: contacts, visits: visits)
        if news.kind == .leapt { post(.clockCounted(contacts: contacts, visits: visits)) }
      }
      let words = news.words(stake: stake)
      report(words)
      try store.addAudit(
        AuditEntry(at: SystemClock.utc(), action: .init(news.kind), authority: .kiosk, detail: words))
    }
  }

  /// Packs contacts of slots that were over at `time`, a step at a time: what is to be written meanwhile comes between.
  func pack(before time: UTCTime) {
    attempt(.packing) { [self] () throws(StoreError) in
      if try disk.store().pack(before: time), !isFinishing.load(ordering: .relaxed) { pack(before: time) }
    }
  }

  /// Tells the core how many exposures staff have not looked at: whenever some may have come or gone.
  func readUnseenExposures() { attempt(.readingExposures, readExposures) }

  private func readExposures() throws(StoreError) { post(.exposures(unseen: try disk.readable().unseenExposures())) }

  /// Tells the core when F0 data last came in.
  func readLastImport() {
    queue.async { [self] in
      if let time = try? disk.store().lastImport() { post(.f0Synced(time)) }
    }
  }

  // MARK: Repair

  /// - Parameter onEnd: called after a repair, on this thread: what stands in the database may have changed.
  func whenSalvaged(_ onEnd: @escaping @Sendable () -> Void) { repair.withLock { $0.onEnd = onEnd } }

  private func repairIfDamaged() {
    if let store = try? disk.store(), store.isDamaged.exchange(false, ordering: .relaxed) { salvage() }
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
      let report = try disk.store().salvage()
      disk.noteSalvaged()
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

  private func attempt(_ kind: Kiosk.DiskWork, _ work: @escaping Work) {
    queue.async { [self] in perform(kind, work) }
  }

  private func perform(_ kind: Kiosk.DiskWork, _ work: @escaping Work) {
    var fault: String?
    do throws(StoreError) {
      if !kind.addsUp { waiting.withLock { $0.work[kind] = nil } }
      try work()
    } catch {
      waiting.withLock { waiting in
        let before = kind.addsUp ? waiting.work[kind, default: []].suffix(AppLimits.waitingWork - 1) : []
        waiting.work[kind] = before + [work]
      }
      disk.failed(error)
      // Where the log is not open, that is told already.
      if (try? disk.store()) != nil { fault = error.description }
    }
    let isNews = waiting.withLock { waiting in
      defer { waiting.faults[kind] = fault }
      return waiting.faults[kind] != fault
    }
    if isNews { post(.diskWork(kind, fault: fault)) }
    repairIfDamaged()
    if let damage = (try? disk.store())?.damage { post(.problem(damage)) }
  }
}
