// SPDX-License-Identifier: GPL-3.0-or-later

/// How large things are on one screen: every length of a page is one of these, in whole pixels.
///
/// Designed in millimetres on a 24-inch screen that is read from 3 m. A larger screen shows all of it larger. People
/// step nearer to a smaller one, so there it shrinks with the screen; but running text shrinks less than the rest,
/// since nobody steps nearer than half a metre.
public struct TypeScale: Hashable, Sendable {
  /// Pixels of a millimetre of the 24-inch design.
  public let unit: Double
  /// By how much running text is larger than the design says, for small screens; 1 from 20 inches on.
  public let emphasis: Double
  /// Whether the screen is so small that second languages and other extras are left out.
  public let isCompact: Bool
  /// Pixels of what a finger hits without care: 9 mm of the real screen.
  public let finger: Int

  /// Type sizes, millimetres of the em on a 24-inch screen.
  public enum Style: Double, Sendable, CaseIterable {
    /// What to do: seen first and from afar.
    case headline = 41
    /// The call to a phone without the app.
    case call = 46
    /// The headline of a page that is read.
    case title = 36
    /// The second language under a headline.
    case subtitle = 16
    /// Running text and labels.
    case body = 14.2
    /// Units, axes, dates.
    case caption = 11
  }

  /// Height of the digits of a figure, millimetres on a 24-inch screen.
  public static let figureMillimetres = 35.5

  /// - Parameter physical: nil where nobody knows it; then what is usual for so many pixels is assumed.
  public init(_ size: ScreenSize, physical: PhysicalSize?) {
    let (width, height) = (Double(size.width), Double(size.height))
    let pixels = size.isPortrait ? min(width / 1080, height / 1920) : min(width / 1920, height / 1080)
    unit = pixels * Self.pixelsAMillimetre
    let inches = (physical?.diagonalMillimetres).map { $0 / PhysicalSize.millimetresAnInch } ?? Self.usualInches(size)
    // From 20 inches down to 4 by up to 45 %.
    emphasis = 1 + 0.45 * (20 - min(max(inches, 4), 20)) / 16
    isCompact = inches < 8.5
    let diagonal = (width * width + height * height).squareRoot()
    finger = max(1, Int(9 * diagonal / (inches * PhysicalSize.millimetresAnInch)))
  }

  /// Of a 24-inch screen of 1920×1080.
  public static let pixelsAMillimetre = 1920 / 531.4

  /// Pixels of the em.
  public func em(_ style: Style) -> Int {
    switch style {
    case .headline, .call, .title: px(style.rawValue * min(emphasis, 1.1))
    case .subtitle, .body, .caption: px(style.rawValue * emphasis)
    }
  }

  /// Millimetres of the 24-inch design in pixels, at least one.
  public func px(_ millimetres: Double) -> Int { max(1, Int((millimetres * unit).rounded())) }

  /// What is sold with so many pixels.
  private static func usualInches(_ size: ScreenSize) -> Double {
    switch min(size.width, size.height) {
    case ..<400: 3.5
    case ..<680: 7
    case ..<900: 10.1
    default: 24
    }
  }
}
