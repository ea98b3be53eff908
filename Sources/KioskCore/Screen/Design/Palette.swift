// SPDX-License-Identifier: GPL-3.0-or-later

/// The colours of the screen by what they are for: one accent, the rest quiet. A test holds whatever is read to a
/// contrast of 7:1 on what lies under it, in each palette.
public struct Palette: Hashable, Sendable {
  /// The page.
  public var ground: Colour
  /// A card lying on the page; the card of a code is light by night too, or no phone could read it.
  public var card: Colour
  /// Lines and whatever is seen without being read.
  public var line: Colour
  /// Text that matters most.
  public var text: Colour
  /// Second language, units, captions.
  public var quietText: Colour
  /// Bluezoners, and what can be touched.
  public var accent: Colour
  /// Text on a ground of the accent.
  public var onAccent: Colour
  /// The dark modules of a code, and text on light and signal grounds.
  public var ink: Colour
  /// The light modules of a code and their card.
  public var codeCard: Colour
  /// The ground of what is wrong, and of the call to install.
  public var amber: Colour
  /// The ground of the welcome.
  public var green: Colour
  /// The ground of the demo's band.
  public var demo: Colour
  /// Text on it.
  public var onDemo: Colour

  /// For a bright hall.
  public static let day = Palette(
    ground: Colour(0xF3F6FA), card: Colour(0xFFFFFF), line: Colour(0xC6D3E1), text: Colour(0x0A2038),
    quietText: Colour(0x3B4F63), accent: Colour(0x074A96), onAccent: Colour(0xFFFFFF), ink: Colour(0x0A2038),
    codeCard: Colour(0xFFFFFF), amber: Colour(0xFFC233), green: Colour(0x9CE5B7), demo: Colour(0x5A1A8A),
    onDemo: Colour(0xFFFFFF))

  /// For a dark hall. `brightness`: percent of the brightest night, 20 to 100; what is outside is taken as the nearest.
  public static func night(brightness: Int) -> Palette {
    let share = max(0, min(brightness, 100) - 20)
    return Palette(mixing: dimNight, with: brightNight, share: share, of: 80)
  }

  private static let brightNight = Palette(
    ground: Colour(0x0B1826), card: Colour(0x122436), line: Colour(0x35506A), text: Colour(0xF2F6FA),
    quietText: Colour(0xC4D2DF), accent: Colour(0x8CCBFF), onAccent: Colour(0x0B1826), ink: Colour(0x081320),
    codeCard: Colour(0xDCE4EC), amber: Colour(0xE8B03A), green: Colour(0x86CFA2), demo: Colour(0x4A1673),
    onDemo: Colour(0xF2F6FA))

  /// As dark as 7:1 allows.
  private static let dimNight = Palette(
    ground: Colour(0x05090E), card: Colour(0x090F16), line: Colour(0x22313F), text: Colour(0xA6ADB4),
    quietText: Colour(0x9BA3AB), accent: Colour(0x7FABCF), onAccent: Colour(0x05090E), ink: Colour(0x03060A),
    codeCard: Colour(0x9CA5AD), amber: Colour(0xC29536), green: Colour(0x7BAC8F), demo: Colour(0x2A0C42),
    onDemo: Colour(0xB4B9C0))
}

extension Palette {
  private init(mixing dim: Palette, with bright: Palette, share: Int, of whole: Int) {
    self = dim
    let paths: [WritableKeyPath<Palette, Colour>] = [
      \.ground, \.card, \.line, \.text, \.quietText, \.accent, \.onAccent, \.ink, \.codeCard, \.amber, \.green, \.demo,
      \.onDemo,
    ]
    for path in paths { self[keyPath: path] = dim[keyPath: path].mixed(with: bright[keyPath: path], share, of: whole) }
  }
}

extension Colour {
  /// `share` of `whole` parts of the way to `other`.
  fileprivate func mixed(with other: Colour, _ share: Int, of whole: Int) -> Colour {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt32 { UInt32((Int(a) * (whole - share) + Int(b) * share) / whole) }
    return Colour(mix(red, other.red) << 16 | mix(green, other.green) << 8 | mix(blue, other.blue))
  }
}
