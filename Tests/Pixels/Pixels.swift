// SPDX-License-Identifier: GPL-3.0-or-later

/// The colour of one pixel.
public struct Pixel: Equatable {
  public let red: UInt8
  public let green: UInt8
  public let blue: UInt8
}

/// The loops over every pixel of a picture, in a module of their own because it is optimized: without that, they would
/// take most of the time of the tests of drawing.
///
/// `bytes` are rows of `pitch` bytes, of which each pixel is four: blue, green, red and one that is not used.
public enum Pixels {
  /// Row by row.
  public static func all(_ bytes: UnsafeRawBufferPointer, pitch: Int, width: Int, height: Int) -> [Pixel] {
    var pixels: [Pixel] = []
    pixels.reserveCapacity(width * height)
    for y in 0..<height {
      for start in stride(from: y * pitch, to: y * pitch + 4 * width, by: 4) {
        pixels.append(Pixel(red: bytes[start + 2], green: bytes[start + 1], blue: bytes[start]))
      }
    }
    return pixels
  }

  /// The indices of the pixels that have any red.
  public static func red(in pixels: [Pixel]) -> [Int] { pixels.indices.filter { pixels[$0].red > 0 } }

  /// The indices of the pixels that differ, of two pictures of one size.
  public static func differences(_ ours: [Pixel], _ theirs: [Pixel]) -> [Int] {
    ours.indices.filter { ours[$0] != theirs[$0] }
  }

  /// Whether every pixel is equal, without the unused byte.
  public static func areEqual(_ ours: UnsafeRawBufferPointer, _ theirs: UnsafeRawBufferPointer) -> Bool {
    guard ours.count == theirs.count else { return false }
    let (ours, theirs) = (ours.bindMemory(to: UInt32.self), theirs.bindMemory(to: UInt32.self))
    for index in 0..<ours.count where (ours[index] ^ theirs[index]) & 0xFF_FFFF != 0 { return false }
    return true
  }

  /// Red, green and blue of each pixel, row by row, 0 to 255.
  public static func values(_ bytes: UnsafeRawBufferPointer, pitch: Int, width: Int, height: Int) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(3 * width * height)
    for y in 0..<height {
      for start in stride(from: y * pitch, to: y * pitch + 4 * width, by: 4) {
        for channel in [2, 1, 0] { values.append(Double(bytes[start + channel])) }
      }
    }
    return values
  }

  /// Each value with those `step` before and after it, weighed 1 2 1. At the ends a value stands in for what is not there.
  public static func blurred(_ values: [Double], step: Int) -> [Double] {
    values.indices.map { index in
      let before = index >= step ? values[index - step] : values[index]
      let after = index + step < values.count ? values[index + step] : values[index]
      return (before + 2 * values[index] + after) / 4
    }
  }

  /// Each value as a byte, rounded.
  public static func bytes(_ values: [Double]) -> [UInt8] { values.map { UInt8(max(0, min(255, $0.rounded()))) } }

  /// The mean of all differences, and percent of the values that differ by more than 40.
  public static func difference(_ ours: [Double], _ theirs: [Double]) -> (mean: Double, percentFar: Double) {
    var (sum, far) = (0.0, 0)
    for (a, b) in zip(ours, theirs) {
      sum += abs(a - b)
      if abs(a - b) > 40 { far += 1 }
    }
    return (sum / Double(ours.count), 100 * Double(far) / Double(ours.count))
  }
}
