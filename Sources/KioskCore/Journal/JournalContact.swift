// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// What the journal's pages of a generation have in common: the times of a contact to which a number was given.
struct JournalContact: Hashable, Sendable {
  /// A contact's place in the log, as the database has it.
  struct Key: Hashable {
    var id: BluezoneID
    var isUndated: Bool
    /// Quarter hours, since 1970 or since boot.
    var quarter: Int64
  }

  var id: BluezoneID
  var isUndated: Bool
  /// Seconds since 1970; milliseconds since boot when undated.
  var first: Int64
  var last: Int64

  init(id: BluezoneID, isUndated: Bool, first: Int64, last: Int64) {
    self.id = id
    self.isUndated = isUndated
    self.first = first
    self.last = last
  }

  init(_ update: ContactUpdate) {
    switch update.span {
    case .dated(let first, let last):
      self.init(id: update.id, isUndated: false, first: first.seconds, last: last.seconds)
    case .undated(let first, let last):
      self.init(id: update.id, isUndated: true, first: first.milliseconds, last: last.milliseconds)
    }
  }

  var key: Key {
    let quarter =
      isUndated ? first / LogSlot.milliseconds : LogSlot.number(at: UTCTime(seconds: first))
    return Key(id: id, isUndated: isUndated, quarter: quarter)
  }

  var span: ContactUpdate.Span {
    isUndated
      ? .undated(first: MonotonicTime(milliseconds: first), last: MonotonicTime(milliseconds: last))
      : .dated(first: UTCTime(seconds: first), last: UTCTime(seconds: last))
  }
}

/// Tags of entries: the two low bits say which kind.
enum JournalTag {
  static let kinds: UInt8 = 0b11
  static let newContact: UInt8 = 1
  static let knownContact: UInt8 = 2
  static let visit: UInt8 = 3
  /// Contacts: platform in bits 2 and 3; whether it has a strength, has no nearest although it has one, is undated.
  static let hasStrength: UInt8 = 0x10
  static let isWithoutNearest: UInt8 = 0x20
  static let isUndatedContact: UInt8 = 0x40
  static let contactBits: UInt8 = 0x7F
  /// Visits: kind in bits 2 and 3, platform in bits 4 and 5.
  static let isUndatedVisit: UInt8 = 0x40
  static let isOpen: UInt8 = 0x80
  /// Flags of a visit, the byte after its tag.
  static let isPrompted: UInt8 = 1
  static let isInstalledHere: UInt8 = 2
  static let isWithdrawn: UInt8 = 4
  static let hasNearest: UInt8 = 8
  static let hasRow: UInt8 = 0x10
  static let isInserted: UInt8 = 0x20
  static let visitBits: UInt8 = 0x3F
  /// Added to a nearest RSSI so that those of −124 to 3 dBm take one byte.
  static let nearestOffset = 60
}
