// SPDX-License-Identifier: GPL-3.0-or-later

/// Where somebody is at what time. The kiosk stands at the origin; straight lines between the points.
///
/// Times are milliseconds since the scenario began, lengths metres.
public struct Walk: Sendable {
  public struct Point: Hashable, Sendable {
    public var milliseconds: Int64
    public var position: SIMD2<Float>
    /// Where the body is turned to from this point on, while it stands; a walker faces where they go.
    public var facing: SIMD2<Float>
  }

  /// In order of time, at least one.
  public private(set) var points: [Point]

  public init(startingAt milliseconds: Int64, position: SIMD2<Float>) {
    points = [Point(milliseconds: milliseconds, position: position, facing: [0, -1])]
  }

  /// From arriving until leaving.
  public var span: Range<Int64> { points[0].milliseconds..<last.milliseconds }

  private var last: Point { points[points.count - 1] }

  /// - Parameter speed: metres a second; people walk at 0.8 to 1.5.
  public mutating func go(to position: SIMD2<Float>, speed: Float) {
    let way = position - last.position
    let length = (way * way).sum().squareRoot()
    guard length > 0.05 else { return }
    points[points.count - 1].facing = way / length
    points.append(
      Point(
        milliseconds: last.milliseconds + Int64(length / max(speed, 0.1) * 1000), position: position,
        facing: way / length))
  }

  public mutating func stay(milliseconds: Int64, facing: SIMD2<Float>) {
    points[points.count - 1].facing = facing
    points.append(
      Point(milliseconds: last.milliseconds + max(milliseconds, 1), position: last.position, facing: facing))
  }

  /// Where somebody is, and how.
  struct Place: Sendable {
    var position: SIMD2<Float>
    var facing: SIMD2<Float>
    var isMoving: Bool
  }

  /// - Parameter leg: where the last search ended; times that only grow are found at once.
  func place(at milliseconds: Int64, leg: inout Int) -> Place {
    while leg + 1 < points.count, points[leg + 1].milliseconds <= milliseconds { leg += 1 }
    let from = points[min(leg, points.count - 1)]
    guard leg + 1 < points.count, milliseconds > from.milliseconds else {
      return Place(position: from.position, facing: from.facing, isMoving: false)
    }
    let to = points[leg + 1]
    guard to.position != from.position else {
      return Place(position: from.position, facing: from.facing, isMoving: false)
    }
    let share = Float(milliseconds - from.milliseconds) / Float(to.milliseconds - from.milliseconds)
    return Place(
      position: from.position + (to.position - from.position) * share, facing: from.facing, isMoving: true)
  }

  /// When it is within `metres` of the kiosk, in order, exact to a millisecond; neighbours joined.
  public func times(within metres: Float) -> [Range<Int64>] {
    var found: [Range<Int64>] = []
    for (from, to) in zip(points, points.dropFirst()) where from.milliseconds < to.milliseconds {
      guard let part = Self.inside(from, to, metres) else { continue }
      if let last = found.last, part.lowerBound <= last.upperBound + 1 {
        found[found.count - 1] = last.lowerBound..<max(last.upperBound, part.upperBound)
      } else {
        found.append(part)
      }
    }
    return found
  }

  /// The part of one leg inside the circle: the roots of |p + s·v|² = r².
  private static func inside(_ from: Point, _ to: Point, _ metres: Float) -> Range<Int64>? {
    let way = to.position - from.position
    let a = (way * way).sum()
    let c = (from.position * from.position).sum() - metres * metres
    if a == 0 { return c <= 0 ? from.milliseconds..<to.milliseconds : nil }
    let b = (from.position * way).sum()
    let discriminant = b * b - a * c
    guard discriminant > 0 else { return nil }
    let root = discriminant.squareRoot()
    let (first, last) = (max((-b - root) / a, 0), min((-b + root) / a, 1))
    guard first < last else { return nil }
    let length = Float(to.milliseconds - from.milliseconds)
    let range = from.milliseconds + Int64(first * length)..<from.milliseconds + Int64(last * length)
    return range.isEmpty ? nil : range
  }
}
