// SPDX-License-Identifier: GPL-3.0-or-later

/// How strength spreads about its mean.
///
/// In the recorded adverts (four iPhones on a standing person, 30 s each, 66 times a phone) one report in an event
/// deviates by 3 to 7 dB in half a minute; reports of one event on the three channels differ by 1 to 5 dB; means of a
/// second deviate by 2 to 5 dB and remember the second before with 0.4 to 0.8. Computers and a tablet that lie still
/// deviate by 1 to 3 dB.
struct Spread {
  /// Sway and breath of who carries it.
  var slowDB: Float
  var slowSeconds: Float
  /// How long the echoes of a channel stay as they are: half a wave, 6 cm, of a walk.
  var channelSeconds: Float
  /// How long a shadow lasts: about 1.5 m of a walk.
  var shadowSeconds: Float
  /// How often strength is worked out.
  var periodMilliseconds: Int64

  static let moving = Self(
    slowDB: 1.5, slowSeconds: 0.5, channelSeconds: 0.1, shadowSeconds: 1.3, periodMilliseconds: 150)
  static let standing = Self(
    slowDB: 2.2, slowSeconds: 2, channelSeconds: 4, shadowSeconds: 25, periodMilliseconds: 400)
  static let fixture = Self(
    slowDB: 0.6, slowSeconds: 5, channelSeconds: 300, shadowSeconds: 900, periodMilliseconds: 2000)

  static let shadowDB: Float = 3
  static let channelDB: Float = 3
  /// What nothing explains.
  static let instantDB: Float = 1
  /// A wall between the hall and the street.
  static let wallDB: Float = 8
}
