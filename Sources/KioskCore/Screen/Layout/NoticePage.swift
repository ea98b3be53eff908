// SPDX-License-Identifier: GPL-3.0-or-later

/// One notice of the health office, as large as it fits: nothing else is said on its page.
extension Sheet {
  mutating func notice(_ number: Int, in content: Box) {
    var area = content
    let gap = px(type.isCompact ? 4 : 10)
    heading(.notice, .title, from: &area, hasSubtitle: isPortrait, inOneLine: !isPortrait)
    _ = area.takeTop(gap)
    fill(area, palette.card, radius: 7)
    var card = area.inset(horizontal: px(type.isCompact ? 8 : 16), vertical: px(type.isCompact ? 6 : 14))
    let side = type.isCompact ? em(.body) * 3 / 2 : px(30)
    var sign = isPortrait ? card.takeTop(side, gap: gap) : card.takeLeft(side, gap: px(type.isCompact ? 8 : 16))
    let mark = sign.takeTop(side, gap: gap)
    icon(.speech, in: Box(x: mark.x, y: mark.y, width: side, height: side), palette.accent, on: palette.card)
    if state.notices.count > 1 {
      // Beside the sign where it lies across, below it where it stands.
      let place = isPortrait ? mark.right(of: side) : sign.takeTop(lines(1, .caption))
      text(
        "\(number)/\(state.notices.count)", in: place, .caption, palette.quietText, isPortrait ? .right : .centre)
    }
    guard state.notices.indices.contains(number - 1) else { return }
    let words = state.notices[number - 1]
    text(
      language == .vietnamese ? words.vietnamese : words.english, in: card, .title, palette.text, .left, .top,
      wraps: true)
  }
}

extension Box {
  /// What is left of the box right of its first `width` pixels.
  fileprivate func right(of width: Int) -> Box {
    let width = min(width, self.width)
    return Box(x: x + width, y: y, width: self.width - width, height: height)
  }
}
