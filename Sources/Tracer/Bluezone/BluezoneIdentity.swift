// SPDX-License-Identifier: GPL-3.0-or-later

/// This node's own ids: the base key, the day it was made, and the walk to any later moment. Keeps the keys of the
/// slot last asked for, so that a running kiosk hashes once a slot.
public struct BluezoneIdentity: Sendable {
  public let baseKey: BluezoneKey
  /// Days since 1970-01-01 of the day whose daily key is the base key.
  public let baseDay: Int64
  public let scheme: SlotScheme

  private var day: (number: Int64, key: BluezoneKey)
  private var current: (slot: Slot, subKey: BluezoneKey)?

  public init(baseKey: BluezoneKey, baseDay: Int64, scheme: SlotScheme = .standard) {
    self.baseKey = baseKey
    self.baseDay = baseDay
    self.scheme = scheme
    day = (baseDay, baseKey)
  }

  /// The same chain from a later day on: no id of a day before it can be told from what this holds. Itself where its base
  /// day is as late.
  public func ratcheted(to day: Int64) throws(Failure) -> BluezoneIdentity {
    guard day > baseDay else { return self }
    var identity = self
    return BluezoneIdentity(baseKey: try identity.dailyKey(of: day), baseDay: day, scheme: scheme)
  }

  /// Why there is no id for a moment.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    /// The clock stands before the day the base key was made.
    case beforeBaseDay
    /// The clock stands more than `TracerLimits.chainDays` after it.
    case clockTooFarAhead

    public var description: String {
      switch self {
      case .beforeBaseDay:
        "the clock stands before the day this node's key was made: nothing is advertised until it is set right"
      case .clockTooFarAhead:
        "the clock stands a century after this node's key was made: nothing is advertised until it is set right"
      }
    }
  }

  /// The daily key of a day.
  public mutating func dailyKey(of number: Int64) throws(Failure) -> BluezoneKey {
    guard number >= baseDay else { throw .beforeBaseDay }
    // The base day comes from a file: the distance may not fit.
    let (distance, overflow) = number.subtractingReportingOverflow(baseDay)
    guard !overflow, distance <= TracerLimits.chainDays else { throw .clockTooFarAhead }
    if number < day.number { day = (baseDay, baseKey) }
    while day.number < number { day = (day.number + 1, day.key.next) }
    return day.key
  }

  /// The id to send in `slot`.
  public mutating func bluezoneID(in slot: Slot) throws(Failure) -> BluezoneID {
    if let current, current.slot == slot { return current.subKey.bluezoneID }
    let dailyKey = try dailyKey(of: slot.day)
    var subKey: BluezoneKey
    var index: Int
    if let current, current.slot.day == slot.day, current.slot.index < slot.index {
      (subKey, index) = (current.subKey, current.slot.index)
    } else {
      (subKey, index) = (dailyKey.firstSubKey, 0)
    }
    while index < slot.index {
      subKey = subKey.next
      index += 1
    }
    current = (slot, subKey)
    return subKey.bluezoneID
  }

  /// All ids of a daily key in the order of their slots.
  public static func bluezoneIDs(of dailyKey: BluezoneKey, count: Int) -> [BluezoneID] {
    var ids: [BluezoneID] = []
    var subKey = dailyKey.firstSubKey
    for index in 0..<max(count, 0) {
      if index > 0 { subKey = subKey.next }
      ids.append(subKey.bluezoneID)
    }
    return ids
  }
}
