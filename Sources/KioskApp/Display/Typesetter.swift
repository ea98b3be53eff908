// SPDX-License-Identifier: GPL-3.0-or-later
import CPangoCairo
import KioskCore

/// Sets the texts of a scene with Pango: as large as asked for, smaller where the box is too small.
final class Typesetter {
  /// How one text is set.
  struct Fit: Equatable {
    /// The em size that fits, in pixels.
    var size: Double
    /// The pixels of the screen that the strokes touch.
    var ink: Box
    /// Characters that no font has.
    var unknownGlyphs: Int
    /// Left edge of the layout, in pixels of the screen.
    fileprivate var x: Double
    /// Top edge of the layout, in pixels of the screen.
    fileprivate var y: Double
  }

  /// The family of every text: package fonts-inter, under the SIL Open Font Licence. It has all letters of Vietnamese;
  /// pages are laid out for its widths. Only what it lacks, as in the name of an app, comes from other fonts.
  static let family = "Inter"
  /// No text is set smaller than this many pixels, whatever its box; the box then cuts it off.
  static let smallestSize = 4.0
  /// The em size, in pixels, at which fonts are loaded once; Cairo scales from there. Loading a font at each
  /// size of the page made the first 1920x1080 page take 120 ms instead of 24 (EPYC, 400 fonts installed).
  private static let loadedSize = 64.0
  /// How far from its computed place a stroke may be drawn: Cairo puts glyphs on whole pixels.
  private static let inkSlack = 0.5
  /// What a text is multiplied by until it fits, where proportion alone does not tell.
  private static let shrinkStep = 0.95

  private let cairo: OpaquePointer
  private let layout: OpaquePointer
  private let regular: OpaquePointer
  private let bold: OpaquePointer
  private let equalDigits: OpaquePointer?
  /// Top and bottom of the digit 0 over the baseline (negative is above), as shares of the em size.
  private var digits: [Scene.Weight: (top: Double, bottom: Double)] = [:]

  /// A typesetter that draws into `cairo`, which must outlive it; `nil` if there is no memory. Throws `fontMissing`.
  init?(cairo: OpaquePointer, family: String) throws(DisplayError) {
    guard let layout = pango_cairo_create_layout(cairo),
      let regular = pango_font_description_from_string(family),
      let bold = pango_font_description_copy(regular)
    else { return nil }
    self.cairo = cairo
    self.layout = layout
    self.regular = regular
    self.bold = bold
    pango_font_description_set_weight(bold, PANGO_WEIGHT_BOLD)
    for font in [regular, bold] {
      pango_font_description_set_absolute_size(font, Typesetter.loadedSize * Double(PANGO_SCALE))
    }

    equalDigits = pango_attr_list_new()
    pango_attr_list_insert(equalDigits, pango_attr_font_features_new("tnum 1"))

    // Unhinted, so that widths grow in proportion to the size and every screen breaks lines alike.
    let options = cairo_font_options_create()
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    let context = pango_layout_get_context(layout)
    pango_cairo_context_set_font_options(context, options)
    cairo_font_options_destroy(options)
    pango_context_set_language(context, pango_language_from_string("vi"))
    pango_context_set_round_glyph_positions(context, 0)
    // Loaded as it will be used, and so loaded once.
    guard Typesetter.isInstalled(family, regular, context) else { throw .fontMissing(family: family) }
  }

  /// Whether what is loaded for the family is of it: Fontconfig gives the next best without a word.
  private static func isInstalled(
    _ family: String, _ description: OpaquePointer, _ context: OpaquePointer?
  ) -> Bool {
    guard let font = pango_context_load_font(context, description) else { return false }
    defer { g_object_unref(UnsafeMutableRawPointer(font)) }
    guard let loaded = pango_font_describe(font) else { return false }
    defer { pango_font_description_free(loaded) }
    return pango_font_description_get_family(loaded).map { String(cString: $0) } == family
  }

  deinit {
    pango_attr_list_unref(equalDigits)
    pango_font_description_free(regular)
    pango_font_description_free(bold)
    g_object_unref(UnsafeMutableRawPointer(layout))
  }

  /// Draws the text with the colour that is set in the context, whose matrix it changes.
  func draw(_ text: Scene.Text) {
    let fit = fit(text)
    let scale = fit.size / Typesetter.loadedSize
    cairo_translate(cairo, fit.x, fit.y)
    cairo_scale(cairo, scale, scale)
    cairo_move_to(cairo, 0, 0)
    pango_cairo_show_layout(cairo, layout)
  }

  /// The largest setting of the text, up to its own size, that stays in its box.
  func fit(_ text: Scene.Text) -> Fit {
    let digit = digit(text.weight)
    prepare(text)
    var size = max(Double(text.size), Typesetter.smallestSize)
    if text.fillsItsBox {
      let height = Double(text.box.height) - 2.5 * Typesetter.inkSlack
      size = min(size, height / (digit.bottom - digit.top))
    }
    var fit = place(text, size: size, digit)
    while !fit.stays, size > Typesetter.smallestSize {
      size = max(Typesetter.smallestSize, size * (text.wraps ? Typesetter.shrinkStep : fit.shrink))
      fit = place(text, size: size, digit)
    }
    return fit.fit
  }

  // MARK: Measuring

  private func prepare(_ text: Scene.Text) {
    pango_layout_set_text(layout, text.string, -1)
    pango_layout_set_attributes(layout, text.role == .clock ? equalDigits : nil)
    pango_layout_set_font_description(layout, text.weight == .bold ? bold : regular)
    pango_layout_set_width(layout, -1)
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD)
    pango_layout_set_line_spacing(layout, text.role == .headline ? 0.86 : 1.04)
    switch text.alignment {
    case .left: pango_layout_set_alignment(layout, PANGO_ALIGN_LEFT)
    case .centre: pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER)
    case .right: pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT)
    }
  }

  /// Sets the prepared text at `size`; tells whether it stays in its box, or what to multiply the size by.
  private func place(
    _ text: Scene.Text, size: Double, _ digit: (top: Double, bottom: Double)
  ) -> (fit: Fit, stays: Bool, shrink: Double) {
    let scale = size / Typesetter.loadedSize
    if text.wraps {
      let width = Double(text.box.width) / scale * Double(PANGO_SCALE)
      pango_layout_set_width(layout, Int32(clamping: Int(width)))
    }
    let (ink, lines) = extents(scale: scale)
    let box = text.box
    let free = Double(box.width) - lines.width
    var x = Double(box.x) - lines.x
    // A wrapped layout aligns its lines itself, in a width that is the box's. The others stand by their
    // strokes, or large letters would seem indented against small ones; a clock keeps its digits' places.
    switch text.alignment {
    case _ where text.wraps: x = Double(box.x)
    case .left: x = Double(box.x) - ink.x
    case .centre: x += free / 2
    case .right where text.role == .clock: x += free
    case .right: x = Double(box.maxX) - ink.x - ink.width
    }
    var y = Double(box.y)
    switch text.verticalAlignment {
    case .top: break
    case .middle: y += (Double(box.height) - lines.height) / 2
    case .bottom: y += Double(box.height) - lines.height
    }
    if text.fillsItsBox {
      let baseline = scale * Double(pango_layout_get_baseline(layout)) / Double(PANGO_SCALE)
      y = Double(box.y) + Double(box.height) / 2 - size * (digit.top + digit.bottom) / 2 - baseline
    }
    // High marks, low tails and rounding may stick out of a box that is large enough: move them in.
    let slack = Typesetter.inkSlack
    let edge = slack + 0.01  // So that the rounding below cannot fall on the wrong side.
    x = inside(x + ink.x, ink.width, from: Double(box.x) + edge, to: Double(box.maxX) - edge) - ink.x
    y = inside(y + ink.y, ink.height, from: Double(box.y) + edge, to: Double(box.maxY) - edge) - ink.y

    let (left, top) = ((x + ink.x - slack).rounded(.down), (y + ink.y - slack).rounded(.down))
    let right = (x + ink.x + ink.width + slack).rounded(.up)
    let bottom = (y + ink.y + ink.height + slack).rounded(.up)
    let marks = Box(x: Int(left), y: Int(top), width: Int(right - left), height: Int(bottom - top))

    // A hair less than the box, so that the share below ends the search at once.
    let room = (width: Double(box.width) - 2.5 * slack, height: Double(box.height) - 2.5 * slack)
    let share = min(room.width / max(ink.width, 1), room.height / max(ink.height, 1))
    let unknown = Int(pango_layout_get_unknown_glyphs_count(layout))
    let fit = Fit(size: size, ink: marks, unknownGlyphs: unknown, x: x, y: y)
    return (fit, box.contains(marks), share < 1 ? share : Typesetter.shrinkStep)
  }

  /// The start nearest to `start` at which `length` lies between the two ends; the middle without room.
  private func inside(_ start: Double, _ length: Double, from low: Double, to high: Double) -> Double {
    high - low < length ? (low + high - length) / 2 : min(max(start, low), high - length)
  }

  /// Where the digit 0 begins and ends, measured once a weight.
  private func digit(_ weight: Scene.Weight) -> (top: Double, bottom: Double) {
    if let known = digits[weight] { return known }
    pango_layout_set_text(layout, "0", -1)
    pango_layout_set_attributes(layout, nil)
    pango_layout_set_width(layout, -1)
    pango_layout_set_font_description(layout, weight == .bold ? bold : regular)
    let (ink, _) = extents(scale: 1 / Typesetter.loadedSize)
    let baseline = Double(pango_layout_get_baseline(layout)) / Double(PANGO_SCALE) / Typesetter.loadedSize
    let digit = (top: ink.y - baseline, bottom: ink.y + ink.height - baseline)
    // A font without a 0 would make every figure infinitely large.
    let safe = digit.bottom - digit.top > 0.1 ? digit : (top: -0.72, bottom: 0)
    digits[weight] = safe
    return safe
  }

  private typealias Extent = (x: Double, y: Double, width: Double, height: Double)

  /// Of the strokes and of the lines, from the layout's corner, in loaded pixels multiplied by `scale`.
  private func extents(scale: Double) -> (ink: Extent, lines: Extent) {
    var (ink, lines) = (PangoRectangle(), PangoRectangle())
    pango_layout_get_extents(layout, &ink, &lines)
    func pixels(_ rectangle: PangoRectangle) -> Extent {
      let unit = scale / Double(PANGO_SCALE)
      return (
        Double(rectangle.x) * unit, Double(rectangle.y) * unit, Double(rectangle.width) * unit,
        Double(rectangle.height) * unit
      )
    }
    return (pixels(ink), pixels(lines))
  }
}

extension Scene.Text {
  /// Whether digits fill the height of the box, whatever size is asked for.
  fileprivate var fillsItsBox: Bool { role == .figure || role == .clock }
}
