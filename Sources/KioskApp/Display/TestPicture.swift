// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// A picture by which a technician sees that a screen is used to its edges, the right way up, in the right colours and
/// sizes, and that it feels where it is touched.
struct TestPicture {
  var size: ScreenSize
  /// How wide the screen is; nil: not known.
  var widthMillimetres: Double?
  var taps: [ScreenPoint] = []

  /// Taps marked at once: the newest.
  static let marks = 8

  var scene: Scene {
    let unit = max(8, min(size.width, size.height) / 16)
    let whole = Box(x: 0, y: 0, width: size.width, height: size.height)
    var elements = edge(whole)
    // Corners in four colours: a turned or mirrored picture shows at once, and so do swapped colours.
    let corner = unit * 2
    let (right, bottom) = (size.width - corner - 4, size.height - corner - 4)
    for (x, y, colour) in [(4, 4, 0xE53935), (right, 4, 0x43A047), (4, bottom, 0x1E88E5), (right, bottom, 0xFFFFFF)] {
      fill(Box(x: x, y: y, width: corner, height: corner), colour, &elements)
    }
    // Steps of grey, as on a display of 16 bits they are told apart.
    let steps = 16
    let bar = Box(x: unit * 3, y: size.height / 2 + 3 * unit, width: size.width - 6 * unit, height: unit)
    for (index, box) in bar.columns(Array(repeating: 1, count: steps)).enumerated() {
      fill(box, 0x111111 * index, &elements)
    }
    let middle = size.height / 2
    words("↑  \(size)", y: middle - 4 * unit, height: 3 * unit, weight: .bold, &elements)
    if let widthMillimetres, widthMillimetres > 0 {
      let length = Int((100 * Double(size.width) / widthMillimetres).rounded())
      if length <= size.width {
        fill(Box(x: (size.width - length) / 2, y: middle, width: length, height: unit / 2), 0xFFB300, &elements)
        words("100 mm", y: middle + unit / 2, height: 2 * unit, weight: .regular, &elements)
      }
    } else {
      words("? mm", y: middle + unit / 2, height: 2 * unit, weight: .regular, &elements)
    }
    for tap in taps.suffix(Self.marks) {
      fill(Box(x: tap.x - unit / 2, y: tap.y, width: unit + 1, height: 1), 0xFFEB3B, &elements)
      fill(Box(x: tap.x, y: tap.y - unit / 2, width: 1, height: unit + 1), 0xFFEB3B, &elements)
    }
    return Scene(size: size, background: Colour(0x101418), elements: elements)
  }

  /// One white pixel all round: what is missing of it the screen cuts off.
  private func edge(_ box: Box) -> [Scene.Element] {
    var elements: [Scene.Element] = []
    fill(box, 0xFFFFFF, &elements)
    fill(box.inset(1), 0x101418, &elements)
    return elements
  }

  private func fill(_ box: Box, _ colour: Int, _ elements: inout [Scene.Element]) {
    elements.append(.rectangle(.init(box: box, colour: Colour(UInt32(colour)))))
  }

  private func words(
    _ string: String, y: Int, height: Int, weight: Scene.Weight, _ elements: inout [Scene.Element]
  ) {
    let box = Box(x: 0, y: y, width: size.width, height: height)
    elements.append(
      .text(
        .init(
          string, in: box, role: .body, size: height * 2 / 3, weight: weight, colour: Colour(0xFFFFFF),
          alignment: .centre)))
  }
}
