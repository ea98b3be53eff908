// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// The languages of the screen.
public enum ScreenLanguage: String, Sendable, CaseIterable {
  /// Tiếng Việt.
  case vietnamese = "vi"
  /// English.
  case english = "en"

  /// The language shown second, smaller.
  public var other: ScreenLanguage { self == .vietnamese ? .english : .vietnamese }

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

/// Every sentence the screen can show, in every language.
///
/// Headlines hold a line feed where they break: two short lines are seen from farther than one long line.
public enum ScreenText: Sendable, CaseIterable {
  /// Headline when nobody is near: what to do.
  case invite
  /// Headline beside the arrow to the QR, for a phone without the app.
  case installNow
  /// Headline for a Bluezoner who is near.
  case thanks
  /// The band of a demo.
  case demo
  /// What a demo's band explains.
  case demoExplained
  /// Column: people, an estimate.
  case people
  /// Column: devices that send a valid Bluezone id.
  case bluezoners
  /// Row: heard in the last half minute.
  case around
  /// Row: within about two metres.
  case near
  /// What the community total counts.
  case community
  /// Bluetooth works.
  case radioRunning
  /// Bluetooth is starting.
  case radioStarting
  /// Bluetooth does not work; the reason stands elsewhere.
  case radioDown
  /// What is being done about it: from `RecoveryStep`.
  case radioReset
  case radioReopen
  case radioPowerCycle
  case radioRebind
  case radioReboot
  /// No Bluetooth adapter is there.
  case noAdapter
  /// The adapter is switched off.
  case switchedOff
  /// The kiosk may not use the adapter.
  case notAllowed
  /// The adapter does not answer any more.
  case notAnswering
  /// What a visitor can do about a fault, and that the QR is still good.
  case faultAdvice
  /// Before the time of the last F0 data.
  case f0Data
  /// No F0 data yet.
  case f0Never
  /// Instead of the date while the clock is not synchronised.
  case clockNotSet

  /// The words in `language`.
  public func text(in language: ScreenLanguage) -> String {
    language == .vietnamese ? words.vietnamese : words.english
  }

  private var words: (vietnamese: String, english: String) {
    switch self {
    case .invite: ("Mời bạn cài\nBluezone", "Please install\nBluezone")
    case .installNow: ("Quét mã này\ncài Bluezone", "Scan this to\nget Bluezone")
    case .thanks: ("Cảm ơn bạn đã\nbật Bluezone", "Thank you for\nusing Bluezone")
    case .demo: ("DEMO", "DEMO")
    case .demoExplained: ("Số liệu mô phỏng", "Simulated figures")
    case .people: ("Khoảng (người)", "People, about")
    case .bluezoners: ("Bluezoner", "Bluezoner")
    case .around: ("Quanh đây", "Around")
    case .near: ("Ở gần", "Near")
    case .community: ("Cộng đồng", "Community")
    case .radioRunning: ("Bluetooth tốt", "Bluetooth OK")
    case .radioStarting: ("Đang khởi động", "Starting up")
    case .radioDown: ("Bluetooth lỗi", "Bluetooth fault")
    case .radioReset: ("Bluetooth khởi động lại", "Bluetooth restarting")
    case .radioReopen: ("Bluetooth đang thử lại", "Bluetooth retrying")
    case .radioPowerCycle: ("Đang tắt rồi bật lại", "Switching off and on")
    case .radioRebind: ("Đang nối lại bộ thu", "Reconnecting adapter")
    case .radioReboot: ("Máy sắp khởi động lại", "About to restart")
    case .noAdapter: ("Không thấy bộ thu Bluetooth.", "No Bluetooth adapter was found.")
    case .switchedOff: ("Bluetooth của máy này đang tắt.", "Bluetooth is switched off.")
    case .notAllowed: ("Máy này chưa được quyền dùng Bluetooth.", "The kiosk may not use Bluetooth.")
    case .notAnswering: ("Bộ thu Bluetooth ngừng trả lời.", "The Bluetooth adapter stopped answering.")
    case .faultAdvice:
      ("Mã QR vẫn quét được. Nhờ báo nhân viên.", "The QR still works. Please tell the staff.")
    case .f0Data: ("Dữ liệu F0", "F0 data")
    case .f0Never: ("Chưa có dữ liệu F0", "No F0 data yet")
    case .clockNotSet: ("Chưa chỉnh giờ", "Not set")
    }
  }
}

extension ScreenText {
  /// What is being done about a radio that is down.
  init(_ step: RecoveryStep?) {
    self =
      switch step {
      case nil: .radioDown
      case .reset: .radioReset
      case .reopen: .radioReopen
      case .powerCycle: .radioPowerCycle
      case .rebind: .radioRebind
      case .reboot: .radioReboot
      }
  }
}
