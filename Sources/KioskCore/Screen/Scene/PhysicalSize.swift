// SPDX-License-Identifier: GPL-3.0-or-later

/// How large the lit part of a screen is, in millimetres.
public struct PhysicalSize: Hashable, Sendable {
  public var widthMillimetres: Double
  public var heightMillimetres: Double

  /// nil for a size that no screen has: screens without one say 0, and projectors say nonsense such as 16 by 9 mm.
  public init?(widthMillimetres: Double, heightMillimetres: Double) {
    let range = 30.0...5000
    guard range.contains(widthMillimetres), range.contains(heightMillimetres) else { return nil }
    self.widthMillimetres = widthMillimetres
    self.heightMillimetres = heightMillimetres
  }

  /// Of square pixels; nil outside 2 to 120 inches.
  public init?(diagonalInches: Double, pixels: ScreenSize) {
    guard (2.0...120).contains(diagonalInches) else { return nil }
    let (width, height) = (Double(pixels.width), Double(pixels.height))
    let pixel = diagonalInches * Self.millimetresAnInch / (width * width + height * height).squareRoot()
    self.init(widthMillimetres: width * pixel, heightMillimetres: height * pixel)
  }

  public var diagonalMillimetres: Double {
    (widthMillimetres * widthMillimetres + heightMillimetres * heightMillimetres).squareRoot()
  }

  public static let millimetresAnInch = 25.4
}
