// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// What is around every page: the demo's band, the sentence that says what is wrong, and the strip with the clock.
extension Sheet {
  /// Draws the frame; what is left is the page's.
  mutating func frame() -> Box {
    var area = Box(x: 0, y: 0, width: size.width, height: size.height)
    let bandHeight = lines(1, .body) + px(4)
    // Small screens have room for one band.
    if state.isDemo {
      let words = type.isCompact ? trouble : nil
      demoBand(in: area.takeTop(words == nil || !isPortrait ? bandHeight : lines(2, .body) + px(6)), words)
    }
    if let words = trouble, !(state.isDemo && type.isCompact) {
      troubleBand(words, in: area.takeTop(isPortrait ? lines(2, .body) + px(6) : bandHeight))
    }
    strip(in: area.takeBottom(stripHeight))
    let vertical = px(type.isCompact ? 9 : 14)
    return Box(x: margin, y: area.y + vertical, width: area.width - 2 * margin, height: area.height - vertical * 3 / 2)
  }

  var margin: Int { px(type.isCompact ? 11 : 18) }

  /// Whether something at the top takes room from the page.
  var hasBand: Bool { state.isDemo || trouble != nil }

  private var rowHeight: Int { em(.body) * 17 / 10 }
  /// Of the row with the buttons, where there are any.
  private var touchRowHeight: Int { state.site.hasTouch ? max(rowHeight, type.finger + px(3)) : rowHeight }
  private var stripHeight: Int { (isPortrait ? rowHeight : 0) + touchRowHeight + px(3) }

  // MARK: Bands

  /// - Parameter trouble: what is wrong, said in place of what a demo is.
  private mutating func demoBand(in band: Box, _ trouble: String?) {
    fill(band, palette.demo)
    var area = band.inset(horizontal: margin, vertical: px(1))
    let name = area.takeLeft(area.width * (trouble == nil ? 40 : 27) / 100, gap: px(6))
    text(say(.demo), in: name.inset(horizontal: 0, vertical: px(2)), .title, palette.onDemo, weight: .bold)
    if let trouble {
      icon(.warning, in: area.takeLeft(em(.body), gap: px(4)), palette.onDemo, on: palette.demo)
      text(trouble, in: area, .body, palette.onDemo, weight: .bold, wraps: true)
    } else {
      text(say(.demoExplained), in: area, .body, palette.onDemo, .right)
    }
  }

  /// The sentence for what is wrong; the worst first.
  private var trouble: String? {
    // A reset is over in a moment.
    if case .down(let fault, let step) = state.radio, step != .reset {
      return say(ScreenText(fault)) + " " + say(.faultAdvice)
    }
    if !state.clock.isSynchronised { return say(.clockWrong) }
    if case .stale = state.f0 { return say(.f0Stale) }
    return nil
  }

  private mutating func troubleBand(_ words: String, in band: Box) {
    fill(band, palette.ink)
    var area = band.inset(horizontal: margin, vertical: px(2))
    let sign = area.takeLeft(em(.body) * 3 / 2, gap: px(6))
    icon(.warning, in: sign, palette.amber, on: palette.ink)
    text(words, in: area, .body, palette.codeCard, weight: .bold, wraps: true)
  }

  // MARK: The strip

  /// How the box is, the last F0 data, and the clock: in one row, on upright screens in two.
  private mutating func strip(in box: Box) {
    let isGreen = state.isWelcoming && state.covering == nil
    let (ground, text) = isGreen ? (palette.green, palette.ink) : (self.ground, foreground)
    if isGreen { fill(box, ground) }
    let line = Box(x: margin, y: box.y, width: box.width - 2 * margin, height: px(0.6))
    if state.covering == nil, !isGreen { fill(line, palette.line) }
    var area = box.inset(horizontal: margin, vertical: px(1))
    let group = newGroup()
    let clockWidth = em(.body) * 26 / 5
    if isPortrait {
      var upper = area.takeTop(rowHeight)
      clock(in: upper.takeRight(clockWidth, gap: px(6)), text)
      boxState(in: upper, text, on: ground, group)
      if state.site.hasTouch {
        buttons(in: &area, text, on: ground)
      } else if state.clock.isSynchronised, !type.isCompact {
        self.text(state.clock.date, in: area.takeRight(clockWidth, gap: px(6)), .body, text, .right, group: group)
      }
      f0(in: area, text, on: ground, group)
    } else {
      clock(in: area.takeRight(clockWidth, gap: px(8)), text)
      if state.clock.isSynchronised, !type.isCompact, !state.site.hasTouch, !isGreen {
        let date = area.takeRight(em(.body) * 27 / 5, gap: px(8))
        self.text(state.clock.date, in: date, .body, isGreen ? palette.ink : quiet, .right, group: group)
      }
      if state.site.hasTouch { buttons(in: &area, text, on: ground) }
      // Where there is little room the sign alone says that all is well; the thanks need the words.
      let narrow = type.isCompact && (!isGreen || state.site.hasTouch)
      let share = narrow ? (state.site.hasTouch ? 12 : 42) : isGreen ? 62 : 40
      boxState(in: area.takeLeft(area.width * share / 100, gap: px(6)), text, on: ground, group)
      f0(in: area, text, on: ground, group)
    }
  }

  private mutating func boxState(in box: Box, _ colour: Colour, on ground: Colour, _ group: Int) {
    var area = box
    let sign = area.takeLeft(em(.body), gap: px(4))
    let (shape, said): (Scene.Icon.Shape, ScreenText) =
      switch state.radio {
      case _ where state.isWelcoming && state.covering == nil: (.tick, .thanks)
      case .running where state.needsStaff: (.warning, .needsStaff)
      case .starting: (.waiting, .starting)
      case .running: (.tick, .allWell)
      case .down(_, let step): (.warning, ScreenText(step))
      }
    icon(shape, in: sign, colour, on: ground)
    guard area.width > 5 * em(.body) else { return }
    let words = say(said).replacing("\n", with: " ")
    text(words, in: area, .body, colour, weight: said == .thanks ? .bold : .regular, group: said == .thanks ? 0 : group)
  }

  private mutating func f0(in box: Box, _ colour: Colour, on ground: Colour, _ group: Int) {
    var area = box
    let sign = area.takeLeft(em(.body), gap: px(4))
    let isShort = type.isCompact || (state.site.hasTouch && !isPortrait)
    switch state.f0 {
    case .never:
      icon(.waiting, in: sign, colour, on: ground)
      text(say(isShort ? .f0NeverShort : .f0Never), in: area, .body, colour, group: group)
    case .fresh(let time), .stale(let time):
      let isStale = state.f0 == .stale(time)
      icon(isStale ? .warning : .shield, in: sign, colour, on: ground)
      let said = isShort ? ScreenText.f0Short : .f0Data
      text(said.text(in: language, time), in: area, .body, colour, group: group)
    }
  }

  private mutating func clock(in box: Box, _ colour: Colour) {
    var area = box
    if !state.clock.isSynchronised {
      icon(.warning, in: area.takeLeft(em(.body), gap: px(2)), colour, on: state.isWelcoming ? palette.green : ground)
    }
    figure(state.clock.time, in: area.middle(em(.body) * 4 / 5), colour, .right, role: .clock)
  }

  // MARK: To touch

  /// Language, what is recorded, next page; cut off the right end of `area`.
  private mutating func buttons(in area: inout Box, _ colour: Colour, on ground: Colour) {
    let side = max(type.finger, touchRowHeight - px(3))
    let named = type.isCompact ? side : side + em(.body) * 17 / 10
    let next: (Scene.Icon.Shape, ScreenAction, Int) = (.next, .nextPage, side)
    for (shape, action, width) in [next, (.information, .page(.privacy(1)), side), (.globe, .language, named)] {
      let button = area.takeRight(width, gap: px(3))
      target(button, action)
      let key = button.inset(horizontal: 0, vertical: px(1.5))
      fill(key, palette.line, radius: 6)
      var face = key.inset(max(1, px(0.7)))
      fill(face, palette.card, radius: 5.3)
      let sign = face.takeLeft(min(face.width, side))
      icon(shape, in: sign.inset(sign.height / 5), palette.accent, on: palette.card)
      guard !face.isEmpty else { continue }
      _ = face.takeRight(px(4))
      text(language.other.shortName, in: face, .body, palette.accent, weight: .bold)
    }
    _ = area.takeRight(px(6))
  }
}
