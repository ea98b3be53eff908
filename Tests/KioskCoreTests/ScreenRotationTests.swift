// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The rotation of pages")
struct ScreenRotationTests {
  private var settings: PageSettings {
    var settings = PageSettings()
    settings.order = [.home, .install, .apps]
    return settings
  }

  private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(milliseconds: Int64(seconds * 1000)) }

  private func rotation(apps: Int = 0) -> PageRotation {
    PageRotation(settings: settings, firstLanguage: .vietnamese, appParts: apps, at: at(0))
  }

  @Test("shows every page in its order, each in both languages, and begins anew")
  func order() {
    var rotation = rotation()
    var seen: [String] = []
    var now: Int64 = 0
    while now < 120_000 {
      rotation.advance(to: MonotonicTime(milliseconds: now))
      let what = "\(rotation.page) \(rotation.language.rawValue)"
      if seen.last != what { seen.append(what) }
      now += 1000
    }
    let pages = ["home", "install(1)", "install(2)", "install(3)", "install(4)"].flatMap { ["\($0) vi", "\($0) en"] }
    #expect(Array(seen.prefix(12)) == pages + pages.prefix(2))
  }

  @Test("gives the home page 15 s in the first language and 10 s in the other")
  func times() {
    var rotation = rotation()
    rotation.advance(to: at(14.999))
    #expect(rotation.language == .vietnamese)
    rotation.advance(to: at(15))
    #expect(rotation.language == .english && rotation.page == .home)
    rotation.advance(to: at(24.999))
    #expect(rotation.page == .home)
    rotation.advance(to: at(25))
    #expect(rotation.page == .install(1) && rotation.language == .vietnamese)
  }

  @Test("leaves out apps where there are none, and shows each part of them")
  func apps() {
    #expect(settings.pages(appParts: 0).last == .install(4))
    #expect(settings.pages(appParts: 2).suffix(2) == [.apps(1), .apps(2)])
    var empty = settings
    empty.order = [.apps]
    #expect(empty.pages(appParts: 0) == [.home])
  }

  @Test("turns to the code at once for a phone without the app, and then to the steps that follow a scan")
  func call() {
    var rotation = rotation()
    rotation.callToInstall(at: at(3))
    #expect(rotation.takeover == .install && rotation.language == .vietnamese)
    rotation.callToInstall(at: at(20))
    rotation.advance(to: at(39.999))
    #expect(rotation.takeover == .install)
    rotation.advance(to: at(40))
    #expect(rotation.takeover == nil && rotation.page == .install(2))
  }

  @Test("does not let an endless stream of phones hold the call for ever")
  func callEnds() {
    var rotation = rotation()
    var (calls, others) = (0, 0)
    for second in 0..<600 {
      rotation.callToInstall(at: at(Double(second) + 0.5))
      rotation.advance(to: at(Double(second + 1)))
      if rotation.takeover == .install { calls += 1 } else { others += 1 }
    }
    #expect(calls > 400 && others > 100)
  }

  @Test("thanks on the whole screen now and then, in the strip every time, and never over the call")
  func welcome() {
    var rotation = rotation()
    rotation.welcome(at: at(1))
    #expect(rotation.takeover == .welcome && rotation.isWelcoming)
    rotation.advance(to: at(5))
    #expect(rotation.takeover == nil && !rotation.isWelcoming && rotation.page == .home)
    rotation.welcome(at: at(6))
    #expect(rotation.takeover == nil && rotation.isWelcoming)
    rotation.welcome(at: at(26))
    #expect(rotation.takeover == .welcome)
    rotation.callToInstall(at: at(27))
    #expect(rotation.takeover == .install)
    rotation.welcome(at: at(60))
    rotation.callToInstall(at: at(61))
    rotation.welcome(at: at(62))
    #expect(rotation.takeover == .install)
  }

  @Test("lets a chosen page and language stand, then goes on")
  func chosen() {
    var rotation = rotation(apps: 1)
    rotation.choose(.privacy(1), at: at(1))
    rotation.toggleLanguage(at: at(2))
    #expect(rotation.page == .privacy(1) && rotation.language == .english)
    rotation.advance(to: at(45.9))
    #expect(rotation.page == .privacy(1) && rotation.language == .english)
    rotation.advance(to: at(48))
    #expect(rotation.page == .home && rotation.language == .vietnamese)
    for page in [PageName.install(1), .install(2), .install(3), .install(4), .apps(1), .home] {
      rotation.choose(at: at(49))
      #expect(rotation.page == page)
    }
  }

  @Test("goes from a chosen page, or from under a takeover, back to the page it stood on")
  func back() {
    var rotation = rotation()
    rotation.choose(.privacy(2), at: at(1))
    rotation.choose(at: at(2))
    #expect(rotation.page == .home)
    rotation.callToInstall(at: at(3))
    rotation.choose(at: at(4))
    #expect(rotation.takeover == nil && rotation.page == .home)
  }

  @Test("keeps the language that is being read when a page is turned by touch")
  func languageStays() {
    var rotation = rotation()
    rotation.advance(to: at(16))
    #expect(rotation.language == .english)
    rotation.choose(at: at(17))
    #expect(rotation.language == .english && rotation.page == .install(1))
  }

  @Test("ends what covers the page when staff acknowledge it")
  func acknowledged() {
    var rotation = rotation()
    rotation.callToInstall(at: at(1))
    rotation.acknowledge(at: at(2))
    #expect(rotation.takeover == nil && rotation.page == .home)
  }

  @Test("shows as many notices as there are, and one that is gone no longer")
  func notices() {
    var settings = PageSettings()
    settings.order = [.home, .notices, .invite]
    settings.alternates = false
    var rotation = PageRotation(settings: settings, firstLanguage: .vietnamese, appParts: 0, at: at(0))
    func next(_ seconds: Double) -> PageName {
      rotation.advance(to: at(seconds))
      return rotation.page
    }
    #expect(next(15) == .invite)
    rotation.setNotices(2, at: at(16))
    #expect(rotation.page == .invite)
    #expect(next(23) == .home)
    #expect(next(38) == .notice(1))
    #expect(next(52) == .notice(2))
    rotation.setNotices(1, at: at(53))
    #expect(rotation.page == .invite)
    #expect(next(60.9) == .invite)
    #expect(next(61) == .home)
    #expect(next(76) == .notice(1))
    rotation.choose(.notice(1), at: at(77))
    rotation.setNotices(0, at: at(78))
    #expect(rotation.page == .invite)
    rotation.choose(at: at(79))
    #expect(rotation.page == .home)
  }

  @Test("has a home page even where the settings want nothing but notices")
  func noticesAlone() {
    var settings = PageSettings()
    settings.order = [.notices]
    var rotation = PageRotation(settings: settings, firstLanguage: .vietnamese, appParts: 0, at: at(0))
    for second in 0..<120 {
      rotation.advance(to: at(Double(second)))
      #expect(rotation.page == .home)
    }
    rotation.setNotices(1, at: at(120))
    rotation.choose(at: at(121))
    #expect(rotation.page == .notice(1))
  }

  @Test(
    "is read as it is written in the settings",
    arguments: [
      ("home", [.home]), ("home, install,today", [.home, .install, .today]), ("", nil), ("home,", nil), ("Home", nil),
    ] as [(String, [PageSettings.Kind]?)])
  func parsing(text: String, order: [PageSettings.Kind]?) { #expect(PageSettings.order(text) == order) }
}
