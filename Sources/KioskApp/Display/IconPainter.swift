// SPDX-License-Identifier: GPL-3.0-or-later
import CPangoCairo
import KioskCore

/// Draws icons in a square of 100 by 100, the coordinates of the Cairo context given.
struct IconPainter {
  /// Where it draws.
  let cairo: OpaquePointer
  /// What it draws with.
  let colour: Colour
  /// What it cuts out with.
  let ground: Colour

  /// Draws one icon.
  func draw(_ shape: Scene.Icon.Shape) {
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND)
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND)
    switch shape {
    case .tick:
      disc(50, 50, 46, colour)
      stroke([(29, 52), (44, 67), (72, 36)], width: 11, ground)
    case .waiting:
      disc(50, 50, 46, colour)
      for x in [28.0, 50, 72] { disc(x, 50, 7.5, ground) }
    case .warning:
      polygon([(50, 12), (92, 86), (8, 86)], rounding: 10, colour)
      stroke([(50, 37), (50, 60)], width: 10, ground)
      disc(50, 75.5, 6, ground)
    case .community:
      for (x, scale) in [(24.0, 0.7), (76, 0.7), (50, 1)] {
        bust(x: x, scale: scale)
      }
    case .arrowLeft: arrow(turns: 0)
    case .arrowUp: arrow(turns: 1)
    case .arrowRight: arrow(turns: 2)
    case .arrowDown: arrow(turns: 3)
    case .waves:
      disc(17, 83, 11, colour)
      for radius in [32.0, 53, 74] {
        set(colour)
        cairo_set_line_width(cairo, 10)
        cairo_new_path(cairo)
        cairo_arc(cairo, 17, 83, radius, -Double.pi / 2 + 0.12, -0.12)
        cairo_stroke(cairo)
      }
    case .shield:
      set(colour)
      cairo_move_to(cairo, 50, 5)
      cairo_line_to(cairo, 88, 18)
      cairo_curve_to(cairo, 88, 60, 76, 82, 50, 96)
      cairo_curve_to(cairo, 24, 82, 12, 60, 12, 18)
      cairo_close_path(cairo)
      cairo_fill(cairo)
      stroke([(33, 51), (46, 64), (69, 38)], width: 10, ground)
    case .next: stroke([(36, 16), (68, 50), (36, 84)], width: 14, colour)
    case .globe: globe()
    case .information:
      disc(50, 50, 46, colour)
      disc(50, 28, 7, ground)
      stroke([(50, 46), (50, 72)], width: 11, ground)
    case .hand: hand()
    case .phoneScans, .phoneLoads, .phoneBluetooth, .phoneOn, .three: drawing(shape)
    case .house, .record, .bell, .clockFace, .eye, .speech: sign(shape)
    }
  }

  private func globe() {
    ring(50, 50, 41, width: 7)
    stroke([(10, 50), (90, 50)], width: 6, colour)
    for share in [0.42, 0.0] {
      set(colour)
      cairo_set_line_width(cairo, 6)
      cairo_new_path(cairo)
      if share == 0 {
        cairo_move_to(cairo, 50, 10)
        cairo_line_to(cairo, 50, 90)
      } else {
        cairo_save(cairo)
        cairo_translate(cairo, 50, 50)
        cairo_scale(cairo, share, 1)
        cairo_arc(cairo, 0, 0, 41, 0, 2 * Double.pi)
        cairo_restore(cairo)
      }
      cairo_stroke(cairo)
    }
  }

  /// A hand that points up, its finger on a ring.
  private func hand() {
    set(colour)
    cairo_set_line_width(cairo, 7)
    cairo_new_path(cairo)
    cairo_arc(cairo, 44, 28, 20, Double.pi * 0.92, Double.pi * 2.08)
    cairo_stroke(cairo)
    rounded(36, 20, 16, 52, radius: 8, colour)
    rounded(36, 48, 48, 46, radius: 15, colour)
    stroke([(30, 66), (42, 84)], width: 14, colour)
  }

  // MARK: Large drawings

  private func drawing(_ shape: Scene.Icon.Shape) {
    switch shape {
    case .phoneScans:
      phone(6)
      for (x, y) in [(15.0, 26.0), (33, 26), (15, 44)] {
        square(x, y, 12, width: 4)
        rounded(x + 4, y + 4, 4, 4, radius: 0.5, colour)
      }
      for (x, y) in [(33.0, 44.0), (39, 50), (33, 56), (45, 44)] { rounded(x - 1, y, 5, 5, radius: 0.5, colour) }
      // What it looks at.
      for (x, y, dx, dy) in [(68.0, 22.0, 1.0, 1.0), (94, 22, -1, 1), (68, 78, 1, -1), (94, 78, -1, -1)] {
        stroke([(x, y + dy * 12), (x, y), (x + dx * 9, y)], width: 5, colour)
      }
      stroke([(68, 50), (94, 50)], width: 5, colour)
    case .phoneLoads:
      phone(25)
      stroke([(50, 26), (50, 56)], width: 6, colour)
      stroke([(38, 45), (50, 57), (62, 45)], width: 6, colour)
      stroke([(38, 69), (62, 69)], width: 6, colour)
    case .phoneBluetooth:
      phone(6)
      rune(x: 31, y: 48, height: 40)
      disc(79, 62, 19, colour)
      stroke([(70, 63), (77, 70), (89, 55)], width: 6, ground)
    case .phoneOn:
      phone(25)
      rune(x: 50, y: 48, height: 36)
      for (x, from) in [(25.0, Double.pi * 0.82), (75, -Double.pi * 0.18)] {
        for radius in [14.0, 25] {
          set(colour)
          cairo_set_line_width(cairo, 5)
          cairo_new_path(cairo)
          cairo_arc(cairo, x + (x < 50 ? 6 : -6), 48, radius, from, from + Double.pi * 0.36)
          cairo_stroke(cairo)
        }
      }
    default:
      for x in [18.0, 50, 82] {
        stroke([(50, 30), (x, 66)], width: 4, colour)
        disc(x, 70, 14, ground)
        smallBust(x: x, y: 60, scale: 0.8)
      }
      disc(50, 22, 22, ground)
      smallBust(x: 50, y: 5, scale: 1.05)
    }
  }

  /// A phone's outline whose left edge is at `x`.
  private func phone(_ x: Double) {
    outline(x, 6, 50, 88, radius: 9, width: 5)
    stroke([(x + 20, 84), (x + 30, 84)], width: 4, colour)
  }

  /// The sign of Bluetooth, by which people know the setting.
  private func rune(x: Double, y: Double, height: Double) {
    let (half, wing) = (height / 2, height / 4)
    stroke(
      [
        (x - wing, y - wing), (x + wing, y + wing), (x, y + half), (x, y - half), (x + wing, y - wing),
        (x - wing, y + wing),
      ], width: height / 8, colour)
  }

  /// Head and shoulders of which `y` is the top.
  private func smallBust(x: Double, y: Double, scale: Double) {
    disc(x, y + 9 * scale, 8.5 * scale, colour)
    set(colour)
    cairo_new_path(cairo)
    cairo_arc(cairo, x, y + 36 * scale, 16 * scale, Double.pi, 2 * Double.pi)
    cairo_close_path(cairo)
    cairo_fill(cairo)
  }

  // MARK: Signs of the notice

  private func sign(_ shape: Scene.Icon.Shape) {
    switch shape {
    case .house:
      stroke([(10, 47), (50, 13), (90, 47)], width: 8, colour)
      stroke([(21, 42), (21, 88), (79, 88), (79, 42)], width: 8, colour)
      stroke([(50, 86), (50, 66)], width: 14, colour)
    case .record:
      outline(16, 8, 68, 84, radius: 9, width: 8)
      for (y, end) in [(32.0, 66.0), (50, 66), (68, 52)] { stroke([(34, y), (end, y)], width: 7, colour) }
    case .bell:
      set(colour)
      cairo_set_line_width(cairo, 8)
      cairo_new_path(cairo)
      cairo_move_to(cairo, 16, 74)
      cairo_curve_to(cairo, 28, 62, 22, 22, 50, 22)
      cairo_curve_to(cairo, 78, 22, 72, 62, 84, 74)
      cairo_close_path(cairo)
      cairo_stroke(cairo)
      stroke([(50, 20), (50, 12)], width: 8, colour)
      stroke([(42, 88), (58, 88)], width: 9, colour)
    case .clockFace:
      ring(50, 50, 41, width: 8)
      stroke([(50, 26), (50, 52), (68, 62)], width: 8, colour)
    case .eye:
      set(colour)
      cairo_set_line_width(cairo, 8)
      cairo_new_path(cairo)
      cairo_move_to(cairo, 7, 50)
      cairo_curve_to(cairo, 28, 14, 72, 14, 93, 50)
      cairo_curve_to(cairo, 72, 86, 28, 86, 7, 50)
      cairo_close_path(cairo)
      cairo_stroke(cairo)
      disc(50, 50, 14, colour)
    default:
      set(colour)
      cairo_set_line_width(cairo, 8)
      cairo_new_path(cairo)
      cairo_move_to(cairo, 12, 16)
      cairo_line_to(cairo, 88, 16)
      cairo_line_to(cairo, 88, 68)
      cairo_line_to(cairo, 48, 68)
      cairo_line_to(cairo, 28, 88)
      cairo_line_to(cairo, 28, 68)
      cairo_line_to(cairo, 12, 68)
      cairo_close_path(cairo)
      cairo_stroke(cairo)
      for x in [32.0, 50, 68] { disc(x, 42, 5.5, colour) }
    }
  }

  // MARK: Pieces

  private func ring(_ x: Double, _ y: Double, _ radius: Double, width: Double) {
    set(colour)
    cairo_set_line_width(cairo, width)
    cairo_new_path(cairo)
    cairo_arc(cairo, x, y, radius, 0, 2 * Double.pi)
    cairo_stroke(cairo)
  }

  private func square(_ x: Double, _ y: Double, _ side: Double, width: Double) {
    outline(x, y, side, side, radius: 1.5, width: width)
  }

  private func outline(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double, width line: Double
  ) {
    set(colour)
    cairo_set_line_width(cairo, line)
    roundedPath(x, y, width, height, radius)
    cairo_stroke(cairo)
  }

  private func rounded(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double, _ colour: Colour
  ) {
    set(colour)
    roundedPath(x, y, width, height, radius)
    cairo_fill(cairo)
  }

  private func roundedPath(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ radius: Double) {
    let quarter = Double.pi / 2
    cairo_new_sub_path(cairo)
    cairo_arc(cairo, x + width - radius, y + radius, radius, -quarter, 0)
    cairo_arc(cairo, x + width - radius, y + height - radius, radius, 0, quarter)
    cairo_arc(cairo, x + radius, y + height - radius, radius, quarter, 2 * quarter)
    cairo_arc(cairo, x + radius, y + radius, radius, 2 * quarter, 3 * quarter)
    cairo_close_path(cairo)
  }

  /// Half a person, cut free from what is behind by a line of the ground.
  private func bust(x: Double, scale: Double) {
    for (extra, colour) in [(5.0, ground), (0, colour)] {
      if extra > 0, scale < 1 { continue }
      let shoulder = 30 * scale + extra
      disc(x, 92 - 60 * scale, 17 * scale + extra, colour)
      set(colour)
      cairo_arc(cairo, x, 92, shoulder, Double.pi, 2 * Double.pi)
      cairo_close_path(cairo)
      cairo_fill(cairo)
    }
  }

  private func arrow(turns: Int) {
    cairo_translate(cairo, 50, 50)
    cairo_rotate(cairo, Double(turns) * Double.pi / 2)
    cairo_translate(cairo, -50, -50)
    stroke([(87, 50), (18, 50)], width: 18, colour)
    stroke([(47, 15), (13, 50), (47, 85)], width: 18, colour)
  }

  private func disc(_ x: Double, _ y: Double, _ radius: Double, _ colour: Colour) {
    set(colour)
    cairo_new_path(cairo)
    cairo_arc(cairo, x, y, radius, 0, 2 * Double.pi)
    cairo_fill(cairo)
  }

  private func stroke(_ points: [(Double, Double)], width: Double, _ colour: Colour) {
    set(colour)
    cairo_set_line_width(cairo, width)
    path(points)
    cairo_stroke(cairo)
  }

  private func polygon(_ points: [(Double, Double)], rounding: Double, _ colour: Colour) {
    set(colour)
    cairo_set_line_width(cairo, rounding)
    path(points)
    cairo_close_path(cairo)
    cairo_fill_preserve(cairo)
    cairo_stroke(cairo)
  }

  private func path(_ points: [(Double, Double)]) {
    cairo_new_path(cairo)
    for (x, y) in points { cairo_line_to(cairo, x, y) }
  }

  private func set(_ colour: Colour) {
    cairo_set_source_rgb(
      cairo, Double(colour.red) / 255, Double(colour.green) / 255, Double(colour.blue) / 255)
  }
}
