// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("A page")
struct ScreenPageTests {
  @Test("keeps every element and target on the screen", arguments: ScreenSamples.sizes)
  func elementsStayOnScreen(size: ScreenSize) {
    let screen = Box(x: 0, y: 0, width: size.width, height: size.height)
    for state in ScreenSamples.states {
      let scene = state.scene(size: size)
      for box in scene.elements.map(\.box) + scene.touchTargets.map(\.box) {
        #expect(screen.contains(box) && !box.isEmpty, "\(box) of \(state.page)")
      }
    }
  }

  @Test("lets no text, code or icon touch another", arguments: ScreenSamples.sizes)
  func nothingOverlaps(size: ScreenSize) {
    for state in ScreenSamples.states {
      let marks = state.scene(size: size).elements.compactMap { element -> Box? in
        if case .rectangle = element { nil } else { element.box }
      }
      for (index, one) in marks.enumerated() {
        for other in marks[(index + 1)...] where one.intersects(other) {
          Issue.record("\(one) and \(other) of \(state.page), \(String(describing: state.takeover))")
        }
      }
    }
  }

  @Test("gives its codes a good part of every screen", arguments: ScreenSamples.sizes)
  func codesAreLarge(size: ScreenSize) {
    for state in ScreenSamples.states {
      let codes = state.scene(size: size).codes
      let isTwo = state.site.installCodes.count == 2
      let share: Int
      switch (state.page, state.takeover) {
      case (_, .welcome), (_, .checkedIn), (_, .turnedAway), (.today, nil), (.notice, nil), (.privacy, nil):
        #expect(codes.isEmpty)
        continue
      case (.apps, nil): share = 17
      case (.home, _), (.install, nil), (.invite, nil), (_, .install):
        #expect(codes.map(\.address) == state.site.installCodes.map(\.address))
        share = isTwo ? 20 : 32
      }
      #expect(!codes.isEmpty)
      for code in codes {
        let side = min(code.box.width, code.box.height)
        #expect(side * 100 >= share * min(size.width, size.height), "\(code.box) of \(state.page) in \(size)")
      }
    }
  }

  @Test("is the same scene for the same state")
  func isPure() {
    let state = ScreenSamples.ordinary
    #expect(state.scene(size: .fullHD) == state.scene(size: .fullHD))
  }

  @Test("changes one element when one figure changes, and one when a second passes")
  func oneFigureOneElement() {
    var state = ScreenSamples.ordinary
    func changes(_ change: (inout ScreenState) -> Void) -> Int {
      let before = state.scene(size: .fullHD)
      change(&state)
      let after = state.scene(size: .fullHD)
      #expect(before.elements.count == after.elements.count)
      return zip(before.elements, after.elements).count { $0 != $1 }
    }
    #expect(changes { $0.figures.bluezonersNear += 1 } == 1)
    #expect(changes { $0.clock.time = "14:05:10" } == 1)
  }

  @Test("keeps its code in its place from one page to the next, so that it need not be found anew")
  func codeStays() {
    var state = ScreenSamples.ordinary
    let home = state.scene(size: .fullHD).codes
    for page in [PageName.install(1), .install(4), .invite] {
      state.page = page
      #expect(state.scene(size: .fullHD).codes == home)
    }
    state.takeover = .install
    #expect(state.scene(size: .fullHD).codes == home)
  }

  @Test(
    "has headlines and figures 35 mm high and running text of 14 mm on a 24-inch screen",
    arguments: [ScreenSize.fullHD, ScreenSize(width: 1080, height: 1920), ScreenSize(width: 3840, height: 2160)])
  func readableFromAfar(size: ScreenSize) throws {
    let physical = try #require(PhysicalSize(diagonalInches: 24, pixels: size))
    let pixelsAMillimetre =
      Double(max(size.width, size.height)) / max(physical.widthMillimetres, physical.heightMillimetres)
    for language in ScreenLanguage.allCases {
      for page in ScreenSamples.pages {
        var state = ScreenSamples.ordinary
        (state.page, state.language) = (page, language)
        let texts = state.scene(size: size, physical: physical).texts
        let headline = try #require(texts.first { $0.role == .headline })
        #expect(Double(headline.size) >= 35 * pixelsAMillimetre, "\(headline)")
        for text in texts where text.role == .body { #expect(Double(text.size) >= 14 * pixelsAMillimetre, "\(text)") }
        guard page == .home || page == .today else { continue }
        let figures = texts.filter { $0.role == .figure }
        #expect(figures.count == (page == .home ? 4 : 2))
        for figure in figures { #expect(Double(figure.box.height) >= 35 * pixelsAMillimetre, "\(figure)") }
      }
    }
  }

  @Test("shows the headline in both languages, that of the page large", arguments: ScreenLanguage.allCases)
  func bothLanguages(language: ScreenLanguage) throws {
    var state = ScreenSamples.ordinary
    state.language = language
    let texts = state.scene(size: .fullHD).texts
    let first = try #require(texts.first { $0.string == ScreenText.invite.text(in: language) })
    let other = ScreenText.invite.text(in: language.other).split { $0.isWhitespace }
    let second = try #require(texts.first { $0.string.split(separator: " ") == other })
    #expect(first.size > 2 * second.size)
  }

  @Test("says DEMO, large, in a demo and only there", arguments: ScreenSamples.sizes)
  func demoSaysSo(size: ScreenSize) {
    for state in ScreenSamples.states {
      let demo = state.scene(size: size).texts.first { $0.string == "DEMO" }
      #expect((demo != nil) == state.isDemo)
      if let demo { #expect(demo.box.height * 100 >= 4 * min(size.width, size.height)) }
    }
  }

  @Test("shows a clock and the last F0 data, whatever the page", arguments: ScreenSamples.sizes)
  func signsOfLife(size: ScreenSize) {
    for state in ScreenSamples.states {
      let words = state.scene(size: size).words
      #expect(words.contains("14:05:09"))
      #expect(words.contains { $0.contains("F0") })
    }
  }

  @Test("shows no figure while the radio hears nothing")
  func noFalseFigures() {
    var state = ScreenSamples.ordinary
    for radio in [ScreenState.Radio.starting, .down(.noAdapter, step: .reopen)] {
      state.radio = radio
      let words = state.scene(size: .fullHD).words
      #expect(!words.contains("27"))
      #expect(words.filter { $0 == "–" }.count == 4)
    }
    state.radio = .down(.notAnswering, step: .reset)
    #expect(state.scene(size: .fullHD).words.contains("27"))
  }

  @Test("says what is wrong in a sentence, on every page, beside a sign")
  func troubleIsExplained() {
    for language in ScreenLanguage.allCases {
      for page in ScreenSamples.pages {
        var state = ScreenSamples.ordinary
        (state.page, state.language) = (page, language)
        #expect(!state.scene(size: .fullHD).icons.contains(.warning))
        func says(_ said: ScreenText) -> Bool {
          let scene = state.scene(size: .fullHD)
          return scene.icons.contains(.warning) && scene.words.contains { $0.contains(said.text(in: language)) }
        }
        state.f0 = .stale("14:02 18/11")
        #expect(says(.f0Stale))
        state.clock.isSynchronised = false
        #expect(says(.clockWrong))
        state.radio = .down(.switchedOff, step: .reopen)
        #expect(says(.switchedOff) && says(.faultAdvice))
      }
    }
  }

  @Test("tells a Bluezoner, a phone without the app and somebody without a phone apart by signs, not by colour alone")
  func neverColourAlone() {
    var state = ScreenSamples.ordinary
    state.takeover = .install
    #expect(state.scene(size: .fullHD).icons.contains(.arrowLeft))
    #expect(state.scene(size: ScreenSize(width: 1080, height: 1920)).icons.contains(.arrowDown))
    for takeover in [ScreenState.Takeover.welcome, .checkedIn] {
      state.takeover = takeover
      #expect(state.scene(size: .fullHD).icons.first { $0 != .shield } == .tick)
    }
    state.takeover = .turnedAway
    #expect(state.scene(size: .fullHD).icons.contains(.speech))
  }

  @Test("covers whatever else it shows with the answer to a touch of the button")
  func checkIn() {
    var state = ScreenSamples.ordinary
    state.takeover = .install
    let until = MonotonicTime(milliseconds: 5000)
    for (answer, said) in [(TouchCheckIn.Answer.counted, ScreenText.checkedIn), (.turnedAway, .turnedAway)] {
      state.checkIn = TouchCheckIn.Shown(answer: answer, until: until)
      #expect(state.scene(size: .fullHD).words.contains(said.text(in: .vietnamese)))
    }
  }

  @Test("has nothing to touch on a screen that cannot be touched, and large targets on one that can")
  func targets() throws {
    var state = ScreenSamples.ordinary
    #expect(state.scene(size: .fullHD).touchTargets.isEmpty)
    state.site.hasTouch = true
    for size in ScreenSamples.sizes {
      let physical = try #require(PhysicalSize(diagonalInches: 5, pixels: size))
      let pixels = Double(max(size.width, size.height)) / max(physical.widthMillimetres, physical.heightMillimetres)
      let targets = state.scene(size: size, physical: physical).touchTargets
      #expect(Set(targets.map(\.action)) == [.language, .page(.privacy(1)), .nextPage, .checkIn])
      for target in targets {
        #expect(Double(min(target.box.width, target.box.height)) >= 8.5 * pixels, "\(target) in \(size)")
      }
    }
  }

  @Test("prints on the notice who runs the kiosk, how long things are kept, and the law")
  func notice() {
    var state = ScreenSamples.ordinary
    state.site.operatorName = "Bệnh viện A"
    state.site.operatorContact = "phòng 1"
    state.site.contactDays = 21
    state.page = .privacy(1)
    let first = state.scene(size: .fullHD).words
    #expect(first.contains("Bệnh viện A · phòng 1") && first.contains { $0.contains("91/2025/QH15") })
    state.page = .privacy(2)
    let second = state.scene(size: .fullHD).words
    #expect(second.contains { $0.contains("21 ngày") } && second.contains { $0.contains("phòng 1") })
  }

  @Test("does not show a date the clock cannot know")
  func noFalseDate() {
    var state = ScreenSamples.ordinary
    #expect(state.scene(size: .fullHD).words.contains("21/11/2025"))
    state.clock.isSynchronised = false
    #expect(!state.scene(size: .fullHD).words.contains("21/11/2025"))
  }

  @Test("sets text larger for its size on a small screen")
  func emphasis() throws {
    let size = ScreenSize(width: 800, height: 480)
    func body(_ inches: Double) throws -> Int {
      let physical = try #require(PhysicalSize(diagonalInches: inches, pixels: size))
      return TypeScale(size, physical: physical).em(.body)
    }
    #expect(try body(5) > body(12))
    #expect(try body(12) > body(24))
    #expect(try body(24) == body(40))
    // Nobody knows: 480 rows are sold on 7 inches.
    #expect(try TypeScale(size, physical: nil).em(.body) == body(7))
  }

  @Test(
    "prints the address short",
    arguments: [
      ("https://www.bluezone.gov.vn", "www.bluezone.gov.vn"),
      ("https://www.bluezone.gov.vn/", "www.bluezone.gov.vn"),
      ("HTTP://example.vn/a", "example.vn/a"),
      ("example.vn", "example.vn"),
      ("https://example.vn/a/very/long/path/to/the/page?with=question", "example.vn"),
      ("", ""),
    ])
  func shortAddress(address: String, short: String) { #expect(ScreenState.Site.short(address) == short) }

  @Test("lays out any size without a trap", arguments: [(1, 1), (1, 5000), (5000, 1), (100, 100), (320, 240)])
  func anySize(width: Int, height: Int) {
    for state in ScreenSamples.states {
      #expect(!state.scene(size: ScreenSize(width: width, height: height)).elements.isEmpty)
    }
  }
}
