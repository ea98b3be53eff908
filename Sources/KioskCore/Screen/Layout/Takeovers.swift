// SPDX-License-Identifier: GPL-3.0-or-later

/// What covers a page for a moment, in both languages at once.
extension Sheet {
  /// The way to the code, which lies where it lies on the home page.
  mutating func call(in content: Box) {
    var area = content
    if isPortrait {
      let head = area.takeTop(area.height * 36 / 100, gap: px(8))
      installCard(in: area)
      callWords(.arrowDown, in: head)
    } else {
      installCard(in: codeBox(from: &area))
      callWords(.arrowLeft, in: area)
    }
  }

  private mutating func callWords(_ arrow: Scene.Icon.Shape, in box: Box) {
    let side = px(62)
    let words = em(.call) * 22 / 10
    let second = em(.subtitle) * 3 / 2
    var area: Box
    let sign: Box
    if type.isCompact || box.height < side + px(14) + words + second {
      // Arrow and words side by side.
      area = box.middle(words + second + px(4))
      sign = area.takeLeft(min(side, area.width / 5), gap: px(8))
    } else {
      area = box.middle(side + px(14) + words + second)
      let row = area.takeTop(side, gap: px(10))
      sign = Box(x: row.x, y: row.y, width: side, height: side)
    }
    icon(arrow, in: sign, foreground, on: ground)
    let below = area.takeBottom(min(second, area.height * 3 / 10), gap: px(4))
    text(say(.installNow), in: area, .call, foreground, weight: .bold)
    let other = ScreenText.installNow.text(in: language.other).replacing("\n", with: " ")
    text(other, in: below, .subtitle, quiet, weight: .bold)
  }

  /// A sign and words: for a Bluezoner, and for who touched the button.
  mutating func thanks(_ said: ScreenText, _ shape: Scene.Icon.Shape, in content: Box) {
    var area = content
    let side = isPortrait ? min(area.width / 2, px(130)) : min(area.height * 6 / 10, area.width * 3 / 10)
    let words = em(.call) * 22 / 10
    let second = em(.subtitle) * 3 / 2
    let sign: Box
    if isPortrait {
      area = area.middle(side + px(16) + words + px(6) + second)
      let row = area.takeTop(side, gap: px(16))
      sign = Box(x: row.x, y: row.y, width: side, height: side)
    } else {
      sign = area.takeLeft(side, gap: px(24)).middle(side)
      area = area.middle(words + px(6) + second)
    }
    icon(shape, in: sign, foreground, on: ground)
    let first = area.takeTop(max(0, area.height - second - px(6)), gap: px(6))
    text(say(said), in: first, .call, foreground, weight: .bold)
    let other = said.text(in: language.other).replacing("\n", with: " ")
    text(other, in: area, .subtitle, quiet, weight: .bold)
  }
}
