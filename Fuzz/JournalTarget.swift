// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// Pages of the journal as a worn SD card may give them back. The checksum refuses nearly all of it, so they are sealed
  /// as well.
  static let journal = FuzzTarget(name: "journal", seeds: journalSeeds) { input in
    var input = FuzzInput(input)
    let (damagedPlace, damage) = (Int(input.uint16()) % JournalPage.byteCount, input.uint8())
    let pieces = [input.piece(), input.rest()]
    var decoder = JournalDecoder()
    for content in pieces {
      let head = JournalPage.Head(epoch: 1, sequence: 2, generation: 3, run: 4)
      var page = JournalPage.page(head, content)
      guard let record = try? decoder.read(page.span) else { continue }
      hold(record.head == head, "the head is read as it was written")
      // All that was read can be written again, and says the same then.
      var encoder = JournalEncoder(epoch: 1, sequence: 2, run: 4, boot: record.boot)
      var again = JournalDecoder()
      var contacts: [ContactUpdate] = []
      var visits: [JournaledVisit] = []
      for page in encoder.pages(contacts: record.contacts, visits: record.visits, clock: record.clock) {
        guard let record = try? again.read(page.span) else { fail("what was written can be read") }
        contacts += record.contacts
        visits += record.visits
      }
      hold(contacts.map(\.id) == record.contacts.map(\.id), "no contact is lost or added")
      hold(contacts.map(\.strength) == record.contacts.map(\.strength), "strengths stay")
      hold(visits.map(\.row) == record.visits.map(\.row), "visits stay")
      guard damage != 0 else { continue }
      page[damagedPlace] ^= damage
      var other = JournalDecoder()
      hold((try? other.read(page.span)) == nil, "a damaged byte is found")
    }
  }

  private static let journalSeeds: [[UInt8]] = {
    var encoder = JournalEncoder(epoch: 1, sequence: 2, run: 4, boot: "a-boot")
    let contacts = (0..<12).map { number in
      ContactUpdate(
        id: BluezoneID(high: UInt64(number) << 40, low: UInt32(number)),
        span: number % 4 == 0
          ? .undated(first: MonotonicTime(milliseconds: 1000), last: MonotonicTime(milliseconds: 5000))
          : .dated(first: UTCTime(seconds: 1_763_686_800), last: UTCTime(seconds: 1_763_686_809)),
        strength: number % 5 == 0 ? .init() : .init(count: number, nearestDBm: -number, sumDBm: -60 * number),
        platform: [nil, .android, .ios][number % 3])
    }
    var visit = Visit(
      number: 3, start: MonotonicTime(milliseconds: 10), end: MonotonicTime(milliseconds: 20), kind: .bluezoner)
    visit.nearestDBm = -60
    let update = VisitUpdate(visit, span: .undated(start: visit.start, end: visit.end))
    func content(_ page: [UInt8]) -> [UInt8] {
      let content = page.dropFirst(JournalPage.headBytes)
      return Array(content.dropLast(content.reversed().prefix { $0 == 0 }.count))
    }
    let pages = (0..<2).flatMap { _ in
      encoder.pages(contacts: contacts, visits: [JournaledVisit(update, row: 9)], clock: [7, 7])
    }
    return [[77, 1, 1] + FuzzInput.piece(content(pages[0])) + content(pages[1])]
  }()
}
