// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

extension Crowd {
  /// The demo's small office: somebody comes each half minute, two with the app and two without in the first one, a few
  /// wait, half of those who are asked to install do. Six hours, then again.
  public static func demo(seed: UInt64, startingAt utc: UTCTime) -> Self {
    var scenario = Scenario(name: "demo", durationMilliseconds: 6 * 3_600_000, visitorsAnHour: [100])
    scenario.seed = seed
    scenario.start = utc
    scenario.hallMetres = 8
    scenario.stayMinutes = 3
    scenario.stopShare = 0.7
    scenario.installShare = 0.5
    scenario.noPhoneShare = 0
    scenario.staff = 1
    scenario.computers = 2
    let drawn = Crowd(scenario)
    var random = SplitMix64(seed: ~seed)
    let first: [Person] = [
      demoVisitor(at: 500, hasIPhone: false, hasApp: true, scenario, &random),
      demoVisitor(at: 9000, hasIPhone: true, hasApp: false, scenario, &random),
      demoVisitor(at: 18_000, hasIPhone: true, hasApp: true, scenario, &random),
      demoVisitor(at: 25_000, hasIPhone: true, hasApp: false, scenario, &random),
    ]
    return Crowd(scenario, people: first + drawn.people, fixtures: drawn.fixtures)
  }

  /// Walks up to the screen, stands before it for 15 s with the phone in the hand, walks on and out.
  private static func demoVisitor(
    at start: Int64, hasIPhone: Bool, hasApp: Bool, _ scenario: Scenario, _ random: inout SplitMix64
  ) -> Person {
    var walk = Walk(startingAt: start, position: door)
    walk.go(to: [0, 1], speed: 1.3)
    let stop = walk.span.upperBound..<walk.span.upperBound + 15_000
    walk.stay(milliseconds: 15_000, facing: [0, -1])
    walk.go(to: [Float.random(in: -3...3, using: &random), 6], speed: 1.2)
    walk.stay(milliseconds: Int64.random(in: 20_000...90_000, using: &random), facing: [1, 0])
    walk.go(to: door, speed: 1.2)
    var phone = hasIPhone ? Handset.iPhone(walk.span, &random) : .android(walk.span, &random)
    phone.takeOut(in: stop)
    if hasApp {
      let baseDay = scenario.start.milliseconds / SlotScheme.dayMilliseconds - 1
      phone.install(
        at: walk.span.lowerBound, open: phone.inHand, until: walk.span.upperBound, baseDay: baseDay, &random)
    }
    // On the air as they come in, not in the app's pause.
    for i in phone.advertisers.indices where phone.advertisers[i].duty != nil {
      phone.advertisers[i].duty?.phase = 30_000 - start
    }
    return Person(.visitor, walk: walk, handsets: [phone])
  }
}

extension HallAir {
  /// A lively small crowd without end, for the screen.
  public static func demo(seed: UInt64, startingAt moment: Moment) -> Self {
    var air = Self(Crowd.demo(seed: seed, startingAt: moment.utc), startingAt: moment)
    air.repeats = true
    return air
  }
}
