// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A stay of one F0 near the kiosk: its contacts, joined where they follow on each other.
public struct Exposure: Hashable, Sendable {
  /// The number of the F0 entry in the database.
  public var f0: Int64
  public var start: UTCTime
  public var end: UTCTime
  public var strength: ContactUpdate.Strength
  /// Rows of the log it is made of.
  public var contacts: Int

  public init(f0: Int64, start: UTCTime, end: UTCTime, strength: ContactUpdate.Strength, contacts: Int) {
    self.f0 = f0
    self.start = start
    self.end = end
    self.strength = strength
    self.contacts = contacts
  }

  /// Contacts this near to each other in time are one stay: a phone in the background scans and sends in turns.
  public static let joinMilliseconds: Int64 = LogSlot.milliseconds

  /// The stays in one entry's contacts, in the order of time.
  public static func stays(f0: Int64, contacts: some Sequence<Contact>) -> [Self] {
    var stays: [Self] = []
    for contact in contacts.sorted(by: { $0.first < $1.first }) {
      if var stay = stays.last, contact.first <= stay.end.adding(milliseconds: joinMilliseconds) {
        stay.end = max(stay.end, contact.last)
        stay.strength.add(contact.strength)
        stay.contacts += 1
        stays[stays.count - 1] = stay
      } else {
        stays.append(
          Self(f0: f0, start: contact.first, end: contact.last, strength: contact.strength, contacts: 1))
      }
    }
    return stays
  }
}
