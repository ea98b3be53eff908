// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import FoundationEssentials
import KioskCore
import Synchronization
import Tracer

/// The store on a thread of its own: the core says what to write and hears how it went.
///
/// What the effects of one event hand over is gathered until `commit`, and is one append to the journal; a few seconds after
/// the end of each second log slot the journal is emptied into the database. What neither takes goes back to the core's
/// ledgers; other work that fails is kept here and done when the disk serves again.
final class StorageQueue: Sendable {
  private let disk: StoreHandle
  private let boot = Boot.id()
  private let post: @Sendable (Kiosk.Event) -> Void
  private var queue: DispatchQueue { disk.queue }
  private let buffer = Mutex(Buffer())
  /// nil until the database was open. Used on the queue's thread alone, as the following.
  private let log = Mutex<JournaledLog?>(nil)
  private let state = Mutex(State())
  private let waiting = Mutex(WaitingWork())
  private let repair = Mutex(Repair())
  private let isFinishing = Atomic(false)
  private let isErasing = Atomic(false)

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
          let number = LogSlot.number(at: moment.utc) / AppLimits.flushSlots * AppLimits.flushSlots
          let end = LogSlot.start(of: number + AppLimits.flushSlots)
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
    /// Contacts for whose sake the journal was emptied before the end of the slot.
    var prompt: Set<Store.LogPlace> = []
    var hasBegun = false
    /// The newest that is known of the clock, and whether the database has it.
    var clock: ClockRecord?
    var isClockKept = true
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

  private struct Repair {
    var isQueued = false
    var last: MonotonicTime?
    /// After one that failed; and whether another is waiting for it.
    var notBefore: MonotonicTime?
    var isRetryWaiting = false
    var onEnd: @Sendable () -> Void = {}
    /// What was told of it last, while it could not be made.
    var fault: String?
    /// In a row, of those that cost something.
    var failures = 0
  }

  init(_ disk: StoreHandle, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.disk = disk
    self.post = post
  }

  /// The log can be read, or is open: what the core wants to know of it, before anything is written. Call it on the
  /// storage thread.
  func opened(_ opening: StoreHandle.Opening) {
    if case .open(var isSame) = opening {
      if isSame { isSame = holdsOurs() }
      // What this run has left in the journal while the database did not serve.
      if isSame, log.withLock({ $0 != nil }) { flush() }
      log.withLock { log in
        // The file that was open may be one of a disk that was taken away.
        if isSame, log != nil { log?.close() } else { log = JournaledLog(dataFolder: disk.folder.path) }
      }
    }
    // What is dated, and by what rows are old, depends on it.
    perform(.readingClock, readClock)
    // What an earlier run has left in the journal.
    if case .open = opening { flush() }
    perform(.readingLog, readVisits)
    perform(.readingExposures, readExposures)
    if let time = try? disk.readable().lastImport() { post(.f0Synced(time)) }
    retry()
  }

  /// Whether the database is the one into which this run has emptied its journal: a file number says little, since disks
  /// that were formatted alike have the same, and a copy of a disk has all of them. One that a salvage made may lack the mark.
  private func holdsOurs() -> Bool {
    guard let mark = log.withLock({ $0?.mark }), let stored = try? disk.store().journalMark() else { return true }
    return stored == mark
  }

  /// Does what has failed before. Call it on the storage thread.
  func retry() {
    guard (try? disk.store()) != nil else { return }
    for kind in Kiosk.DiskWork.allCases {
      let work = waiting.withLock { $0.work.removeValue(forKey: kind) ?? [] }
      for (done, next) in work.enumerated() {
        perform(kind, next)
        guard kind.addsUp, waiting.withLock({ !$0.work[kind, default: []].isEmpty }) else { continue }
        // Each builds on those before it: they wait with it, in their order.
        waiting.withLock { $0.work[kind, default: []] += work[(done + 1)...] }
        break
      }
    }
  }

  // MARK: What was heard

  func write(_ updates: [ContactUpdate]) { buffer.withLock { $0.contacts = ($0.contacts ?? []) + updates } }

  func write(_ updates: [VisitUpdate]) { buffer.withLock { $0.visits = ($0.visits ?? []) + updates } }

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
    var batch = batch
    let (contacts, visits) = (batch.contacts ?? [], batch.visits ?? [])
    if isDatingWaiting, let clock = batch.clock {
      buffer.withLock { $0.clock = $0.clock ?? clock }
      batch.clock = nil
      if batch.isEmpty { return }
    }
    do throws(StoreError) {
      // Without the database the folder may be the one under a disk that is not there.
      let store = try disk.store()
      let newestRow = visits.isEmpty ? nil : try? store.newestVisit()
      var fault: JournalError?
      log.withLock { log in
        do throws(JournalError) {
          try log?.append(contacts, visits, clock: batch.clock, newestRow: newestRow)
        } catch { fault = error }
      }
      if let fault {
        tellJournal(fault)
        return flush(batch)
      }
      state.withLock {
        $0.lastWriteFault = nil
        $0.journalFault = nil
      }
      tell(batch)
      if areExposed(contacts) { flush() }
    } catch {
      refuse(batch, error)
    }
  }

  /// Brings the journal into the database, and with it what it could not take.
  private func flush(_ batch: Batch = Batch()) {
    do throws(StoreError) {
      let store = try disk.store()
      let record = unkeptClock
      let flushed = try log.withLock { log throws(StoreError) in
        try log?.flush(into: store, batch.contacts ?? [], batch.visits ?? [], record: record)
      }
      state.withLock { state in
        if flushed?.isClockKept == true { state.isClockKept = state.clock == record }
        if !batch.isEmpty { state.lastWriteFault = nil }
        state.flushFault = nil
      }
      tell(batch)
      if let flushed, flushed.newExposed > 0 { readUnseenExposures() }
      begin()
      // A journal that failed is opened again with the next append.
      log.withLock { log in if log?.fault != nil { log?.close() } }
      perform(.savingClock) { [self] () throws(StoreError) in try keepClock(disk.store()) }
    } catch {
      state.withLock { $0.flushFault = error }
      buffer.withLock { $0.hasFailed = true }
      refuse(batch, error)
    }
    repairIfDamaged()
    if let damage = (try? disk.store())?.damage { post(.problem(damage)) }
  }

  /// Neither journal nor database took it. Where the journal has all, the core need not keep it, but hears why the database
  /// does not take it.
  private func refuse(_ batch: Batch, _ error: StoreError) {
    disk.failed(error)
    if !batch.isEmpty { state.withLock { $0.lastWriteFault = error } }
    // Where the log is not open, that is told already.
    guard !batch.isEmpty || (try? disk.store()) != nil else { return }
    post(.contactsNotWritten(batch.contacts ?? [], reason: error.description))
    if let visits = batch.visits { post(.visitsNotWritten(visits, reason: error.description)) }
  }

  /// After the first flush: the pages of the run before are of no use any more.
  private func begin() {
    let isFirst = state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
    guard isFirst else { return }
    let (damage, fault) = log.withLock { log -> (String?, JournalError?) in
      do throws(JournalError) { try log?.eraseAll() } catch { return (log?.damage, error) }
      return (log?.damage, log?.fault)
    }
    if let damage { post(.problem(damage)) }
    if let fault { tellJournal(fault) }
  }

  private func tell(_ batch: Batch) {
    // The journal has it, or the database. While the database refuses, that is told as long as it lasts.
    if let fault = state.withLock({ $0.flushFault }) {
      post(.contactsNotWritten([], reason: fault.description))
    } else {
      post(.contactsWritten)
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
    guard let candidates = try? disk.store().candidates(places), !candidates.isEmpty else { return false }
    return state.withLock { state in
      let room = AppLimits.promptFlushes - state.prompt.count
      let new = candidates.subtracting(state.prompt).prefix(max(room, 0))
      state.prompt.formUnion(new)
      return !new.isEmpty
    }
  }

  // MARK: What was logged

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

  /// Tells the core how many exposures staff have not looked at: whenever some may have come or gone.
  func readUnseenExposures() { attempt(.readingExposures, readExposures) }

  private func readExposures() throws(StoreError) { post(.exposures(unseen: try disk.readable().unseenExposures())) }

  /// Tells the core when F0 data last came in.
  func readLastImport() {
    queue.async { [self] in
      if let time = try? disk.store().lastImport() { post(.f0Synced(time)) }
    }
  }

  /// Packs contacts of slots that were over at `time`, a step at a time: what is to be written meanwhile comes between.
  func pack(before time: UTCTime) {
    attempt(.packing) { [self] () throws(StoreError) in
      if try disk.store().pack(before: time), !isFinishing.load(ordering: .relaxed) { pack(before: time) }
    }
  }

  // MARK: Purging

  func purge(contactsBefore: UTCTime, visitsBefore: UTCTime) {
    flushJournal()
    attempt(.purging) { [self] () throws(StoreError) in
      // A journal that cannot be written is told of by the next append.
      log.withLock { log in do throws(JournalError) { try log?.eraseStale() } catch {} }
      let store = try disk.store()
      let (contacts, visits) = (SystemClock.rfc3339(contactsBefore), SystemClock.rfc3339(visitsBefore))
      try store.recordPurge("of before \(contacts), visits of before \(visits)", at: SystemClock.utc()) {
        () throws(StoreError) in
        // A rotten pack must not keep visits beyond their days.
        var fault: StoreError?
        var purged = Store.Purged()
        do throws(StoreError) { purged += try store.purge(before: contactsBefore, boot: boot) } catch { fault = error }
        do throws(StoreError) { purged += try store.purgeVisits(before: visitsBefore, boot: boot) } catch {
          fault = fault ?? error
        }
        guard let fault else { return purged }
        store.noteUnrecorded(purged)
        throw fault
      }
    }
    readUnseenExposures()
  }

  /// The end of a purge: what is deleted is erased, too.
  func purge(_ undated: UndatedPurge) {
    flushJournal()
    attempt(.purgingUndated) { [disk, boot] () throws(StoreError) in
      let store = try disk.store()
      try store.recordPurge("too old by running time", at: SystemClock.utc()) { () throws(StoreError) in
        try store.purgeUndated(undated, boot: boot)
      }
    }
    attempt(.erasing) { [self] () throws(StoreError) in
      let store = try disk.store()
      // Whether or not the clean-up of an earlier version's database succeeds.
      try eraseLog(store)
      guard try !store.isClean() else { return }
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
    guard try !store.eraseLog(), !isFinishing.load(ordering: .relaxed) else {
      isErasing.store(false, ordering: .relaxed)
      return
    }
    // One at a time, however many purges there are meanwhile.
    guard number > 1 || !isErasing.exchange(true, ordering: .relaxed) else { return }
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
    var newest = try disk.readable().clock()
    // The journal's is newer where the run before ended without a word.
    if let bytes = log.withLock({ $0?.clock }), let record = ClockRecord(journaled: bytes),
      record.operating > newest?.operating ?? .min
    {
      newest = record
    }
    post(.clockRead(newest))
    waiting.withLock { $0.hasReadClock = true }
  }

  /// Goes with what is heard into the journal where it is short enough, and into the database each time that is emptied.
  func save(_ record: ClockRecord) {
    let bytes = record.journaled
    state.withLock {
      $0.clock = record
      $0.isClockKept = false
    }
    if bytes.count <= CoreLimits.journalClockBytes {
      buffer.withLock { $0.clock = bytes }
    } else {
      attempt(.savingClock) { [self] () throws(StoreError) in try keepClock(disk.store()) }
    }
  }

  /// Whether rows wait to get other times. What is known of the clock says that they have them, so it must not be kept before
  /// that: after a power cut the order would not be given again.
  private var isDatingWaiting: Bool {
    waiting.withLock { waiting in
      [Kiosk.DiskWork.redating, .settingAside].contains { !waiting.work[$0, default: []].isEmpty }
    }
  }

  /// What of the clock the database does not have yet; nil while it may hold more than this run knows.
  private var unkeptClock: ClockRecord? {
    guard waiting.withLock({ $0.hasReadClock }), !isDatingWaiting else { return nil }
    return state.withLock { $0.isClockKept ? nil : $0.clock }
  }

  private func keepClock(_ store: Store) throws(StoreError) {
    guard let record = unkeptClock else { return }
    try store.save(record)
    // Another may have come meanwhile.
    state.withLock { $0.isClockKept = $0.clock == record }
  }

  func date(bootTime: UTCTime) {
    flushJournal()
    attempt(.dating) { [self] () throws(StoreError) in
      // What is to be dated again comes first.
      guard waiting.withLock({ $0.work[.redating, default: []].isEmpty }) else { throw .busy }
      try flushed().date(boot: boot, bootTime: bootTime)
      forgetTimes()
    }
  }

  func redate(from: UTCTime, through: UTCTime, byMilliseconds shift: Int64) {
    flushJournal()
    attempt(.redating) { [self] () throws(StoreError) in
      try flushed().redate(from: from, through: through, byMilliseconds: shift)
      forgetTimes()
    }
    readUnseenExposures()
  }

  func setAside(from: UTCTime, through: UTCTime, offset: Int64?) {
    flushJournal()
    attempt(.settingAside) { [self] () throws(StoreError) in
      if try flushed().setAside(from: from, through: through, offset: offset, boot: boot) { forgetTimes() }
    }
  }

  /// Rows have another time now than pages of the journal that were brought into the database before.
  private func forgetTimes() {
    // A journal that cannot be written is told of by the next append.
    log.withLock { log in do throws(JournalError) { try log?.eraseAll() } catch {} }
  }

  /// The database, which holds all that was heard before: what is still in the journal would be left out.
  private func flushed() throws(StoreError) -> Store {
    let store = try disk.store()
    if let fault = state.withLock({ $0.flushFault }) { throw fault }
    return store
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
      try store.addAudit(
        AuditEntry(at: SystemClock.utc(), action: .init(news.kind), authority: .kiosk, detail: words))
      report(words)
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
    let now = SystemClock.monotonic()
    let isNew = repair.withLock { repair in
      if let notBefore = repair.notBefore, now < notBefore { return false }
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
      endRepairFault()
      repair.withLock {
        $0.last = now
        $0.failures = 0
      }
      post(.problem(report.words))
      // What the damage kept in the journal, and other work that it stopped.
      flush()
      retry()
      onEnd()
    } catch {
      // Another file in its place is told of as such.
      if case .inItsPlace = error { return disk.failed(error) }
      let words = "the database is damaged and could not be repaired yet: \(error.whileRepairing)"
      if repair.withLock({ $0.fault }) != words { endRepairFault() }
      repair.withLock { $0.fault = words }
      post(.problem(words))
      // What is found out at once may be tried often; waiting for others holds up what is to be written.
      let isFoundAtOnce = error.isFull || error.isReadOnly
      let failures = repair.withLock { repair in
        repair.failures += isFoundAtOnce ? 0 : 1
        return repair.failures
      }
      let pause =
        isFoundAtOnce
        ? AppLimits.diskRetryMilliseconds / 1000 : min(AppLimits.salvageRetrySeconds << min(failures - 1, 6), 3600)
      let isWaiting = repair.withLock { repair in
        repair.notBefore = now.adding(milliseconds: 1000 * Int64(pause))
        defer { repair.isRetryWaiting = true }
        return repair.isRetryWaiting
      }
      guard !isWaiting else { return }
      queue.asyncAfter(deadline: .now() + .seconds(pause)) { [weak self] in
        self?.repair.withLock { $0 = Repair(last: $0.last, onEnd: $0.onEnd, fault: $0.fault, failures: $0.failures) }
        self?.salvage()
      }
    }
  }

  private func endRepairFault() {
    let fault = repair.withLock { repair in
      defer { repair.fault = nil }
      return repair.fault
    }
    if let fault { post(.problemEnded(fault)) }
  }

  // MARK: The end

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
  func drain() -> Int { queue.sync { log.withLock { $0?.pagesWritten ?? 0 } } }

  // MARK: Work

  private func attempt(_ kind: Kiosk.DiskWork, _ work: @escaping Work) {
    queue.async { [self] in perform(kind, work) }
  }

  private func perform(_ kind: Kiosk.DiskWork, _ work: @escaping Work) {
    // Each builds on those before it, and waits behind them.
    let isBehind = waiting.withLock { waiting in
      guard kind.addsUp, let before = waiting.work[kind], !before.isEmpty else { return false }
      waiting.work[kind] = before.suffix(AppLimits.waitingWork - 1) + [work]
      return true
    }
    if isBehind { return }
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

extension ClockRecord {
  /// As it stands in the journal, and in the database.
  var journaled: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
  }

  /// nil for anything else, or a record that contradicts itself.
  init?(journaled bytes: [UInt8]) {
    guard let record = try? JSONDecoder().decode(ClockRecord.self, from: Data(bytes)), record.isSound else {
      return nil
    }
    self = record
  }
}
