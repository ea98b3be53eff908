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
