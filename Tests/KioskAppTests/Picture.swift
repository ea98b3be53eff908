// SPDX-License-Identifier: GPL-3.0-or-later
import CPangoCairo
import Foundation
import KioskCore
import Pixels

@testable import KioskApp

/// A picture that tests can blur, compare and keep.
struct Picture {
  let width: Int
  let height: Int
  /// Red, green and blue of each pixel, row by row, 0 to 255.
  private(set) var values: [Double]

  init(width: Int, height: Int, values: [Double]) {
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// What is drawn, `width` pixels wide.
  init(_ canvas: Canvas, width: Int) throws {
    let size = ScreenSize(width: width, height: canvas.size.height * width / canvas.size.width)
    let small = try Canvas(size: size)
    small.paste(canvas, into: Box(x: 0, y: 0, width: size.width, height: size.height))
    self.init(
      width: size.width, height: size.height,
      values: small.withPixels { bytes, pitch in
        Pixels.values(bytes, pitch: pitch, width: size.width, height: size.height)
      })
  }

  /// nil when there is none, or it is no PNG.
  init?(png path: String) {
    guard let surface = cairo_image_surface_create_from_png(path) else { return nil }
    defer { cairo_surface_destroy(surface) }
    guard cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS, let data = cairo_image_surface_get_data(surface) else {
      return nil
    }
    let (width, height) = (Int(cairo_image_surface_get_width(surface)), Int(cairo_image_surface_get_height(surface)))
    let pitch = Int(cairo_image_surface_get_stride(surface))
    let bytes = UnsafeRawBufferPointer(start: data, count: pitch * height)
    self.init(width: width, height: height, values: Pixels.values(bytes, pitch: pitch, width: width, height: height))
  }

  /// A blur of 1 2 1 in both directions, about 0.7 pixels of standard deviation: a lens not quite in focus.
  func blurred() -> Picture {
    var result = self
    for step in [3, 3 * width] { result.values = Pixels.blurred(result.values, step: step) }
    return result
  }

  /// Binary PPM, which zbarimg reads.
  var ppm: Data {
    var data = Data("P6\n\(width) \(height)\n255\n".utf8)
    data.append(contentsOf: Pixels.bytes(values))
    return data
  }

  /// Writes it as PNG.
  func writePNG(to path: String) {
    let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))
    defer { cairo_surface_destroy(surface) }
    cairo_surface_flush(surface)
    guard let data = cairo_image_surface_get_data(surface) else { return }
    let pitch = Int(cairo_image_surface_get_stride(surface))
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          let value = values[3 * (y * width + x) + channel].rounded()
          data[y * pitch + 4 * x + 2 - channel] = UInt8(max(0, min(255, value)))
        }
      }
    }
    cairo_surface_mark_dirty(surface)
    cairo_surface_write_to_png(surface, path)
  }

  /// How far two pictures of one size are apart: the mean of all differences, and percent of the values that differ by
  /// more than 40 of 255. nil for pictures of different sizes.
  func difference(from other: Picture) -> (mean: Double, percentFar: Double)? {
    guard width == other.width, height == other.height else { return nil }
    return Pixels.difference(values, other.values)
  }
}
