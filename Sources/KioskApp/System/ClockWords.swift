// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore

/// What is said of a clock that leapt.
enum ClockWords {
  /// 30 d 2 h, 3 h 5 min, 12 s.
  static func duration(seconds: Int64) -> String {
    let seconds = Int64(clamping: seconds.magnitude)
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
    let told = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return told.isEmpty ? "0 s" : told.joined(separator: " ")
  }

  static func leap(seconds: Int64) -> String {
    "leapt \(duration(seconds: seconds)) \(seconds > 0 ? "ahead" : "back")"
  }

  static func stake(contacts: Int, visits: Int) -> String { "\(contacts) contacts and \(visits) visits" }
}

extension ClockNews {
  /// For the log and the audit. `stake`: what a clock ahead would delete.
  func words(stake: String?) -> String {
    let leap = "the clock " + ClockWords.leap(seconds: byMilliseconds / 1000)
    switch kind {
    case .leapt: return leap + "; not believed yet" + (stake.map { ", would delete \($0)" } ?? "")
    case .believed: return leap + " and has stood; believed now" + (stake.map { ", deletes \($0)" } ?? "")
    case .takenBack: return leap + " and came back; nothing was deleted by it"
    }
  }
}
