// SPDX-License-Identifier: GPL-3.0-or-later

/// What the kiosk has found out about somebody, and answers with lamp and buzzer.
public enum Outcome: String, Hashable, Sendable, CaseIterable {
  /// A Bluezoner has come near, or somebody has checked in.
  case accepted
  /// Somebody is near, by the sensor, whose phone is not heard.
  case noPhone = "no-phone"
  /// A phone without the app is near.
  case noApp = "no-app"

  /// Of two that run the one with the higher priority is shown: what asks for something comes before what thanks.
  var priority: Int {
    switch self {
    case .accepted: 0
    case .noPhone: 1
    case .noApp: 2
    }
  }

  /// How many of the minute's audible prompts it must leave, so that a stream of Bluezoners does not silence the beep
  /// for whoever has no app.
  var beepsLeft: Int { self == .accepted ? 1 : 0 }
}

/// How one outcome is shown: a row of the table.
public struct Signal: Hashable, Sendable {
  public var lamp: LampPattern?
  public var buzzer: Pattern?

  public init(lamp: LampPattern?, buzzer: Pattern?) {
    self.lamp = lamp
    self.buzzer = buzzer
  }
}
