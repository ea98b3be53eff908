// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The home page")
struct ScreenHomePageTests {
  @Test("keeps every element on the screen", arguments: ScreenSamples.sizes)
  func elementsStayOnScreen(size: ScreenSize) {
    let screen = Box(x: 0, y: 0, width: size.width, height: size.height)
    for page in ScreenSamples.pages {
      for element in page.scene(size: size).elements {
        #expect(screen.contains(element.box), "\(element) of \(page)")
        #expect(!element.box.isEmpty, "\(element) of \(page)")
      }
    }
  }

  @Test("lets no text, code or icon touch another", arguments: ScreenSamples.sizes)
  func nothingOverlaps(size: ScreenSize) {
    for page in ScreenSamples.pages {
      let marks = page.scene(size: size).elements.filter { if case .rectangle = $0 { false } else { true } }
      for (index, one) in marks.enumerated() {
        for other in marks[(index + 1)...] where one.box.intersects(other.box) {
          Issue.record("\(one) and \(other)")
        }
      }
    }
  }

  @Test("gives the code a good part of every screen", arguments: ScreenSamples.sizes)
  func codeIsLarge(size: ScreenSize) throws {
    for page in ScreenSamples.pages {
      let codes = page.scene(size: size).elements.compactMap { if case .qr(let qr) = $0 { qr } else { nil } }
      let code = try #require(codes.first)
      #expect(codes.count == 1)
      #expect(code.address == page.installAddress)
      #expect(min(code.box.width, code.box.height) * 100 >= 40 * min(size.width, size.height), "\(code.box)")
    }
  }

  @Test("is the same scene for the same content")
  func isPure() {
    let page = ScreenSamples.ordinary
    #expect(page.scene(size: .fullHD) == page.scene(size: .fullHD))
  }

  @Test("changes one element when one figure changes")
  func oneFigureOneElement() {
    var page = ScreenSamples.ordinary
    let before = page.scene(size: .fullHD)
    page.bluezonersNear += 1
    let after = page.scene(size: .fullHD)
    #expect(before.elements.count == after.elements.count)
    #expect(zip(before.elements, after.elements).filter { $0 != $1 }.count == 1)
  }

  @Test(
    "has headline and figures 35 mm high on a 24-inch screen",
    arguments: [
      ScreenSize.fullHD, ScreenSize(width: 1080, height: 1920),
    ])
  func readableFromAfar(size: ScreenSize) throws {
    // 1920 pixels are 531 mm there.
    let least = 126
    let texts = ScreenSamples.ordinary.scene(size: size).texts
    let headline = try #require(texts.first { $0.role == .headline })
    #expect(headline.size >= least && headline.box.height >= 2 * least)
    let figures = texts.filter { ["27", "11", "3", "2"].contains($0.string) }
    #expect(figures.count == 4)
    for figure in figures { #expect(figure.box.height >= least - (size.isPortrait ? 16 : 0), "\(figure)") }
  }

  @Test("shows the headline in both languages, the chosen one large", arguments: ScreenLanguage.allCases)
  func bothLanguages(language: ScreenLanguage) throws {
    var page = ScreenSamples.ordinary
    page.language = language
    let texts = page.scene(size: .fullHD).texts
    let first = try #require(texts.first { $0.string == ScreenText.invite.text(in: language) })
    let second = try #require(
      texts.first {
        $0.string.split(separator: " ")
          == ScreenText.invite.text(in: language.other).split { $0.isWhitespace }
      })
    #expect(first.size > 2 * second.size)
  }

  @Test("says DEMO, large, in a demo", arguments: ScreenSamples.sizes)
  func demoSaysSo(size: ScreenSize) throws {
    for page in ScreenSamples.pages {
      let demo = page.scene(size: size).texts.first { $0.string == "DEMO" }
      #expect((demo != nil) == page.isDemo)
      if let demo { #expect(demo.box.height * 100 >= 5 * min(size.width, size.height)) }
    }
  }

  @Test("shows no figure while the radio hears nothing")
  func noFalseFigures() {
    var page = ScreenSamples.ordinary
    page.radio = .starting
    #expect(!page.scene(size: .fullHD).words.contains("27"))
    #expect(page.scene(size: .fullHD).words.filter { $0 == "–" }.count == 4)
    page.radio = .down(.noAdapter, step: .reopen)
    #expect(!page.scene(size: .fullHD).words.contains("27"))
  }

  @Test("says what is wrong with the radio, and what to do", arguments: HomePage.Fault.allCases)
  func faultIsExplained(fault: HomePage.Fault) {
    var page = ScreenSamples.ordinary
    page.radio = .down(fault, step: .reopen)
    for language in ScreenLanguage.allCases {
      let advice = ScreenText.faultAdvice.text(in: language)
      #expect(
        page.scene(size: .fullHD).words.contains { $0.contains(advice) && $0.count > advice.count + 10 })
    }
  }

  @Test("has a sign beside the words of every state")
  func neverColourAlone() {
    func shapes(_ page: HomePage) -> [Scene.Icon.Shape] {
      page.scene(size: .fullHD).elements.compactMap {
        if case .icon(let icon) = $0 { icon.shape } else { nil }
      }
    }
    var page = ScreenSamples.ordinary
    #expect(!shapes(page).contains(.warning))
    page.prompt = .install
    #expect(shapes(page).contains(.arrowLeft))
    page.prompt = .welcome
    #expect(shapes(page).first == .tick)
    page.prompt = .none
    page.clock.isSynchronised = false
    #expect(shapes(page).contains(.warning))
    page.clock.isSynchronised = true
    page.lastF0Sync = nil
    #expect(shapes(page).contains(.warning))
  }

  @Test("points to the code below it on an upright screen")
  func arrowPointsDown() {
    var page = ScreenSamples.ordinary
    page.prompt = .install
    let elements = page.scene(size: ScreenSize(width: 1080, height: 1920)).elements
    #expect(elements.contains { if case .icon(let icon) = $0 { icon.shape == .arrowDown } else { false } })
  }

  @Test("does not show a date the clock cannot know")
  func noFalseDate() {
    var page = ScreenSamples.ordinary
    #expect(page.scene(size: .fullHD).words.contains("21/11/2025"))
    page.clock.isSynchronised = false
    #expect(!page.scene(size: .fullHD).words.contains("21/11/2025"))
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
  func shortAddress(address: String, short: String) {
    var page = ScreenSamples.ordinary
    page.installAddress = address
    #expect(page.shortAddress == short)
  }

  @Test(
    "lays out any size without a trap", arguments: [(1, 1), (1, 5000), (5000, 1), (100, 100), (320, 240)])
  func anySize(width: Int, height: Int) {
    for page in ScreenSamples.pages {
      #expect(!page.scene(size: ScreenSize(width: width, height: height)).elements.isEmpty)
    }
  }
}
