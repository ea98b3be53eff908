// SPDX-License-Identifier: GPL-3.0-or-later

/// The languages of the screen.
public enum ScreenLanguage: String, Sendable, CaseIterable {
  /// Tiếng Việt.
  case vietnamese = "vi"
  /// English.
  case english = "en"

  public var other: ScreenLanguage { self == .vietnamese ? .english : .vietnamese }

  /// For the button that chooses it.
  public var shortName: String { self == .vietnamese ? "VI" : "EN" }

  /// A count with its digits in groups of three, as the language writes them: `1.234.567` or `1,234,567`.
  /// A count below zero is written as zero.
  public func grouped(_ count: Int) -> String {
    let digits = String(max(0, count))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += self == .vietnamese ? "." : "," }
      text.append(digit)
    }
    return text
  }
}
