// SPDX-License-Identifier: GPL-3.0-or-later

/// A scene in the making: what stands where of one state, on one screen.
///
/// Lengths are millimetres of the 24-inch design, `px` turns them into pixels; see `TypeScale`. No text is measured
/// here: a text has a box that holds it at its size, and is set smaller where it does not fit.
struct Sheet {
  let state: ScreenState
  let size: ScreenSize
  let type: TypeScale
  let palette: Palette
  /// What the page lies on, and what is read on it: signal colours while something covers the page.
  let ground: Colour
  let foreground: Colour
  let quiet: Colour
  private var elements: [Scene.Element] = []
  private var targets: [TouchTarget] = []
  private var groups = 0

  init(_ state: ScreenState, size: ScreenSize, physical: PhysicalSize?) {
    self.state = state
    self.size = size
    type = TypeScale(size, physical: physical)
    palette = state.nightBrightness.map { Palette.night(brightness: $0) } ?? .day
    switch state.covering {
    case .install, .turnedAway: (ground, foreground, quiet) = (palette.amber, palette.ink, palette.ink)
    case .welcome, .checkedIn: (ground, foreground, quiet) = (palette.green, palette.ink, palette.ink)
    case nil: (ground, foreground, quiet) = (palette.ground, palette.text, palette.quietText)
    }
  }

  /// The finished scene.
  consuming func scene() -> Scene {
    let content = frame()
    switch state.covering {
    case .install: call(in: content)
    case .welcome: thanks(.thanks, .tick, in: content)
    case .checkedIn: thanks(.checkedIn, .tick, in: content)
    case .turnedAway: thanks(.turnedAway, .speech, in: content)
    case nil:
      switch state.page {
      case .home: home(in: content)
      case .install(let step): install(step: step, in: content)
      case .invite: invite(in: content)
      case .today: today(in: content)
      case .notice(let number): notice(number, in: content)
      case .privacy(let part): privacy(part: part, in: content)
      case .apps(let part): apps(part: part, in: content)
      }
    }
    return Scene(size: size, background: ground, elements: elements, touchTargets: targets)
  }

  var language: ScreenLanguage { state.language }
  var isPortrait: Bool { size.isPortrait }

  func px(_ millimetres: Double) -> Int { type.px(millimetres) }
  func em(_ style: TypeScale.Style) -> Int { type.em(style) }
  /// Pixels of so many lines of running text.
  func lines(_ count: Int, _ style: TypeScale.Style) -> Int { em(style) * (13 * count + 1) / 10 }
  func say(_ text: ScreenText) -> String { text.text(in: language) }

  // MARK: Pieces

  /// A number for texts that are to be equally large.
  mutating func newGroup() -> Int {
    groups += 1
    return groups
  }

  mutating func text(
    _ string: String, in box: Box, _ style: TypeScale.Style, _ colour: Colour, weight: Scene.Weight = .regular,
    _ alignment: Scene.Alignment = .left, _ vertical: Scene.VerticalAlignment = .middle, wraps: Bool = false,
    group: Int = 0
  ) {
    let role: Scene.Role =
      switch style {
      case .headline, .call, .title: .headline
      case .body: .body
      case .subtitle, .caption: .caption
      }
    add(
      .text(
        Scene.Text(
          string, in: box, role: role, size: em(style), weight: weight, colour: colour, alignment: alignment,
          verticalAlignment: vertical, wraps: wraps, group: group)))
  }

  /// Digits as high as the box.
  mutating func figure(
    _ string: String, in box: Box, _ colour: Colour, _ alignment: Scene.Alignment = .left, role: Scene.Role = .figure,
    group: Int = 0
  ) {
    add(
      .text(
        Scene.Text(
          string, in: box, role: role, size: box.height * 2, weight: .bold, colour: colour, alignment: alignment,
          group: group)))
  }

  mutating func fill(_ box: Box, _ colour: Colour, radius: Double = 0) {
    guard !box.isEmpty else { return }
    add(.rectangle(Scene.Rectangle(box: box, colour: colour, cornerRadius: radius > 0 ? px(radius) : 0)))
  }

  mutating func icon(_ shape: Scene.Icon.Shape, in box: Box, _ colour: Colour, on ground: Colour) {
    add(.icon(Scene.Icon(shape, in: box, colour: colour, ground: ground)))
  }

  mutating func code(_ address: String, in box: Box) {
    add(.qr(Scene.QR(address: address, box: box, dark: palette.ink, light: palette.codeCard)))
  }

  mutating func target(_ box: Box, _ action: ScreenAction) { targets.append(TouchTarget(box, action)) }

  private mutating func add(_ element: Scene.Element) { elements.append(element) }
}

extension ScreenState {
  /// The state laid out for a screen. Pure: the same state and screen give an equal scene.
  public func scene(size: ScreenSize, physical: PhysicalSize? = nil) -> Scene {
    Sheet(self, size: size, physical: physical).scene()
  }
}

extension Box {
  /// The middle `height` pixels of the box, or all of it if it is lower.
  func middle(_ height: Int) -> Box {
    let height = min(height, self.height)
    return Box(x: x, y: y + (self.height - height) / 2, width: width, height: height)
  }
}
