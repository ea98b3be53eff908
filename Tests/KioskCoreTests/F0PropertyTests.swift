// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

/// Many entries and a log at once, against a matcher that compares everything with everything.
@Suite("Matching many entries with a log")
struct F0PropertyTests {
  struct Case {
    var entries: [F0Entry]
    var contacts: [Contact]
    var tolerance: Int64
  }

  /// Entries of several schemes, phases and lengths, two of them the same case's, and contacts at the edges of their slots.
  static func random(seed: UInt64) throws -> Case {
    var random = SplitMix64(seed: seed)
    var entries: [F0Entry] = []
    for number in 0..<Int.random(in: 1...6, using: &random) {
      let slots = try #require([1, 7, 24, 96, 96, 96, 144, 1440].randomElement(using: &random))
      // Most begin at a UTC midnight; some at any second of the day.
      let phase = Int.random(in: 0..<3, using: &random) == 0 ? Int64.random(in: 0..<86_400, using: &random) : 0
      let start = S.midnight.seconds + Int64.random(in: -2...2, using: &random) * 86_400 + phase
      let length = Int64.random(in: 0..<2 * 86_400, using: &random)
      entries.append(
        F0Entry(
          dailyKey: S.key(number % 7), start: UTCTime(seconds: start), end: UTCTime(seconds: start + length),
          scheme: try #require(SlotScheme(slotsPerDay: slots))))
    }
    let tolerance = try #require(([0, 1000, 900_000, 7_200_000] as [Int64]).randomElement(using: &random))
    var contacts: Set<Contact> = []
    for entry in entries {
      entry.forEachID { id, start, end in
        guard Int.random(in: 0..<8, using: &random) == 0 else { return }
        let edge = Bool.random(using: &random) ? start : end
        let shift = Int64.random(in: -3...3, using: &random) * tolerance / 2 + Int64.random(in: -1...1, using: &random)
        let first = edge.adding(milliseconds: shift)
        let stay = Int64.random(in: 0...900_000, using: &random)
        contacts.insert(Self.contact(id, first, first.adding(milliseconds: stay)))
      }
    }
    for number in 0..<50 {
      let first = S.midnight.adding(milliseconds: Int64.random(in: 0..<86_400_000, using: &random))
      contacts.insert(Self.contact(S.id(number), first, first))
    }
    return Case(entries: entries, contacts: contacts.shuffled(using: &random), tolerance: tolerance)
  }

  private static func contact(_ id: BluezoneID, _ first: UTCTime, _ last: UTCTime) -> Contact {
    Contact(id: id, first: first, last: last, strength: .init(count: 1, nearestDBm: -60, sumDBm: -60))
  }

  struct Pair: Hashable {
    var entry: Int
    var contact: Contact
  }

  /// From the definition, by `forEachID` and the library's SHA-256 alone.
  static func naive(_ test: Case) -> Set<Pair> {
    var pairs: Set<Pair> = []
    for (number, entry) in test.entries.enumerated() {
      entry.forEachID { id, start, end in
        for contact in test.contacts where contact.id == id {
          let isIn =
            contact.last >= start.adding(milliseconds: -test.tolerance)
            && contact.first < end.adding(milliseconds: test.tolerance)
          if isIn { pairs.insert(Pair(entry: number, contact: contact)) }
        }
      }
    }
    return pairs
  }

  @Test("finds what comparing everything with everything finds, each once", arguments: 1...20 as ClosedRange<UInt64>)
  func forwards(seed: UInt64) throws {
    let test = try Self.random(seed: seed)
    let matcher = F0Matcher(toleranceMilliseconds: test.tolerance, seed: seed)
    let found = matcher.matches(test.entries, test.contacts).map { Pair(entry: $0.entry, contact: $0.contact) }
    #expect(Set(found) == Self.naive(test), "seed \(seed)")
    #expect(found.count == Set(found).count, "seed \(seed)")
  }

  @Test("from the contacts' side finds the same", arguments: 61...72 as ClosedRange<UInt64>)
  func backwards(seed: UInt64) throws {
    let test = try Self.random(seed: seed)
    var found: Set<Pair> = []
    // Six hours at a time, so that it does not hash for minutes; what is kept for one slot more answers the same.
    for (group, contacts) in Dictionary(grouping: test.contacts, by: { LogSlot.number(at: $0.first) / 24 }) {
      let held = HeldIDs(
        test.entries, slots: group * 24...group * 24 + 24, toleranceMilliseconds: test.tolerance, hasher: .portable)
      for contact in contacts {
        for candidate in held.candidates(contact.id, logSlot: LogSlot.number(at: contact.first))
        where candidate.matches(
          first: contact.first, last: contact.last, toleranceMilliseconds: test.tolerance)
        { found.insert(Pair(entry: candidate.entry, contact: contact)) }
      }
    }
    #expect(found == Self.naive(test), "seed \(seed)")
  }

  @Test("walks no slot after the last with contacts, and none on a day without")
  func skipping() throws {
    let walked = Walked()
    let hasher = walked.hasher
    let entry = F0Entry(
      dailyKey: S.key(1), start: S.midnight, end: S.midnight.adding(milliseconds: 14 * 86_400_000 - 1))
    // 07:30 to 17:00 in Vietnam, 00:30 to 10:00 UTC, on the third day.
    let day = S.midnight.adding(milliseconds: 2 * 86_400_000)
    let contacts = ([1_800_000, 35_999_000] as [Int64]).map { offset in
      let time = day.adding(milliseconds: offset)
      return Self.contact(S.id(1), time, time)
    }
    _ = F0Matcher(toleranceMilliseconds: 900_000, hasher: hasher).matches([entry], contacts)
    // Slots 0 to 39, and those that the tolerance and a contact over its slot's end can reach: 40, 41.
    #expect(walked.slots == [42])
    #expect(walked.days == 13)
    _ = F0Matcher(toleranceMilliseconds: 0, hasher: hasher).matches([entry], [])
    #expect(walked.slots == [42])
  }

  @Test("stops when told to, and tells how far it is")
  func stopping() {
    let entries = (0..<300).map {
      F0Entry(dailyKey: S.key($0), start: S.midnight, end: S.midnight.adding(milliseconds: 2 * 86_400_000))
    }
    var told: [Int] = []
    func run(until limit: Int) -> Bool {
      told = []
      return F0Matcher().run(
        entries,
        log: { range, window in window.append(slot: range.upperBound, high: 1, low: 2) }, found: { _ in },
        goOn: { done, total in
          #expect(total == 900)
          told.append(done)
          return done < limit
        })
    }
    #expect(run(until: .max))
    #expect(told.last == 900 && told == told.sorted() && told.count >= 3 * 300 / 64)
    #expect(!run(until: 400))
    #expect((400..<500).contains(told.last ?? 0))
  }
}

/// Counts what a hasher is asked for.
private final class Walked: @unchecked Sendable {
  var slots: [Int] = []
  var days = 0

  var hasher: SubkeyHasher {
    SubkeyHasher(
      name: "counting",
      nextDay: { keys in
        self.days += 1
        SubkeyHasher.portable.advance(&keys)
      },
      walkSlots: { keys, range, slots, ids in
        self.slots.append(slots)
        SubkeyHasher.portable.walk(keys, range, slots: slots, into: &ids)
      })
  }
}
