// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A place and how many come to it, from which by a seed a `Crowd` is made.
public struct Scenario: Hashable, Sendable {
  public var name: String
  public var seed: UInt64 = 1
  /// UTC; Vietnam is seven hours ahead.
  public var start = UTCTime(seconds: 1_763_683_200)
  public var durationMilliseconds: Int64

  /// Share of phones' owners who have the app, 0 to 1.
  public var appShare: Float = 0.4
  /// Share of those without it who install it when they stop at the kiosk for long enough.
  public var installShare: Float = 0.1
  public var noPhoneShare: Float = 0.04
  public var twoPhonesShare: Float = 0.1
  public var accessoryShare: Float = 0.2
  public var iPhoneShare: Float = 0.35

  /// From the door to the far wall, metres.
  public var hallMetres: Float = 14
  /// Visitors an hour, one number for each hour from the start, the last one going on.
  public var visitorsAnHour: [Float]
  /// As many come in the first five minutes besides: the doors open.
  public var visitorsAtOpening = 0
  /// Mean time in the hall beside the stop at the kiosk, minutes.
  public var stayMinutes: Float = 9
  /// Share that stop at the kiosk as they come in; the others pass by it, most not close.
  public var stopShare: Float = 0.5
  /// Mean time of a stop, seconds.
  public var stopSeconds: Float = 25
  /// People an hour who go by in the street.
  public var passersByAnHour: Float = 60
  public var staff = 3
  public var computers = 3
  public var beacons = 1
  public var televisions = 1

  /// What counts as a visit. Source: the entry log's definition.
  public var nearMetres: Float = 2
  public var dwellMilliseconds: Int64 = 3000
  public var awayMilliseconds: Int64 = 60_000

  public init(name: String, durationMilliseconds: Int64, visitorsAnHour: [Float]) {
    self.name = name
    self.durationMilliseconds = durationMilliseconds
    self.visitorsAnHour = visitorsAnHour
  }

  private static let hour: Int64 = 3_600_000

  /// A day of a commune's clinic, 07:00 to 15:00 local time.
  public static let quietClinic: Self = {
    var scenario = Self(name: "quiet clinic", durationMilliseconds: 8 * hour, visitorsAnHour: [24])
    scenario.hallMetres = 8
    scenario.computers = 2
    scenario.passersByAnHour = 30
    return scenario
  }()

  /// The doors open and the hall is full: about 120 people in it and 30 of them within 2 m, for the rest of an hour.
  /// The kiosk stands free among a queue of people; they need 12.6 m² for that, 2.4 a square metre.
  public static let rushHour: Self = {
    var scenario = Self(name: "rush hour", durationMilliseconds: hour, visitorsAnHour: [360])
    scenario.visitorsAtOpening = 100
    scenario.stopShare = 0.95
    scenario.stopSeconds = 300
    scenario.stayMinutes = 14
    scenario.hallMetres = 18
    scenario.staff = 8
    scenario.computers = 8
    scenario.televisions = 2
    scenario.passersByAnHour = 120
    return scenario
  }()

  /// 07:00 to 17:30 local time in a one-stop office.
  public static let oneStopOffice: Self = {
    var scenario = Self(
      name: "one-stop office", durationMilliseconds: 10 * hour + hour / 2,
      visitorsAnHour: [40, 90, 100, 80, 40, 20, 60, 90, 70, 40, 10])
    scenario.start = UTCTime(seconds: 1_763_683_200)
    scenario.staff = 6
    scenario.computers = 6
    return scenario
  }()

  /// Nobody but what never leaves, and now and then somebody in the street.
  public static let night: Self = {
    var scenario = Self(name: "night", durationMilliseconds: 6 * hour, visitorsAnHour: [0])
    scenario.start = UTCTime(seconds: 1_763_683_200 + 15 * 3600)
    scenario.passersByAnHour = 3
    scenario.staff = 0
    scenario.computers = 3
    return scenario
  }()

  /// 24 hours from local midnight; the office is open from 07:00 to 17:00.
  public static func day(visitors: Int) -> Self {
    // Of ten hours, in hundredths.
    let shares: [Float] = [8, 15, 16, 13, 8, 4, 9, 12, 10, 5]
    var scenario = Self(
      name: "day of \(visitors) visitors", durationMilliseconds: 24 * hour,
      visitorsAnHour: [Float](repeating: 0, count: 7) + shares.map { $0 / 100 * Float(visitors) } + [0])
    scenario.start = UTCTime(seconds: 1_763_683_200 - 7 * 3600)
    scenario.staff = 6
    scenario.computers = 4
    scenario.passersByAnHour = 30
    return scenario
  }
}
