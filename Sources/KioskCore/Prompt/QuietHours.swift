// SPDX-License-Identifier: GPL-3.0-or-later

/// A time of each day, in local time, in which nothing is heard of the kiosk. It may reach over midnight.
public struct QuietHours: Hashable, Sendable {
  /// Minutes after local midnight, 0 to 1439. From the first on, up to the second.
  public let fromMinute: Int
  public let toMinute: Int

  /// nil for minutes that no day has, and for two that are the same.
  public init?(fromMinute: Int, toMinute: Int) {
    guard (0..<1440).contains(fromMinute), (0..<1440).contains(toMinute), fromMinute != toMinute else { return nil }
    (self.fromMinute, self.toMinute) = (fromMinute, toMinute)
  }

  public func contains(_ time: LocalTime) -> Bool {
    let minute = time.hour * 60 + time.minute
    return fromMinute < toMinute
      ? (fromMinute..<toMinute).contains(minute) : minute >= fromMinute || minute < toMinute
  }
}

extension QuietHours {
  /// Reads `21:00-06:00`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let ends = String(text).split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
    guard ends.count == 2, let from = ends[0], let to = ends[1] else { return nil }
    self.init(fromMinute: from, toMinute: to)
  }

  /// Reads `21:00-06:00, 12:00-13:00`, at most `CoreLimits.quietHours`; nothing at all is an empty list; nil when any
  /// part is wrong.
  public static func list(_ text: String) -> [QuietHours]? {
    guard !text.isEmpty else { return [] }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let list = parts.compactMap { QuietHours($0.drop { $0 == " " }) }
    return list.count == parts.count && list.count <= CoreLimits.quietHours ? list : nil
  }

  /// Two digits, a colon and two digits.
  private static func minute(_ text: Substring) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
    let digits = [bytes[0], bytes[1], bytes[3], bytes[4]].compactMap { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }
    guard digits.count == 4 else { return nil }
    let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    return hour < 24 && minute < 60 ? hour * 60 + minute : nil
  }
}
