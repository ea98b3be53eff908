// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One row of the contact log as matching needs it.
public struct Contact: Hashable, Sendable {
  public var id: BluezoneID
  public var first: UTCTime
  public var last: UTCTime
  public var strength: ContactUpdate.Strength

  public init(id: BluezoneID, first: UTCTime, last: UTCTime, strength: ContactUpdate.Strength) {
    self.id = id
    self.first = first
    self.last = last
    self.strength = strength
  }
}

/// Finds the contacts of F0 entries in the log.
public struct F0Matcher: Sendable {
  /// How far a phone's clock may be off, on both sides of a slot.
  public let toleranceMilliseconds: Int64
  private var contacts: [BluezoneID: [Contact]] = [:]

  /// - Parameter contacts: the log, in any order.
  public init(contacts: some Sequence<Contact>, toleranceMilliseconds: Int64 = LogSlot.milliseconds) {
    self.toleranceMilliseconds = toleranceMilliseconds
    for contact in contacts { self.contacts[contact.id, default: []].append(contact) }
  }

  /// The contacts whose id is one of the entry's and which were heard inside that id's slot, or within the tolerance
  /// of it. In the order of time, each once.
  public func contacts(of entry: F0Entry) -> [Contact] {
    guard !contacts.isEmpty else { return [] }
    var found: Set<Contact> = []
    entry.forEachID { id, slotStart, slotEnd in
      guard let candidates = contacts[id] else { return }
      let from = slotStart.adding(milliseconds: -toleranceMilliseconds)
      let to = slotEnd.adding(milliseconds: toleranceMilliseconds)
      for contact in candidates where contact.last >= from && contact.first < to { found.insert(contact) }
    }
    return found.sorted { ($0.first, $0.id) < ($1.first, $1.id) }
  }

  /// The times at which contacts can match the entry.
  public func window(of entry: F0Entry) -> ClosedRange<UTCTime> {
    let from = entry.start.adding(milliseconds: -toleranceMilliseconds)
    let to = entry.end.adding(milliseconds: entry.scheme.slotMilliseconds + toleranceMilliseconds)
    return from...max(from, to)
  }
}
