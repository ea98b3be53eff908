// SPDX-License-Identifier: GPL-3.0-or-later

/// The table of what is shown for what, and how often the kiosk may be heard.
public struct PromptSettings: Hashable, Sendable {
  /// Permanent, while all is well. A heartbeat and not a steady lamp: on a line that is on or off a steady green could
  /// not be dim, and would hide the green of the welcome; one tenth of a second in five is as good as dim, shows that
  /// the kiosk lives, and costs two wake-ups in five seconds where dimming by software costs hundreds a second.
  public var idle: LampPattern? = LampPattern(.green, .heartbeat)
  /// Permanent, while something is missing: feed, clock or radio.
  public var degraded: LampPattern? = LampPattern(.yellow, .slow)
  public var accepted = Signal(lamp: LampPattern(.green, .steadySecond), buzzer: .shortBeep)
  public var noApp = Signal(lamp: LampPattern(.amber, .blinkForEightSeconds), buzzer: .twoBeeps)
  public var noPhone = Signal(lamp: LampPattern(.amber, .blinkForEightSeconds), buzzer: nil)
  /// Permanent on the staff's line, while there is something that they have not acknowledged.
  public var notice: Pattern? = .attention
  public var wiring = LampWiring.separate
  /// Shortest time between the starts of two audible prompts.
  public var beepGapMilliseconds: Int64 = 5000
  /// Audible prompts in any minute.
  public var beepsAMinute = 3
  public var quietHours: [QuietHours] = []
  /// How long the staff's button mutes, at most `CoreLimits.longestMuteMilliseconds`.
  public var muteMilliseconds: Int64 = 30 * 60_000
  /// Longest time for which newcomers can prolong one prompt; then it rests.
  public var longestPromptMilliseconds: Int64 = 30_000
  public var promptRestMilliseconds: Int64 = 10_000

  public init() {}

  subscript(outcome: Outcome) -> Signal {
    switch outcome {
    case .accepted: accepted
    case .noPhone: noPhone
    case .noApp: noApp
    }
  }
}
