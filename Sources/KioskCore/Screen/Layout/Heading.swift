// SPDX-License-Identifier: GPL-3.0-or-later

/// What several pages have in common: heads, and the card with the code.
extension Sheet {
  /// A headline of one or two lines and, where there is room, the same in the other language; cut off the top.
  mutating func heading(
    _ said: ScreenText, _ style: TypeScale.Style, from area: inout Box, hasSubtitle: Bool = true,
    inOneLine: Bool = false
  ) {
    let words = inOneLine ? said.text(in: language).replacing("\n", with: " ") : said.text(in: language)
    let isTwoLines = !inOneLine && (words + said.text(in: language.other)).contains("\n")
    let box = area.takeTop(em(style) * (isTwoLines ? 22 : 12) / 10, gap: px(2))
    text(words, in: box, style, foreground, weight: .bold, .left, .top)
    guard hasSubtitle, !type.isCompact else { return }
    let second = said.text(in: language.other).replacing("\n", with: " ")
    text(second, in: area.takeTop(em(.subtitle) * 13 / 10, gap: px(2)), .subtitle, quiet)
  }

  /// Where the code lies on every page that is built around it, so that it stays in its place from page to page.
  func codeBox(from area: inout Box) -> Box {
    let share = type.isCompact ? 44 : size.width * 2 < size.height * 3 ? 43 : 41
    return area.takeLeft(area.width * share / 100, gap: px(type.isCompact ? 12 : 20))
  }

  /// The codes to install Bluezone on their card, with the address in print.
  mutating func installCard(in box: Box, isPrinted: Bool = true) {
    fill(box, palette.codeCard, radius: 7)
    // The quiet zone is as light as the card and nearly as wide; its corners stay clear of the round ones.
    var area = box.inset(horizontal: px(1), vertical: px(3))
    if isPrinted {
      let print = area.takeBottom(lines(1, .subtitle)).inset(horizontal: px(6), vertical: 0)
      let words = ScreenState.Site.short(state.site.installAddress)
      text(words, in: print, .subtitle, palette.ink, weight: .bold, .centre)
    }
    let codes = state.site.installCodes
    guard codes.count > 1 else {
      if let code = codes.first { self.code(code.address, in: area) }
      return
    }
    let label = lines(1, .body)
    let isStacked = min(area.width, area.height / 2 - label) > min(area.width / 2, area.height - label)
    let group = newGroup()
    for (index, code) in codes.enumerated() {
      var cell =
        isStacked
        ? area.takeTop(area.height / (codes.count - index)) : area.takeLeft(area.width / (codes.count - index))
      // The name stands close under its code.
      cell = cell.middle(cell.width + label)
      let name = cell.takeBottom(label)
      self.code(code.address, in: cell)
      if let store = code.store {
        text(say(ScreenText(store)), in: name, .body, palette.ink, weight: .bold, .centre, group: group)
      }
    }
  }
}

extension ScreenText {
  init(_ store: ScreenState.App.Store) {
    self =
      switch store {
      case .android: .android
      case .ios: .ios
      }
  }
}
