// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One confirmed case's keys for a span of time, as the authority sends them. Source: docs/bluezone.md, F0 batches.
public struct F0Entry: Hashable, Sendable {
  /// The key of the day that starts at `start`.
  public var dailyKey: BluezoneKey
  public var start: UTCTime
  public var end: UTCTime
  /// How the case's phone cuts its days (`max`).
  public var scheme: SlotScheme

  public init(dailyKey: BluezoneKey, start: UTCTime, end: UTCTime, scheme: SlotScheme = .standard) {
    self.dailyKey = dailyKey
    self.start = start
    self.end = end
    self.scheme = scheme
  }

  /// Gives every id of the span with the time of its slot, slot by slot from `start` while a slot starts at or before
  /// `end`, going on to the next day's key after a day's slots.
  public func forEachID(_ body: (BluezoneID, _ slotStart: UTCTime, _ slotEnd: UTCTime) -> Void) {
    var dayKey = dailyKey
    var dayStart = start
    while dayStart <= end {
      var subKey = dayKey.firstSubKey
      for index in 0..<scheme.slotsPerDay {
        if index > 0 { subKey = subKey.next }
        let slotStart = dayStart.adding(milliseconds: Int64(index) * scheme.slotMilliseconds)
        guard slotStart <= end else { return }
        body(subKey.bluezoneID, slotStart, slotStart.adding(milliseconds: scheme.slotMilliseconds))
      }
      let next = dayStart.adding(milliseconds: SlotScheme.dayMilliseconds)
      guard next > dayStart else { return }
      dayStart = next
      dayKey = dayKey.next
    }
  }
}

/// A whole batch in the authority's JSON, read or refused as one.
public struct F0Batch: Hashable, Sendable {
  public var entries: [F0Entry]

  public init(entries: [F0Entry]) { self.entries = entries }

  /// Why a batch was refused. Nothing of it was used.
  public struct Refusal: Error, Hashable, CustomStringConvertible {
    /// Counted from 1; nil when the file as a whole is wrong.
    public var entry: Int?
    public var reason: String

    public init(entry: Int? = nil, reason: String) {
      self.entry = entry
      self.reason = reason
    }

    public var description: String { entry.map { "entry \($0): \(reason)" } ?? reason }
  }
}
