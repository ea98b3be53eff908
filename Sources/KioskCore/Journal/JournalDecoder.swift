// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Reads the journal's pages, in the order of their sequence.
public struct JournalDecoder: Sendable {
  private var generation: UInt64?
  private var known: [UInt64: JournalContact] = [:]

  public init() {}

  /// - Throws: when the page is damaged or none; nothing of it is taken then.
  public mutating func read(_ page: Span<UInt8>) throws(ParseError) -> JournalRecord {
    let head = try JournalPage.head(page)
    var known = head.generation == generation ? self.known : [:]
    var cursor = Cursor(offset: JournalPage.headBytes)
    let boot = String(decoding: try cursor.bytes(page, limit: CoreLimits.journalBootCharacters, "boot"), as: UTF8.self)
    let clock = try cursor.bytes(page, limit: CoreLimits.journalClockBytes, "clock")
    let bases = Bases(
      seconds: try cursor.zigzag(page, "seconds"), milliseconds: try cursor.zigzag(page, "milliseconds"),
      row: try cursor.zigzag(page, "row"))
    var number = try cursor.varint(page, "number")
    var record = JournalRecord(head: head, boot: boot, clock: clock.isEmpty ? nil : clock)
    while cursor.offset < page.count, page[cursor.offset] != 0 {
      let start = cursor.offset
      let tag = try cursor.uint8(page, "tag")
      switch tag & JournalTag.kinds {
      case JournalTag.newContact:
        let contact = try Self.newContact(page, &cursor, tag, bases)
        record.contacts.append(try Self.update(page, &cursor, tag, contact, at: start))
        known[number] = contact
        number &+= 1
      case JournalTag.knownContact:
        let place = try cursor.varint(page, "contact")
        let later = try cursor.zigzag(page, "last")
        var contact = known[place]
        if let before = contact?.last {
          contact?.last = before &+ later
          known[place]?.last = max(before, before &+ later)
        }
        let nobody = JournalContact(id: BluezoneID(high: 0, low: 0), isUndated: false, first: 0, last: 0)
        let update = try Self.update(page, &cursor, tag, contact ?? nobody, at: start)
        if contact == nil { record.unknown += 1 } else { record.contacts.append(update) }
      default: record.visits.append(try Self.visit(page, &cursor, tag, bases, at: start))
      }
    }
    while cursor.offset < page.count {
      guard try cursor.uint8(page, "end") == 0 else {
        throw ParseError(.trailing, field: "end", offset: cursor.offset - 1)
      }
    }
    self.known = known
    generation = head.generation
    return record
  }

  private struct Bases {
    var seconds: Int64
    var milliseconds: Int64
    var row: Int64
  }

  private static func newContact(
    _ page: Span<UInt8>, _ cursor: inout Cursor, _ tag: UInt8, _ bases: Bases
  ) throws(ParseError) -> JournalContact {
    let high = PackedBytes.number(page, cursor.offset, as: UInt64.self)
    let low = PackedBytes.number(page, cursor.offset + 8, as: UInt32.self)
    try cursor.skip(BluezoneID.byteCount, page, "id")
    let isUndated = tag & JournalTag.isUndatedContact != 0
    let first = try cursor.zigzag(page, "first") &+ (isUndated ? bases.milliseconds : bases.seconds)
    let last = first &+ (try cursor.zigzag(page, "last"))
    return JournalContact(id: BluezoneID(high: high, low: low), isUndated: isUndated, first: first, last: last)
  }

  private static func update(
    _ page: Span<UInt8>, _ cursor: inout Cursor, _ tag: UInt8, _ contact: JournalContact, at start: Int
  ) throws(ParseError) -> ContactUpdate {
    let platform = try platform(tag >> 2, at: start)
    guard tag & ~JournalTag.contactBits == 0 else { throw ParseError(.invalid, field: "tag", offset: start) }
    var strength = ContactUpdate.Strength()
    if tag & JournalTag.hasStrength != 0 {
      strength.count = Int(try cursor.zigzag(page, "count"))
      if tag & JournalTag.isWithoutNearest == 0 {
        strength.nearestDBm = Int(try cursor.zigzag(page, "nearest")) &- JournalTag.nearestOffset
      }
      let above = Int(try cursor.zigzag(page, "sum"))
      // What no kiosk has written must not reach sums that would overflow.
      guard (0...CoreLimits.journalReports).contains(strength.count),
        strength.nearestDBm.map((-128...127).contains) ?? true
      else { throw ParseError(.invalid, field: "strength", offset: start) }
      strength.sumDBm = above &+ strength.count &* (strength.nearestDBm ?? 0)
      guard (-128 * CoreLimits.journalReports...128 * CoreLimits.journalReports).contains(strength.sumDBm) else {
        throw ParseError(.invalid, field: "sum", offset: start)
      }
    }
    return ContactUpdate(id: contact.id, span: contact.span, strength: strength, platform: platform)
  }

  private static func visit(
    _ page: Span<UInt8>, _ cursor: inout Cursor, _ tag: UInt8, _ bases: Bases, at start: Int
  ) throws(ParseError) -> JournaledVisit {
    guard let kind = Visit.Kind(rawValue: Int(tag >> 2 & 3)) else {
      throw ParseError(.invalid, field: "kind", offset: start)
    }
    let flags = try cursor.uint8(page, "flags")
    guard flags & ~JournalTag.visitBits == 0 else { throw ParseError(.invalid, field: "flags", offset: start + 1) }
    let number = Int(try cursor.zigzag(page, "visit"))
    var row: Int64?
    if flags & JournalTag.hasRow != 0 { row = try cursor.zigzag(page, "row") &+ bases.row }
    guard (0...CoreLimits.journalRows).contains(row ?? 0) else {
      throw ParseError(.invalid, field: "row", offset: start)
    }
    let isUndated = tag & JournalTag.isUndatedVisit != 0
    let from = try cursor.zigzag(page, "start") &+ (isUndated ? bases.milliseconds : bases.seconds)
    let to = from &+ (try cursor.zigzag(page, "end"))
    let zero = MonotonicTime(milliseconds: 0)
    let (first, last) = (MonotonicTime(milliseconds: from), MonotonicTime(milliseconds: to))
    var visit = Visit(number: number, start: isUndated ? first : zero, end: isUndated ? last : zero, kind: kind)
    visit.platform = try platform(tag >> 4, at: start)
    if flags & JournalTag.hasNearest != 0 { visit.nearestDBm = Int8(bitPattern: try cursor.uint8(page, "nearest")) }
    visit.isPrompted = flags & JournalTag.isPrompted != 0
    visit.isInstalledHere = flags & JournalTag.isInstalledHere != 0
    visit.isOpen = tag & JournalTag.isOpen != 0
    let span: VisitUpdate.Span =
      isUndated
      ? .undated(start: first, end: last) : .dated(start: UTCTime(seconds: from), end: UTCTime(seconds: to))
    var update = VisitUpdate(visit, span: span)
    update.isWithdrawn = flags & JournalTag.isWithdrawn != 0
    return JournaledVisit(update, row: row, isInserted: flags & JournalTag.isInserted != 0)
  }

  private static func platform(_ bits: UInt8, at offset: Int) throws(ParseError) -> Platform? {
    guard bits & 3 != 0 else { return nil }
    guard let platform = Platform(rawValue: Int(bits & 3)) else {
      throw ParseError(.invalid, field: "platform", offset: offset)
    }
    return platform
  }

  /// A place in a page; every read is checked and moves it on.
  private struct Cursor {
    var offset: Int

    mutating func uint8(_ page: Span<UInt8>, _ field: String) throws(ParseError) -> UInt8 {
      guard offset < page.count else { throw ParseError(.truncated, field: field, offset: offset) }
      defer { offset += 1 }
      return page[offset]
    }

    mutating func skip(_ count: Int, _ page: Span<UInt8>, _ field: String) throws(ParseError) {
      guard count <= page.count - offset else { throw ParseError(.truncated, field: field, offset: offset) }
      offset += count
    }

    mutating func varint(_ page: Span<UInt8>, _ field: String) throws(ParseError) -> UInt64 {
      let start = offset
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        let byte = try uint8(page, field)
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      throw ParseError(.invalid, field: field, offset: start)
    }

    mutating func zigzag(_ page: Span<UInt8>, _ field: String) throws(ParseError) -> Int64 {
      let value = try varint(page, field)
      return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }

    mutating func bytes(_ page: Span<UInt8>, limit: Int, _ field: String) throws(ParseError) -> [UInt8] {
      let start = offset
      let count = try varint(page, field)
      guard count <= UInt64(limit) else { throw ParseError(.invalid, field: field, offset: start) }
      var bytes: [UInt8] = []
      for _ in 0..<count { bytes.append(try uint8(page, field)) }
      return bytes
    }
  }
}
