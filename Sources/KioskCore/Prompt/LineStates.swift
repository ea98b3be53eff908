// SPDX-License-Identifier: GPL-3.0-or-later

/// Which of the kiosk's output lines are active.
public struct LineStates: Hashable, Sendable {
  /// The lamp that welcomes a Bluezoner.
  public var green: Bool
  /// The lamp that prompts whoever has no app.
  public var amber: Bool
  public var buzzer: Bool

  public init(green: Bool = false, amber: Bool = false, buzzer: Bool = false) {
    self.green = green
    self.amber = amber
    self.buzzer = buzzer
  }

  public static let allInactive = LineStates()
}
