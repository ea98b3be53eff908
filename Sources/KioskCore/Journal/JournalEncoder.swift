// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// Makes the journal's pages. A contact's id is written once in a generation; later news of it carries the number that it
/// got then: some seven bytes instead of eighteen.
public struct JournalEncoder: Sendable {
  public let epoch: UInt64
  public let run: UInt64
  let boot: String
  /// Of the next page.
  public private(set) var sequence: UInt64
  public private(set) var generation: UInt64
  private var numbers: [JournalContact.Key: UInt64] = [:]
  private var known: [JournalContact] = []

  /// - Parameters:
  ///   - epoch, run: drawn for the file and for this run of the program.
  ///   - sequence: of the first page.
  public init(epoch: UInt64, sequence: UInt64, run: UInt64, boot: String) {
    self.epoch = epoch
    self.sequence = sequence
    self.run = run
    self.boot = boot
    generation = sequence
  }

  /// Everything up to this page stands in the database: numbers are given from the beginning again.
  public mutating func startGeneration(after sequence: UInt64) {
    self.sequence = sequence &+ 1
    generation = self.sequence
    numbers.removeAll(keepingCapacity: true)
    known.removeAll(keepingCapacity: true)
  }

  /// As many whole pages as it takes, at least one.
  public mutating func pages(
    contacts: [ContactUpdate], visits: [JournaledVisit], clock: [UInt8]? = nil
  ) -> [[UInt8]] {
    var pages: [[UInt8]] = []
    let bases = Bases(contacts, visits)
    var content = head(bases, clock: clock, firstNumber: known.count)
    func finish(_ encoder: inout JournalEncoder) {
      let head = JournalPage.Head(
        epoch: encoder.epoch, sequence: encoder.sequence, generation: encoder.generation, run: encoder.run)
      pages.append(JournalPage.page(head, content))
      encoder.sequence &+= 1
    }
    func add(_ entry: [UInt8], firstNumber: Int, _ encoder: inout JournalEncoder) {
      if JournalPage.headBytes + content.count + entry.count > JournalPage.byteCount {
        finish(&encoder)
        content = encoder.head(bases, clock: nil, firstNumber: firstNumber)
      }
      content += entry
    }
    for contact in contacts {
      let firstNumber = known.count
      add(entry(contact, bases), firstNumber: firstNumber, &self)
    }
    for visit in visits { add(Self.entry(visit, bases), firstNumber: known.count, &self) }
    finish(&self)
    return pages
  }

  /// What the times and rows of a page are counted from.
  private struct Bases {
    var seconds: Int64 = 0
    var milliseconds: Int64 = 0
    var row: Int64 = 0

    init(_ contacts: [ContactUpdate], _ visits: [JournaledVisit]) {
      var dated: [Int64] = []
      var undated: [Int64] = []
      for contact in contacts {
        let contact = JournalContact(contact)
        if contact.isUndated { undated.append(contact.first) } else { dated.append(contact.first) }
      }
      for visit in visits {
        switch visit.update.span {
        case .dated(let start, _): dated.append(start.seconds)
        case .undated(let start, _): undated.append(start.milliseconds)
        }
      }
      // The middle one: late news of one contact does not make all others longer.
      dated.sort()
      undated.sort()
      if !dated.isEmpty { seconds = dated[dated.count / 2] }
      if !undated.isEmpty { milliseconds = undated[undated.count / 2] }
      row = visits.lazy.compactMap(\.row).min() ?? 0
    }
  }

  /// - Parameter firstNumber: of the page's first new contact; the others follow it. A page that is lost so does not shift
  ///   the numbers of those after it.
  private func head(_ bases: Bases, clock: [UInt8]?, firstNumber: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    let boot = Array(self.boot.utf8.prefix(CoreLimits.journalBootCharacters))
    let clock = clock.map { $0.prefix(CoreLimits.journalClockBytes) } ?? []
    bytes.appendVarint(UInt64(boot.count))
    bytes += boot
    bytes.appendVarint(UInt64(clock.count))
    bytes += clock
    bytes.appendZigzag(bases.seconds)
    bytes.appendZigzag(bases.milliseconds)
    bytes.appendZigzag(bases.row)
    bytes.appendVarint(UInt64(firstNumber))
    return bytes
  }

  private mutating func entry(_ update: ContactUpdate, _ bases: Bases) -> [UInt8] {
    let contact = JournalContact(update)
    let strength = update.strength
    let hasStrength = strength != ContactUpdate.Strength()
    var tag = UInt8(truncatingIfNeeded: update.platform?.rawValue ?? 0) << 2
    if hasStrength { tag |= JournalTag.hasStrength }
    if hasStrength, strength.nearestDBm == nil { tag |= JournalTag.isWithoutNearest }
    if contact.isUndated { tag |= JournalTag.isUndatedContact }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    let key = contact.key
    // A contact that began earlier than it was said to is told from the beginning.
    if let number = numbers[key], contact.first >= known[Int(number)].first {
      bytes.append(tag | JournalTag.knownContact)
      bytes.appendVarint(number)
      bytes.appendZigzag(contact.last &- known[Int(number)].last)
      known[Int(number)].last = max(known[Int(number)].last, contact.last)
    } else {
      bytes.append(tag | JournalTag.newContact)
      bytes += update.id.bytes
      bytes.appendZigzag(contact.first &- (contact.isUndated ? bases.milliseconds : bases.seconds))
      bytes.appendZigzag(contact.last &- contact.first)
      numbers[key] = UInt64(known.count)
      known.append(contact)
    }
    guard hasStrength else { return bytes }
    bytes.appendZigzag(Int64(strength.count))
    let nearest = strength.nearestDBm
    if let nearest { bytes.appendZigzag(Int64(nearest &+ JournalTag.nearestOffset)) }
    bytes.appendZigzag(Int64(strength.sumDBm &- strength.count &* (nearest ?? 0)))
    return bytes
  }

  private static func entry(_ journaled: JournaledVisit, _ bases: Bases) -> [UInt8] {
    let (update, visit) = (journaled.update, journaled.update.visit)
    var tag =
      JournalTag.visit | UInt8(truncatingIfNeeded: visit.kind.rawValue) << 2
      | UInt8(truncatingIfNeeded: visit.platform?.rawValue ?? 0) << 4
    if visit.isOpen { tag |= JournalTag.isOpen }
    let start: Int64
    let duration: Int64
    switch update.span {
    case .dated(let from, let to):
      start = from.seconds &- bases.seconds
      duration = to.seconds &- from.seconds
    case .undated(let from, let to):
      tag |= JournalTag.isUndatedVisit
      start = from.milliseconds &- bases.milliseconds
      duration = to.milliseconds &- from.milliseconds
    }
    var flags: UInt8 = 0
    if visit.isPrompted { flags |= JournalTag.isPrompted }
    if visit.isInstalledHere { flags |= JournalTag.isInstalledHere }
    if update.isWithdrawn { flags |= JournalTag.isWithdrawn }
    if visit.nearestDBm != nil { flags |= JournalTag.hasNearest }
    if journaled.row != nil { flags |= JournalTag.hasRow }
    if journaled.isInserted { flags |= JournalTag.isInserted }
    var bytes: [UInt8] = [tag, flags]
    bytes.appendZigzag(Int64(visit.number))
    if let row = journaled.row { bytes.appendZigzag(row &- bases.row) }
    bytes.appendZigzag(start)
    bytes.appendZigzag(duration)
    if let nearest = visit.nearestDBm { bytes.append(UInt8(bitPattern: nearest)) }
    return bytes
  }
}

extension [UInt8] {
  /// LEB128: seven bits a byte, the low ones first.
  fileprivate mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  fileprivate mutating func appendZigzag(_ value: Int64) {
    appendVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}
