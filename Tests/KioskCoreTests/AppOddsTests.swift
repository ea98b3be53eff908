// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite struct AppOddsTests {
  /// An Android phone with the app, which walks about at the far wall.
  private let away = Room.Sender(
    address: 9, facts: Room.bluezone(1), rssiDBm: -88, interval: 100, change: { Int($0 / 3000) % 2 == 0 ? 0 : 6 })

  @Test("Without a phone with the app nobody's stream is one of its own") func alone() throws {
    var room = Room()
    room.run(to: 17_000, [.init(address: 1, facts: Room.samsung)])
    #expect(room.prompts == 1)
  }

  @Test("Of two beside a phone with the app, the one that fits it leaves the other to be asked") func rival() {
    // Id and first stream rise and fall together, the second does not.
    let sways: (Int64) -> Int = { Int($0 / 4000) % 2 == 0 ? 6 : -6 }
    let other: (Int64) -> Int = { Int($0 / 7000) % 2 == 0 ? 6 : -6 }
    var room = Room()
    room.run(
      to: 60_000,
      [
        .init(address: 1, facts: Room.bluezone(1), interval: 100, change: sways),
        .init(address: 2, facts: Room.samsung, interval: 500, change: sways),
        .init(address: 3, facts: Room.samsung, interval: 500, change: other),
      ])
    #expect(room.prompts == 1 && room.welcomes == 1)
    let asked = room.people.persons.compactMap { $0 }.filter { $0.promptedAt != nil }
    #expect(asked.count == 1)
    #expect(asked[0].tracks.allSatisfy { room.people.tracks[Int($0)].address.bits & 0xFF == 3 })
  }

  @Test("A stream that has ended does not keep its owner from being asked") func ended() {
    var room = Room()
    room.run(
      to: 17_500,
      [
        away, .init(address: 1, facts: Room.samsung, interval: 500),
        .init(address: 2, facts: Room.androidNearby, isOn: { $0 < 13_000 }),
      ])
    #expect(room.prompts == 1)
  }

  @Test("Where more are heard than are reckoned with, the weakest are not asked") func bounded() {
    var room = Room()
    let crowd = (0..<UInt64(CoreLimits.matchedPersons + 6)).map {
      Room.Sender(address: 100 + $0, facts: Room.samsung, rssiDBm: -40 - Int8($0 / 4), interval: 500)
    }
    room.run(to: 30_000, crowd + [away])
    let asked = room.people.persons.compactMap { $0 }.filter { $0.promptedAt != nil }
    #expect(asked.count == CoreLimits.matchedPersons)
  }
}
