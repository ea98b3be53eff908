// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite("The rhythm of an Android phone with the app") struct RhythmTests {
  private static let slot: Int64 = 900_000

  private func owners(_ room: Room, _ addresses: UInt64...) -> Set<Int32> {
    let wanted = addresses.map { BluetoothAddress(bits: $0 | 0x4000_0000_0000, isRandom: true) }
    return Set(room.people.tracks.filter { wanted.contains($0.address) }.map(\.person))
  }

  /// Sends until `end` and then 15 s of every 30, as far back as one likes.
  private static func isOn(until end: Int64, _ time: Int64) -> Bool {
    ((time - end) % 30_000 + 30_000) % 30_000 >= 15_000
  }

  private func track(_ id: UInt8, from start: Int64, to end: Int64, _ isOn: (Int64) -> Bool) -> Track {
    let sighting = Sighting(
      address: BluetoothAddress(bits: UInt64(id) | 0x4000_0000_0000, isRandom: true), rssiDBm: -60,
      facts: Room.bluezone(id))
    var track = Track(sighting, near: NearRule(), at: start)
    var channels = ScanChannels(intervalMicroseconds: 60_000)
    for time in stride(from: start, through: end, by: 100) where isOn(time) {
      _ = track.hear(sighting, &channels, near: NearRule(), timeConstant: 2500, at: time)
    }
    return track
  }

  @Test("It is told from a pause when the phone next falls silent, however late it is asked")
  func next() {
    var rhythm = Rhythm()
    #expect(rhythm.silence(after: 0) == nil)
    rhythm.pause(from: 20_000, to: 23_000)
    rhythm.pause(from: 20_000, to: 50_000)
    #expect(rhythm.silence(after: 0) == nil)
    // Half a second was missed on either side.
    rhythm.pause(from: 19_500, to: 35_500)
    #expect(rhythm.silence(after: 36_000) == 50_000)
    #expect(rhythm.silence(after: 50_001) == 80_000)
    #expect(rhythm.silence(after: 890_000) == 890_000)
    #expect(rhythm.silence(after: 10_000) == 20_000)
  }

  @Test("Whose silence begins when it should is the same phone, whose does not is another, before it nothing is known")
  func score() throws {
    let old = track(1, from: 800_000, to: 900_000) { Self.isOn(until: 906_000, $0) }
    let own = track(2, from: 900_100, to: 906_000) { _ in true }
    let other = track(3, from: 900_100, to: 911_000) { _ in true }
    #expect(Rhythm.score(old, own, at: 906_500) == nil)
    #expect(try #require(Rhythm.score(old, own, at: 908_000)) > 1)
    #expect(try #require(Rhythm.score(old, other, at: 911_000)) < -2)
    #expect(try #require(Rhythm.score(old, other, at: 914_000)) < -2)
    let young = track(4, from: 890_000, to: 900_000) { _ in true }
    #expect(Rhythm.score(young, own, at: 908_000) == nil)
  }

  /// Two at a time change their ids; each is heard as strongly afterwards as the other was before.
  private func exchanged(until end: Int64) -> Room {
    let (slot, first, second) = (Self.slot, Self.slot + 5000, Self.slot + 11_000)
    func sender(_ id: UInt8, _ rssi: Int8, _ end: Int64, _ isOld: Bool) -> Room.Sender {
      .init(
        address: UInt64(id), facts: Room.bluezone(id), rssiDBm: rssi, interval: 100,
        isOn: { ($0 < slot) == isOld && Self.isOn(until: end, $0) })
    }
    var room = Room()
    room.run(to: slot - 100_000, [])
    room.run(
      to: end,
      [
        sender(1, -57, first, true), sender(2, -63, second, true), sender(3, -63, first, false),
        sender(4, -57, second, false),
      ])
    return room
  }

  @Test("Two that were taken for each other at the end of a slot are told apart when the first falls silent")
  func exchange() {
    let before = exchanged(until: Self.slot + 4500)
    #expect(owners(before, 1, 4).count == 1)
    let after = exchanged(until: Self.slot + 8000)
    #expect(owners(after, 1, 3).count == 1)
    #expect(owners(after, 2, 4).count == 1)
    #expect(owners(after, 1, 2).count == 2)
  }

  @Test("A phone in its pause is here, and no other with the app is taken for its owner's", arguments: [true, false])
  func pausing(pauses: Bool) {
    var room = Room()
    room.run(to: 100_000, [])
    let start: Int64 = 100_000
    room.run(
      to: start + 33_000,
      [
        .init(
          address: 1, facts: Room.bluezone(1), rssiDBm: -60, interval: 100, isOn: { pauses && $0 < start + 20_000 }),
        .init(address: 2, facts: Room.samsung, rssiDBm: -60, interval: 300),
        .init(address: 3, facts: Room.bluezone(3), rssiDBm: -60, interval: 100, isOn: { $0 >= start + 22_000 }),
      ])
    #expect(owners(room, 1, 3).count == (pauses ? 2 : 1))
    #expect(owners(room, 2, 3).count == (pauses ? 2 : 1))
  }
}
