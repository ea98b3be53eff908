// SPDX-License-Identifier: GPL-3.0-or-later

/// The visits of the day: how many, how many with Bluezone, and when.
extension Sheet {
  mutating func today(in content: Box) {
    var area = content
    if isPortrait {
      heading(.today, .title, from: &area)
      _ = area.takeTop(px(8))
      let row = area.takeTop(totalHeight, gap: px(12)).columns([1, 1], gap: px(8))
      total(in: row[0])
      share(in: row[1])
    } else {
      var left = area.takeLeft(area.width * (type.isCompact ? 36 : 32) / 100, gap: px(type.isCompact ? 10 : 20))
      heading(.today, .title, from: &left, hasSubtitle: !hasBand)
      _ = left.takeTop(px(type.isCompact ? 1 : 6))
      let gap = px(type.isCompact ? 4 : 10)
      let height = (left.height - gap) / 2
      total(in: left.takeTop(height, gap: gap))
      share(in: left)
    }
    chart(in: area)
  }

  private var totalHeight: Int { lines(1, .caption) + px(TypeScale.figureMillimetres + 6) + lines(1, .body) + px(4) }

  private mutating func total(in box: Box) {
    let hasAny = state.today.visits > 0
    let unit =
      hasAny
      ? ScreenText.visits.text(in: language, language.grouped(state.today.uncertainty)) : say(.noVisits)
    number(language.grouped(state.today.visits), above: hasAny ? say(.about) : "", below: unit, foreground, in: box)
  }

  private mutating func share(in box: Box) {
    let figure = state.today.bluezonerPercent.map { "\($0) %" } ?? "–"
    number(figure, above: "", below: say(.share), palette.accent, in: box)
  }

  /// A large figure with its unit under it, and "about" over it.
  private mutating func number(_ figure: String, above: String, below: String, _ colour: Colour, in box: Box) {
    var area = box.middle(totalHeight)
    let over = area.takeTop(lines(1, .caption))
    if !above.isEmpty { text(above, in: over, .caption, quiet) }
    let under = area.takeBottom(lines(1, .body), gap: px(2))
    text(below, in: under, .body, foreground, weight: .bold)
    self.figure(figure, in: area.middle(px(TypeScale.figureMillimetres + 4)), colour)
  }

  // MARK: The chart

  private mutating func chart(in box: Box) {
    fill(box, palette.card, radius: 7)
    var area = box.inset(horizontal: px(type.isCompact ? 7 : 12), vertical: px(type.isCompact ? 5 : 10))
    let title = area.takeTop(lines(1, .body), gap: px(2))
    text(say(.byHour), in: title, .body, palette.text, weight: .bold)
    legend(in: area.takeTop(lines(1, .caption), gap: px(type.isCompact ? 3 : 8)))
    let bars = VisitChart(state.today)
    let axis = newGroup()
    // Half of a number stands over its line, and half below.
    let top = lines(1, .caption) / 2
    let labels = area.takeBottom(lines(1, .caption), gap: top)
    var plot = Box(x: area.x, y: area.y + top, width: area.width, height: max(0, area.height - top))
    let scale = plot.takeLeft(em(.caption) * 2, gap: px(3))
    for value in bars.ticks {
      let y = plot.maxY - plot.height * value / bars.top
      fill(Box(x: plot.x, y: y - px(0.3), width: plot.width, height: px(0.6)), palette.line)
      let number = Box(x: scale.x, y: y - top, width: scale.width, height: 2 * top)
      text(language.grouped(value), in: number, .caption, palette.quietText, .right, group: axis)
    }
    let columns = plot.columns(Array(repeating: 1, count: bars.hours.count))
    // As many labels as have room beside one another.
    let every = max(1, (em(.caption) * 2 * bars.hours.count + plot.width - 1) / max(1, plot.width))
    for (index, column) in columns.enumerated() {
      let hour = bars.hours.lowerBound + index
      bar(bars.hour(hour), in: column, bars.top)
      guard index.isMultiple(of: every) else { continue }
      let width = min(column.width * every, plot.maxX - column.x + column.width / 2) - 2
      let label = Box(x: column.x + column.width / 2 - width / 2, y: labels.y, width: width, height: labels.height)
      let isNow = hour == state.today.currentHour
      text(
        String(hour), in: label, .caption, isNow ? palette.text : palette.quietText, weight: isNow ? .bold : .regular,
        .centre, group: axis)
    }
  }

  /// Filled as far as Bluezoners came, hollow above: told apart by form, not by colour alone.
  private mutating func bar(_ hour: ScreenState.Today.Hour, in column: Box, _ top: Int) {
    let width = max(3, column.width * 62 / 100)
    func box(_ count: Int) -> Box {
      let height = column.height * min(count, top) / max(1, top)
      return Box(
        x: column.x + (column.width - width) / 2, y: column.maxY - height, width: width, height: height)
    }
    let (all, filled) = (box(hour.visits), box(min(hour.bluezoners, hour.visits)))
    let edge = max(1, px(0.8))
    if all.height > filled.height {
      fill(all, palette.quietText)
      fill(all.inset(edge), palette.card)
    }
    fill(filled, palette.accent)
  }

  private mutating func legend(in box: Box) {
    let cells = box.columns([1, 1], gap: px(6))
    let group = newGroup()
    for (index, said) in [ScreenText.withBluezone, .withoutBluezone].enumerated() {
      var cell = cells[index]
      let side = em(.caption) * 4 / 5
      let mark = cell.takeLeft(side, gap: px(3)).middle(side)
      fill(mark, index == 0 ? palette.accent : palette.quietText)
      if index == 1 { fill(mark.inset(max(1, px(0.8))), palette.card) }
      text(say(said), in: cell, .caption, palette.text, group: group)
    }
  }
}

/// What a chart of a day shows: which hours, and up to where.
struct VisitChart {
  /// The hours with a bar: of the day shift, and whatever else had visits.
  let hours: ClosedRange<Int>
  /// The upper end of the scale, over zero.
  let top: Int
  /// Values with a line.
  let ticks: [Int]
  private let today: ScreenState.Today

  init(_ today: ScreenState.Today) {
    self.today = today
    let busy = today.hours.indices.filter { today.hours[$0].visits > 0 }
    hours = min(7, busy.first ?? 7)...max(18, min(23, busy.last ?? 18))
    let most = max(1, today.hours.map(\.visits).max() ?? 1)
    // One, two or five times a power of ten, so that three or four lines reach over the highest bar.
    var step = 1
    search: while true {
      for factor in [1, 2, 5] where most <= 4 * step * factor {
        step *= factor
        break search
      }
      step *= 10
    }
    let count = max(1, (most + step - 1) / step)
    top = count * step
    ticks = (0...count).map { $0 * step }
  }

  func hour(_ hour: Int) -> ScreenState.Today.Hour {
    today.hours.indices.contains(hour) ? today.hours[hour] : .init(visits: 0, bluezoners: 0)
  }
}
