// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import KioskCore

@Suite("Near, by all streams of a phone") struct NearnessTests {
  private let rule = NearRule()

  private func hear(_ nearness: inout Nearness, _ marginDB: Float, every interval: Int64, in span: Range<Int64>) {
    for time in stride(from: span.lowerBound, to: span.upperBound, by: Int64.Stride(interval)) {
      nearness.hear(marginDB, rule, timeConstant: 2500, at: time)
    }
  }

  @Test("Near from the threshold on, however often it sends", arguments: [50, 300, 1000])
  func threshold(interval: Int64) {
    var below = Nearness()
    hear(&below, -0.1, every: interval, in: 0..<10_000)
    #expect(!below.isNear)
    var above = Nearness()
    hear(&above, 0.1, every: interval, in: 0..<10_000)
    #expect(above.isNear)
  }

  @Test("Nobody is known to be near before a second of smoothing, at first and after a long pause") func settled() {
    var nearness = Nearness()
    hear(&nearness, 20, every: 100, in: 0..<1000)
    #expect(!nearness.isNear)
    nearness.hear(20, rule, timeConstant: 2500, at: 1000)
    #expect(nearness.isNear && nearness.since == 0)
    hear(&nearness, -20, every: 100, in: 1100..<10_000)
    #expect(!nearness.isNear)
    hear(&nearness, 20, every: 100, in: 30_000..<31_000)
    #expect(!nearness.isNear)
    nearness.hear(20, rule, timeConstant: 2500, at: 31_000)
    #expect(nearness.isNear && nearness.since == 30_000)
  }

  @Test("Smoothing begins as the mean of what was heard, each report by its time") func mean() {
    var strength = SmoothedStrength()
    for (time, dBm) in [(0, -40), (500, -60), (1000, -50)] as [(Int64, Float)] {
      strength.add(dBm, at: time, timeConstant: 2500)
    }
    #expect(abs(strength.dBm - -50) < 0.1 && strength.age(at: 1000) == 1000)
  }

  @Test("Who was near only by a threshold that was too low never was; who was above the right one before stays near")
  func raised() {
    var nearness = Nearness()
    hear(&nearness, 3, every: 100, in: 0..<3000)
    #expect(nearness.isNear)
    nearness.raiseThreshold(by: 4)
    #expect(!nearness.isNear && nearness.inReachSince != nil)
    nearness.raiseThreshold(by: 1)
    #expect(nearness.inReachSince == nil)
    var nearer = Nearness()
    hear(&nearer, 8, every: 100, in: 0..<3000)
    hear(&nearer, 1, every: 100, in: 3000..<13_000)
    nearer.raiseThreshold(by: 4)
    #expect(nearer.isNear && nearer.since == 0)
    nearer.raiseThreshold(by: 5)
    #expect(!nearer.isNear)
  }

  @Test("How long it was heard near leaves pauses out, and begins anew with each coming") func heard() {
    var nearness = Nearness()
    hear(&nearness, 5, every: 100, in: 0..<1500)
    #expect(nearness.heardMilliseconds == 1400)
    hear(&nearness, 5, every: 100, in: 16_500..<18_000)
    #expect(nearness.isNear && nearness.heardMilliseconds == 2800)
    hear(&nearness, -20, every: 100, in: 18_000..<30_000)
    hear(&nearness, 20, every: 100, in: 30_000..<33_000)
    #expect(nearness.isNear && nearness.heardMilliseconds < 3000)
  }

  @Test("In reach is who is not a decibel below the threshold, until 4 below") func reach() {
    var nearness = Nearness()
    hear(&nearness, -1.1, every: 100, in: 0..<5000)
    #expect(nearness.inReachSince == nil)
    hear(&nearness, -0.5, every: 100, in: 5000..<20_000)
    #expect(nearness.inReachSince != nil && nearness.lastInReach == 19_900 && !nearness.isNear)
    let since = nearness.inReachSince
    hear(&nearness, -3.9, every: 100, in: 20_000..<40_000)
    #expect(nearness.inReachSince == since && nearness.lastInReach < 21_000)
    hear(&nearness, -4.5, every: 100, in: 40_000..<60_000)
    #expect(nearness.inReachSince == nil)
  }

  @Test("It stays near within the hysteresis, and tells since when and until when") func hysteresis() {
    var nearness = Nearness()
    hear(&nearness, 5, every: 100, in: 1000..<5000)
    hear(&nearness, -5.5, every: 100, in: 5000..<30_000)
    #expect(nearness.isNear && nearness.since == 1000 && nearness.last == 29_900)
    hear(&nearness, -7, every: 100, in: 30_000..<40_000)
    #expect(!nearness.isNear && nearness.last < 36_000)
  }

  @Test("Of two that are one phone, the one that was heard more says whether it is near") func merged() {
    var long = Nearness()
    hear(&long, 5, every: 100, in: 0..<10_000)
    var short = Nearness()
    hear(&short, -9, every: 100, in: 9800..<10_000)
    #expect(long.merged(with: short).isNear && short.merged(with: long).isNear)
    #expect(short.merged(with: long).since == 0)
  }
}

@Suite("Whom to prompt") struct PromptedPeopleTests {
  /// Minutes at one strength, then a minute at another.
  private func prompts(minutes: Int64, _ before: Int8, then after: Int8) -> Int {
    var room = PeopleRoom()
    let change = minutes * 60_000
    room.run(
      to: change + 60_000,
      [
        .init(
          address: 1, facts: PeopleRoom.iPhone(7), rssiDBm: before, interval: 200,
          change: { $0 < change ? 0 : Int(after) - Int(before) })
      ])
    return room.prompts
  }

  @Test("Whoever comes near soon after coming in is prompted") func newcomer() {
    #expect(prompts(minutes: 0, -50, then: -50) == 1)
    #expect(prompts(minutes: 2, -68, then: -60) == 1)
  }

  @Test("What has been here for longer is prompted when it comes nearer, and not when it passes the threshold by a bit")
  func resident() {
    #expect(prompts(minutes: 8, -68, then: -60) == 0)
    #expect(prompts(minutes: 8, -75, then: -58) == 1)
  }

  /// An iPhone without the app that is as strong as `strengths` tell, each from a second on, until the last second.
  private func prompts(_ strengths: [(second: Int64, dBm: Int)], until end: Int64) -> Int {
    var room = PeopleRoom()
    room.run(
      to: end * 1000,
      [
        .init(
          address: 1, facts: PeopleRoom.iPhone(7), rssiDBm: 0, interval: 200,
          change: { now in strengths.last { $0.second * 1000 <= now }?.dBm ?? -100 })
      ])
    return room.prompts
  }

  @Test("Who comes near again a minute after being asked is asked once more, and not sooner") func again() {
    #expect(prompts([(0, -80), (5, -50), (20, -80), (75, -50)], until: 90) == 2)
    #expect(prompts([(0, -80), (5, -50), (20, -80), (40, -50)], until: 90) == 1)
  }

  @Test("A new address is listened to anew: it may be somebody else's") func listening() {
    let senders: [PeopleRoom.Sender] = [
      .init(address: 1, facts: PeopleRoom.androidNearby, rssiDBm: -60, isOn: { $0 < 10_000 }),
      .init(address: 2, facts: PeopleRoom.androidNearby, rssiDBm: -60, isOn: { $0 >= 10_000 }),
    ]
    var room = PeopleRoom()
    room.run(to: 20_000, senders)
    #expect(room.people.counts.people == 1 && room.prompts == 0)
    room.run(to: 27_000, senders)
    #expect(room.people.counts.people == 1 && room.prompts == 1)
  }

  /// An iPhone's address ends after half a minute, and another begins so many milliseconds later.
  @Test("Who takes the place of somebody who was asked is asked as well, unless it surely is the same one")
  func unsure() {
    func prompts(_ gap: Int64, _ dBm: Int8) -> (people: Int, prompts: Int) {
      var room = PeopleRoom()
      room.run(
        to: 45_000,
        [
          .init(address: 1, facts: PeopleRoom.iPhone(7), rssiDBm: -55, isOn: { $0 < 30_000 }),
          .init(address: 2, facts: PeopleRoom.iPhone(9), rssiDBm: dBm, isOn: { $0 >= 30_000 + gap }),
        ])
      return (room.people.counts.people, room.prompts)
    }
    #expect(prompts(0, -55) == (1, 1))
    #expect(prompts(1000, -55) == (1, 2))
  }

  @Test("Who is not heard any more is not prompted") func gone() {
    var room = PeopleRoom()
    // Heard for 5 s, which is too short to know whether an Android phone has the app.
    room.run(to: 20_000, [.init(address: 1, facts: PeopleRoom.androidNearby, isOn: { $0 < 5000 })])
    #expect(room.people.counts.people == 1)
    #expect(room.prompts == 0)
  }
}
