// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing
import Tracer

/// A room in which phones send at set times, and what the kiosk makes of it.
struct PeopleRoom {
  var people: People
  private(set) var events: [People.Event] = []
  /// Milliseconds; the wall clock stands at a slot's start when it is 0.
  private(set) var now: Int64 = 0
  var isSynchronised = true

  /// 2025-11-21T02:00:00Z: a quarter hour.
  static let zero = UTCTime(seconds: 1_763_690_400)

  init(_ settings: People.Settings = .init()) { people = People(settings: settings) }

  static func moment(_ milliseconds: Int64, isSynchronised: Bool = true) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: milliseconds), utc: zero.adding(milliseconds: milliseconds),
      isSynchronised: isSynchronised)
  }

  /// One stream of advertisements.
  struct Sender {
    var address: UInt64
    var facts: AdvertisingFacts
    var rssiDBm: Int8 = -50
    var interval: Int64 = 300
    var readID: BluezoneID?
    var isOn: (Int64) -> Bool = { _ in true }
    /// Added to the strength at a time.
    var change: (Int64) -> Int = { _ in 0 }
  }

  mutating func run(to end: Int64, _ senders: [Sender]) {
    let start = now
    while now < end {
      for (n, sender) in senders.enumerated()
      where (now - start + Int64(n) * 37) % sender.interval < 10 && sender.isOn(now) {
        var sighting = Sighting(
          address: BluetoothAddress(bits: sender.address | 0x4000_0000_0000, isRandom: true),
          rssiDBm: Int8(clamping: Int(sender.rssiDBm) + sender.change(now)), facts: sender.facts)
        sighting.readID = sender.readID
        people.hear(sighting, at: Self.moment(now, isSynchronised: isSynchronised))
      }
      // Nothing happens in an empty room.
      now = senders.isEmpty ? min(now + 250, end) : now + 10
      events += people.advance(to: Self.moment(now, isSynchronised: isSynchronised))
    }
  }

  var opened: [Visit] { events.compactMap { if case .visitOpened(let visit) = $0 { visit } else { nil } } }
  var closed: [Visit] { events.compactMap { if case .visitClosed(let visit) = $0 { visit } else { nil } } }
  var withdrawn: Int { events.count { if case .visitWithdrawn = $0 { true } else { false } } }
  var prompts: Int { events.count { if case .prompt = $0 { true } else { false } } }
  var welcomes: Int { events.count { if case .bluezonerNear = $0 { true } else { false } } }

  static func facts(_ data: [UInt8]) -> AdvertisingFacts { AdvertisingFacts(data.span, in: 0..<data.count) }

  /// An iPhone's nearby information with an authentication tag.
  static func iPhone(_ tag: UInt8) -> AdvertisingFacts {
    facts([2, 1, 0x1A, 11, 0xFF, 0x4C, 0, 0x10, 6, 0x03, 0x1A, tag, 1, 2, 3])
  }

  static let androidNearby = facts([3, 3, 0xF3, 0xFE, 8, 0x16, 0xF3, 0xFE, 1, 2, 3, 4, 5])
  static let samsung = facts([6, 0xFF, 0x75, 0x00, 0x42, 0x04, 0x01])

  static func id(_ n: UInt8) -> BluezoneID? { BluezoneID([UInt8](repeating: n, count: 12)) }

  static func bluezone(_ n: UInt8) -> AdvertisingFacts {
    facts([2, 1, 2, 3, 3, 0x56, 0x4E, 15, 0xFF, 0xB5, 0x22] + [UInt8](repeating: n, count: 12))
  }

  /// An iPhone with the app in the background.
  static let background = facts([2, 1, 0x1A, 20, 0xFF, 0x4C, 0, 1, 8] + [UInt8](repeating: 0, count: 15))
}
