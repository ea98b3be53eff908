// SPDX-License-Identifier: GPL-3.0-or-later

/// What each input line is for.
public enum InputRole: String, Hashable, Sendable, CaseIterable {
  /// A PIR or beam sensor: active while somebody is there.
  case presence
  /// The staff's button: they have seen it, and want no sound for a while.
  case acknowledge
  /// A button that switches the screen's language.
  case language
}

/// An input has become active or inactive, for good: what bounced is left out.
public struct InputChange: Hashable, Sendable {
  public var role: InputRole
  public var isActive: Bool

  public init(_ role: InputRole, isActive: Bool) {
    self.role = role
    self.isActive = isActive
  }
}
