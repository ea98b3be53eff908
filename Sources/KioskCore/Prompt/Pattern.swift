// SPDX-License-Identifier: GPL-3.0-or-later

/// A rhythm of one lamp or buzzer, in the words of OSDP's LED and buzzer commands.
///
/// Source: SIA OSDP 2.2 (IEC 60839-11-5), osdp_LED and osdp_BUZ: ON time, OFF time, both in units of 100 ms, and how
/// often, 0 being without end.
public struct Pattern: Hashable, Sendable {
  /// Tenths of a second, 1 to 255.
  public let onTenths: UInt8
  /// Tenths of a second; 0: on all the time that the pattern runs.
  public let offTenths: UInt8
  /// How often it is repeated; 0: without end.
  public let count: UInt8

  /// nil when `onTenths` is 0: a pattern that is never on is no pattern.
  public init?(onTenths: UInt8, offTenths: UInt8, count: UInt8 = 0) {
    guard onTenths > 0 else { return nil }
    (self.onTenths, self.offTenths, self.count) = (onTenths, offTenths, count)
  }

  private init(_ onTenths: UInt8, _ offTenths: UInt8, _ count: UInt8) {
    (self.onTenths, self.offTenths, self.count) = (onTenths, offTenths, count)
  }

  public var isEndless: Bool { count == 0 }
  public var onMilliseconds: Int64 { Int64(onTenths) * 100 }
  public var periodMilliseconds: Int64 { (Int64(onTenths) + Int64(offTenths)) * 100 }
  /// From its start to the end of the last pause; nil for one without end.
  public var lengthMilliseconds: Int64? { isEndless ? nil : periodMilliseconds * Int64(count) }

  /// The same rhythm, so often.
  public func repeated(_ count: UInt8) -> Pattern { Pattern(onTenths, offTenths, count) }

  // The patterns of the default table.
  static let heartbeat = Pattern(1, 49, 0)
  static let slow = Pattern(10, 20, 0)
  static let attention = Pattern(5, 5, 0)
  static let steadySecond = Pattern(10, 0, 1)
  static let blinkForEightSeconds = Pattern(5, 5, 8)
  static let shortBeep = Pattern(1, 0, 1)
  static let twoBeeps = Pattern(2, 2, 2)
}

extension Pattern {
  /// Reads `ON/OFF` or `ON/OFF xCOUNT`, times in tenths of a second: `5/5 x8`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count) else { return nil }
    let times = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    guard times.count == 2, let on = Self.number(times[0]), let off = Self.number(times[1]) else { return nil }
    guard parts.count == 2 else {
      self.init(onTenths: on, offTenths: off)
      return
    }
    guard parts[1].hasPrefix("x"), let count = Self.number(parts[1].dropFirst()), count > 0 else { return nil }
    self.init(onTenths: on, offTenths: off, count: count)
  }

  /// What may be shown for an outcome: it ends, within `CoreLimits.lampPatternMilliseconds`.
  public var isTemporary: Bool { lengthMilliseconds.map { $0 <= CoreLimits.lampPatternMilliseconds } ?? false }

  /// What the buzzer may play: it ends, within `CoreLimits.beepPatternMilliseconds`.
  public var isBeep: Bool { lengthMilliseconds.map { $0 <= CoreLimits.beepPatternMilliseconds } ?? false }

  /// Digits alone: UInt8("+7") is 7.
  private static func number(_ text: some StringProtocol) -> UInt8? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt8(text) : nil
  }
}

extension Pattern: CustomStringConvertible {
  /// As it is read.
  public var description: String { "\(onTenths)/\(offTenths)" + (isEndless ? "" : " x\(count)") }
}
