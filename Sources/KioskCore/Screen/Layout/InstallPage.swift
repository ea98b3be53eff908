// SPDX-License-Identifier: GPL-3.0-or-later

/// The steps to install, one a page, and the invitation: beside the code, what to do and a drawing of it.
extension Sheet {
  mutating func install(step: Int, in content: Box) {
    let (title, words, shape): (ScreenText, ScreenText, Scene.Icon.Shape) =
      switch step {
      case ...1: (.step1, .step1Text, .phoneScans)
      case 2: (.step2, .step2Text, .phoneLoads)
      case 3: (.step3, .step3Text, .phoneBluetooth)
      default: (.step4, .step4Text, .phoneOn)
      }
    lesson(title, words, shape, step: step, in: content)
  }

  mutating func invite(in content: Box) { lesson(.three, .threeText, .three, step: nil, in: content) }

  private mutating func lesson(
    _ title: ScreenText, _ words: ScreenText, _ shape: Scene.Icon.Shape, step: Int?, in content: Box
  ) {
    var area = content
    var card: Box?
    if !isPortrait { card = codeBox(from: &area) }
    if let step { steps(step, in: area.takeTop(px(type.isCompact ? 20 : 24), gap: px(type.isCompact ? 5 : 10))) }
    heading(title, .headline, from: &area, hasSubtitle: !hasBand, inOneLine: type.isCompact && isPortrait)
    _ = area.takeTop(px(type.isCompact ? 2 : 6))
    if isPortrait {
      // The code comes first: where there is little room, the words become smaller.
      let most = max(0, area.height - content.height * 42 / 100 - px(8))
      explain(words, shape, in: area.takeTop(min(most, lines(type.isCompact ? 4 : 5, .body)), gap: px(8)))
      card = area
    } else {
      explain(words, shape, in: area)
    }
    if let card { installCard(in: card, isPrinted: !(type.isCompact && isPortrait)) }
  }

  private mutating func explain(_ words: ScreenText, _ shape: Scene.Icon.Shape, in box: Box) {
    var area = box
    // Small screens need the room for the words.
    if !type.isCompact {
      let side = min(area.height, px(88))
      let drawing = area.takeLeft(side, gap: px(12))
      icon(shape, in: Box(x: drawing.x, y: drawing.y, width: side, height: side), palette.accent, on: ground)
    }
    text(say(words), in: area, .body, foreground, .left, .top, wraps: true)
  }

  /// Numbered discs on a line: what is done has a tick, what is being done is filled, what is to come is hollow.
  private mutating func steps(_ current: Int, in box: Box) {
    let side = min(box.height, px(24))
    let count = PageName.installSteps
    let gap = min((box.width - count * side) / (count - 1), px(26))
    for step in 1...count {
      let disc = Box(x: box.x + (step - 1) * (side + gap), y: box.y, width: side, height: side)
      if step < count {
        let line = Box(x: disc.maxX + px(2), y: disc.y + side / 2 - px(0.6), width: gap - px(4), height: px(1.2))
        fill(line, step < current ? palette.accent : palette.line)
      }
      if step < current {
        icon(.tick, in: disc, palette.accent, on: ground)
      } else {
        let isCurrent = step == current
        fill(disc, isCurrent ? palette.accent : palette.quietText, radius: 100)
        if !isCurrent { fill(disc.inset(max(1, px(0.9))), ground, radius: 100) }
        let digit = disc.inset(side * 3 / 10)
        figure(String(step), in: digit, isCurrent ? palette.onAccent : palette.quietText, .centre)
      }
    }
  }
}
