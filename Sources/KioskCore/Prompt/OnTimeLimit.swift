// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The last guard before the lines: whatever the program says, none stays active longer than its limit. At the limit it
/// is made inactive for `CoreLimits.lineRestMilliseconds`, then it may be active again.
public struct OnTimeLimit: Hashable, Sendable {
  private struct Line: Hashable, Sendable {
    var activeSince: MonotonicTime?
    var restsUntil: MonotonicTime?
  }

  private var lines: [LineRole: Line] = [:]

  public init() {}

  /// Longest time for which a line is active in one piece.
  public static func milliseconds(of role: LineRole) -> Int64 {
    role == .buzzer ? CoreLimits.buzzerOnMilliseconds : CoreLimits.lampOnMilliseconds
  }

  /// What the lines may do of what they are asked to. Times must not go back.
  public mutating func limited(_ states: LineStates, at now: MonotonicTime) -> LineStates {
    var states = states
    for role in LineRole.allCases { states[role] = isAllowed(states[role], role, at: now) }
    return states
  }

  private mutating func isAllowed(_ wanted: Bool, _ role: LineRole, at now: MonotonicTime) -> Bool {
    var line = lines[role] ?? Line()
    defer { lines[role] = line }
    if let rest = line.restsUntil {
      guard now >= rest else { return false }
      line.restsUntil = nil
    }
    guard wanted else {
      line.activeSince = nil
      return false
    }
    let since = line.activeSince ?? now
    line.activeSince = since
    guard now.milliseconds(since: since) >= Self.milliseconds(of: role) else { return true }
    line.activeSince = nil
    line.restsUntil = now.adding(milliseconds: CoreLimits.lineRestMilliseconds)
    return false
  }

  /// When `limited` next says something else by itself.
  public var nextDeadline: MonotonicTime? {
    lines.compactMap { role, line in
      line.restsUntil ?? line.activeSince?.adding(milliseconds: Self.milliseconds(of: role))
    }.min()
  }
}
