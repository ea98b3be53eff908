// SPDX-License-Identifier: GPL-3.0-or-later

/// Somebody with a walk and what they carry. Times are milliseconds since the scenario began.
public struct Person: Sendable {
  public enum Role: String, Hashable, Sendable, CaseIterable {
    /// Comes through the door.
    case visitor
    /// Works here: there all day.
    case staff
    /// Goes by in the street, behind the wall.
    case passerBy = "passer-by"
  }

  /// Counts from 0 in order of coming.
  public var number: Int
  public var role: Role
  public var walk: Walk
  public var handsets: [Handset]
  /// When they install the app at the kiosk, having been asked to; nil for most.
  public var installsAt: Int64?

  public init(_ role: Role, walk: Walk, handsets: [Handset]) {
    number = 0
    self.role = role
    self.walk = walk
    self.handsets = handsets
  }

  public var span: Range<Int64> { walk.span }

  public var phones: [Handset] { handsets.filter(\.kind.isPhone) }

  /// From when on one of their phones has Bluezone; nil for never.
  public var bluezoneSince: Int64? { phones.compactMap(\.bluezoneSince).min() }
}
