// SPDX-License-Identifier: GPL-3.0-or-later

/// How large a screen is, in pixels.
///
/// Pages are designed for 480×320 up to 3840×2160, in either orientation. Other sizes are drawn
/// too, but are not promised to look right.
public struct ScreenSize: Hashable, Sendable {
  /// Pixels from left to right.
  public var width: Int
  /// Pixels from top to bottom.
  public var height: Int

  /// A size of `width` by `height` pixels. Anything below one pixel becomes one.
  public init(width: Int, height: Int) {
    self.width = max(1, width)
    self.height = max(1, height)
  }

  /// Whether the screen stands upright. A square counts as lying.
  public var isPortrait: Bool { height > width }

  /// The most common screen, 1920×1080.
  public static let fullHD = ScreenSize(width: 1920, height: 1080)
}

extension ScreenSize: CustomStringConvertible {
  /// As it is written in settings: `1920x1080`.
  public var description: String { "\(width)x\(height)" }
}
