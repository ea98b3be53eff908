// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
@testable import Simulator
import Tracer

/// Whose an address is, which only the simulator knows.
struct Owners {
  struct Owner {
    /// The number of the person; −1 and below for a thing of the office.
    var person: Int
    /// Which of what they carry.
    var handset: Int
    var bluezoneSince: Int64?
  }

  private var owners: [BluetoothAddress: Owner] = [:]

  init(_ crowd: Crowd) {
    let start = crowd.scenario.start
    for person in crowd.people {
      for (number, handset) in person.handsets.enumerated() {
        add(handset, Owner(person: person.number, handset: number, bluezoneSince: handset.bluezoneSince), start)
      }
    }
    for (number, fixture) in crowd.fixtures.enumerated() {
      add(fixture.device, Owner(person: -1 - number, handset: 0), start)
    }
  }

  subscript(address: BluetoothAddress) -> Owner? { owners[address] }

  private mutating func add(_ handset: Handset, _ owner: Owner, _ start: UTCTime) {
    for advertiser in handset.advertisers {
      for period in advertiser.periods(handset, start: start) { owners[period.transmission.address] = owner }
    }
  }
}

extension Advertiser {
  /// Every address that it ever has, in order.
  func periods(_ handset: Handset, start: UTCTime) -> [Period] {
    var found: [Period] = []
    var time = active.lowerBound
    while time < active.upperBound {
      let period = period(
        at: time, utc: start.adding(milliseconds: time), isInHand: false, bluezone: handset.bluezone)
      found.append(period)
      guard period.until > time else { break }
      time = period.until
    }
    return found
  }

  /// Whether its address changes within `span`.
  func rotates(_ handset: Handset, within span: Range<Int64>, start: UTCTime) -> Bool {
    let active = span.clamped(to: active)
    guard !active.isEmpty else { return false }
    let first = period(
      at: active.lowerBound, utc: start.adding(milliseconds: active.lowerBound), isInHand: false,
      bluezone: handset.bluezone)
    return first.until < active.upperBound
  }
}
