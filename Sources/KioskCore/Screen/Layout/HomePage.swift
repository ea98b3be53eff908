// SPDX-License-Identifier: GPL-3.0-or-later

/// The page that comes most: the code, what to do with it, and what the box hears.
extension Sheet {
  mutating func home(in content: Box) {
    var area = content
    let hasTouch = state.site.hasTouch
    let isCrowded = hasBand || hasTouch
    if isPortrait {
      heading(.invite, .headline, from: &area, hasSubtitle: !isCrowded)
      _ = area.takeTop(px(5))
      if hasTouch { checkIn(in: area.takeBottom(buttonHeight, gap: px(8))) }
      // The code comes first: where there is little room, fewer figures are shown.
      let spare = area.height - content.height * 46 / 100 - px(10) - lines(1, .caption)
      let row = px(TypeScale.figureMillimetres + 9)
      let rows = min(2, spare / min(row, em(.body) * 17 / 10))
      if rows > 0 {
        let height = lines(1, .caption) + min(spare, rows * row)
        let hasCommunity = state.communityTotal != nil && !isCrowded
        let community = hasCommunity ? lines(1, .body) + px(4) : 0
        figures(in: area.takeBottom(height + community, gap: px(10)), rows: rows)
      }
      installCard(in: area)
    } else {
      installCard(in: codeBox(from: &area))
      heading(.invite, .headline, from: &area, hasSubtitle: !isCrowded)
      _ = area.takeTop(px(type.isCompact ? 3 : 8))
      if hasTouch { checkIn(in: area.takeBottom(buttonHeight, gap: px(6))) }
      let rows = min(2, (area.height - lines(1, .caption)) / (em(.body) * 14 / 10))
      if rows > 0 { figures(in: area, rows: rows) }
    }
  }

  private var buttonHeight: Int { max(lines(1, .body) + px(8), type.finger) }

  /// The large button for who has no phone.
  private mutating func checkIn(in box: Box) {
    fill(box, palette.accent, radius: 7)
    var area = box.inset(horizontal: px(8), vertical: px(2))
    icon(.hand, in: area.takeLeft(em(.body) * 3 / 2, gap: px(6)), palette.onAccent, on: palette.accent)
    text(say(.checkIn), in: area, .body, palette.onAccent, weight: .bold, wraps: type.isCompact)
    target(box, .checkIn)
  }

  /// Around and, as the second row, near: people and Bluezoners.
  private mutating func figures(in box: Box, rows count: Int) {
    var area = box
    if let total = state.communityTotal, !type.isCompact, !hasBand, !state.site.hasTouch {
      var row = area.takeBottom(lines(1, .body), gap: px(4))
      icon(.community, in: row.takeLeft(em(.body) * 5 / 4, gap: px(5)), palette.accent, on: ground)
      text(ScreenText.community.text(in: language, language.grouped(total)), in: row, .body, quiet)
    }
    var columns = area.columns(type.isCompact ? [34, 35, 31] : [30, 36, 34], gap: px(6))
    let heads = newGroup()
    for (index, said) in [(1, ScreenText.people), (2, .bluezoners)] {
      let head = columns[index].takeTop(lines(1, .caption))
      text(say(said), in: head, .caption, index == 2 ? palette.accent : quiet, weight: .bold, .right, group: heads)
    }
    _ = columns[0].takeTop(lines(1, .caption))
    let rowHeight = columns[0].height / count
    let (labels, digits) = (newGroup(), newGroup())
    let rows = [
      (ScreenText.around, state.figures.peopleAround, state.figures.bluezonersAround),
      (.near, state.figures.peopleNear, state.figures.bluezonersNear),
    ]
    for (said, people, bluezoners) in rows.prefix(count) {
      let cells = columns.indices.map { columns[$0].takeTop(rowHeight) }
      fill(Box(x: area.x, y: cells[0].y, width: area.width, height: px(0.6)), palette.line)
      text(
        say(said), in: cells[0].inset(horizontal: 0, vertical: px(2)), .body, foreground, weight: .bold, group: labels)
      for (cell, count, colour) in [(cells[1], people, foreground), (cells[2], bluezoners, palette.accent)] {
        let high = min(rowHeight - px(6), px(TypeScale.figureMillimetres + 2))
        let string = state.hasFigures ? language.grouped(count) : "–"
        figure(string, in: cell.middle(high), colour, .right, group: digits)
      }
    }
  }
}
