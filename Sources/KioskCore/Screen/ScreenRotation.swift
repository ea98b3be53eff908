// SPDX-License-Identifier: GPL-3.0-or-later

/// By how much the picture is turned clockwise on its panel, in degrees: for screens that are mounted upright.
public enum ScreenRotation: Int, Hashable, Sendable, CaseIterable {
  case none = 0
  case right = 90
  case upsideDown = 180
  case left = 270

  /// Whether the picture lies across the panel.
  public var swapsSides: Bool { self == .right || self == .left }

  /// The size of the picture on a panel, or of the panel for a picture: the same either way.
  public func size(of other: ScreenSize) -> ScreenSize {
    swapsSides ? ScreenSize(width: other.height, height: other.width) : other
  }

  /// Where on a panel a box of the picture lies; `panel` is the panel's size.
  public func panelBox(of box: Box, panel: ScreenSize) -> Box {
    switch self {
    case .none: box
    case .right: Box(x: panel.width - box.maxY, y: box.x, width: box.height, height: box.width)
    case .upsideDown:
      Box(x: panel.width - box.maxX, y: panel.height - box.maxY, width: box.width, height: box.height)
    case .left: Box(x: box.y, y: panel.height - box.maxX, width: box.height, height: box.width)
    }
  }

  /// The pixel of the picture that the panel shows at `point`.
  public func picturePoint(of point: ScreenPoint, panel: ScreenSize) -> ScreenPoint {
    switch self {
    case .none: point
    case .right: ScreenPoint(x: point.y, y: panel.width - 1 - point.x)
    case .upsideDown: ScreenPoint(x: panel.width - 1 - point.x, y: panel.height - 1 - point.y)
    case .left: ScreenPoint(x: panel.height - 1 - point.y, y: point.x)
    }
  }
}

/// One pixel; x grows to the right and y downwards.
public struct ScreenPoint: Hashable, Sendable {
  public var x: Int
  public var y: Int

  public init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }
}

extension PhysicalSize {
  /// What a screen says of itself, mm, if that can be true for a picture of `pixels`; else nil.
  ///
  /// Televisions and projectors often tell their aspect ratio instead (160 mm by 90 mm), or nothing (0).
  public init?(told width: Int, _ height: Int, pixels: ScreenSize) {
    guard ![[160, 90], [160, 100], [16, 9], [16, 10]].contains([width, height]) else { return nil }
    // Pixels are nearly square on all panels; a size of another shape belongs to another screen.
    let (across, down) = (Double(width) / Double(pixels.width), Double(height) / Double(pixels.height))
    guard across < 1.25 * down, down < 1.25 * across else { return nil }
    self.init(widthMillimetres: Double(width), heightMillimetres: Double(height))
  }

  /// Of the picture on a panel of this size.
  public func turned(_ rotation: ScreenRotation) -> PhysicalSize {
    var turned = self
    if rotation.swapsSides { swap(&turned.widthMillimetres, &turned.heightMillimetres) }
    return turned
  }
}

extension TouchPosition {
  /// The pixel of a picture that a panel of `panel` pixels shows there, turned by `rotation`.
  public func point(panel: ScreenSize, rotation: ScreenRotation) -> ScreenPoint {
    func pixel(_ share: Double, _ count: Int) -> Int { min(max(Int(share * Double(count)), 0), count - 1) }
    let point = ScreenPoint(x: pixel(x, panel.width), y: pixel(y, panel.height))
    return rotation.picturePoint(of: point, panel: panel)
  }
}
