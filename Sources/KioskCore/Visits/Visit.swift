// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One person's stay near the kiosk. It holds nothing by which a phone could be known again.
public struct Visit: Hashable, Sendable {
  public enum Kind: Int, Hashable, Sendable, CaseIterable {
    case bluezoner = 1
    case noApp = 2
    /// Checked in by touch, by staff or by a sensor.
    case noPhone = 3
  }

  /// Counts the visits of one run, from 1; it ties later news of a visit to its row.
  public var number: Int
  public var start: MonotonicTime
  /// When the person was last near; while the visit is open, so far.
  public var end: MonotonicTime
  public var kind: Kind
  public var platform: Platform?
  /// Strongest smoothed RSSI, dBm; nil without a phone.
  public var nearestDBm: Int8?
  public var isPrompted = false
  /// A Bluezoner appeared in its place after the prompt.
  public var isInstalledHere = false
  public var isOpen = true

  public init(number: Int, start: MonotonicTime, end: MonotonicTime, kind: Kind) {
    self.number = number
    self.start = start
    self.end = end
    self.kind = kind
  }
}
