// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// The people and things of a scenario, drawn by its seed: who comes when, where they go and what they carry.
public struct Crowd: Sendable {
  public let scenario: Scenario
  /// In order of coming.
  public let people: [Person]
  public let fixtures: [Fixture]

  public init(_ scenario: Scenario) {
    self.scenario = scenario
    var drawing = Drawing(scenario)
    var people = drawing.staff() + drawing.visitors() + drawing.passersBy()
    people.sort { $0.span.lowerBound < $1.span.lowerBound }
    for i in people.indices { people[i].number = i }
    self.people = people
    fixtures = drawing.fixtures()
  }

  /// One of one's own making.
  public init(_ scenario: Scenario, people: [Person], fixtures: [Fixture] = []) {
    self.scenario = scenario
    var people = people.sorted { $0.span.lowerBound < $1.span.lowerBound }
    for i in people.indices { people[i].number = i }
    self.people = people
    self.fixtures = fixtures
  }

  /// Where the door is, metres from the kiosk.
  static let door: SIMD2<Float> = [-3.5, -1]
}

/// The drawing of a crowd.
private struct Drawing {
  let scenario: Scenario
  let baseDay: Int64
  var random: SplitMix64

  init(_ scenario: Scenario) {
    self.scenario = scenario
    baseDay = scenario.start.milliseconds / SlotScheme.dayMilliseconds - 1
    random = SplitMix64(seed: scenario.seed)
  }

  private mutating func chance(_ share: Float) -> Bool { Fading.uniform(&random) < share }

  private mutating func uniform(_ range: ClosedRange<Float>) -> Float { Float.random(in: range, using: &random) }

  /// Somewhere in the hall, away from the kiosk and the door.
  private mutating func seat() -> SIMD2<Float> {
    let half = max(scenario.hallMetres / 2, 4)
    return [uniform(-half...half), uniform(3.5...max(scenario.hallMetres, 4))]
  }

  // MARK: People

  mutating func visitors() -> [Person] {
    var people: [Person] = []
    for _ in 0..<scenario.visitorsAtOpening {
      // Who stands at the kiosk when the doors open is a share of all, as later.
      let stopSeconds = scenario.stopSeconds * scenario.stopShare
      let share = stopSeconds / (stopSeconds + scenario.stayMinutes * 60)
      people.append(visitor(at: Int64.random(in: 0..<300_000, using: &random), stops: chance(share)))
    }
    var at: Float = 0
    let end = Float(scenario.durationMilliseconds) / 1000
    while at < end, let last = scenario.visitorsAnHour.last {
      let hour = Int(at / 3600)
      let rate = hour < scenario.visitorsAnHour.count ? scenario.visitorsAnHour[hour] : last
      // Not past the hour: the next one has its own rate.
      let next = Float(hour + 1) * 3600
      let coming = rate > 0 ? at + Fading.exponential(mean: 3600 / rate, &random) : next
      at = min(coming, next)
      guard coming < next, at < end else { continue }
      people.append(visitor(at: Int64(at * 1000), stops: chance(scenario.stopShare)))
    }
    return people
  }

  private mutating func visitor(at start: Int64, stops: Bool) -> Person {
    var walk = Walk(startingAt: start, position: Crowd.door)
    let speed = uniform(0.8...1.4)
    var stop: Range<Int64>?
    // Those who install the app on the spot take their time, and do not turn away meanwhile.
    let wouldInstall = stops && chance(scenario.installShare)
    if stops {
      // In front of the screen, an arm's length to nearly two metres away.
      let direction = Fading.direction(&random)
      walk.go(to: direction * uniform(0.6...1.8), speed: speed)
      let from = walk.span.upperBound
      // Nobody stops for less than 2 s.
      let seconds = max(Fading.exponential(mean: scenario.stopSeconds, &random), wouldInstall ? uniform(60...180) : 2)
      walk.stay(milliseconds: Int64(seconds * 1000), facing: -direction)
      stop = from..<walk.span.upperBound
    } else {
      walk.go(to: [uniform(-2...3), uniform(0.8...5)], speed: speed)
    }
    let seconds = max(
      Fading.exponential(mean: scenario.stayMinutes * 30, &random)
        + Fading.exponential(mean: scenario.stayMinutes * 30, &random), 30)
    linger(&walk, seconds: seconds, speed: speed)
    // One in ten comes back to the screen before leaving.
    if chance(0.1) {
      let direction = Fading.direction(&random)
      walk.go(to: direction * uniform(0.6...1.8), speed: speed)
      walk.stay(
        milliseconds: Int64(max(Fading.exponential(mean: min(scenario.stopSeconds, 40), &random), 2) * 1000),
        facing: -direction)
    } else {
      walk.go(to: [uniform(-3...3), uniform(0.5...5)], speed: speed)
    }
    walk.go(to: Crowd.door, speed: speed)
    return equip(.visitor, walk, stop: stop, wouldInstall: wouldInstall)
  }

  /// Sits or stands further away, turns now and then, changes place once or twice.
  private mutating func linger(_ walk: inout Walk, seconds: Float, speed: Float) {
    var left = seconds
    var place = seat()
    while left > 0 {
      walk.go(to: place, speed: speed)
      var here = min(uniform(60...900), left)
      left -= here
      while here > 0 {
        let turn = min(uniform(15...90), here)
        walk.stay(milliseconds: Int64(turn * 1000), facing: Fading.direction(&random))
        here -= turn
      }
      place = seat()
    }
  }

  mutating func staff() -> [Person] {
    let open = openTime()
    return (0..<scenario.staff).map { _ in
      let desk: SIMD2<Float> = [uniform(-6...6), scenario.hallMetres - uniform(0.5...2)]
      var walk = Walk(startingAt: open.lowerBound, position: desk)
      while walk.span.upperBound < open.upperBound {
        let stay = min(Int64(uniform(120...1800) * 1000), open.upperBound - walk.span.upperBound)
        walk.stay(milliseconds: stay, facing: Fading.direction(&random))
        guard walk.span.upperBound + 120_000 < open.upperBound else { continue }
        // Across the hall and back, in most cases not to the kiosk.
        walk.go(to: [uniform(-6...6), uniform(3...max(scenario.hallMetres, 4))], speed: 1.2)
        walk.stay(milliseconds: Int64(uniform(10...60) * 1000), facing: Fading.direction(&random))
        walk.go(to: desk, speed: 1.2)
      }
      return equip(.staff, walk, stop: nil)
    }
  }

  /// From a quarter of an hour before the first hour with visitors until after the last.
  private func openTime() -> Range<Int64> {
    let hours = scenario.visitorsAnHour
    guard let first = hours.firstIndex(where: { $0 > 0 }), let last = hours.lastIndex(where: { $0 > 0 }) else {
      return 0..<scenario.durationMilliseconds
    }
    let start = max(Int64(first) * 3_600_000 - 900_000, 0)
    let end =
      last == hours.count - 1
      ? scenario.durationMilliseconds : min(Int64(last + 1) * 3_600_000 + 900_000, scenario.durationMilliseconds)
    return start..<max(end, start + 1)
  }

  mutating func passersBy() -> [Person] {
    guard scenario.passersByAnHour > 0 else { return [] }
    var people: [Person] = []
    var at: Float = 0
    while true {
      at += Fading.exponential(mean: 3600 / scenario.passersByAnHour, &random)
      let start = Int64(at * 1000)
      guard start < scenario.durationMilliseconds else { return people }
      let y = -uniform(5...14)
      let side: Float = chance(0.5) ? 1 : -1
      var walk = Walk(startingAt: start, position: [-40 * side, y])
      // Some ride.
      walk.go(to: [40 * side, y], speed: chance(0.3) ? uniform(3...10) : uniform(0.9...1.6))
      people.append(equip(.passerBy, walk, stop: nil))
    }
  }

  // MARK: What they carry

  private mutating func equip(
    _ role: Person.Role, _ walk: Walk, stop: Range<Int64>?, wouldInstall: Bool = false
  ) -> Person {
    var person = Person(role, walk: walk, handsets: [])
    let stay = walk.span
    if !chance(scenario.noPhoneShare) || role == .staff {
      person.handsets.append(phone(stay, appShare: scenario.appShare, stop: stop))
      if chance(scenario.twoPhonesShare) {
        person.handsets.append(phone(stay, appShare: scenario.appShare / 2, stop: nil))
      }
      if wouldInstall { install(&person, stop: stop) }
    }
    if chance(scenario.accessoryShare) {
      let hasIPhone = person.handsets.contains { $0.kind == .iPhone }
      person.handsets.append(.accessory(stay, hasIPhone: hasIPhone, &random))
    }
    return person
  }

  private mutating func phone(_ stay: Range<Int64>, appShare: Float, stop: Range<Int64>?) -> Handset {
    var phone = chance(scenario.iPhoneShare) ? Handset.iPhone(stay, &random) : .android(stay, &random)
    if let stop, chance(0.5) { phone.takeOut(in: stop) }
    if chance(appShare) {
      // One in three iPhones has the app open while it is used.
      let open = chance(0.33) ? phone.inHand : []
      phone.install(at: stay.lowerBound, open: open, until: stay.upperBound, baseDay: baseDay, &random)
    } else if phone.kind == .iPhone, chance(0.05) {
      phone.otherApp = VirtualDevice(
        .iPhoneOtherBackgroundApp, nearDBm: -60, visit: nil, baseDay: baseDay, random: &random)
      phone.add(.otherBackgroundApp, .random(in: 300...1000, using: &random), stay, &random, rotation: .iPhone)
    }
    return phone
  }

  /// Who has no app yet installs it: half a minute and more, with the phone in the hand, and the app open for a minute.
  private mutating func install(_ person: inout Person, stop: Range<Int64>?) {
    guard let stop, person.bluezoneSince == nil else { return }
    let at = stop.lowerBound + Int64(uniform(30...55) * 1000)
    person.installsAt = at
    person.handsets[0].takeOut(in: stop)
    person.handsets[0].install(
      at: at, open: [at..<at + 60_000], until: person.span.upperBound, baseDay: baseDay, &random)
  }

  // MARK: Things

  mutating func fixtures() -> [Fixture] {
    let stay = 0..<scenario.durationMilliseconds
    var payloads = [AdvertisingPayload](repeating: .windows, count: scenario.computers)
    if scenario.computers > 2 { payloads[0] = .mac }
    payloads += (0..<scenario.beacons).map { $0 % 2 == 0 ? .eddystone : .iBeacon }
    payloads += [AdvertisingPayload](repeating: .samsung, count: scenario.televisions)
    // The office's tablet, a headset in a drawer, a bunch of keys left behind.
    if scenario.computers > 0 { payloads += [.iPhone(txPowerDBm: 12), .headset, .findMy] }
    return payloads.map { payload in
      Fixture(
        position: [uniform(-6...6), uniform(2.5...max(scenario.hallMetres, 3))],
        device: .fixture(payload, stay, &random))
    }
  }
}

extension Handset {
  /// In the hand for at least this time.
  mutating func takeOut(in range: Range<Int64>) {
    inHand = inHand.filter { !$0.overlaps(range) } + [range]
    inHand.sort { $0.lowerBound < $1.lowerBound }
  }
}
