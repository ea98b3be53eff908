// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

@testable import KioskCore

@Suite("Packs of the contact log") struct ContactPackTests {
  private func id(_ number: UInt64) -> BluezoneID { BluezoneID(high: number, low: UInt32(truncatingIfNeeded: number)) }

  private func read(_ pack: (ids: [UInt8], facts: [UInt8])?, slot: Int64) throws -> [LoggedContact] {
    let pack = try #require(pack)
    return try ContactPack.contacts(ids: pack.ids.span, facts: pack.facts.span, slot: slot)
  }

  private func some(_ count: Int) -> [LoggedContact] {
    (0..<count).map { number in
      LoggedContact(
        id: id(UInt64(number) * 0x0123_4567_89AB), first: Int64(number), last: Int64(number) * 3,
        strength: number % 4 == 0
          ? .init() : .init(count: number, nearestDBm: -number % 100, sumDBm: -number * 70),
        platform: [nil, .android, .ios][number % 3])
    }
  }

  @Test("The bytes of version 1 are these; they stand on disks") func golden() throws {
    let contact = LoggedContact(
      id: BluezoneID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C), first: 5, last: 899,
      strength: .init(count: 258, nearestDBm: -56, sumDBm: -15_480), platform: .ios)
    let pack = try #require(ContactPack.pack([contact], slot: 1_777_778))
    // Version, checksum, content.
    #expect(Hex.string(pack.ids) == "01" + "64004d6223b03e18" + "0102030405060708090a0b0c")
    #expect(Hex.string(pack.facts) == "01" + "3dbd2769ce510237" + "0005" + "0383" + "0102" + "48" + "02" + "7fffc388")
  }

  @Test("What is packed is read, at every limit", arguments: [0, 1, 2, 3, 150, 4096]) func roundTrip(count: Int) throws
  {
    let contacts = some(count)
    #expect(try read(ContactPack.pack(contacts, slot: 7), slot: 7) == contacts)
    let ends = [
      LoggedContact(
        id: BluezoneID(high: .max, low: .max), first: 65_535, last: 65_535,
        strength: .init(count: 65_535, nearestDBm: 126, sumDBm: Int(Int32.max))),
      LoggedContact(
        id: BluezoneID(high: 0, low: 0), first: 0, last: 0,
        strength: .init(count: 0, nearestDBm: -128, sumDBm: Int(Int32.min)), platform: .android),
    ]
    for slot in [.min, -1, 0, .max] as [Int64] {
      #expect(try read(ContactPack.pack(ends, slot: slot), slot: slot) == ends)
    }
    #expect(ContactPack.pack(contacts, slot: 7)?.ids.count == 9 + 12 * count)
  }

  @Test("One value too large or too small is not packed") func limits() {
    let good = LoggedContact(id: id(1), first: 0, last: 0, strength: .init())
    #expect(ContactPack.pack([good], slot: 0) != nil)
    for change in [
      { $0.first = -1 }, { $0.first = 65_536 }, { $0.last = -1 }, { $0.last = 65_536 }, { $0.strength.count = -1 },
      { $0.strength.count = 65_536 }, { $0.strength.nearestDBm = -129 }, { $0.strength.nearestDBm = 127 },
      { $0.strength.sumDBm = Int(Int32.max) + 1 }, { $0.strength.sumDBm = Int(Int32.min) - 1 }, { $0.last = .max },
    ] as [(inout LoggedContact) -> Void] {
      var bad = good
      change(&bad)
      #expect(ContactPack.pack([good, bad], slot: 0) == nil)
    }
  }

  @Test("A contact is found by its id, and no other") func one() throws {
    let contacts = some(100)
    let (ids, facts) = try #require(ContactPack.pack(contacts, slot: 7))
    func find(_ id: BluezoneID) throws -> LoggedContact? {
      try ContactPack.contact(id, ids: ids.span, facts: facts.span, slot: 7)
    }
    for contact in contacts { #expect(try find(contact.id) == contact) }
    #expect(try find(BluezoneID(high: 1, low: 1)) == nil)
  }

  @Test("Every truncation is refused, and bytes too many") func truncations() throws {
    let (ids, facts) = try #require(ContactPack.pack(some(5), slot: 7))
    for count in 0..<ids.count {
      for (cutIDs, cutFacts) in [(Array(ids[..<count]), facts), (ids, Array(facts[..<count]))] {
        #expect(throws: ParseError.self) { try read((cutIDs, cutFacts), slot: 7) }
      }
    }
    for more in [1, 12] {
      let rest = [UInt8](repeating: 0, count: more)
      #expect(throws: ParseError.self) { try read((ids + rest, facts), slot: 7) }
      #expect(throws: ParseError.self) { try read((ids, facts + rest), slot: 7) }
    }
    // Whole pieces that do not belong together.
    let other = try #require(ContactPack.pack(some(4), slot: 7))
    #expect(throws: ParseError.self) { try read((ids, other.facts), slot: 7) }
    #expect(throws: ParseError.self) { try read((facts, ids), slot: 7) }
    #expect(throws: ParseError.self) { try read((ids, facts), slot: 8) }
  }

  @Test("Every bit that turns is found", arguments: [1, 2, 5]) func rot(count: Int) throws {
    let (ids, facts) = try #require(ContactPack.pack(some(count), slot: 7))
    for bit in 0..<8 * ids.count {
      var (badIDs, badFacts) = (ids, facts)
      badIDs[bit / 8] ^= 1 << (bit % 8)
      badFacts[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: ParseError.self) { try read((badIDs, facts), slot: 7) }
      #expect(throws: ParseError.self) { try read((ids, badFacts), slot: 7) }
      var window = ContactWindow(seed: 1)
      #expect(throws: ParseError.self) { try window.append(badIDs.span, slot: 7) }
      #expect(window.count == 0 && window.occupied.isEmpty)
    }
  }

  @Test("Random damage is refused or changes nothing", arguments: 1...4 as ClosedRange<UInt64>) func garbage(
    seed: UInt64
  )
    throws
  {
    var random = SplitMix64(seed: seed)
    let contacts = some(40)
    let (ids, facts) = try #require(ContactPack.pack(contacts, slot: 7))
    var refused = 0
    for _ in 0..<2000 {
      var (badIDs, badFacts) = (ids, facts)
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: badIDs[Int.random(in: 0..<badIDs.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        case 1: badFacts[Int.random(in: 0..<badFacts.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        case 2: badIDs.removeLast(Int.random(in: 0...min(30, badIDs.count - 1), using: &random))
        default: badFacts.append(contentsOf: [UInt8](repeating: 0, count: 12))
        }
      }
      do {
        #expect(try read((badIDs, badFacts), slot: 7) == contacts, "seed \(seed)")
      } catch is ParseError {
        refused += 1
      }
    }
    #expect(refused > 1900)
  }
}
