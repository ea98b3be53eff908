// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One row of the contact log as matching needs it.
public struct Contact: Hashable, Sendable {
  public var id: BluezoneID
  public var first: UTCTime
  public var last: UTCTime
  public var strength: ContactUpdate.Strength
  /// nil when nobody told.
  public var platform: Platform?

  public init(
    id: BluezoneID, first: UTCTime, last: UTCTime, strength: ContactUpdate.Strength, platform: Platform? = nil
  ) {
    self.id = id
    self.first = first
    self.last = last
    self.strength = strength
    self.platform = platform
  }
}

/// A contact whose id is one of an entry's and whose log slot is near that id's; `matches` decides by the second.
public struct F0Candidate: Hashable, Sendable {
  /// The entry's place in those given.
  public var entry: Int
  public var id: BluezoneID
  /// The contact's slot in the log (`LogSlot`).
  public var logSlot: Int64
  /// When the entry's phone sent the id, by its own clock.
  public var slotStart: UTCTime
  public var slotEnd: UTCTime

  /// Whether a contact of these times lies in the slot or within the tolerance of it.
  public func matches(first: UTCTime, last: UTCTime, toleranceMilliseconds: Int64) -> Bool {
    last >= slotStart.adding(milliseconds: -toleranceMilliseconds)
      && first < slotEnd.adding(milliseconds: toleranceMilliseconds)
  }
}

/// Finds the contacts of F0 entries in the log. See docs/matching.md.
public struct F0Matcher: Sendable {
  /// How far a phone's clock may be off, on both sides of a slot.
  public let toleranceMilliseconds: Int64
  private let hasher: SubkeyHasher
  private let seed: UInt64

  /// - Parameter seed: any number that nobody outside knows; places of ids in memory depend on it.
  public init(
    toleranceMilliseconds: Int64 = LogSlot.milliseconds, hasher: SubkeyHasher = .portable, seed: UInt64 = 0
  ) {
    self.toleranceMilliseconds = toleranceMilliseconds
    self.hasher = hasher
    self.seed = seed &* 0xD6E8_FEB8_6659_FD93 ^ 0xA076_1D64_78BD_642F
  }

  /// Gives every candidate of the entries, in the order of the days.
  ///
  /// - Parameters:
  ///   - log: adds the contacts of a range of log slots to the window, by slot. Called once for each day on which an
  ///     entry has ids.
  ///   - found: takes a candidate; the same may come twice.
  ///   - goOn: told how many of the entries' days are done, of all; says whether to go on.
  /// - Returns: whether it came to the end.
  public func run<Failure: Error>(
    _ entries: [F0Entry], log: (ClosedRange<Int64>, inout ContactWindow) throws(Failure) -> Void,
    found: (F0Candidate) throws(Failure) -> Void, goOn: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
  ) throws(Failure) -> Bool {
    let sweep = F0Sweep(hasher: hasher, toleranceMilliseconds: toleranceMilliseconds)
    var window = ContactWindow(seed: seed)
    return try sweep.run(
      entries,
      occupied: { range throws(Failure) in
        window.removeAll()
        try log(range, &window)
        window.seal()
        return window.occupied
      },
      visit: { block throws(Failure) in try Self.lookUp(block, in: window, sweep, found) }, goOn: goOn)
  }

  private static func lookUp<Failure: Error>(
    _ block: borrowing F0Sweep.Block, in window: borrowing ContactWindow, _ sweep: F0Sweep,
    _ found: (F0Candidate) throws(Failure) -> Void
  ) throws(Failure) {
    var base = 0
    for chain in block.chains {
      for index in 0..<chain.slots {
        let (high, low) = (block.ids[base + 2 * index], block.ids[base + 2 * index + 1])
        guard window.mayHold(high, low) else { continue }
        let start = chain.slotStart(index)
        let end = start.adding(milliseconds: chain.scheme.slotMilliseconds)
        try window.forEachSlot(of: high, low, in: sweep.logSlots(from: start, to: end)) { slot throws(Failure) in
          try found(
            F0Candidate(
              entry: chain.entry, id: BluezoneID(high: high, low: UInt32(truncatingIfNeeded: low)), logSlot: slot,
              slotStart: start, slotEnd: end))
        }
      }
      base += 2 * block.stride
    }
  }

  /// The times at which contacts can match the entry.
  public func window(of entry: F0Entry) -> ClosedRange<UTCTime> {
    let from = entry.start.adding(milliseconds: -toleranceMilliseconds)
    let to = entry.end.adding(milliseconds: entry.scheme.slotMilliseconds + toleranceMilliseconds)
    return from...max(from, to)
  }

  /// The pairs of entry and contact that match, of contacts in memory.
  public func matches(_ entries: [F0Entry], _ contacts: some Sequence<Contact>) -> [(entry: Int, contact: Contact)] {
    let byPlace = Dictionary(grouping: contacts) { Place(slot: LogSlot.number(at: $0.first), id: $0.id) }
    let places = byPlace.keys.sorted { $0.slot < $1.slot }
    var found: Set<Match> = []
    _ = run(
      entries,
      log: { range, window in
        for place in places where range.contains(place.slot) {
          window.append(slot: place.slot, high: place.id.high, low: place.id.low)
        }
      },
      found: { candidate in
        for contact in byPlace[Place(slot: candidate.logSlot, id: candidate.id)] ?? []
        where candidate.matches(
          first: contact.first, last: contact.last, toleranceMilliseconds: toleranceMilliseconds)
        { found.insert(Match(entry: candidate.entry, contact: contact)) }
      })
    return found.map { ($0.entry, $0.contact) }.sorted {
      ($0.entry, $0.contact.first, $0.contact.id) < ($1.entry, $1.contact.first, $1.contact.id)
    }
  }

  private struct Place: Hashable {
    var slot: Int64
    var id: BluezoneID
  }

  private struct Match: Hashable {
    var entry: Int
    var contact: Contact
  }
}
