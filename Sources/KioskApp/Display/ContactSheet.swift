// SPDX-License-Identifier: GPL-3.0-or-later
import CPangoCairo
import KioskCore

/// Many scenes of one size, small, in rows on one picture.
struct ContactSheet {
  private let scenes: [Scene]
  private let columns: Int
  /// Pixels of the longer side of one scene, and between two.
  private static let longSide = 360
  private static let gap = 12

  /// Four scenes that lie or seven that stand in a row.
  init(_ scenes: [Scene]) {
    self.scenes = scenes
    columns = scenes.first.map { $0.size.isPortrait ? 7 : 4 } ?? 1
  }

  /// Throws `drawing`, `writing`, and what a scene's codes throw.
  func writePNG(to path: String) throws(DisplayError) {
    guard let size = scenes.first?.size else { return }
    let scale = Double(Self.longSide) / Double(max(size.width, size.height))
    let (width, height) = (Int(Double(size.width) * scale), Int(Double(size.height) * scale))
    let rows = (scenes.count + columns - 1) / columns
    let whole = ScreenSize(
      width: columns * (width + Self.gap) + Self.gap, height: rows * (height + Self.gap) + Self.gap)
    let sheet = try Canvas(size: whole)
    try sheet.draw(Scene(size: whole, background: Colour(0x5B6B7A)))
    for (index, scene) in scenes.enumerated() {
      let canvas = try Canvas(size: size)
      try canvas.draw(scene)
      let place = Box(
        x: Self.gap + index % columns * (width + Self.gap), y: Self.gap + index / columns * (height + Self.gap),
        width: width, height: height)
      sheet.paste(canvas, into: place)
    }
    try sheet.writePNG(to: path)
  }
}
