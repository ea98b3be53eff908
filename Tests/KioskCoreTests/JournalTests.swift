// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import KioskCore

@Suite("The journal's pages")
struct JournalTests {
  private let time = UTCTime(seconds: 1_763_686_800)
  private let boot = "0f3c9a54-7f0e-4c1e-9c55-0a1b2c3d4e5f"

  private func id(_ number: Int) -> BluezoneID {
    BluezoneID(high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15, low: UInt32(truncatingIfNeeded: number))
  }

  private func contact(
    _ number: Int, _ first: Int64, _ last: Int64, count: Int = 12, nearest: Int? = -58, platform: Platform? = .ios
  ) -> ContactUpdate {
    ContactUpdate(
      id: id(number),
      span: .dated(first: time.adding(milliseconds: first * 1000), last: time.adding(milliseconds: last * 1000)),
      strength: .init(count: count, nearestDBm: nearest, sumDBm: count * ((nearest ?? 0) - 7)), platform: platform)
  }

  private func visit(
    _ number: Int, _ start: Int64, _ end: Int64, row: Int64? = nil, isInserted: Bool = false,
    change: (inout VisitUpdate) -> Void = { _ in }
  ) -> JournaledVisit {
    let zero = MonotonicTime(milliseconds: 0)
    var visit = Visit(number: number, start: zero, end: zero, kind: .noApp)
    visit.platform = .android
    visit.nearestDBm = -61
    var update = VisitUpdate(
      visit,
      span: .dated(start: time.adding(milliseconds: start * 1000), end: time.adding(milliseconds: end * 1000)))
    change(&update)
    return JournaledVisit(update, row: row, isInserted: isInserted)
  }

  private func read(_ page: [UInt8], _ decoder: inout JournalDecoder) throws -> JournalRecord {
    try decoder.read(page.span)
  }

  private func encoder() -> JournalEncoder { JournalEncoder(epoch: 77, sequence: 5, run: 99, boot: boot) }

  @Test("What is written is read: contacts, visits, the clock's record, each with all it says")
  func roundTrip() throws {
    var encoder = encoder()
    let undated = ContactUpdate(
      id: id(9),
      span: .undated(first: MonotonicTime(milliseconds: 912_345), last: MonotonicTime(milliseconds: 920_001)),
      strength: .init(count: 1, nearestDBm: -127, sumDBm: -127))
    let silent = ContactUpdate(
      id: id(10), span: .dated(first: time, last: time), strength: .init(), platform: .android)
    let odd = ContactUpdate(
      id: id(11), span: .dated(first: time, last: time), strength: .init(count: 3, nearestDBm: nil, sumDBm: -381))
    let first = [contact(1, 0, 9), contact(2, 40, 700, platform: nil), undated, silent, odd]
    let visits = [
      visit(1, -30, 4, row: 17, isInserted: true),
      visit(-2, 0, 0) { update in
        update.visit.kind = .noPhone
        update.visit.platform = nil
        update.visit.nearestDBm = nil
        update.visit.isOpen = false
      },
      visit(3, 1, 900, row: 18) { update in
        update.visit.kind = .bluezoner
        update.visit.isPrompted = true
        update.visit.isInstalledHere = true
        update.isWithdrawn = true
      },
      visit(4, 0, 0) { update in
        let (start, end) = (MonotonicTime(milliseconds: 5001), MonotonicTime(milliseconds: 7002))
        update.visit.start = start
        update.visit.end = end
        update.span = .undated(start: start, end: end)
      },
    ]
    var decoder = JournalDecoder()
    let pages = encoder.pages(contacts: first, visits: visits, clock: [1, 2, 3])
    #expect(pages.count == 1 && pages[0].count == JournalPage.byteCount)
    let record = try read(pages[0], &decoder)
    #expect(record.head == .init(epoch: 77, sequence: 5, generation: 5, run: 99))
    #expect(record.boot == boot && record.clock == [1, 2, 3])
    #expect(record.contacts == first)
    #expect(record.visits == visits)

    // Known ones are told by number; a later beginning is that of the first page.
    let later = [contact(1, 10, 19), contact(2, 60, 720), contact(3, 12, 12)]
    let second = try read(encoder.pages(contacts: later, visits: [])[0], &decoder)
    #expect(second.contacts == [contact(1, 0, 19), contact(2, 40, 720, platform: .ios), contact(3, 12, 12)])
    #expect(second.clock == nil && second.visits.isEmpty)
    // One that began earlier than was told is told again whole.
    let earlier = try read(encoder.pages(contacts: [contact(3, 2, 12)], visits: [])[0], &decoder)
    #expect(earlier.contacts == [contact(3, 2, 12)])
  }

  @Test("Ten seconds of 200 devices are one page: at the quarter hour with 200 new ids, and with 200 visits later")
  func onePage() {
    var encoder = encoder()
    // Ten advertisements each, as far apart in strength as people in a hall are.
    let new = (0..<200).map { contact($0, Int64($0 % 10), Int64($0 % 10) + 9, count: 10, nearest: -45 - $0 % 50) }
    let few = (0..<20).map { visit($0, -700, 9, row: Int64(1_000_000 + $0)) }
    #expect(encoder.pages(contacts: new, visits: few).count == 1)
    let known = (0..<200).map { contact($0, 10, Int64($0 % 10) + 19, count: 10, nearest: -45 - $0 % 50) }
    let all = (0..<200).map { visit($0, -700, 19, row: Int64(1_000_000 + $0), isInserted: true) }
    #expect(encoder.pages(contacts: known, visits: all).count == 1)
  }

  @Test("What does not fit a page goes on in the next, each of which is read for itself")
  func severalPages() throws {
    var encoder = encoder()
    let contacts = (0..<1000).map { contact($0, 0, 9) }
    let pages = encoder.pages(contacts: contacts, visits: (0..<50).map { visit($0, 0, 9) })
    #expect(pages.count > 4)
    var decoder = JournalDecoder()
    var records: [JournalRecord] = []
    for page in pages { records.append(try read(page, &decoder)) }
    #expect(records.flatMap(\.contacts) == contacts)
    #expect(records.flatMap(\.visits).count == 50)
    #expect(records.map(\.head.sequence) == (5..<5 + UInt64(pages.count)).map { $0 })
    #expect(encoder.sequence == 5 + UInt64(pages.count))
  }

  @Test("A page that is missing costs its own contacts alone: later news of them are left out and counted")
  func missingPage() throws {
    var encoder = encoder()
    _ = encoder.pages(contacts: [contact(1, 0, 9)], visits: [])
    let second = encoder.pages(contacts: [contact(1, 10, 19), contact(2, 10, 19)], visits: [])
    let third = encoder.pages(contacts: [contact(1, 20, 29), contact(2, 20, 29)], visits: [])
    var decoder = JournalDecoder()
    let a = try read(second[0], &decoder)
    #expect(a.contacts == [contact(2, 10, 19)] && a.unknown == 1)
    let b = try read(third[0], &decoder)
    #expect(b.contacts == [contact(2, 10, 29)] && b.unknown == 1)
    // Numbers of another generation are others.
    encoder.startGeneration(after: encoder.sequence - 1)
    let c = try read(encoder.pages(contacts: [contact(3, 30, 39)], visits: [])[0], &decoder)
    #expect(c.contacts == [contact(3, 30, 39)])
  }

  @Test("Every damaged byte of a page is found, and no bytes are read as more than they are")
  func damage() throws {
    var encoder = encoder()
    let page = encoder.pages(contacts: [contact(1, 0, 9)], visits: [visit(1, 0, 9)])[0]
    for place in page.indices {
      var damaged = page
      damaged[place] ^= 0x40
      #expect(throws: ParseError.self, "byte \(place)") { try JournalPage.head(damaged.span) }
    }
    let short = Array(page.dropLast())
    #expect(throws: ParseError.self) { try JournalPage.head(short.span) }
    let long = page + [0]
    #expect(throws: ParseError.self) { try JournalPage.head(long.span) }
  }

  @Test("A page whose checksum is right and whose content is cut off, or nonsense, is refused")
  func nonsense() throws {
    var encoder = encoder()
    let page = encoder.pages(contacts: [contact(1, 0, 9)], visits: [visit(1, 0, 9, row: 3)])[0]
    let used = page.count - page.reversed().prefix { $0 == 0 }.count
    var refused = 0
    for place in JournalPage.headBytes..<used {
      for value in [0xFF, 0x80] as [UInt8] {
        var other = page
        for i in place..<other.count { other[i] = value }
        JournalPage.seal(&other)
        var decoder = JournalDecoder()
        if (try? read(other, &decoder)) == nil { refused += 1 }
      }
    }
    #expect(refused == 2 * (used - JournalPage.headBytes))
  }

  @Test("Pending news are each contact once, and each visit as it was told last, by run")
  func pending() throws {
    var encoder = encoder()
    var decoder = JournalDecoder()
    var pending = JournalPending()
    #expect(pending.isEmpty)
    for page in encoder.pages(contacts: [contact(1, 0, 9)], visits: [visit(1, 0, 9), visit(2, 3, 9)])
      + encoder.pages(contacts: [contact(1, 10, 19)], visits: [visit(1, 0, 19, row: 4)])
    {
      pending.add(try read(page, &decoder))
    }
    var other = JournalEncoder(epoch: 77, sequence: encoder.sequence, run: 100, boot: "another")
    for page in other.pages(contacts: [], visits: [visit(1, 100, 109)]) { pending.add(try read(page, &decoder)) }
    #expect(!pending.isEmpty)
    #expect(pending.runs.map(\.run) == [99, 100])
    #expect(pending.runs.map(\.boot) == [boot, "another"])
    #expect(pending.runs[0].contacts == [contact(1, 0, 19, count: 24)])
    #expect(pending.runs[0].visits == [visit(1, 0, 19, row: 4), visit(2, 3, 9)])
    #expect(pending.runs[1].visits == [visit(1, 100, 109)])
  }

  @Test("Counts and rows that no kiosk has written are refused, whatever the checksum says", arguments: 0..<4)
  func hostile(kind: Int) throws {
    var encoder = encoder()
    var decoder = JournalDecoder()
    var update = contact(1, 0, 9)
    var visits: [JournaledVisit] = []
    switch kind {
    case 0: update.strength = .init(count: .max, nearestDBm: -60, sumDBm: 0)
    case 1: update.strength = .init(count: 1, nearestDBm: 400, sumDBm: 400)
    case 2: update.strength = .init(count: 3, nearestDBm: -60, sumDBm: 1 << 50)
    default: visits = [visit(1, 0, 9, row: .max)]
    }
    for page in encoder.pages(contacts: [update], visits: visits) {
      #expect(throws: ParseError.self) { try read(page, &decoder) }
    }
  }
}
