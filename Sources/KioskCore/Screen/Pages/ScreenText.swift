// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// Every sentence the screen can show, in every language: the one table to be reviewed.
///
/// `{0}` and `{1}` are filled in. A line feed in a headline is where it breaks: two short lines are seen from farther
/// than one long line.
public enum ScreenText: Sendable, CaseIterable {
  // Headlines and the calls that cover a page.
  case invite, installNow, thanks, checkedIn, turnedAway
  /// To who has no phone.
  case checkIn
  case demo, demoExplained
  // The figures.
  case people, bluezoners, around, near, community
  // The steps.
  case step1, step1Text, step2, step2Text, step3, step3Text, step4, step4Text
  case three, threeText
  // The day.
  case today, about, visits, noVisits, share, byHour, withBluezone, withoutBluezone
  // What the health office has to say.
  case notice
  // The privacy notice.
  case privacy, law
  case who, whoText, whoUnknown, what, whatText, why, whyText
  case howLong, howLongText, whoSees, whoSeesText, rights, rightsText, rightsDesk
  // Apps.
  case apps, android, ios
  // How the box is: in the strip.
  case allWell, starting, radioDown, radioReset, radioReopen, radioPowerCycle, radioRebind, radioReboot
  case f0Data, f0Short, f0Never, f0NeverShort
  // What is wrong: a sentence for the band.
  case noAdapter, switchedOff, notAllowed, notAnswering, faultAdvice, needsStaff, clockWrong, f0Stale

  /// The words in `language`, with the values filled in.
  public func text(in language: ScreenLanguage, _ values: String...) -> String {
    var text = language == .vietnamese ? words.vietnamese : words.english
    for (index, value) in values.enumerated() { text = text.replacing("{\(index)}", with: value) }
    return text
  }

  private var words: (vietnamese: String, english: String) {
    switch self {
    case .invite: ("Mời bạn cài\nBluezone", "Please install\nBluezone")
    case .installNow: ("Quét mã này,\ncài Bluezone", "Scan this,\nget Bluezone")
    case .thanks: ("Cảm ơn bạn\nđã bật Bluezone", "Thank you for\nusing Bluezone")
    case .checkedIn: ("Đã ghi nhận.\nMời bạn vào!", "You are counted.\nPlease come in!")
    case .turnedAway: ("Xin mời đến\nquầy tiếp đón", "Please go to\nthe desk")
    case .checkIn: ("Không có điện thoại? Chạm đây", "No phone with you? Touch here")
    case .demo: ("DEMO", "DEMO")
    case .demoExplained: ("Số liệu mô phỏng", "Simulated figures")

    case .people: ("Người (khoảng)", "People (about)")
    case .bluezoners: ("Bluezoner", "Bluezoners")
    case .around: ("Quanh đây", "Around")
    case .near: ("Ở gần", "Near")
    case .community: ("{0} Bluezoner trong cộng đồng", "{0} Bluezoners in the community")

    case .step1: ("Quét mã QR", "Scan the code")
    case .step1Text:
      (
        "Mở máy ảnh của điện thoại, hướng vào mã. Hoặc tìm “Bluezone” trong App Store, CH Play.",
        "Point your phone’s camera at the code. Or look for “Bluezone” in your phone’s app store."
      )
    case .step2: ("Tải ứng dụng", "Get the app")
    case .step2Text:
      (
        "Bấm cài đặt trên trang vừa mở ra, rồi chờ một lát cho đến khi tải xong.",
        "Tap install on the page that opens, then wait a moment until it is there."
      )
    case .step3: ("Cho phép\nBluetooth", "Allow\nBluetooth")
    case .step3Text:
      (
        "Mở Bluezone và đồng ý các quyền ứng dụng xin. Cần nhất là Bluetooth và thông báo.",
        "Open Bluezone and agree to what it asks for. It needs Bluetooth and notifications most."
      )
    case .step4: ("Luôn bật\nBluetooth", "Leave\nBluetooth on")
    case .step4Text:
      (
        "Thế là xong. Khi nhận ra Bluezone của bạn, máy này sẽ hiện lời cảm ơn.",
        "That is all. When this kiosk notices your Bluezone, it says thank you."
      )
    case .three: ("Cài giúp\nthêm 3 người", "Help 3 more\nto install it")
    case .threeText:
      (
        "Giúp ba người thân cài Bluezone hôm nay. Thêm một máy là thêm một người được báo kịp thời.",
        "Help three people close to you today. One phone more is one more person warned in time."
      )

    case .today: ("Hôm nay", "Today")
    case .about: ("Khoảng", "About")
    case .visits: ("± {0} lượt vào", "± {0} visits")
    case .noVisits: ("Chưa có lượt vào nào", "No visits yet")
    case .share: ("có Bluezone", "have Bluezone")
    case .byHour: ("Lượt vào theo giờ", "Visits by hour")
    case .withBluezone: ("Có Bluezone", "With Bluezone")
    case .withoutBluezone: ("Chưa có", "Without")

    case .notice: ("Thông báo của\nngành y tế", "From the\nhealth authority")

    case .privacy: ("Dữ liệu của bạn", "Your data")
    case .law:
      ("Luật Bảo vệ dữ liệu cá nhân\n91/2025/QH15", "Personal Data Protection Law\n91/2025/QH15")
    case .who: ("Ai vận hành máy này", "Who runs this kiosk")
    case .whoText: ("{0}", "{0}")
    case .whoUnknown:
      ("Cơ sở nơi đặt máy. Xin hỏi quầy tiếp đón.", "The place where it stands. Please ask at the desk.")
    case .what: ("Ghi lại những gì", "What is recorded")
    case .whatText:
      (
        "Mã Bluezone ẩn danh của máy ở gần: nghe lúc nào, mạnh hay yếu; giờ đến, giờ đi. Không tên, không số điện thoại.",
        "Anonymous Bluezone ids nearby, when and how strongly heard; times of visits. No name, no phone number."
      )
    case .why: ("Để làm gì", "What for")
    case .whyText:
      (
        "Để người từng ở gần một ca bệnh được báo sớm, và để biết mỗi ngày có bao nhiêu lượt vào.",
        "To warn those who were near a confirmed case, and to know how many come each day."
      )
    case .howLong: ("Giữ trong bao lâu", "How long it is kept")
    case .howLongText:
      (
        "Mã Bluezone {0} ngày, lượt vào {1} ngày. Hết hạn, máy tự xóa.",
        "Bluezone ids for {0} days, visits for {1} days. Then they are deleted by themselves."
      )
    case .whoSees: ("Ai được xem", "Who sees it")
    case .whoSeesText:
      (
        "Nhân viên phụ trách ở đây, và cơ quan y tế khi truy vết. Mỗi lần xuất dữ liệu đều ghi rõ ai xuất, vì sao.",
        "Staff in charge here, and the health office when it traces. Who exports, and why, is put on record."
      )
    case .rights: ("Quyền của bạn", "Your rights")
    case .rightsText:
      (
        "Tắt Bluetooth thì máy không nghe thấy điện thoại của bạn. Muốn hỏi, xem hoặc phản đối: {0}",
        "With Bluetooth off, your phone is not heard. To ask, see or object: {0}"
      )
    case .rightsDesk: ("nhân viên tại quầy", "the staff at the desk")

    case .apps: ("Ứng dụng nên cài", "Apps to install")
    case .android: ("Android", "Android")
    case .ios: ("iPhone", "iPhone")

    case .allWell: ("Máy chạy tốt", "All is well")
    case .starting: ("Đang khởi động", "Starting up")
    case .needsStaff: ("Sự cố: nhờ báo nhân viên", "Fault: tell the staff")
    case .radioDown: ("Bluetooth lỗi", "Bluetooth fault")
    case .radioReset: ("Khởi động lại Bluetooth", "Restarting Bluetooth")
    case .radioReopen: ("Đang thử lại", "Trying again")
    case .radioPowerCycle: ("Tắt rồi bật lại", "Switching off and on")
    case .radioRebind: ("Đang nối lại bộ thu", "Reconnecting")
    case .radioReboot: ("Máy sắp khởi động lại", "About to restart")
    case .f0Data: ("Dữ liệu F0: {0}", "F0 data: {0}")
    case .f0Short: ("F0: {0}", "F0: {0}")
    case .f0NeverShort: ("F0: chưa có", "F0: none yet")
    case .f0Never: ("Chưa có dữ liệu F0", "No F0 data yet")

    case .noAdapter: ("Máy không thấy bộ thu Bluetooth.", "No Bluetooth adapter was found.")
    case .switchedOff: ("Bluetooth của máy này đang tắt.", "Bluetooth is switched off.")
    case .notAllowed: ("Máy này chưa được quyền dùng Bluetooth.", "The kiosk may not use Bluetooth.")
    case .notAnswering: ("Bộ thu Bluetooth không trả lời.", "The Bluetooth adapter does not answer.")
    case .faultAdvice: ("Nhờ bạn báo nhân viên.", "Please tell the staff.")
    case .clockWrong: ("Đồng hồ chưa đúng, máy đang chờ chỉnh giờ.", "The clock is not right yet; it will be set.")
    case .f0Stale: ("Dữ liệu F0 đã cũ, máy đang chờ bản mới.", "The F0 data is old; new data is awaited.")
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

  init(_ fault: ScreenState.Fault) {
    self =
      switch fault {
      case .noAdapter: .noAdapter
      case .switchedOff: .switchedOff
      case .notAllowed: .notAllowed
      case .notAnswering: .notAnswering
      }
  }
}
