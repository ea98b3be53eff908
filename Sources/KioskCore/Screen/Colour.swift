// SPDX-License-Identifier: GPL-3.0-or-later

/// An opaque sRGB colour.
public struct Colour: Hashable, Sendable {
  /// 0…255, as sRGB encodes it.
  public var red: UInt8
  /// 0…255, as sRGB encodes it.
  public var green: UInt8
  /// 0…255, as sRGB encodes it.
  public var blue: UInt8

  /// A colour written as designers write it: `0xRRGGBB`. Higher bits are ignored.
  public init(_ rgb: UInt32) {
    red = UInt8(truncatingIfNeeded: rgb >> 16)
    green = UInt8(truncatingIfNeeded: rgb >> 8)
    blue = UInt8(truncatingIfNeeded: rgb)
  }
}

/// The colours of the kiosk. A test holds every text to a contrast of 7:1 on what lies under it.
extension Colour {
  /// The page: a deep, quiet blue.
  static let page = Colour(0x082845)
  /// A panel lying on the page.
  static let panel = Colour(0x0F3A61)
  /// A thin line on a panel.
  static let line = Colour(0x2F618F)
  /// Text that matters most.
  static let text = Colour(0xFFFFFF)
  /// Second language and captions.
  static let quietText = Colour(0xCFE3F6)
  /// The figures of Bluezoners, and signs that all is well.
  static let bluezone = Colour(0x8FE4FF)
  /// Signs of something wrong, on the page or a panel.
  static let warning = Colour(0xFFD166)
  /// The card the QR lies on.
  static let card = Colour(0xFFFFFF)
  /// QR modules and text on a light ground.
  static let ink = Colour(0x06203A)
  /// The ground of the install prompt.
  static let amber = Colour(0xFFC94D)
  /// The ground of the welcome.
  static let green = Colour(0x9FE8BE)
  /// The ground of the demo band.
  static let demo = Colour(0x6A1B9A)
}
