// SPDX-License-Identifier: GPL-3.0-or-later

/// What each output line is for.
public enum LineRole: String, Hashable, Sendable, CaseIterable {
  case green, amber, buzzer
  /// A lamp that staff alone can see.
  case staff
}

/// Which of the kiosk's output lines are active.
public struct LineStates: Hashable, Sendable {
  public var green: Bool
  public var amber: Bool
  public var buzzer: Bool
  public var staff: Bool

  public init(green: Bool = false, amber: Bool = false, buzzer: Bool = false, staff: Bool = false) {
    self.green = green
    self.amber = amber
    self.buzzer = buzzer
    self.staff = staff
  }

  public static let allInactive = LineStates()

  /// Whether the line of `role` is active.
  public subscript(role: LineRole) -> Bool {
    get {
      switch role {
      case .green: green
      case .amber: amber
      case .buzzer: buzzer
      case .staff: staff
      }
    }
    set {
      switch role {
      case .green: green = newValue
      case .amber: amber = newValue
      case .buzzer: buzzer = newValue
      case .staff: staff = newValue
      }
    }
  }
}
