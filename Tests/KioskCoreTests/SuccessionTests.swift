// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite struct SuccessionTests {
  /// The persons to whom the addresses belong now.
  private func owners(_ room: Room, _ addresses: UInt64...) -> Set<Int32> {
    let wanted = addresses.map { BluetoothAddress(bits: $0 | 0x4000_0000_0000, isRandom: true) }
    return Set(room.people.tracks.filter { wanted.contains($0.address) }.map(\.person))
  }

  private func track(_ facts: AdvertisingFacts, _ rssi: Int8, from start: Int64, to end: Int64) -> Track {
    let sighting = Sighting(
      address: BluetoothAddress(bits: UInt64(start) | 0x4000_0000_0000, isRandom: true), rssiDBm: rssi, facts: facts)
    var track = Track(sighting, near: NearRule(), at: start)
    var channels = ScanChannels(intervalMicroseconds: 60_000)
    for time in stride(from: start, through: end, by: 100) {
      _ = track.hear(sighting, &channels, near: NearRule(), timeConstant: 2500, at: time)
      if let id = facts.bluezoneID { track.id = id }
    }
    return track
  }

  // MARK: At the end of a slot

  @Test("A phone in its pause goes on when the pause is over, and not before: who changes at once is another one")
  func pause() {
    let slot: Int64 = 900_000
    var room = Room()
    room.run(to: slot - 22_000, [])
    // The second walks up meanwhile: by strength alone it would fit the first one's place.
    room.run(
      to: slot + 20_000,
      [
        .init(address: 1, facts: Room.bluezone(1), rssiDBm: -62, interval: 100, isOn: { $0 < slot - 7000 }),
        .init(address: 2, facts: Room.bluezone(2), rssiDBm: -74, interval: 100, isOn: { $0 < slot }),
        .init(address: 3, facts: Room.bluezone(3), rssiDBm: -65, interval: 100, isOn: { $0 >= slot }),
        .init(address: 4, facts: Room.bluezone(4), rssiDBm: -62, interval: 100, isOn: { $0 >= slot + 8000 }),
      ])
    #expect(owners(room, 1, 4).count == 1)
    #expect(owners(room, 2, 3).count == 1)
    #expect(owners(room, 1, 2).count == 2)
  }

  @Test("An id is taken for the next one of another less readily by far when it comes seconds after the end of a slot")
  func afterSlot() throws {
    let old = track(Room.bluezone(1), -60, from: 0, to: 10_000)
    let new = track(Room.bluezone(2), -60, from: 10_100, to: 12_000)
    func score(_ seconds: Float) -> Float? {
      let share = Succession.slotShare(from: seconds - 0.3, to: seconds + 0.4)
      return Succession(seconds: 0.1, slotShare: share).score(old, new, density: 0.001)
    }
    let (atOnce, later) = (try #require(score(0)), try #require(score(8)))
    #expect(atOnce > later + 5)
    #expect(score(25) == nil)
  }

  @Test("An iPhone that sends all from one address does so from the next, once that was heard for long enough")
  func payload() {
    func iPhone(_ facts: [AdvertisingFacts], from start: Int64, to end: Int64) -> Track {
      let address = BluetoothAddress(bits: UInt64(start) | 0x4000_0000_0000, isRandom: true)
      var track = Track(Sighting(address: address, rssiDBm: -60, facts: facts[0]), near: NearRule(), at: start)
      var channels = ScanChannels(intervalMicroseconds: 60_000)
      for (n, time) in stride(from: start, through: end, by: 300).enumerated() {
        let sighting = Sighting(address: address, rssiDBm: -60, facts: facts[n % facts.count])
        _ = track.hear(sighting, &channels, near: NearRule(), timeConstant: 2500, at: time)
      }
      return track
    }
    let one = iPhone([Room.background, Room.iPhone(1)], from: 0, to: 10_000)
    let two = iPhone([Room.background], from: 1, to: 10_000)
    let nextOne = iPhone([Room.background, Room.iPhone(2)], from: 10_200, to: 12_000)
    let young = iPhone([Room.background], from: 10_300, to: 12_000)
    let nextTwo = iPhone([Room.background], from: 10_400, to: 15_000)
    #expect(Succession.payload(one, nextOne) == 0 && Succession.payload(two, nextTwo) == 0)
    #expect(Succession.payload(two, nextOne) < 0 && Succession.payload(one, nextTwo) < 0)
    #expect(Succession.payload(one, young) == 0 && Succession.payload(two, young) == 0)
  }

  @Test("The nearer to the end of a slot, the likelier an id changes; a clock that is wrong by 20 s is thought of")
  func share() {
    #expect(Succession.slotShare(from: -2, to: 2) > 0.9)
    let wrong = Succession.slotShare(from: 8, to: 9)
    #expect(wrong > 0 && wrong < 0.01)
    #expect(Succession.slotShare(from: 25, to: 26) == 0)
  }

  // MARK: Silence

  @Test("While nothing was heard of anybody, silence does not speak against a link")
  func deaf() throws {
    let old = track(PeopleRoom.androidNearby, -60, from: 0, to: 10_000)
    let new = track(PeopleRoom.androidNearby, -60, from: 12_000, to: 14_000)
    let silent = try #require(Succession(seconds: 2).score(old, new, density: 0.001))
    let deaf = try #require(Succession(seconds: 2, deafSeconds: 1.9).score(old, new, density: 0.001))
    #expect(deaf > silent + 4)
  }

  @Test("A pause of all is found where many send, and is none where few do", arguments: [Int64(10), 400])
  func spells(interval: Int64) {
    var spells = SilentSpells()
    for n in 0...59_000 / interval { spells.hear(at: 1000 + n * interval) }
    spells.hear(at: 60_500)
    #expect(spells.milliseconds(from: 50_000, to: 61_000) == (interval == 10 ? 500 : 0))
    #expect(spells.milliseconds(from: 60_500, to: 61_000) == 0)
    spells.advance(to: 200_000)
    #expect(spells.milliseconds(from: 50_000, to: 61_000) == 0)
  }

  @Test("Who has been here for hours is not taken to have left as readily as who has just come") func stay() throws {
    var old = track(PeopleRoom.androidNearby, -60, from: 0, to: 10_000)
    let new = track(PeopleRoom.androidNearby, -64, from: 11_000, to: 13_000)
    let visitor = try #require(Succession(seconds: 1).score(old, new, density: 0.001))
    old.chainSince = -3_600_000
    let staff = try #require(Succession(seconds: 1).score(old, new, density: 0.001))
    // A fifth of an hour more to stay, instead of two minutes: log 6.
    #expect(abs(staff - visitor - 1.8) < 0.1)
  }

  // MARK: Strength and arrivals

  @Test("A phone that stands is as strong as before; who differs by 10 dB is hardly it, unless time has passed")
  func level() throws {
    let old = track(PeopleRoom.androidNearby, -60, from: 0, to: 10_000)
    let alike = track(PeopleRoom.androidNearby, -61, from: 10_100, to: 12_000)
    let other = track(PeopleRoom.androidNearby, -70, from: 10_100, to: 12_000)
    let gap = Succession(seconds: 0.1)
    let near = try #require(gap.score(old, alike, density: 0.001))
    let far = try #require(gap.score(old, other, density: 0.001))
    #expect(near > far + 2)
    // Ten seconds later the two differ less.
    let later = Succession(seconds: 10)
    let nearLater = try #require(later.score(old, alike, density: 0.001))
    let farLater = try #require(later.score(old, other, density: 0.001))
    #expect(nearLater - farLater < near - far - 0.5)
  }

  @Test("Where many begin strongly, one more is no sign of a link; other kinds and weak ones are not concerned")
  func arrivals() {
    var arrivals = Arrivals()
    let before = arrivals.density(.maker, dBm: -60)
    for _ in 0..<120 {
      arrivals.add(.maker, dBm: -60)
      arrivals.endSecond()
    }
    #expect(arrivals.density(.maker, dBm: -70) > 20 * before)
    #expect(arrivals.density(.maker, dBm: -85) == Arrivals().density(.maker, dBm: -85))
    #expect(arrivals.density(.appleNearby, dBm: -60) == before)
  }

  // MARK: Chains

  @Test("Who was joined with somebody and turns out to be another keeps their visit, under the next address too")
  func visitStays() throws {
    let en = Room.facts([2, 1, 0x1A, 3, 3, 0x6F, 0xFD])
    var room = Room()
    room.run(
      to: 70_000,
      [
        .init(address: 1, facts: en, interval: 250, isOn: { $0 < 40_000 }),
        .init(address: 2, facts: en, interval: 250, isOn: { $0 >= 40_000 }),
        // Comes to stand there, and goes away again.
        .init(
          address: 3, facts: Room.iPhone(9), isOn: { $0 >= 37_000 }, change: { $0 < 48_000 ? 0 : -35 }),
      ])
    #expect(owners(room, 2, 3).count == 2)
    let visit = try #require(room.people.openVisits.first { $0.start.milliseconds < 1000 })
    #expect(visit.end.milliseconds > 69_000)
    #expect(!room.opened.contains { $0.start.milliseconds >= 44_000 })
  }
}
