// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// Where everything of the home page stands.
///
/// Lengths are in units; on a 24-inch 1920×1080 screen, lying or upright, one unit is one pixel. There 3.6
/// units are a millimetre: the 35 mm of headline and figures are 126 units, the 14 mm of body text 50.
struct HomePageLayout {
  private let page: HomePage
  private let size: ScreenSize
  private let unit: Double
  private var elements: [Scene.Element] = []

  init(page: HomePage, size: ScreenSize) {
    self.page = page
    self.size = size
    let (width, height) = (Double(size.width), Double(size.height))
    // The second figure of each is what 3:2 screens, the smallest sold, need for legible small print.
    unit = size.isPortrait ? min(width / 1080, height / 1800) : min(width / 1720, height / 1080)
  }

  /// The finished scene.
  consuming func scene() -> Scene {
    var area = Box(x: 0, y: 0, width: size.width, height: size.height)
    if page.isDemo { demo(in: area.takeTop(px(size.isPortrait ? 96 : 112))) }
    area = area.inset(px(36))
    let gap = px(24)
    if size.isPortrait {
      footer(in: area.takeBottom(px(204), gap: gap))
      let headlineBox = area.takeTop(px(page.isDemo ? 332 : 366), gap: gap)
      let figuresBox = area.takeBottom(px(page.isDemo ? 350 : 400), gap: gap)
      headline(in: headlineBox)
      card(in: area)
      figures(in: figuresBox)
    } else {
      footer(in: area.takeBottom(px(112), gap: gap))
      // Squarer screens have height to spare, which only a wider code can use.
      let share = size.width * 2 < size.height * 3 ? 43 : 41
      let widest = min(area.height - px(88), size.width * share / 100)
      card(in: area.takeLeft(widest, gap: gap))
      headline(in: area.takeTop(area.height * 48 / 100, gap: gap))
      figures(in: area)
    }
    return Scene(size: size, background: .page, elements: elements)
  }

  // MARK: Parts

  /// The band that tells a demo from the real thing.
  private mutating func demo(in band: Box) {
    fill(band, .demo)
    var area = band.inset(horizontal: px(36), vertical: px(10))
    let nameBox = area.takeLeft(area.width / 2, gap: px(24))
    add(ScreenText.demo.text(in: page.language), in: nameBox, .headline, 112, .bold, .text)
    let said = ScreenText.demoExplained
    let lines = twoLines(area)
    add(said.text(in: page.language), in: lines.first, .body, 51, .bold, .text, .right)
    add(said.text(in: page.language.other), in: lines.second, .caption, 34, .regular, .text, .right)
  }

  /// The white card with the QR and the address in print.
  private mutating func card(in box: Box) {
    fill(box, .card, radius: 28)
    var area = box
    let print = area.takeBottom(max(px(88), min(px(120), area.height - area.width)))
    // The quiet zone is drawn as a square, which must stay clear of the card's round corners.
    let code = area.inset(horizontal: px(10), vertical: min(px(10), max(0, (area.height - area.width) / 2)))
    add(.qr(Scene.QR(address: page.installAddress, box: code, dark: .ink, light: .card)))
    // The quiet zone above is already empty, so the print may stand close under it.
    let words = print.inset(horizontal: px(28), vertical: px(8))
    add(page.shortAddress, in: words, .body, 64, .bold, .ink, .centre)
  }

  /// What to do, in both languages; on a coloured panel with a sign when somebody is near.
  private mutating func headline(in box: Box) {
    let said: ScreenText =
      switch page.prompt {
      case .none: .invite
      case .welcome: .thanks
      case .install: .installNow
      }
    let colours: (ground: Colour, text: Colour, second: Colour) =
      switch page.prompt {
      case .none: (.page, .text, .quietText)
      case .welcome: (.green, .ink, .ink)
      case .install: (.amber, .ink, .ink)
      }
    var area = box
    if page.prompt != .none {
      fill(box, colours.ground, radius: 28)
      area = area.inset(horizontal: px(36), vertical: px(20))
    }
    let shape: Scene.Icon.Shape? =
      switch page.prompt {
      case .none: nil
      case .welcome: .tick
      case .install: size.isPortrait ? .arrowDown : .arrowLeft
      }
    if let shape {
      let iconBox = area.takeLeft(px(140), gap: px(28))
      add(.icon(Scene.Icon(shape, in: iconBox, colour: colours.text, ground: colours.ground)))
    }
    // On a high panel the two lines stay together in its middle.
    area = area.middle(px(420))
    let secondBox = area.takeBottom(px(76), gap: px(14))
    add(said.text(in: page.language), in: area, .headline, 150, .bold, colours.text)
    let second = said.text(in: page.language.other).split(separator: "\n").joined(separator: " ")
    add(second, in: secondBox, .caption, 60, .regular, colours.second)
  }

  /// The four live figures, or what is wrong instead of them.
  private mutating func figures(in box: Box) {
    fill(box, .panel, radius: 28)
    var area = box.inset(horizontal: px(36), vertical: px(10))
    // A reset is over in a moment: the figures stay.
    if case .down(let fault, let step) = page.radio, step != .reset { return trouble(fault, in: area) }
    // The head's own lines leave air above it; the last figures have none below.
    _ = area.takeBottom(px(10))

    let columns = area.columns([32, 34, 34], gap: px(16))
    var (labels, devices, bluezoners) = (columns[0], columns[1], columns[2])
    let headHeight = px(98)
    _ = labels.takeTop(headHeight)
    pair(.people, in: devices.takeTop(headHeight), .quietText, .right)
    pair(.bluezoners, in: bluezoners.takeTop(headHeight), .bluezone, .right)

    let rowHeight = labels.height / 2
    let line = Box(x: area.x, y: labels.y + rowHeight - px(2) / 2, width: area.width, height: px(2))
    fill(line, .line)
    let rows: [(ScreenText, Int, Int)] = [
      (.around, page.peopleAround, page.bluezonersAround),
      (.near, page.peopleNear, page.bluezonersNear),
    ]
    for (label, deviceCount, bluezonerCount) in rows {
      pair(label, in: labels.takeTop(rowHeight).middle(px(108)), .text, .left)
      figure(deviceCount, in: devices.takeTop(rowHeight), .text)
      figure(bluezonerCount, in: bluezoners.takeTop(rowHeight), .bluezone)
    }
  }

  /// One live figure; a dash while the radio hears nothing.
  private mutating func figure(_ count: Int, in box: Box, _ colour: Colour) {
    let string = page.hasFigures ? page.language.grouped(count) : "–"
    add(string, in: box.inset(horizontal: 0, vertical: px(10)), .figure, 190, .bold, colour, .right)
  }

  /// The sentence that says what is wrong and what a visitor can do.
  private mutating func trouble(_ fault: HomePage.Fault, in box: Box) {
    let reason: ScreenText =
      switch fault {
      case .noAdapter: .noAdapter
      case .switchedOff: .switchedOff
      case .notAllowed: .notAllowed
      case .notAnswering: .notAnswering
      }
    var area = box
    let iconBox = area.takeLeft(px(150), gap: px(36))
    add(.icon(Scene.Icon(.warning, in: iconBox, colour: .warning, ground: .panel)))
    let second = area.takeBottom(area.height * 36 / 100, gap: px(16))
    let (first, other) = (page.language, page.language.other)
    let advice = ScreenText.faultAdvice
    add(
      "\(reason.text(in: first)) \(advice.text(in: first))", in: area, .body, 64, .bold, .text, wraps: true)
    add(
      "\(reason.text(in: other)) \(advice.text(in: other))", in: second, .caption, 46, .regular, .quietText,
      wraps: true)
  }

  /// How the box is: radio, F0 data, community, clock.
  private mutating func footer(in box: Box) {
    var cells: [Box]
    if size.isPortrait {
      var rest = box
      let upper = rest.takeTop((box.height - px(16)) / 2, gap: px(16))
      cells = upper.columns([1, 1], gap: px(24)) + rest.columns([1, 1], gap: px(24))
      cells = [cells[0], cells[2], cells[3], cells[1]]
      if page.communityTotal == nil { cells = [cells[0], rest, rest, cells[3]] }
    } else if page.communityTotal == nil {
      cells = box.columns([40, 40, 24], gap: px(24))
      cells.insert(cells[1], at: 2)
    } else {
      cells = box.columns([26, 30, 28, 24], gap: px(24))
    }
    radioCell(in: cells[0])
    f0Cell(in: cells[1])
    if let total = page.communityTotal {
      communityCell(total, in: cells[2])
    }
    clockCell(in: cells[3])
  }

  private mutating func radioCell(in box: Box) {
    switch page.radio {
    case .starting: status(.waiting, .warning, .radioStarting, in: box)
    case .running: status(.tick, .bluezone, .radioRunning, in: box)
    case .down(_, let step): status(.warning, .warning, .init(step), in: box)
    }
  }

  private mutating func f0Cell(in box: Box) {
    if let time = page.lastF0Sync {
      status(.tick, .bluezone, .f0Data, with: time, in: box)
    } else {
      status(.warning, .warning, .f0Never, in: box)
    }
  }

  private mutating func communityCell(_ total: Int, in box: Box) {
    var area = box
    let iconBox = area.takeLeft(px(56), gap: px(18))
    add(.icon(Scene.Icon(.community, in: iconBox, colour: .bluezone, ground: .page)))
    let lines = twoLines(area)
    add(page.language.grouped(total), in: lines.first, .body, 51, .bold, .text)
    let said = ScreenText.community
    add(
      "\(said.text(in: page.language)) · \(said.text(in: page.language.other))", in: lines.second, .caption,
      34,
      .regular, .quietText)
  }

  private mutating func clockCell(in box: Box) {
    var area = box
    let below = area.takeBottom(area.height * 42 / 100)
    let time = area.inset(horizontal: 0, vertical: px(5))
    let clock = page.clock
    if clock.isSynchronised {
      add(clock.time, in: time, .figure, 74, .bold, .text, .right)
      add(clock.date, in: below, .caption, 34, .regular, .quietText, .right)
    } else {
      var rest = time
      add(
        clock.time, in: rest.takeRight(min(px(300), time.height * 28 / 5), gap: px(14)), .figure, 74, .bold,
        .warning, .right)
      add(.icon(Scene.Icon(.warning, in: rest.takeRight(px(52)), colour: .warning, ground: .page)))
      let said = ScreenText.clockNotSet
      let words = "\(said.text(in: page.language)) · \(said.text(in: page.language.other))"
      add(words, in: below, .caption, 34, .regular, .warning, .right)
    }
  }

  /// A sign with a line in the first language and one in the second.
  private mutating func status(
    _ shape: Scene.Icon.Shape, _ colour: Colour, _ said: ScreenText, with value: String? = nil, in box: Box
  ) {
    var area = box
    let iconBox = area.takeLeft(px(56), gap: px(18))
    add(.icon(Scene.Icon(shape, in: iconBox, colour: colour, ground: .page)))
    let lines = twoLines(area)
    let suffix = value.map { " \($0)" } ?? ""
    add(said.text(in: page.language) + suffix, in: lines.first, .body, 51, .bold, .text)
    add(said.text(in: page.language.other) + suffix, in: lines.second, .caption, 34, .regular, .quietText)
  }

  // MARK: Pieces

  private func px(_ units: Double) -> Int { max(1, Int((units * unit).rounded())) }

  private func twoLines(_ box: Box) -> (first: Box, second: Box) {
    var rest = box
    let first = rest.takeTop(box.height * 59 / 100)
    return (first, rest)
  }

  /// A label in both languages, one above the other; once where both say the same.
  private mutating func pair(_ said: ScreenText, in box: Box, _ colour: Colour, _ alignment: Scene.Alignment) {
    let (first, other) = (said.text(in: page.language), said.text(in: page.language.other))
    let lines = twoLines(box)
    guard first != other else { return add(first, in: box, .body, 51, .bold, colour, alignment) }
    add(first, in: lines.first, .body, 51, .bold, colour, alignment)
    add(other, in: lines.second, .caption, 34, .regular, colour, alignment)
  }

  private mutating func add(
    _ string: String, in box: Box, _ role: Scene.Role, _ units: Double, _ weight: Scene.Weight,
    _ colour: Colour, _ alignment: Scene.Alignment = .left, wraps: Bool = false
  ) {
    add(
      .text(
        Scene.Text(
          string, in: box, role: role, size: px(units), weight: weight, colour: colour,
          alignment: alignment, wraps: wraps)))
  }

  private mutating func fill(_ box: Box, _ colour: Colour, radius: Double = 0) {
    let radius = radius > 0 ? px(radius) : 0
    add(.rectangle(Scene.Rectangle(box: box, colour: colour, cornerRadius: radius)))
  }

  private mutating func add(_ element: Scene.Element) { elements.append(element) }
}

extension Box {
  /// The middle `height` pixels of the box, or all of it if it is lower.
  fileprivate func middle(_ height: Int) -> Box {
    let height = min(height, self.height)
    return Box(x: x, y: y + (self.height - height) / 2, width: width, height: height)
  }
}
