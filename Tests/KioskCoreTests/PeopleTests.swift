// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite("People")
struct PeopleTests {
  // MARK: Visits

  @Test("A phone that is near for the dwell is a visit, which ends with its last report near and closes a minute later")
  func visit() throws {
    var room = Room()
    room.run(to: 20_000, [.init(address: 1, facts: Room.iPhone(1))])
    #expect(room.opened.count == 1)
    #expect(room.people.counts.nearPeople == 1)
    room.run(to: 79_000, [])
    #expect(room.closed.isEmpty)
    room.run(to: 81_000, [])
    let visit = try #require(room.closed.first)
    #expect(visit.start.milliseconds < 1000)
    #expect((19_000...20_000).contains(visit.end.milliseconds))
    #expect(visit.kind == .noApp)
    #expect(visit.platform == .ios)
    #expect(visit.nearestDBm == -50)
    #expect(!visit.isOpen)
    #expect(room.people.counts == People.Counts())
    #expect(room.people.nextDeadline == nil)
  }

  @Test("Near for less than the dwell is no visit", arguments: [(2500, 0), (3600, 1)])
  func dwell(end: Int64, visits: Int) {
    var room = Room()
    room.run(to: end, [.init(address: 1, facts: Room.iPhone(1), interval: 100)])
    room.run(to: 90_000, [])
    #expect(room.opened.count == visits)
  }

  @Test(
    "Away for less than a minute, a visit goes on; for more, another one begins", arguments: [(50_000, 1), (75_000, 2)])
  func away(milliseconds: Int64, visits: Int) {
    var room = Room()
    let far: (Int64) -> Int = { $0 >= 10_000 && $0 < 10_000 + milliseconds ? -35 : 0 }
    room.run(to: 30_000 + milliseconds, [.init(address: 1, facts: Room.iPhone(1), change: far)])
    #expect(room.opened.count == visits)
  }

  @Test("What is no phone is never a visit, whatever it sends")
  func things() {
    let windows = Room.facts([5, 0xFF, 0x06, 0x00, 1, 2])
    let beacon = Room.facts([3, 3, 0xAA, 0xFE])
    let pods = Room.facts([6, 0xFF, 0x4C, 0, 7, 1, 1])
    var room = Room()
    room.run(
      to: 30_000,
      [.init(address: 1, facts: windows), .init(address: 2, facts: beacon), .init(address: 3, facts: pods)])
    #expect(room.opened.isEmpty)
    #expect(room.people.counts.people == 0)
    #expect(room.people.counts.devices == 3)
  }

  // MARK: One address after the other

  @Test("A new address neither ends a visit nor starts one", arguments: [Int8(-45), -50, -60])
  func rotation(rssi: Int8) {
    var room = Room()
    room.run(
      to: 40_000,
      [
        .init(address: 1, facts: Room.iPhone(1), rssiDBm: rssi, isOn: { $0 < 20_000 }),
        .init(address: 2, facts: Room.iPhone(2), rssiDBm: rssi, isOn: { $0 >= 20_000 }),
      ])
    #expect(room.opened.count - room.withdrawn == 1)
    #expect(room.people.counts.nearPeople == 1)
    #expect(room.people.counts.devices == 2)
    room.run(to: 110_000, [])
    #expect(room.closed.count == 1)
    #expect((room.closed.first?.end.milliseconds ?? 0) > 39_000)
  }

  @Test("An address that is heard again has no successor: two people")
  func undone() {
    var room = Room()
    room.run(
      to: 40_000,
      [
        .init(address: 1, facts: Room.iPhone(1), isOn: { $0 < 20_000 || $0 > 30_000 }),
        .init(address: 2, facts: Room.iPhone(2), isOn: { $0 >= 20_000 }),
      ])
    #expect(room.people.counts.nearPeople == 2)
  }

  @Test("Two phones that send the same at the same time are two people")
  func twoPhones() {
    var room = Room()
    room.run(to: 20_000, [.init(address: 1, facts: Room.iPhone(1)), .init(address: 2, facts: Room.iPhone(2))])
    #expect(room.people.counts.nearPeople == 2)
    #expect(room.opened.count == 2)
  }

  @Test("A name that differs is another phone")
  func names() {
    var room = Room()
    let first = Room.facts([2, 1, 0x1A, 11, 0xFF, 0x4C, 0, 0x10, 6, 3, 0x1A, 1, 1, 2, 3, 3, 9, 65, 65])
    let other = Room.facts([2, 1, 0x1A, 11, 0xFF, 0x4C, 0, 0x10, 6, 3, 0x1A, 2, 1, 2, 3, 3, 9, 66, 66])
    room.run(
      to: 25_000,
      [
        .init(address: 1, facts: first, isOn: { $0 < 15_000 }), .init(address: 2, facts: other, isOn: { $0 >= 15_000 }),
      ])
    #expect(room.people.counts.nearPeople == 2)
  }

  @Test(
    "An id that changes with the slot is the same Bluezoner, in its pause or not", arguments: [Int64(0), 8000, 14_000])
  func slotChange(phase: Int64) {
    var room = Room()
    let slot: Int64 = 900_000
    let isOn: (Int64) -> Bool = { ($0 + phase) % 30_000 < 15_000 }
    room.run(to: slot - 60_000, [])
    room.run(
      to: slot + 60_000,
      [
        .init(address: 1, facts: Room.bluezone(1), interval: 100, isOn: { $0 < slot && isOn($0) }),
        .init(address: 2, facts: Room.bluezone(2), interval: 100, isOn: { $0 >= slot && isOn($0) }),
      ])
    #expect(room.opened.count - room.withdrawn == 1)
    #expect(room.people.counts.nearBluezoners == 1)
    #expect(room.welcomes == 1)
    #expect(room.prompts == 0)
  }

  @Test("Two ids in one slot are two Bluezoners, even one after the other")
  func twoBluezoners() {
    var room = Room()
    room.run(to: 200_000, [])
    room.run(
      to: 230_000,
      [
        .init(address: 1, facts: Room.bluezone(1), interval: 100, isOn: { $0 < 210_000 }),
        .init(address: 2, facts: Room.bluezone(2), interval: 100, isOn: { $0 >= 210_000 }),
      ])
    #expect(room.people.counts.bluezoners == 2)
  }

  @Test("One id from two addresses is one Bluezoner")
  func oneIDTwoAddresses() {
    var room = Room()
    room.run(
      to: 10_000,
      [.init(address: 1, facts: Room.bluezone(1)), .init(address: 2, facts: Room.bluezone(1))])
    #expect(room.people.counts.bluezoners == 1)
    #expect(room.people.counts.people == 1)
    #expect(room.opened.count - room.withdrawn == 1)
  }

  // MARK: Two addresses at a time

  /// Somebody walks up in 10 s.
  private static func walk(_ now: Int64) -> Int { now < 10_000 ? Int(now - 10_000) / 400 : 0 }

  @Test("An iPhone's own messages and its id, read under another address, are one Bluezoner, who is not prompted")
  func bluezonerIPhone() {
    var room = Room()
    room.run(
      to: 30_000,
      [
        .init(address: 1, facts: Room.iPhone(1), change: Self.walk),
        .init(address: 2, facts: Room.background, interval: 400, readID: Room.id(7), change: Self.walk),
      ])
    #expect(room.prompts == 0)
    #expect(room.welcomes == 1)
    #expect(room.people.counts.nearPeople == 1)
    #expect(room.people.counts.nearBluezoners == 1)
  }

  @Test(
    "Equally strong streams that change with the channel alike are one phone, and two phones if they do not",
    arguments: [true, false])
  func channels(isOne: Bool) {
    var room = PeopleRoom()
    let channels = [0, 6, -6]
    let id = PeopleRoom.Sender(
      address: 1, facts: PeopleRoom.bluezone(1), interval: 100, change: { channels[Int($0 / 60 % 3)] })
    let other = PeopleRoom.Sender(
      address: 2, facts: PeopleRoom.samsung, interval: 690,
      change: { channels[(Int($0 / 60 % 3) + (isOne ? 0 : 1)) % 3] })
    room.run(to: 90_000, [id, other])
    #expect(room.people.counts.people == (isOne ? 1 : 2))
    #expect(room.prompts == (isOne ? 0 : 1))
  }

  @Test("Whoever goes on sending when the id it was joined with has gone is prompted")
  func idThatLeaves() {
    var room = PeopleRoom()
    let id = PeopleRoom.Sender(address: 1, facts: PeopleRoom.bluezone(1), interval: 100, isOn: { $0 < 40_000 })
    let other = PeopleRoom.Sender(address: 2, facts: PeopleRoom.samsung, interval: 690)
    room.run(to: 40_000, [id, other])
    #expect(room.people.counts.people == 1)
    #expect(room.prompts == 0)
    room.run(to: 69_000, [id, other])
    #expect(room.prompts == 0)
    room.run(to: 75_000, [id, other])
    #expect(room.prompts == 1)
  }

  @Test("An iPhone that hints at the app is not prompted before it was asked, and is when it is a stranger")
  func hint() {
    var room = Room()
    room.run(to: 20_000, [.init(address: 2, facts: Room.background)])
    #expect(room.prompts == 0)
    var stranger = Sighting(
      address: BluetoothAddress(bits: 2 | 0x4000_0000_0000, isRandom: true), rssiDBm: -50, facts: Room.background)
    stranger.isStranger = true
    for i in 0..<10 {
      let moment = Room.moment(20_000 + Int64(i) * 300)
      room.people.hear(stranger, at: moment)
      for event in room.people.advance(to: moment) {
        if case .prompt(let platform) = event { #expect(platform == .ios) }
      }
    }
    #expect(room.people.persons.compactMap { $0?.promptedAt }.count == 1)
  }

  // MARK: Prompts

  @Test("A person without the app is prompted once, an Android phone only when its pause would be over")
  func prompts() {
    var room = Room()
    room.run(to: 60_000, [.init(address: 1, facts: Room.iPhone(1))])
    #expect(room.prompts == 1)
    room = Room()
    room.run(to: 15_000, [.init(address: 1, facts: Room.androidNearby)])
    #expect(room.prompts == 0)
    room.run(to: 60_000, [.init(address: 1, facts: Room.androidNearby)])
    #expect(room.prompts == 1)
  }

  @Test("Whoever is in reach is prompted without a visit, and once more when near a minute later")
  func reach() {
    let near = Int8(NearRule().iosDBm)
    var room = Room()
    room.run(to: 30_000, [.init(address: 1, facts: Room.iPhone(1), rssiDBm: near - 1)])
    #expect(room.prompts == 1)
    #expect(room.opened.isEmpty)
    room.run(to: 50_000, [.init(address: 1, facts: Room.iPhone(1), rssiDBm: near + 10)])
    #expect(room.prompts == 1)
    #expect(room.opened.count == 1)
    room.run(to: 90_000, [.init(address: 1, facts: Room.iPhone(1), rssiDBm: near + 10)])
    #expect(room.prompts == 2)
    room.run(to: 300_000, [.init(address: 1, facts: Room.iPhone(1), rssiDBm: near + 10)])
    #expect(room.prompts == 2)
  }

  @Test("Whoever sends where a phone with the app was, and is weak now, is prompted: that one has gone away")
  func goneAway() {
    var room = Room()
    let id = Room.Sender(
      address: 1, facts: Room.bluezone(1), interval: 100, change: { $0 < 20_000 ? 0 : -35 })
    room.run(to: 22_000, [id])
    room.run(to: 60_000, [id, .init(address: 2, facts: Room.samsung, interval: 690)])
    #expect(room.prompts == 1)
  }

  @Test(
    "A Bluezoner that appears in the place of a prompted person was installed here",
    arguments: [0, 10_000, 60_000] as [Int64])
  func installed(since: Int64) throws {
    var room = Room()
    let isPrompted = since > 0
    room.run(
      to: 120_000,
      [
        .init(address: 1, facts: Room.iPhone(1)),
        .init(address: 1, facts: Room.background, readID: Room.id(3), isOn: { $0 >= since }),
      ])
    room.run(to: 200_000, [])
    let visit = try #require(room.closed.first)
    #expect(room.closed.count == 1)
    #expect(visit.isPrompted == isPrompted)
    #expect(visit.isInstalledHere == isPrompted)
    #expect(visit.kind == (isPrompted ? .noApp : .bluezoner))
  }

  @Test("A phone that tells its power late is judged by it from the beginning", arguments: [nil, 8, 12] as [Int8?])
  func late(txPowerDBm: Int8?) {
    var room = Room()
    let told = Room.facts(
      [2, 1, 0x1A] + (txPowerDBm.map { [2, 0x0A, UInt8($0)] } ?? []) + [
        11, 0xFF, 0x4C, 0, 0x10, 6, 0x03, 0x1A, 1, 1, 2, 3,
      ])
    room.run(
      to: 10_000,
      [
        .init(address: 1, facts: Room.iPhone(1), rssiDBm: -63, interval: 100, isOn: { $0 < 2500 }),
        .init(address: 1, facts: told, rssiDBm: -63, interval: 100, isOn: { $0 >= 2500 }),
      ])
    #expect(room.opened.count == (txPowerDBm == 12 ? 0 : 1))
  }

  @Test("The pause of an app is no part of the dwell", arguments: [1000, 2500] as [Int64])
  func dwell(milliseconds: Int64) {
    var room = Room()
    let on: (Int64) -> Bool = { $0 < 1500 || 16_500..<16_500 + milliseconds ~= $0 }
    room.run(to: 30_000, [.init(address: 1, facts: Room.bluezone(1), interval: 100, isOn: on)])
    #expect(room.opened.count == (milliseconds > 1500 ? 1 : 0))
  }

  // MARK: Fixtures

  @Test("A phone that lies still becomes a fixture, and somebody again when it is carried about")
  func fixture() {
    var settings = People.Settings()
    settings.stillMilliseconds = 120_000
    var room = Room(settings)
    room.run(to: 121_000, [.init(address: 1, facts: Room.iPhone(1))])
    #expect(room.people.counts.people == 0)
    // It was here all along: nobody came.
    #expect(room.closed.isEmpty && room.withdrawn == 1)
    room.run(to: 160_000, [.init(address: 1, facts: Room.iPhone(1), change: { Int($0 / 100) % 100 < 50 ? -25 : 0 })])
    #expect(room.people.counts.people == 1)
  }

  @Test("What somebody brought and left here was a visit until then")
  func left() {
    var settings = People.Settings()
    settings.stillMilliseconds = 120_000
    var room = Room(settings)
    room.run(to: 200_000, [.init(address: 1, facts: Room.iPhone(1), change: { $0 < 5000 ? -25 : 0 })])
    #expect(room.people.counts.people == 0)
    #expect(room.closed.count == 1 && room.withdrawn == 0)
  }

  @Test("What has never moved did not come either when it was near only for a while", arguments: [10, 25])
  func unmoved(change: Int) {
    var settings = People.Settings()
    settings.stillMilliseconds = 120_000
    var room = Room(settings)
    room.run(
      to: 200_000,
      [
        .init(
          address: 1, facts: Room.iPhone(1), rssiDBm: -62,
          change: { 10_000..<20_000 ~= $0 ? 0 : $0 < 5000 ? -change : -10 })
      ])
    #expect(room.closed.count == 1)
    #expect(room.withdrawn == (change == 10 ? 1 : 0))
    #expect(room.people.counts.people == 0)
  }

  @Test("What has been here for hours is a fixture, moving or not, and forgotten when it is gone")
  func hours() {
    var settings = People.Settings()
    settings.fixtureMilliseconds = 200_000
    var room = Room(settings)
    let moves: (Int64) -> Int = { Int($0 / 10_000) % 2 == 0 ? 0 : -25 }
    room.run(to: 201_000, [.init(address: 1, facts: Room.iPhone(1), change: moves)])
    #expect(room.people.counts.people == 0)
    room.run(to: 300_000, [])
    room.run(to: 310_000, [.init(address: 1, facts: Room.iPhone(1))])
    #expect(room.people.counts.people == 1)
  }

  // MARK: Bounds

  @Test("More devices than the table holds are turned away, and told")
  func bounded() {
    var people = People()
    for i in 0..<UInt64(CoreLimits.devices + 10) {
      people.hear(
        Sighting(address: BluetoothAddress(bits: i, isRandom: true), rssiDBm: -70, facts: Room.iPhone(1)),
        at: Room.moment(1000))
    }
    _ = people.advance(to: Room.moment(2000))
    #expect(people.counts.devices == CoreLimits.devices)
    #expect(people.turnedAway == 10)
    _ = people.advance(to: Room.moment(200_000))
    #expect(people.counts == People.Counts())
    #expect(people.persons.allSatisfy { $0 == nil })
  }

  @Test(
    "Whatever comes in whatever order, nothing traps and the figures agree with each other",
    arguments: 1...12 as ClosedRange<UInt64>)
  func anything(seed: UInt64) {
    var random = Draws(state: seed)
    let kinds = [
      Room.iPhone(1), Room.iPhone(2), Room.bluezone(1), Room.bluezone(2), Room.bluezone(3), Room.androidNearby,
      Room.background,
      Room.samsung, AdvertisingFacts(),
    ]
    var people = People()
    var open: Set<Int> = []
    var time: Int64 = seed % 2 == 0 ? -50_000 : 0
    for step in 0..<5000 {
      time += random.next(50) == 0 ? Int64(random.next(70_000)) : Int64(random.next(300))
      // Now and then the clock steps back.
      let at = random.next(200) == 0 ? time - Int64(random.next(100_000)) : time
      let moment = Room.moment(at, isSynchronised: random.next(3) > 0)
      var sighting = Sighting(
        address: BluetoothAddress(bits: random.next(40), isRandom: random.next(5) > 0),
        rssiDBm: random.next(30) == 0 ? nil : Int8(truncatingIfNeeded: random.next(256)),
        facts: kinds[Int(random.next(UInt64(kinds.count)))])
      if random.next(20) == 0 { sighting.readID = Room.id(UInt8(random.next(4))) }
      sighting.isStranger = random.next(4) == 0
      people.hear(sighting, at: moment)
      for event in people.advance(to: moment) {
        switch event {
        case .visitOpened(let visit):
          #expect(open.insert(visit.number).inserted, "seed \(seed), step \(step)")
        case .visitClosed(let visit):
          #expect(open.remove(visit.number) != nil, "seed \(seed), step \(step)")
          #expect(visit.end >= visit.start, "seed \(seed), step \(step)")
        case .visitWithdrawn(let visit):
          #expect(visit.isOpen == (open.remove(visit.number) != nil), "seed \(seed), step \(step)")
        case .prompt, .bluezonerNear: break
        }
      }
      let counts = people.counts
      #expect(counts.nearPeople <= counts.people && counts.bluezoners <= counts.people, "seed \(seed), step \(step)")
      #expect(counts.nearBluezoners <= min(counts.nearPeople, counts.bluezoners), "seed \(seed), step \(step)")
      #expect(counts.people <= counts.devices, "seed \(seed), step \(step)")
    }
    #expect(Set(people.openVisits.map(\.number)) == open, "seed \(seed)")
  }

  private struct Draws {
    var state: UInt64
    mutating func next(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
  }

  // MARK: Arithmetic

  @Test("The logarithm and the exponential are right to a hundredth")
  func arithmetic() {
    for (x, y) in [(1, 0), (2.718_281_8, 1), (0.5, -0.693_147), (1e-6, -13.815_51), (300, 5.703_78)] as [(Float, Float)]
    {
      #expect(abs(LinkModel.log(x) - y) < 0.01)
    }
    #expect(LinkModel.log(0) == -100)
    for (x, y) in [(0, 1), (-1, 0.367_879), (-5, 0.006_738)] as [(Float, Float)] {
      #expect(abs(LinkModel.exp(x) - y) < 0.01)
    }
    #expect(LinkModel.exp(-1000) == 0)
  }
}
