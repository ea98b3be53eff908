// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore

/// The journal, and what is in it that the database does not hold yet.
///
/// `append` makes news durable, by one page written each 10 s; `flush` brings all of it into the database, each half hour.
/// Whatever is stopped in between, nothing is lost or counted twice: the database holds the number of the newest page that
/// it has the content of, in the same transaction. After a flush the journal begins again at its first page, with higher
/// numbers.
struct JournaledLog {
  private let boot: String
  private let open: @Sendable () throws(JournalError) -> any JournalMedium
  private let run: UInt64
  private var medium: (any JournalMedium)?
  /// What stood in it when it was opened; nil once that is in the database.
  private var found: JournalContent?
  private var encoder: JournalEncoder
  private var pending = JournalPending()
  private var rows = Store.VisitRows()
  /// Where the next page goes.
  private var nextPage = 0
  /// Pages from there on that an append may have written although it failed. They have the numbers of the next.
  private var failedPages = 0
  /// Bytes that the file lacked when it was opened.
  private var lackedBytes = 0
  /// The first number of pages that an append wrote although it failed: what is in them was given back, and comes again.
  private var refused: JournalMark?
  /// Places of pages that hold something, with the purges they have outlived.
  private var used: [Int: Int] = [:]
  /// Why the journal cannot be written; nil while it can.
  private(set) var fault: JournalError?
  /// What of it could not be read when it was opened, in words; nil when all could.
  private(set) var damage: String?
  /// The newest record of the clock, as it was given.
  private(set) var clock: [UInt8]?
  /// The newest page that the database holds, as this run last saw or made it; nil when it holds none. A database with
  /// another mark is not the one of then.
  private(set) var mark: JournalMark?
  /// Pages written, for tests and measurements.
  private(set) var pagesWritten = 0

  /// - Parameter open: gives the journal's pages; called again with each append until it succeeds, or has failed for good.
  init(
    boot: String, randomBits: @escaping @Sendable () -> UInt64 = { UInt64.random(in: 0...UInt64.max) },
    open: @escaping @Sendable () throws(JournalError) -> any JournalMedium
  ) {
    self.boot = boot
    self.open = open
    run = randomBits()
    encoder = JournalEncoder(epoch: randomBits(), sequence: 1, run: run, boot: boot)
    reopen()
  }

  init(dataFolder: String, boot: String = Boot.id()) {
    self.init(boot: boot) { () throws(JournalError) in try JournalFile(dataFolder: dataFolder) }
  }

  /// Whether something waits to be brought into the database.
  var isPending: Bool { !pending.isEmpty || found != nil }

  /// Opens the journal if it is not, and goes on after what stands in it.
  private mutating func reopen() {
    guard medium == nil, fault?.isLasting != true else { return }
    do throws(JournalError) {
      let medium = try open()
      var content = JournalContent(try medium.read())
      guard !content.isForeign else { throw JournalFile.foreign("kiosk.journal") }
      self.medium = medium
      fault = nil
      for place in content.used { used[place] = 0 }
      lackedBytes = medium.lackedBytes
      failedPages = refused.map { content.drop(from: $0) } ?? 0
      refused = nil
      guard let last = content.pages.last else { return }
      found = content
      clock = clock ?? content.pages.last { $0.record.clock != nil }?.record.clock
      // What the database does not hold lies before this page, wherever it begins.
      nextPage = last.place + 1
      let head = last.record.head
      // What stands in it may be older than what the database holds: numbers are not given twice.
      let held = mark?.epoch == head.epoch ? mark?.sequence ?? 0 : 0
      encoder = JournalEncoder(
        epoch: head.epoch, sequence: max(head.sequence, held) &+ 1, run: run, boot: boot)
    } catch {
      fault = error
    }
  }

  /// Gives the file back, so that the next append opens the one that is in its place then. What is pending stays.
  mutating func close() {
    guard pending.isEmpty, found == nil else { return }
    if medium != nil, failedPages > 0 { refused = JournalMark(epoch: encoder.epoch, sequence: encoder.sequence) }
    medium = nil
    fault = nil
    used = [:]
  }

  // MARK: Writing

  /// Makes news durable, all or nothing.
  ///
  /// - Parameter newestRow: of the database's visits; nil when it cannot say.
  mutating func append(
    _ contacts: [ContactUpdate], _ visits: [VisitUpdate], clock: [UInt8]? = nil, newestRow: Int64?
  ) throws(JournalError) {
    reopen()
    guard let medium else { throw fault ?? .missing }
    guard pending.contactCount + contacts.count <= CoreLimits.pendingContacts,
      pending.visitCount + visits.count <= CoreLimits.pendingVisits
    else { throw .full }
    let before = self
    let placed = take(contacts, visits, newestRow: newestRow)
    if let clock { self.clock = clock }
    // The clock's record stands in the first page of each generation, so that it is never written over without another.
    let isFirst = encoder.generation == encoder.sequence
    var pages = encoder.pages(contacts: contacts, visits: placed, clock: isFirst ? self.clock : clock)
    let end = nextPage + pages.count
    while pages.count < failedPages { pages.append([UInt8](repeating: 0, count: JournalPage.byteCount)) }
    do throws(JournalError) {
      guard nextPage + pages.count <= medium.pageCount else { throw .full }
      failedPages = pages.count
      try write(pages, at: nextPage, in: medium)
      failedPages = 0
      nextPage = end
      fault = nil
    } catch {
      let (used, failedPages) = (self.used, self.failedPages)
      self = before
      self.used = used
      self.failedPages = max(failedPages, before.failedPages)
      fault = error
      throw error
    }
  }

  /// - Returns: the visits with their rows.
  private mutating func take(_ contacts: [ContactUpdate], _ visits: [VisitUpdate], newestRow: Int64?)
    -> [JournaledVisit]
  {
    let placed = visits.map { update in
      let number = update.visit.number
      if let newestRow, !update.isWithdrawn { rows.assign(number, after: newestRow) }
      return JournaledVisit(update, row: rows[number]?.row, isInserted: rows[number]?.isInserted ?? false)
    }
    pending.add(contacts, placed, run: run, boot: boot)
    return placed
  }

  private mutating func write(_ pages: [[UInt8]], at place: Int, in medium: any JournalMedium) throws(JournalError) {
    for place in place..<place + pages.count { used[place] = 0 }
    pagesWritten += pages.count
    try medium.write(pages.flatMap { $0 }, at: place)
    try medium.sync()
  }

  // MARK: Into the database

  /// What a flush has done.
  struct Flushed {
    /// Contacts with F0 entries that were not known before.
    var newExposed = 0
    var isClockKept = false
  }

  /// Brings everything pending into the database, and with it what could not be appended.
  ///
  /// - Parameter record: of the clock, kept in the same transaction if there is one.
  @discardableResult
  mutating func flush(
    into store: Store, _ contacts: [ContactUpdate] = [], _ visits: [VisitUpdate] = [], record: ClockRecord? = nil
  ) throws(StoreError) -> Flushed {
    reopen()
    let lacksMark = try resolve(with: store)
    // More than memory is to hold at once goes in two steps.
    if pending.contactCount + contacts.count > CoreLimits.pendingContacts, !pending.isEmpty {
      let first = try flush(into: store)
      var second = try flush(into: store, contacts, visits, record: record)
      second.newExposed += first.newExposed
      return second
    }
    let before = self
    _ = take(contacts, visits, newestRow: nil)
    let mark = JournalMark(epoch: encoder.epoch, sequence: encoder.sequence &+ UInt64(failedPages) &- 1)
    var flushed = Flushed()
    if !pending.isEmpty || lacksMark {
      do throws(StoreError) {
        flushed.newExposed = try store.write(pending, run: run, rows: &rows, mark: mark, clock: record)
        flushed.isClockKept = record != nil
      } catch {
        self = before
        throw error
      }
      self.mark = mark
    } else if failedPages > 0 {
      // The database does not know their numbers: they stay where they are until the next append writes over them.
      return flushed
    }
    pending = JournalPending()
    encoder.startGeneration(after: mark.sequence)
    nextPage = 0
    failedPages = 0
    return flushed
  }

  /// Finds out what of the journal that was found is not in the database.
  ///
  /// - Returns: whether the database lacks its mark, as after a salvage, and is to get it again.
  private mutating func resolve(with store: Store) throws(StoreError) -> Bool {
    let stored = try store.journalMark()
    // The database has taken pages from a journal, so there was a whole one.
    if lackedBytes > 0, stored != nil {
      damage =
        "kiosk.journal was gone or cut off: up to half an hour of contacts and visits before this may be missing; check the "
        + "SD card"
    }
    lackedBytes = 0
    guard let content = found else {
      let isLost = stored == nil && mark != nil
      mark = stored ?? mark
      return isLost
    }
    // What this run has brought into the database it knows without the mark.
    let known = stored ?? mark
    let earlier = try store.pending(of: content, after: known)
    pending.putFirst(earlier)
    rows.skip(to: earlier.runs.lazy.flatMap(\.visits).compactMap(\.row).max() ?? 0)
    let lost = content.lostPages(after: known)
    if lost > 0 {
      damage =
        "\(lost) pages of kiosk.journal are damaged: up to \(10 * lost) s of contacts and visits are missing; check the SD card"
    }
    // The journal's newest pages may have rotted: their numbers are not given again.
    if let known, known.epoch == encoder.epoch, encoder.sequence <= known.sequence {
      encoder.startGeneration(after: known.sequence)
    }
    mark = known
    found = nil
    return stored == nil
  }

  // MARK: Erasing

  /// Once an hour: pages that were left of earlier slots are written over with zeros when no later slot has done so.
  mutating func eraseStale() throws(JournalError) {
    for place in used.keys where place >= nextPage { used[place, default: 0] += 1 }
    try erase { $0 >= AppLimits.stalePurges }
  }

  /// All that is not needed any more, as when a run begins: it may be older than the retention by far.
  mutating func eraseAll() throws(JournalError) {
    // The clock's record outlives the page that it is in.
    if clock != nil, nextPage == 0 { try append([], [], newestRow: nil) }
    try erase { _ in true }
  }

  private mutating func erase(_ isStale: (Int) -> Bool) throws(JournalError) {
    guard let medium, found == nil else { return }
    let stale = used.filter { $0.key >= nextPage && isStale($0.value) }.keys.sorted()
    guard !stale.isEmpty else { return }
    do throws(JournalError) {
      for place in stale { try medium.write([UInt8](repeating: 0, count: JournalPage.byteCount), at: place) }
      try medium.sync()
      pagesWritten += stale.count
      for place in stale { used[place] = nil }
    } catch {
      fault = error
      throw error
    }
  }
}
