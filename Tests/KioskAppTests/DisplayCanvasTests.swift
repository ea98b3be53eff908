// SPDX-License-Identifier: GPL-3.0-or-later
import CPangoCairo
import Foundation
import KioskCore
import Pixels
import Testing

@testable import KioskApp

@Suite("A canvas")
struct DisplayCanvasTests {
  @Test("sets every text inside its box, not much smaller than asked", arguments: DisplaySamples.sizes)
  func textFits(size: ScreenSize) throws {
    let canvas = try Canvas(size: size)
    for state in DisplaySamples.states {
      let asked = state.scene(size: size)
      let set = canvas.withGroupsSet(asked)
      for case (.text(let text), .text(let original)) in zip(set.elements, asked.elements) {
        let fit = canvas.fit(text)
        let what = Comment(rawValue: "\(text) at \(fit) of \(state.page) in \(size)")
        #expect(text.box.contains(fit.ink), what)
        #expect(fit.unknownGlyphs == 0, what)
        // Figures fill their boxes, whatever their size; words may shrink, but not by half.
        if text.role != .figure, text.role != .clock { #expect(fit.size >= 0.52 * Double(original.size), what) }
        #expect(fit.size >= 7, what)
      }
    }
  }

  @Test("lets the strokes of no text touch those of another, or a code", arguments: DisplaySamples.sizes)
  func strokesKeepApart(size: ScreenSize) throws {
    let canvas = try Canvas(size: size)
    for state in DisplaySamples.states {
      let marks = canvas.withGroupsSet(state.scene(size: size)).elements.compactMap { element -> Box? in
        switch element {
        case .text(let text): canvas.fit(text).ink
        case .qr(let qr): qr.box
        case .icon(let icon): icon.box.centredSquare()
        case .rectangle: nil
        }
      }
      for (index, one) in marks.enumerated() {
        for other in marks[(index + 1)...] where one.intersects(other) {
          Issue.record("\(one) and \(other) of \(state.page) in \(size)")
        }
      }
    }
  }

  @Test("sets the texts of a group equally large, as large as fits the longest")
  func groups() throws {
    let size = ScreenSize(width: 400, height: 200)
    let canvas = try Canvas(size: size)
    let texts = ["kurz", "ein sehr viel längerer Text"].enumerated().map { index, words in
      Scene.Text(
        words, in: Box(x: 0, y: 100 * index, width: 200, height: 80), role: .body, size: 60, colour: Colour(0xFFFFFF),
        group: 1)
    }
    let scene = Scene(size: size, background: Colour(0), elements: texts.map { .text($0) })
    let set = canvas.withGroupsSet(scene).elements.compactMap {
      if case .text(let text) = $0 { text.size } else { nil }
    }
    #expect(set.count == 2 && set[0] == set[1] && set[0] == Int(canvas.fit(texts[1]).size) && set[0] < 60)
  }

  @Test("marks no pixel outside the box that a text is measured to need", arguments: Scene.Role.allCases)
  func inkIsMeasured(role: Scene.Role) throws {
    let size = ScreenSize(width: 700, height: 260)
    let canvas = try Canvas(size: size)
    for alignment in Scene.Alignment.allCases {
      for em in [9, 33, 64, 101] {
        let text = Scene.Text(
          role == .figure || role == .clock ? "1.288" : "Ễnh ương ở gầỵ",
          in: Box(x: 20, y: 20, width: 660, height: 220),
          role: role,
          size: em, weight: .bold, colour: Colour(0xFFFFFF), alignment: alignment)
        try canvas.draw(Scene(size: size, background: Colour(0), elements: [.text(text)]))
        let ink = canvas.fit(text).ink
        for index in Pixels.red(in: canvas.pixels) {
          let place = Box(x: index % size.width, y: index / size.width, width: 1, height: 1)
          if !ink.contains(place) {
            Issue.record("\(place) outside \(ink) for \(em) pixels, \(alignment)")
            return
          }
        }
      }
    }
  }

  @Test("has a glyph for every mark of Vietnamese", arguments: Scene.Weight.allCases)
  func vietnamese(weight: Scene.Weight) throws {
    let letters = "aàảãáạăằẳẵắặâầẩẫấậ eèẻẽéẹêềểễếệ iìỉĩíị oòỏõóọôồổỗốộơờởỡớợ uùủũúụưừửữứự yỳỷỹýỵ đ"
    let canvas = try Canvas(size: ScreenSize(width: 100, height: 100))
    let decomposed = letters.decomposedStringWithCanonicalMapping
    for string in [letters, letters.uppercased(), decomposed, "· – 0123456789"] {
      let text = Scene.Text(
        string, in: Box(x: 0, y: 0, width: 4000, height: 200), role: .body, size: 40, weight: weight,
        colour: Colour(0xFFFFFF))
      #expect(canvas.fit(text).unknownGlyphs == 0)
    }
  }

  @Test(
    "has them in the font itself, not in another one that stands in",
    arguments: [PANGO_WEIGHT_NORMAL, PANGO_WEIGHT_BOLD])
  func ownGlyphs(weight: PangoWeight) throws {
    let letters = ScreenText.allCases.map { $0.text(in: .vietnamese) }.joined() + "ẳẵẳặếềểễệộởữựỵẲẴẶẾỀỂỄỆỘỞỮỰỴ"
    let map = try #require(pango_cairo_font_map_get_default())
    let context = try #require(pango_font_map_create_context(map))
    let description = try #require(pango_font_description_from_string(Typesetter.family))
    pango_font_description_set_weight(description, weight)
    let font = try #require(pango_context_load_font(context, description))
    for scalar in letters.unicodeScalars where scalar != "\n" {
      #expect(pango_font_has_char(font, scalar.value) != 0, "\(scalar)")
    }
    pango_font_description_free(description)
    g_object_unref(UnsafeMutableRawPointer(font))
    g_object_unref(UnsafeMutableRawPointer(context))
  }

  @Test("says which package is missing instead of taking another font")
  func noFont() throws {
    let error = #expect(throws: DisplayError.fontMissing(family: "No Such Font")) {
      try Canvas(size: .fullHD, fontFamily: "No Such Font")
    }
    #expect(error?.description.contains("fonts-inter") == true)
  }

  @Test("counts a character that no font has")
  func unknownGlyph() throws {
    let canvas = try Canvas(size: ScreenSize(width: 100, height: 100))
    let text = Scene.Text(
      "\u{10FFFD}", in: Box(x: 0, y: 0, width: 400, height: 200), role: .body, size: 40, colour: Colour(0))
    #expect(canvas.fit(text).unknownGlyphs == 1)
  }

  @Test("draws nothing for a scene it already shows")
  func sameSceneTwice() throws {
    let canvas = try Canvas(size: .fullHD)
    let scene = DisplaySamples.ordinary.scene(size: .fullHD)
    #expect(try canvas.draw(scene) == [Box(x: 0, y: 0, width: 1920, height: 1080)])
    #expect(try canvas.draw(scene).isEmpty)
  }

  @Test("redraws only the box of a figure that changed")
  func oneFigure() throws {
    let size = ScreenSize(width: 800, height: 480)
    let canvas = try Canvas(size: size)
    var page = DisplaySamples.ordinary
    try canvas.draw(page.scene(size: size))
    let before = canvas.pixels
    page.figures.peopleNear = 4
    let drawn = try canvas.draw(page.scene(size: size))
    let box = try #require(drawn.first)
    #expect(drawn.count == 1)
    #expect(box.width < size.width / 4 && box.height < size.height / 4)
    let changed = Pixels.differences(before, canvas.pixels)
    #expect(!changed.isEmpty)
    #expect(
      changed.allSatisfy {
        box.contains(Box(x: $0 % size.width, y: $0 / size.width, width: 1, height: 1))
      })
  }

  @Test("comes to the same picture by steps as at once")
  func stepsEqualWhole() throws {
    for size in [ScreenSize(width: 800, height: 480), ScreenSize(width: 320, height: 480)] {
      let stepwise = try Canvas(size: size)
      let states = DisplaySamples.states.enumerated().compactMap { $0.offset.isMultiple(of: 4) ? $0.element : nil }
      for state in states + states.reversed() {
        let scene = state.scene(size: size)
        try stepwise.draw(scene)
        let fresh = try Canvas(size: size)
        try fresh.draw(scene)
        #expect(stepwise.hasSamePixels(as: fresh), "\(state.page)")
      }
    }
  }

  @Test("draws every icon within its box and not empty", arguments: Scene.Icon.Shape.allCases)
  func icons(shape: Scene.Icon.Shape) throws {
    let size = ScreenSize(width: 120, height: 100)
    let canvas = try Canvas(size: size)
    let box = Box(x: 20, y: 10, width: 80, height: 80)
    let icon = Scene.Icon(shape, in: box, colour: Colour(0xFFFFFF), ground: Colour(0))
    try canvas.draw(Scene(size: size, background: Colour(0), elements: [.icon(icon)]))
    let marked = Pixels.red(in: canvas.pixels)
    #expect(marked.count > 400)
    // Nothing may be cut off either: the outermost pixels of the box stay free.
    #expect(
      marked.allSatisfy {
        box.inset(1).contains(Box(x: $0 % size.width, y: $0 / size.width, width: 1, height: 1))
      })
  }

  @Test("shrinks a text that is far too long, and cuts off what can never fit")
  func endlessText() throws {
    let size = ScreenSize(width: 200, height: 60)
    let canvas = try Canvas(size: size)
    let long = String(repeating: "Bluezone ", count: 200)
    for wraps in [false, true] {
      let text = Scene.Text(
        long, in: Box(x: 10, y: 10, width: 100, height: 20), role: .body, size: 40, colour: Colour(0xFFFFFF),
        wraps: wraps)
      try canvas.draw(Scene(size: size, background: Colour(0), elements: [.text(text)]))
      for index in Pixels.red(in: canvas.pixels) {
        #expect(text.box.contains(Box(x: index % size.width, y: index / size.width, width: 1, height: 1)))
      }
    }
  }

  @Test("draws a whole scene after one that failed")
  func recovers() throws {
    let size = ScreenSize(width: 800, height: 480)
    let canvas = try Canvas(size: size)
    var page = DisplaySamples.ordinary
    try canvas.draw(page.scene(size: size))
    page.site.installAddress = String(repeating: "x", count: 3000)
    #expect(throws: DisplayError.addressTooLong(bytes: 3000)) { try canvas.draw(page.scene(size: size)) }
    page.site.installAddress = ScreenState.Site.defaultInstallAddress
    #expect(try canvas.draw(page.scene(size: size)) == [Box(x: 0, y: 0, width: 800, height: 480)])
  }

  @Test("says so when there is no memory for a picture")
  func tooLarge() {
    #expect(throws: DisplayError.self) { try Canvas(size: ScreenSize(width: 100_000, height: 100_000)) }
  }
}
