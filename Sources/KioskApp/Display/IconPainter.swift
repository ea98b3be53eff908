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
    }
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
