// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Tracer

/// The screens and states that every test of the layout goes through.
enum ScreenSamples {
  static let sizes: [ScreenSize] = [
    (480, 320), (800, 480), (1024, 600), (1024, 768), (1280, 800), (1920, 1080), (2560, 1080), (3840, 2160),
  ].flatMap { [ScreenSize(width: $0.0, height: $0.1), ScreenSize(width: $0.1, height: $0.0)] }

  static let clock = ScreenState.Clock(time: "14:05:09", date: "21/11/2025", isSynchronised: true)

  /// Every page there is.
  static let pages: [PageName] =
    [.home] + (1...4).map { .install($0) } + [.notice(1), .notice(2), .invite, .today] + (1...2).map { .privacy($0) }
    + (1...2).map { .apps($0) }

  /// The home page on an ordinary morning.
  static let ordinary: ScreenState = {
    var state = ScreenState(clock: clock)
    state.radio = .running
    state.f0 = .fresh("14:02 21/11")
    (state.figures.peopleAround, state.figures.bluezonersAround) = (27, 11)
    (state.figures.peopleNear, state.figures.bluezonersNear) = (3, 2)
    state.today.hours = (0..<24).map { .init(visits: (8...17).contains($0) ? 3 * $0 : 0, bluezoners: $0) }
    (state.today.visits, state.today.uncertainty, state.today.bluezoners) = (375, 57, 125)
    state.today.currentHour = 17
    state.notices = [.init(vietnamese: "Đeo khẩu trang.", english: "Wear a mask."), longest]
    state.site.apps = [
      .init(name: "Smart Thanh Hóa", codes: [.init("https://example.vn/app")]),
      .init(
        name: "Sổ sức khỏe điện tử",
        codes: [.init("https://example.vn/a", store: .android), .init("https://example.vn/i", store: .ios)]),
    ]
    return state
  }()

  /// As long as a notice may be.
  private static let longest = FeedManifest.Notice(
    vietnamese: String(
      String(repeating: "Những người đã ở gần ca bệnh xin gọi đường dây nóng. ", count: 8).prefix(300)),
    english: String(
      String(repeating: "Whoever was near a confirmed case, please call the hotline. ", count: 8).prefix(300)))

  /// Every page and takeover, each in the states that change its layout, with figures as long as they get.
  static let states: [ScreenState] = {
    var states: [ScreenState] = []
    for language in ScreenLanguage.allCases {
      for variant in variants {
        var state = variant
        state.language = language
        for page in pages {
          state.page = page
          states.append(state)
        }
        state.page = .home
        for takeover in ScreenState.Takeover.allCases {
          state.takeover = takeover
          states.append(state)
        }
      }
    }
    return states
  }()

  private static let variants: [ScreenState] = {
    var touched = ordinary
    touched.site.hasTouch = true
    touched.communityTotal = 23_456_789
    touched.isWelcoming = true
    var crowded = ordinary
    crowded.isDemo = true
    crowded.nightBrightness = 20
    crowded.f0 = .never
    crowded.clock.isSynchronised = false
    crowded.radio = .starting
    (crowded.figures.peopleAround, crowded.figures.bluezonersAround) = (1288, 888)
    (crowded.today.visits, crowded.today.uncertainty) = (12_345, 1852)
    crowded.site.androidAddress = "https://play.google.com/store/apps/details?id=com.mic.bluezone"
    crowded.site.iosAddress = "https://apps.apple.com/vn/app/bluezone/id1508062685"
    crowded.site.operatorName = "Bệnh viện Đa khoa tỉnh Thừa Thiên Huế, phòng Kế hoạch tổng hợp"
    crowded.site.operatorContact = "phòng 203 nhà B, 0234 3822 325"
    var failing = ordinary
    failing.communityTotal = 23_456_789
    failing.site.hasTouch = true
    failing.f0 = .stale("14:02 18/11")
    failing.today = ScreenState.Today()
    return [ordinary, touched, crowded]
      + ScreenState.Fault.allCases.map { fault in
        failing.radio = .down(fault, step: .powerCycle)
        return failing
      }
  }()
}

extension Scene {
  /// The texts of the scene.
  var texts: [Scene.Text] {
    elements.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  /// The words of the scene, a line a text.
  var words: [String] { texts.map(\.string) }

  var codes: [Scene.QR] { elements.compactMap { if case .qr(let qr) = $0 { qr } else { nil } } }
  var icons: [Scene.Icon.Shape] { elements.compactMap { if case .icon(let icon) = $0 { icon.shape } else { nil } } }
}
