// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("Matching F0 entries with the log")
struct F0MatcherTests {
  private let entry = F0Entry(
    dailyKey: S.key(1), start: S.midnight, end: S.midnight.adding(milliseconds: 3 * 3_600_000))
  /// The F0's id of 01:00 to 01:15.
  private var id: BluezoneID { BluezoneIdentity.bluezoneIDs(of: S.key(1), count: 5)[4] }

  private func contact(_ id: BluezoneID, _ first: Int64, _ last: Int64? = nil) -> Contact {
    Contact(
      id: id, first: S.midnight.adding(milliseconds: first),
      last: S.midnight.adding(milliseconds: last ?? first),
      strength: .init(count: 1, nearestDBm: -60, sumDBm: -60))
  }

  private func matches(_ contact: Contact, tolerance: Int64) -> Bool {
    F0Matcher(toleranceMilliseconds: tolerance).matches([entry], [contact]).map(\.contact) == [contact]
  }

  @Test(
    "finds a contact inside the slot or the tolerance of it, to the millisecond",
    arguments: [0, 1, 900_000, 7_200_000] as [Int64])
  func edges(tolerance: Int64) {
    let (start, end): (Int64, Int64) = (3_600_000, 4_500_000)
    #expect(matches(contact(id, start), tolerance: tolerance))
    #expect(matches(contact(id, end - 1), tolerance: tolerance))
    #expect(matches(contact(id, start - tolerance), tolerance: tolerance))
    #expect(!matches(contact(id, start - tolerance - 1), tolerance: tolerance))
    #expect(matches(contact(id, end + tolerance - 1), tolerance: tolerance))
    #expect(!matches(contact(id, end + tolerance), tolerance: tolerance))
    // A stay that reaches into it, and one that spans it.
    #expect(matches(contact(id, start - tolerance - 1000, start - tolerance), tolerance: tolerance))
    #expect(matches(contact(id, end + tolerance - 1, end + tolerance + 1000), tolerance: tolerance))
    #expect(matches(contact(id, start - tolerance - 1000, end + tolerance + 1000), tolerance: tolerance))
  }

  @Test("does not match other ids, nor the F0's ids after the entry's end")
  func otherIDs() {
    #expect(!matches(contact(S.id(1), 3_600_000), tolerance: 900_000))
    let later = BluezoneIdentity.bluezoneIDs(of: S.key(1), count: 14)
    #expect(matches(contact(later[12], 12 * 900_000), tolerance: 0))
    #expect(!matches(contact(later[13], 13 * 900_000), tolerance: 0))
  }

  @Test("gives every row of an id, each once, in the order of time")
  func severalRows() {
    let rows = [contact(id, 4_400_000, 4_600_000), contact(id, 3_700_000), contact(id, 9_000_000)]
    let found = F0Matcher(toleranceMilliseconds: 0).matches([entry], rows + [contact(S.id(3), 3_700_000)])
    #expect(found.map(\.contact) == [rows[1], rows[0]])
  }

  @Test("finds nothing in an empty log")
  func emptyLog() {
    #expect(F0Matcher().matches([entry], []).isEmpty)
    #expect(F0Matcher().matches([], [contact(id, 3_700_000)]).isEmpty)
  }

  @Test("tells a window in which every match lies")
  func window() {
    let matcher = F0Matcher(toleranceMilliseconds: 60_000)
    #expect(
      matcher.window(of: entry)
        == S.midnight.adding(
          milliseconds: -60_000)...S.midnight.adding(
          milliseconds: 3 * 3_600_000 + 900_000 + 60_000))
  }

  @Test(
    "agrees with a comparison of everything with everything", arguments: [41, 42, 43, 44, 45] as [UInt64])
  func oracle(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for round in 0..<6 {
      let max = try #require([1, 24, 96, 144].randomElement(using: &random))
      let scheme = try #require(SlotScheme(slotsPerDay: max))
      let tolerance = try #require(([0, 1, 60_000, 900_000] as [Int64]).randomElement(using: &random))
      let days = Int64.random(in: 0...2, using: &random)
      let end =
        days * SlotScheme.dayMilliseconds + Int64.random(in: 0..<SlotScheme.dayMilliseconds, using: &random)
      let key = S.key(Int.random(in: 0..<100, using: &random))
      let entry = F0Entry(
        dailyKey: key, start: S.midnight, end: S.midnight.adding(milliseconds: end / 1000 * 1000),
        scheme: scheme)

      // The slots, from the definition: sub key s of day d is sent from d + s × length on.
      var slots: [(id: BluezoneID, start: Int64)] = []
      var dayKey = key
      for day in 0..<4 {
        for (index, id) in BluezoneIdentity.bluezoneIDs(of: dayKey, count: max).enumerated() {
          slots.append((id, Int64(day) * 86_400_000 + Int64(index) * (86_400_000 / Int64(max))))
        }
        dayKey = dayKey.next
      }
      let length = 86_400_000 / Int64(max)

      // Rows around the slots' edges, some of other people.
      var rows: Set<Contact> = []
      for _ in 0..<150 {
        let slot = try #require(slots.randomElement(using: &random))
        let edges = [
          slot.start - tolerance, slot.start, slot.start + length, slot.start + length + tolerance,
        ]
        let edge = try #require(edges.randomElement(using: &random))
        let first = edge + Int64.random(in: -2...2, using: &random)
        let stay = try #require(([0, 1, 5000, 900_000] as [Int64]).randomElement(using: &random))
        let last = first + stay
        let id = Int.random(in: 0..<5, using: &random) == 0 ? S.id(1) : slot.id
        rows.insert(contact(id, first, last))
      }
      let expected = rows.filter { row in
        slots.contains { slot in
          slot.id == row.id && S.midnight.adding(milliseconds: slot.start) <= entry.end
            && row.last.milliseconds >= S.midnight.milliseconds + slot.start - tolerance
            && row.first.milliseconds < S.midnight.milliseconds + slot.start + length + tolerance
        }
      }
      let matcher = F0Matcher(toleranceMilliseconds: tolerance)
      let found = matcher.matches([entry], rows).map(\.contact)
      #expect(Set(found) == expected, "seed \(seed), round \(round)")
      #expect(found.count == expected.count, "seed \(seed), round \(round)")
      #expect(
        zip(found, found.dropFirst()).allSatisfy { $0.first <= $1.first }, "seed \(seed), round \(round)")
      let window = matcher.window(of: entry)
      #expect(
        found.allSatisfy { $0.last >= window.lowerBound && $0.first <= window.upperBound },
        "seed \(seed), round \(round)")
    }
  }
}

@Suite("Exposures")
struct ExposureTests {
  private func contact(_ first: Int64, _ last: Int64, nearest: Int = -60) -> Contact {
    Contact(
      id: S.id(Int(first)), first: S.midnight.adding(milliseconds: first),
      last: S.midnight.adding(milliseconds: last),
      strength: .init(count: 2, nearestDBm: nearest, sumDBm: -150))
  }

  private func exposure(_ first: Int64, _ last: Int64, contacts: Int, nearest: Int = -60) -> Exposure {
    Exposure(
      f0: 9, start: S.midnight.adding(milliseconds: first), end: S.midnight.adding(milliseconds: last),
      strength: .init(count: 2 * contacts, nearestDBm: nearest, sumDBm: -150 * contacts), contacts: contacts)
  }

  @Test("are none without contacts")
  func none() {
    #expect(Exposure.stays(f0: 9, contacts: []).isEmpty)
  }

  @Test("join contacts up to a quarter of an hour apart, to the millisecond")
  func joining() {
    #expect(
      Exposure.stays(f0: 9, contacts: [contact(0, 1000), contact(901_000, 902_000, nearest: -50)])
        == [exposure(0, 902_000, contacts: 2, nearest: -50)])
    #expect(
      Exposure.stays(f0: 9, contacts: [contact(0, 1000), contact(901_001, 902_000)])
        == [exposure(0, 1000, contacts: 1), exposure(901_001, 902_000, contacts: 1)])
  }

  @Test("do not depend on the order, and a short contact inside a long one does not shorten it")
  func order() {
    let contacts = [
      contact(0, 3_000_000), contact(10, 20), contact(3_900_000, 3_900_001), contact(9_000_000, 9_000_001),
    ]
    let expected = [exposure(0, 3_900_001, contacts: 3), exposure(9_000_000, 9_000_001, contacts: 1)]
    #expect(Exposure.stays(f0: 9, contacts: contacts) == expected)
    #expect(Exposure.stays(f0: 9, contacts: contacts.reversed()) == expected)
  }

  @Test("lose no contact and no report", arguments: [51, 52] as [UInt64])
  func nothingLost(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let contacts = (0..<200).map { _ in
      let first = Int64.random(in: 0..<200_000_000, using: &random)
      return contact(first, first + Int64.random(in: 0...900_000, using: &random))
    }
    let stays = Exposure.stays(f0: 9, contacts: contacts)
    #expect(stays.reduce(0) { $0 + $1.contacts } == 200, "seed \(seed)")
    #expect(stays.reduce(0) { $0 + $1.strength.count } == 400, "seed \(seed)")
    for (a, b) in zip(stays, stays.dropFirst()) {
      #expect(b.start.milliseconds - a.end.milliseconds > 900_000, "seed \(seed)")
    }
  }
}
