// SPDX-License-Identifier: GPL-3.0-or-later

/// How a UTC day is cut into slots. Source: docs/bluezone.md, Identifiers (96 by default, 15 minutes each).
public struct SlotScheme: Hashable, Sendable {
  /// Slots a day (`max` in Bluezone's data), at least 1.
  public let slotsPerDay: Int

  public static let dayMilliseconds: Int64 = 86_400_000
  public static let standard = SlotScheme(unchecked: 96)
  /// What is accepted from outside: down to slots of one minute.
  public static let allowedSlotsPerDay = 1...1440

  /// nil outside 1…1440.
  public init?(slotsPerDay: Int) {
    guard Self.allowedSlotsPerDay.contains(slotsPerDay) else { return nil }
    self.slotsPerDay = slotsPerDay
  }

  private init(unchecked: Int) { slotsPerDay = unchecked }

  /// Integer division, as the phones do it: where it does not come out even, the rest belongs to the last slot.
  public var slotMilliseconds: Int64 { Self.dayMilliseconds / Int64(slotsPerDay) }

  /// The slot that `time` lies in.
  public func slot(at time: UTCTime) -> Slot {
    let day = time.milliseconds.dividedRoundingDown(by: Self.dayMilliseconds)
    // |day × 86 400 000| ≤ |time|, so this cannot overflow but at the very edge of Int64.
    let inDay = time.milliseconds &- day &* Self.dayMilliseconds
    let index = min(Int(inDay / slotMilliseconds), slotsPerDay - 1)
    return Slot(day: day, index: max(index, 0))
  }

  /// When `slot` starts.
  public func start(of slot: Slot) -> UTCTime {
    let (day, overflow) = slot.day.multipliedReportingOverflow(by: Self.dayMilliseconds)
    let start = UTCTime(milliseconds: overflow ? (slot.day < 0 ? .min : .max) : day)
    return start.adding(milliseconds: Int64(slot.index) * slotMilliseconds)
  }

  /// When the slot after `slot` starts.
  public func end(of slot: Slot) -> UTCTime { start(of: next(after: slot)) }

  public func next(after slot: Slot) -> Slot {
    slot.index + 1 < slotsPerDay
      ? Slot(day: slot.day, index: slot.index + 1) : Slot(day: slot.day + 1, index: 0)
  }
}

/// One slot of one UTC day.
public struct Slot: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01.
  public var day: Int64
  /// 0 up to slots a day − 1.
  public var index: Int

  public init(day: Int64, index: Int) {
    self.day = day
    self.index = index
  }

  public static func < (a: Self, b: Self) -> Bool { (a.day, a.index) < (b.day, b.index) }
}
