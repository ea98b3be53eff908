// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("This node's identity") struct BluezoneIdentityTests {
  private let baseDay: Int64 = 18_500
  private let key: BluezoneKey
  private let identity: BluezoneIdentity

  init() throws {
    key = try #require(BluezoneKey([UInt8](repeating: 0x42, count: 32)))
    identity = BluezoneIdentity(baseKey: key, baseDay: baseDay)
  }

  @Test("The first day's key is the base key, each later one the hash of the day before") func dayWalk()
    throws
  {
    var identity = identity
    var expected = key
    for day in baseDay...baseDay + 40 {
      #expect(try identity.dailyKey(of: day) == expected)
      expected = expected.next
    }
  }

  @Test("A ratcheted identity has the keys of its day and later ones alone") func ratcheted() throws {
    var identity = identity
    // Whatever was asked before.
    _ = try identity.bluezoneID(in: Slot(day: baseDay + 60, index: 3))
    var later = try identity.ratcheted(to: baseDay + 20)
    #expect(later.baseDay == baseDay + 20)
    #expect(try later.baseKey == identity.dailyKey(of: baseDay + 20))
    for day in baseDay + 20...baseDay + 40 { #expect(try later.dailyKey(of: day) == identity.dailyKey(of: day)) }
    #expect(throws: BluezoneIdentity.Failure.beforeBaseDay) { try later.dailyKey(of: baseDay + 19) }
    for day in [baseDay, baseDay - 1, .min] {
      let same = try identity.ratcheted(to: day)
      #expect(same.baseDay == baseDay && same.baseKey == key)
    }
    #expect(throws: BluezoneIdentity.Failure.clockTooFarAhead) { try identity.ratcheted(to: .max) }
  }

  @Test("Walking back gives the keys that walking forward gave") func walkingBack() throws {
    var identity = identity
    let days = Array(baseDay...baseDay + 20)
    let forwards = try days.map { try identity.dailyKey(of: $0) }
    let backwards = try days.reversed().map { try identity.dailyKey(of: $0) }
    #expect(backwards == forwards.reversed())
  }

  @Test("The slots of a day come out the same forwards, backwards and asked alone") func slotWalk() throws {
    var walking = identity
    let slots = (0..<96).map { Slot(day: baseDay + 1, index: $0) }
    let forwards = try slots.map { try walking.bluezoneID(in: $0) }
    let backwards = try slots.reversed().map { try walking.bluezoneID(in: $0) }
    #expect(backwards == forwards.reversed())
    #expect(forwards == BluezoneIdentity.bluezoneIDs(of: key.next, count: 96))
    for (slot, id) in zip(slots, forwards) {
      var fresh = identity
      #expect(try fresh.bluezoneID(in: slot) == id)
      #expect(try fresh.bluezoneID(in: slot) == id)
    }
  }

  @Test("The same slot of another day has another id") func days() throws {
    var identity = identity
    let first = try identity.bluezoneID(in: Slot(day: baseDay, index: 10))
    let second = try identity.bluezoneID(in: Slot(day: baseDay + 1, index: 10))
    #expect(first != second)
    #expect(try identity.bluezoneID(in: Slot(day: baseDay, index: 10)) == first)
  }

  @Test("There is no id before the base day") func beforeBaseDay() throws {
    var identity = identity
    #expect(throws: BluezoneIdentity.Failure.beforeBaseDay) { try identity.dailyKey(of: baseDay - 1) }
    #expect(throws: BluezoneIdentity.Failure.beforeBaseDay) {
      try identity.bluezoneID(in: Slot(day: baseDay - 1, index: 95))
    }
    #expect(throws: BluezoneIdentity.Failure.beforeBaseDay) { try identity.dailyKey(of: .min) }
    #expect(try identity.dailyKey(of: baseDay) == key)
  }

  @Test("There is no id more than a century after the base day") func tooFarAhead() throws {
    var identity = identity
    let last = baseDay + TracerLimits.chainDays
    #expect(throws: BluezoneIdentity.Failure.clockTooFarAhead) { try identity.dailyKey(of: last + 1) }
    #expect(throws: BluezoneIdentity.Failure.clockTooFarAhead) {
      try identity.bluezoneID(in: Slot(day: last + 1, index: 0))
    }
    #expect(throws: BluezoneIdentity.Failure.clockTooFarAhead) { try identity.dailyKey(of: .max) }
    #expect(try identity.dailyKey(of: last) != key)
  }

  @Test("A base day from a damaged file is no trap") func wildBaseDay() {
    var early = BluezoneIdentity(baseKey: key, baseDay: .min)
    #expect(throws: BluezoneIdentity.Failure.clockTooFarAhead) { try early.dailyKey(of: baseDay) }
    var late = BluezoneIdentity(baseKey: key, baseDay: .max)
    #expect(throws: BluezoneIdentity.Failure.beforeBaseDay) { try late.dailyKey(of: baseDay) }
  }

  @Test("After a failure the identity still answers") func recovers() throws {
    var identity = identity
    let id = try identity.bluezoneID(in: Slot(day: baseDay, index: 5))
    #expect(throws: BluezoneIdentity.Failure.self) { try identity.bluezoneID(in: Slot(day: 0, index: 5)) }
    #expect(try identity.bluezoneID(in: Slot(day: baseDay, index: 5)) == id)
  }

  @Test("A count of none or less gives no ids", arguments: [0, -1, .min]) func noIDs(count: Int) {
    #expect(BluezoneIdentity.bluezoneIDs(of: key, count: count).isEmpty)
  }

  @Test("A failure says what to do") func words() {
    #expect("\(BluezoneIdentity.Failure.beforeBaseDay)".contains("until it is set right"))
    #expect("\(BluezoneIdentity.Failure.clockTooFarAhead)".contains("until it is set right"))
  }
}
