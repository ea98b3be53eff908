// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import Tracer

/// Pages with made-up figures, for pictures and tests.
struct PageSample {
  var site: ScreenState.Site
  var language = ScreenLanguage.vietnamese
  var isDemo = false
  var nightBrightness: Int?
  var trouble: Trouble?

  /// What can be wrong.
  enum Trouble: String, CaseIterable {
    case radio, clock, feed, starting
  }

  /// What a page is called on the command line.
  static let names =
    ["home"] + (1...PageName.installSteps).map { "install-\($0)" } + ["notice", "invite", "today"]
    + (1...PageName.privacyParts).map { "privacy-\($0)" } + ["apps", "call", "welcome", "checked-in", "turned-away"]

  /// nil for a name that no page has.
  func state(of name: String) -> ScreenState? {
    let (page, takeover): (PageName, ScreenState.Takeover?)
    switch name {
    case "home": (page, takeover) = (.home, nil)
    case "notice": (page, takeover) = (.notice(1), nil)
    case "invite": (page, takeover) = (.invite, nil)
    case "today": (page, takeover) = (.today, nil)
    case "apps": (page, takeover) = (.apps(1), nil)
    case "call": (page, takeover) = (.home, .install)
    case "welcome": (page, takeover) = (.home, .welcome)
    case "checked-in": (page, takeover) = (.home, .checkedIn)
    case "turned-away": (page, takeover) = (.home, .turnedAway)
    default:
      let parts = name.split(separator: "-")
      guard parts.count == 2, let number = Int(parts[1]) else { return nil }
      switch parts[0] {
      case "install" where (1...PageName.installSteps).contains(number): (page, takeover) = (.install(number), nil)
      case "privacy" where (1...PageName.privacyParts).contains(number): (page, takeover) = (.privacy(number), nil)
      default: return nil
      }
    }
    let clock = ScreenState.Clock(time: "15:41:07", date: "21/11/2026", isSynchronised: true)
    var state = ScreenState(page: page, clock: clock, site: site)
    if page == .apps(1), site.apps.isEmpty { state.site.apps = Self.apps }
    if case .notice = page { state.notices = Self.notices }
    state.takeover = takeover
    state.isWelcoming = takeover == .welcome
    state.language = language
    state.isDemo = isDemo
    state.nightBrightness = nightBrightness
    state.radio = .running
    state.f0 = .fresh("15:30 21/11")
    (state.figures.peopleAround, state.figures.bluezonersAround) = (24, 9)
    (state.figures.peopleNear, state.figures.bluezonersNear) = (5, 2)
    state.today = Self.morning
    switch trouble {
    case .radio: state.radio = .down(.noAdapter, step: .reopen)
    case .clock: state.clock.isSynchronised = false
    case .feed: state.f0 = .stale("09:30 18/11")
    case .starting: (state.radio, state.f0) = (.starting, .never)
    case nil: break
    }
    return state
  }

  private static let notices = [
    FeedManifest.Notice(
      vietnamese: "Từ thứ Hai, trạm y tế phường tiêm nhắc mũi cúm mùa cho người trên 60 tuổi, từ 7:30 đến 11:00. "
        + "Xin mang theo thẻ bảo hiểm y tế.",
      english: "From Monday on the ward's health station gives flu boosters to people over 60, from 7:30 to 11:00. "
        + "Please bring your health insurance card.")
  ]

  /// An app with one address for all phones, as an example.
  private static let apps = [
    ScreenState.App(
      name: "Sổ sức khỏe điện tử",
      codes: [
        .init("https://example.vn/so-suc-khoe/android", store: .android),
        .init("https://example.vn/so-suc-khoe/ios", store: .ios),
      ])
  ]

  private static let morning: ScreenState.Today = {
    var today = ScreenState.Today()
    let counts = [
      (6, 4, 1), (7, 31, 12), (8, 47, 22), (9, 38, 19), (10, 29, 15), (11, 12, 6), (12, 5, 3), (13, 24, 11),
      (14, 33, 19),
      (15, 18, 11),
    ]
    today.hours = (0..<24).map { hour in
      counts.first { $0.0 == hour }.map { .init(visits: $0.1, bluezoners: $0.2) } ?? .init(visits: 0, bluezoners: 0)
    }
    (today.visits, today.uncertainty, today.bluezoners, today.currentHour) = (241, 37, 119, 15)
    return today
  }()
}
