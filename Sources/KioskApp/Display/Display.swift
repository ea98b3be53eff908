// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// A place where scenes are seen. One task calls it; drawing may happen on the display's own thread.
protocol Display: AnyObject, Sendable {
  /// The size to lay out the next scene for, in pixels. It changes when a window is resized.
  var size: ScreenSize { get }

  /// How large that is, where the screen tells it (EDID); nil where it is not known.
  var physicalSize: PhysicalSize? { get }

  /// Whether it can be touched, as far as is known now.
  var hasTouch: Bool { get }

  /// What is shown where, for people; nil when nothing is.
  var words: String? { get }

  /// Taps on the screen so far.
  var touches: Int { get }

  /// Whom to tell of touches and of another size. Called once, before anything is shown.
  func observe(_ observer: DisplayObserver)

  /// Shows `scene` instead of the one before. Returns quickly; a failure that happens later on the display's
  /// own thread is thrown by the next call.
  func show(_ scene: Scene) throws(DisplayError)

  /// Finishes what was begun and lets go of the screen. A second call does nothing.
  func close() throws(DisplayError)
}

/// What a display tells by itself, on a thread of its own.
struct DisplayObserver: Sendable {
  /// Somebody tapped on that pixel of the picture.
  var touched: @Sendable (ScreenPoint) -> Void = { _ in }
  /// `size` has changed, or a screen has come back: what is seen has to be laid out and shown anew.
  var sizeChanged: @Sendable () -> Void = {}
}

extension Display {
  var physicalSize: PhysicalSize? { nil }
  var hasTouch: Bool { false }
  var words: String? { nil }
  var touches: Int { 0 }
  func observe(_ observer: DisplayObserver) {}
}
