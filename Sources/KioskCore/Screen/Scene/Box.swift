// SPDX-License-Identifier: GPL-3.0-or-later

/// A rectangle of whole pixels; x grows to the right and y downwards.
public struct Box: Hashable, Sendable {
  /// Left edge, in pixels from the left of the screen.
  public var x: Int
  /// Top edge, in pixels from the top of the screen.
  public var y: Int
  /// Pixels across; never negative.
  public var width: Int
  /// Pixels down; never negative.
  public var height: Int

  /// A box with its top left corner at `x`, `y`. Negative sides become zero.
  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(0, width)
    self.height = max(0, height)
  }

  /// The first pixel to the right of the box.
  public var maxX: Int { x + width }
  /// The first pixel below the box.
  public var maxY: Int { y + height }
  /// Whether the box has no pixel at all.
  public var isEmpty: Bool { width == 0 || height == 0 }

  /// Whether at least one pixel is in both boxes.
  public func intersects(_ other: Box) -> Bool {
    !isEmpty && !other.isEmpty
      && x < other.maxX && other.x < maxX && y < other.maxY && other.y < maxY
  }

  /// Whether every pixel of `other` is in this box.
  public func contains(_ other: Box) -> Bool {
    other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY
  }

  /// The box without a border of `horizontal` pixels left and right and `vertical` pixels above and below.
  public func inset(horizontal: Int, vertical: Int) -> Box {
    Box(x: x + horizontal, y: y + vertical, width: width - 2 * horizontal, height: height - 2 * vertical)
  }

  /// The box without a border of `all` pixels on every side.
  public func inset(_ all: Int) -> Box { inset(horizontal: all, vertical: all) }

  /// The largest square in the middle of the box, at most `side` pixels wide.
  public func centredSquare(atMost side: Int = .max) -> Box {
    let side = min(side, width, height)
    return Box(x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side)
  }

  /// Cuts `length` pixels off the top, and `gap` more that nobody gets; returns the part cut off.
  public mutating func takeTop(_ length: Int, gap: Int = 0) -> Box {
    let taken = Box(x: x, y: y, width: width, height: min(length, height))
    let rest = min(height, taken.height + gap)
    self = Box(x: x, y: y + rest, width: width, height: height - rest)
    return taken
  }

  /// Cuts `length` pixels off the bottom, and `gap` more that nobody gets; returns the part cut off.
  public mutating func takeBottom(_ length: Int, gap: Int = 0) -> Box {
    let length = min(length, height)
    let taken = Box(x: x, y: maxY - length, width: width, height: length)
    self = Box(x: x, y: y, width: width, height: height - length - gap)
    return taken
  }

  /// Cuts `length` pixels off the left, and `gap` more that nobody gets; returns the part cut off.
  public mutating func takeLeft(_ length: Int, gap: Int = 0) -> Box {
    let taken = Box(x: x, y: y, width: min(length, width), height: height)
    let rest = min(width, taken.width + gap)
    self = Box(x: x + rest, y: y, width: width - rest, height: height)
    return taken
  }

  /// Cuts `length` pixels off the right, and `gap` more that nobody gets; returns the part cut off.
  public mutating func takeRight(_ length: Int, gap: Int = 0) -> Box {
    let length = min(length, width)
    let taken = Box(x: maxX - length, y: y, width: length, height: height)
    self = Box(x: x, y: y, width: width - length - gap, height: height)
    return taken
  }

  /// The box cut into columns whose widths are in proportion to `shares`, `gap` pixels apart.
  public func columns(_ shares: [Int], gap: Int = 0) -> [Box] {
    var rest = self
    var left = max(1, shares.reduce(0, +))
    var columns: [Box] = []
    for (index, share) in shares.enumerated() {
      let gapsAfter = shares.count - index - 1
      let width = (rest.width - gapsAfter * gap) * share / max(1, left)
      columns.append(rest.takeLeft(max(0, width), gap: gap))
      left -= share
    }
    return columns
  }
}
