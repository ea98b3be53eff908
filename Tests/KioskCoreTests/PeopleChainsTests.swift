// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite struct PeopleChainsTests {
  private func track(_ room: Room, _ address: UInt64) throws -> Int32 {
    let wanted = BluetoothAddress(bits: address | 0x4000_0000_0000, isRandom: true)
    return Int32(try #require(room.people.tracks.firstIndex { $0.address == wanted }))
  }

  private func since(_ room: Room, _ address: UInt64) throws -> Int64? {
    room.people.person(room.people.tracks[Int(try track(room, address))].person)?.firstHeard
  }

  /// Staff at the far desk since 0 s, under a new address since 100 s, and a visitor at the kiosk since 150 s.
  private func staffAndVisitor() throws -> Room {
    var room = Room()
    let sways: (Int64) -> Int = { Int($0 / 10_000) % 2 == 0 ? 0 : -8 }
    let desk = { (address: UInt64) in
      Room.Sender(address: address, facts: Room.samsung, rssiDBm: -78, change: sways)
    }
    room.run(to: 100_000, [desk(1)])
    room.run(to: 150_000, [desk(2)])
    room.run(to: 160_000, [desk(2), .init(address: 3, facts: Room.androidNearby, rssiDBm: -45)])
    #expect(room.opened.count == 1)
    return room
  }

  @Test("Who goes on under a new address has been here for as long as under the first") func chain() throws {
    let room = try staffAndVisitor()
    #expect(room.people.tracks[Int(try track(room, 2))].chainSince < 1000)
    #expect(try since(room, 2)! < 1000)
    #expect(try since(room, 3)! >= 150_000)
  }

  @Test("Two that were joined and taken apart have each been here for as long as they were", arguments: [UInt64(2), 3])
  func apart(leaving: UInt64) throws {
    var room = try staffAndVisitor()
    let (a, b) = (try track(room, 2), try track(room, 3))
    room.people.merge(room.people.tracks[Int(a)].person, into: room.people.tracks[Int(b)].person)
    #expect(try since(room, 3)! < 1000)
    room.people.split(leaving == 2 ? a : b)
    #expect(try since(room, 2)! < 1000)
    #expect(try since(room, 3)! >= 150_000)
    #expect(room.people.openVisits.count == 1)
    #expect(room.people.person(room.people.tracks[Int(b)].person)?.visit != nil)
  }

  @Test("Who was taken to continue somebody, and does not go with their other stream, takes nothing of their stay")
  func refuted() throws {
    let slot: Int64 = 900_000
    let end = slot + 60_000
    var room = Room()
    room.run(to: slot - 100_000, [])
    // Staff go out as a visitor comes in: the visitor's id begins where theirs ended.
    room.run(
      to: end,
      [
        .init(address: 1, facts: Room.iPhone(1), rssiDBm: -70),
        .init(address: 2, facts: Room.background, rssiDBm: -70, readID: Room.id(2), isOn: { $0 < slot }),
        .init(
          address: 3, facts: Room.background, rssiDBm: -70, readID: Room.id(3), isOn: { $0 >= slot },
          change: { min(Int($0 - slot) / 500, 20) }),
      ])
    #expect(try since(room, 1)! < slot - 99_000)
    #expect(try since(room, 3)! >= slot)
  }

  @Test("An address that turns out to send what another of its person's sends is somebody else's")
  func overlapping() throws {
    let both = [
      Room.Sender(address: 1, facts: Room.iPhone(1), rssiDBm: -60),
      Room.Sender(address: 2, facts: Room.iPhone(2), rssiDBm: -61),
    ]
    var room = Room()
    room.run(to: 20_000, both)
    let (a, b) = (try track(room, 1), try track(room, 2))
    // As when one of them sent something else at first.
    room.people.merge(room.people.tracks[Int(b)].person, into: room.people.tracks[Int(a)].person)
    #expect(room.people.tracks[Int(a)].person == room.people.tracks[Int(b)].person)
    room.run(to: 24_000, both)
    #expect(room.people.tracks[Int(a)].person != room.people.tracks[Int(b)].person)
  }

  @Test("A link that was wrong takes back what it told of the stay") func unchained() throws {
    var room = Room()
    room.run(to: 100_000, [.init(address: 1, facts: Room.samsung)])
    room.run(to: 106_000, [.init(address: 2, facts: Room.samsung)])
    #expect(try since(room, 2)! < 1000)
    room.run(to: 112_000, [.init(address: 2, facts: Room.samsung), .init(address: 1, facts: Room.samsung)])
    #expect(try since(room, 1)! < 1000)
    #expect(try since(room, 2)! >= 100_000)
  }
}
