// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What was heard of one id, to be added to the log: one row an id and slot.
public struct ContactUpdate: Hashable, Sendable {
  public var id: BluezoneID
  public var span: Span
  public var strength: Strength
  /// nil when nobody told.
  public var platform: Platform?
  /// How often this boot's entries had been dated again when this one got its times: see `Redatings`.
  var redatings = 0

  /// When, by the clock that could be believed then.
  public enum Span: Hashable, Sendable {
    /// First and last heard in the slot of 15 minutes that `first` lies in.
    case dated(first: UTCTime, last: UTCTime)
    /// The wall clock was not synchronised: time since boot, to be dated later.
    case undated(first: MonotonicTime, last: MonotonicTime)
  }

  /// RSSI over the reports that had one.
  public struct Strength: Hashable, Sendable {
    /// Reports with a known RSSI.
    public var count: Int
    /// Strongest, dBm; nil when `count` is 0.
    public var nearestDBm: Int?
    /// Sum of all, dBm; the mean is `sum` / `count`.
    public var sumDBm: Int

    public init(count: Int = 0, nearestDBm: Int? = nil, sumDBm: Int = 0) {
      self.count = count
      self.nearestDBm = nearestDBm
      self.sumDBm = sumDBm
    }

    public mutating func add(_ other: Self) {
      // Rows of a damaged database may hold any number.
      count = Self.sum(count, other.count)
      sumDBm = Self.sum(sumDBm, other.sumDBm)
      if let theirs = other.nearestDBm { nearestDBm = max(nearestDBm ?? theirs, theirs) }
    }

    private static func sum(_ a: Int, _ b: Int) -> Int {
      let (sum, isOver) = a.addingReportingOverflow(b)
      return isOver ? (a < 0 ? .min : .max) : sum
    }

    init(_ rssiDBm: Int8?) {
      self.init(count: rssiDBm == nil ? 0 : 1, nearestDBm: rssiDBm.map(Int.init), sumDBm: rssiDBm.map(Int.init) ?? 0)
    }
  }

  public init(id: BluezoneID, span: Span, strength: Strength, platform: Platform? = nil) {
    self.platform = platform
    self.id = id
    self.span = span
    self.strength = strength
  }
}

/// The numbering of the log's slots: quarter hours since 1970-01-01T00:00:00Z. The log always uses these, whatever a
/// phone's own slots are.
public enum LogSlot {
  public static let milliseconds: Int64 = 900_000

  /// The number of the slot that `time` lies in.
  public static func number(at time: UTCTime) -> Int64 {
    let slot = SlotScheme.standard.slot(at: time)
    return slot.day * Int64(SlotScheme.standard.slotsPerDay) + Int64(slot.index)
  }

  public static func start(of number: Int64) -> UTCTime {
    let (product, overflow) = number.multipliedReportingOverflow(by: milliseconds)
    return UTCTime(milliseconds: overflow ? (number < 0 ? .min : .max) : product)
  }
}
