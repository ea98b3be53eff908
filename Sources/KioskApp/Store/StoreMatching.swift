// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore
import Synchronization
import Tracer

/// Matching F0 entries with the contact log, in both directions. See docs/matching.md.
///
/// Nothing is missed and nothing found twice, whatever is stopped in between: an entry is compared with every contact that
/// was written before it (`matchF0`, which goes on where it stopped), and every contact that is written after it with the
/// entry (`matchWritten`, in the contact's own transaction). An exposure has one row an entry, slot and id.
extension Store {
  struct MatchResult: Equatable {
    /// Entries compared.
    var entries = 0
    /// Contacts that were not known as exposures before.
    var newExposedContacts = 0
    /// Whether it was stopped before its end.
    var isStopped = false
  }

  /// Compares all entries that have not been compared yet with this tolerance. Reads in small steps and writes in short
  /// transactions, so that contacts are written meanwhile.
  ///
  /// - Parameter goOn: told the share done, 0 to 1; says whether to go on.
  func matchF0(
    toleranceSlots: Int, hasher: SubkeyHasher = .fastest, at now: UTCTime, goOn: (Double) -> Bool = { _ in true }
  ) throws(StoreError) -> MatchResult {
    try write { db in
      try db.execute(
        sql: "UPDATE f0Entry SET toleranceSlots = ?, isMatched = 0 WHERE toleranceSlots IS NOT ?",
        arguments: [toleranceSlots, toleranceSlots])
    }
    let matcher = F0Matcher(
      toleranceMilliseconds: Int64(toleranceSlots) * LogSlot.milliseconds, hasher: hasher,
      seed: UInt64.random(in: 0...UInt64.max))
    let total = try read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM f0Entry WHERE isMatched = 0") ?? 0 }
    var result = MatchResult()
    while true {
      let (numbers, entries) = try read { db in
        try Self.entries(
          db, sql: "WHERE isMatched = 0 ORDER BY id LIMIT ?", arguments: [AppLimits.entriesMatchedAtOnce])
      }
      guard let last = numbers.last else { return result }
      let before = result.entries
      let isWhole = try search(matcher, entries) { candidates throws(StoreError) in
        result.newExposedContacts += try write { db in
          try candidates.reduce(0) {
            try $0 + (addExposure(db, numbers[$1.entry], $1, toleranceSlots: toleranceSlots, at: now) ? 1 : 0)
          }
        }
      } goOn: { share in
        goOn((Double(before) + share * Double(entries.count)) / Double(max(total, 1)))
      }
      guard isWhole else {
        result.isStopped = true
        return result
      }
      // Entries that came in meanwhile have higher numbers.
      try write { db in
        try db.execute(
          sql: "UPDATE f0Entry SET isMatched = 1 WHERE isMatched = 0 AND toleranceSlots = ? AND id <= ?",
          arguments: [toleranceSlots, last])
      }
      result.entries += entries.count
    }
  }

  /// The contacts that entries would match, each pair once; nothing is changed.
  ///
  /// - Returns: their number, and how many entries they belong to.
  func countMatches(
    _ entries: [F0Entry], toleranceSlots: Int, hasher: SubkeyHasher = .fastest, goOn: (Double) -> Bool = { _ in true }
  ) throws(StoreError) -> (contacts: Int, entries: Int) {
    let tolerance = Int64(toleranceSlots) * LogSlot.milliseconds
    let matcher = F0Matcher(
      toleranceMilliseconds: tolerance, hasher: hasher, seed: UInt64.random(in: 0...UInt64.max))
    var pairs: Set<Pair> = []
    _ = try search(matcher, entries) { candidates throws(StoreError) in
      for candidate in candidates {
        guard let contact = try read({ try contact($0, LogPlace(slot: candidate.logSlot, id: candidate.id)) }),
          candidate.matches(first: contact.first, last: contact.last, toleranceMilliseconds: tolerance)
        else { continue }
        pairs.insert(Pair(entry: candidate.entry, place: LogPlace(slot: candidate.logSlot, id: candidate.id)))
      }
    } goOn: {
      goOn($0)
    }
    return (pairs.count, Set(pairs.map(\.entry)).count)
  }

  private struct Pair: Hashable {
    var entry: Int
    var place: LogPlace
  }

  /// Runs the matcher over the log and hands the candidates over in bounded numbers.
  private func search(
    _ matcher: F0Matcher, _ entries: [F0Entry], take: ([F0Candidate]) throws(StoreError) -> Void,
    goOn: (Double) -> Bool
  ) throws(StoreError) -> Bool {
    var candidates: [F0Candidate] = []
    let isWhole = try matcher.run(
      entries,
      log: { range, window throws(StoreError) in try read { try readLog($0, range, into: &window) } },
      found: { candidate throws(StoreError) in
        candidates.append(candidate)
        if candidates.count == AppLimits.candidatesAtOnce {
          try take(candidates)
          candidates.removeAll(keepingCapacity: true)
        }
      }, goOn: { done, total in goOn(Double(done) / Double(max(total, 1))) })
    if !candidates.isEmpty { try take(candidates) }
    return isWhole
  }

  // MARK: The other direction

  /// What is kept of the entries for contacts that come after them.
  struct Held: Sendable {
    fileprivate var ids: HeldIDs
    fileprivate var numbers: [Int64]
    fileprivate var tolerances: [Int]
    fileprivate var revision: Int64?
  }

  /// A contact's place in the log.
  struct LogPlace: Hashable {
    var slot: Int64
    var id: BluezoneID
  }

  /// Matches contacts that this transaction has written. What is found stands in it too.
  ///
  /// - Returns: how many exposed contacts were not known before.
  func matchWritten(_ db: Database, _ places: some Collection<LogPlace>) throws -> Int {
    guard let first = places.lazy.map(\.slot).min(), let last = places.lazy.map(\.slot).max() else { return 0 }
    guard last - first <= AppLimits.heldSlots else { return try matchLate(db, places, first...last) }
    guard let held = try held(db, first...last) else { return 0 }
    var found = 0
    for place in places {
      for candidate in held.ids.candidates(place.id, logSlot: place.slot) {
        let isNew = try addExposure(
          db, held.numbers[candidate.entry], candidate, toleranceSlots: held.tolerances[candidate.entry], at: nil)
        found += isNew ? 1 : 0
      }
    }
    return found
  }

  /// Those of these contacts that an entry held may match: nothing is written.
  func candidates(_ places: some Collection<LogPlace>) throws(StoreError) -> Set<LogPlace> {
    guard let first = places.lazy.map(\.slot).min(), let last = places.lazy.map(\.slot).max(),
      last - first <= AppLimits.heldSlots
    else { return [] }
    return try read { db in
      guard let held = try held(db, first...last) else { return [] }
      return Set(places.filter { !held.ids.candidates($0.id, logSlot: $0.slot).isEmpty })
    }
  }

  /// What is kept for these slots; made where it is not.
  private func held(_ db: Database, _ slots: ClosedRange<Int64>) throws -> Held? {
    let (first, last) = (slots.lowerBound, slots.upperBound)
    let revision = try Int64.fetchOne(db, sql: "SELECT number FROM f0Revision")
    var held = self.held.withLock { $0 }
    if held?.revision != revision || held?.ids.slots.contains(first) != true || held?.ids.slots.contains(last) != true {
      held = try Self.hold(db, first...last + 1, revision: revision)
      self.held.withLock { $0 = held }
    }
    return held
  }

  private static func hold(_ db: Database, _ slots: ClosedRange<Int64>, revision: Int64?) throws -> Held {
    let (numbers, entries, tolerances) = try entriesAround(db, slots, after: 0, limit: Int64.max)
    let ids = HeldIDs(
      entries, slots: slots, toleranceMilliseconds: Int64(tolerances.max() ?? 0) * LogSlot.milliseconds,
      hasher: .fastest)
    return Held(ids: ids, numbers: numbers, tolerances: tolerances, revision: revision)
  }

  /// Contacts of other times than now, as when the clock was put right: a log of their own.
  private func matchLate(_ db: Database, _ places: some Collection<LogPlace>, _ slots: ClosedRange<Int64>) throws -> Int
  {
    var found = 0
    let ordered = places.sorted { $0.slot < $1.slot }
    var after: Int64 = 0
    while true {
      let (numbers, entries, tolerances) = try Self.entriesAround(
        db, slots, after: after, limit: Int64(AppLimits.entriesMatchedAtOnce))
      guard let last = numbers.last else { return found }
      after = last
      let matcher = F0Matcher(
        toleranceMilliseconds: Int64(tolerances.max() ?? 0) * LogSlot.milliseconds, hasher: .fastest,
        seed: UInt64.random(in: 0...UInt64.max))
      var candidates: [F0Candidate] = []
      _ = matcher.run(
        entries,
        log: { range, window in
          for place in ordered where range.contains(place.slot) {
            window.append(slot: place.slot, high: place.id.high, low: place.id.low)
          }
        }, found: { candidates.append($0) })
      for candidate in candidates {
        let isNew = try addExposure(
          db, numbers[candidate.entry], candidate, toleranceSlots: tolerances[candidate.entry], at: nil)
        found += isNew ? 1 : 0
      }
    }
  }

  /// Entries that can have ids near these log slots. Those that were never compared are left out: their comparison is
  /// still to come, and will read what is written here.
  private static func entriesAround(
    _ db: Database, _ slots: ClosedRange<Int64>, after: Int64, limit: Int64
  ) throws -> (numbers: [Int64], entries: [F0Entry], tolerances: [Int]) {
    let margin = LogSlot.milliseconds / 1000
    var tolerances: [Int] = []
    let (numbers, entries) = try entries(
      db,
      sql: """
        WHERE toleranceSlots IS NOT NULL AND id > ? AND start <= ? + toleranceSlots * \(margin)
          AND "end" + 86400 / slotsPerDay + toleranceSlots * \(margin) >= ? ORDER BY id LIMIT ?
        """,
      arguments: [
        after, LogSlot.start(of: slots.upperBound + 2).seconds, LogSlot.start(of: slots.lowerBound).seconds, limit,
      ]
    ) { try tolerances.append($0.get("toleranceSlots")) }
    return (numbers, entries, tolerances)
  }

  // MARK: Rows

  private static func entries(
    _ db: Database, sql: String, arguments: StatementArguments, also: (Row) throws -> Void = { _ in }
  ) throws -> (numbers: [Int64], entries: [F0Entry]) {
    var numbers: [Int64] = []
    var entries: [F0Entry] = []
    let rows = try Row.fetchCursor(db, sql: "SELECT * FROM f0Entry " + sql, arguments: arguments)
    while let row = try rows.next() {
      guard let key = try BluezoneKey(Array(row.get("dailyKey") as Data)),
        let scheme = try SlotScheme(slotsPerDay: row.get("slotsPerDay"))
      else { continue }
      try numbers.append(row.get("id"))
      try entries.append(
        F0Entry(
          dailyKey: key, start: UTCTime(seconds: row.get("start")), end: UTCTime(seconds: row.get("end")),
          scheme: scheme))
      try also(row)
    }
    return (numbers, entries)
  }

  /// Adds the candidate's contact as it stands in the log, or brings it up to date, if its times match.
  ///
  /// - Parameter now: when it was found; nil takes the contact's own end.
  /// - Returns: whether it was not known before.
  private func addExposure(
    _ db: Database, _ f0: Int64, _ candidate: F0Candidate, toleranceSlots: Int, at now: UTCTime?
  ) throws -> Bool {
    guard let contact = try contact(db, LogPlace(slot: candidate.logSlot, id: candidate.id)),
      candidate.matches(
        first: contact.first, last: contact.last, toleranceMilliseconds: Int64(toleranceSlots) * LogSlot.milliseconds)
    else { return false }
    let known = try db.cachedStatement(sql: "SELECT 1 FROM exposure WHERE f0 = ? AND slot = ? AND blid = ?")
    let isKnown = try Bool.fetchOne(known, arguments: [f0, candidate.logSlot, candidate.id.data]) != nil
    let add = try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO exposure (f0, slot, blid, first, last, count, nearest, rssiSum, platform)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try add.execute(arguments: [
      f0, candidate.logSlot, candidate.id.data, contact.first.seconds, contact.last.seconds, contact.strength.count,
      contact.strength.nearestDBm, contact.strength.sumDBm, contact.platform?.rawValue,
    ])
    guard !isKnown else { return false }
    let news = try db.cachedStatement(
      sql: """
        INSERT INTO exposedCase (f0, state, foundAt) VALUES (?, 0, ?)
        ON CONFLICT (f0) DO UPDATE SET state = 0, foundAt = excluded.foundAt
        """)
    try news.execute(arguments: [f0, (now ?? contact.last).seconds])
    return true
  }
}
