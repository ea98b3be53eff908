// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("Presence")
struct PresenceTests {
  // MARK: Around

  @Test("A device is around until 30 s after it was last heard, to the millisecond")
  func expiry() {
    var presence = Presence()
    presence.hear(S.sighting(S.phone, from: 1), at: 1000)
    presence.hear(S.sighting(S.phone, from: 1), at: 5000)
    presence.expire(at: 34_999)
    #expect(presence.counts.devicesAround == 1)
    presence.expire(at: 35_000)
    #expect(presence.counts == Presence.Counts())
    #expect(presence.devices.isEmpty)
    #expect(presence.nextDeadline == nil)
  }

  @Test("Several sightings at the same moment are one device")
  func equalTimes() {
    var presence = Presence()
    for _ in 0..<50 { presence.hear(S.sighting(S.phone, from: 1), at: 7) }
    #expect(presence.counts.devicesAround == 1)
    presence.expire(at: 7)
    #expect(presence.counts.devicesAround == 1)
  }

  @Test("The deadline is never later than the next expiry")
  func deadline() {
    var presence = Presence()
    presence.hear(S.sighting(S.phone, from: 1), at: 0)
    presence.hear(S.sighting(S.phone, from: 2), at: 10_000)
    presence.hear(S.sighting(S.phone, from: 1), at: 20_000)
    #expect(presence.nextDeadline == 30_000)
    presence.expire(at: 30_000)
    #expect(presence.counts.devicesAround == 2)
    #expect(presence.nextDeadline == 40_000)
    presence.expire(at: 40_000)
    #expect(presence.counts.devicesAround == 1)
    #expect(presence.nextDeadline == 50_000)
  }

  @Test("How long a device is around can be configured")
  func configuredExpiry() {
    var settings = Presence.Settings()
    settings.aroundMilliseconds = 500
    var presence = Presence(settings: settings)
    presence.hear(S.sighting(S.phone, from: 1), at: 0)
    presence.expire(at: 499)
    #expect(presence.counts.devicesAround == 1)
    presence.expire(at: 500)
    #expect(presence.counts.devicesAround == 0)
  }

  @Test("A device that comes back after it was gone is new")
  func comesBack() throws {
    var presence = Presence()
    presence.hear(S.sighting(S.phone, from: 1), at: 0)
    presence.expire(at: 30_000)
    #expect(presence.hear(S.sighting(S.phone, from: 1), at: 40_000) != nil)
    let device = try #require(presence.devices[.device(S.address(1))])
    #expect(device.firstHeard == 40_000)
  }

  // MARK: Near

  @Test(
    "A device is near from the threshold on",
    arguments: [(-64, true), (-65, true), (-66, false), (-127, false), (20, true)])
  func threshold(rssi: Int8, isNear: Bool) {
    var presence = Presence()
    let came = presence.hear(S.sighting(S.phone, from: 1, rssiDBm: rssi), at: 0)
    #expect((came != nil) == isNear)
    #expect(presence.counts.devicesNear == (isNear ? 1 : 0))
  }

  @Test("A near device stays near down to the hysteresis and comes back only at the threshold")
  func hysteresis() throws {
    var settings = Presence.Settings()
    settings.smoothingMilliseconds = 0  // A step in time then weighs everything.
    var presence = Presence(settings: settings)
    var time: Int64 = 0
    func near(_ rssi: Int8) -> (came: Bool, isNear: Bool) {
      time += 1000
      let came = presence.hear(
        S.sighting(S.phone, from: 1, rssiDBm: rssi), at: MonotonicTime(milliseconds: time))
      return (came != nil, presence.counts.devicesNear == 1)
    }
    #expect(near(-66) == (false, false))
    #expect(near(-65) == (true, true))
    #expect(near(-71) == (false, true))
    #expect(near(-72) == (false, false))
    #expect(near(-71) == (false, false))
    #expect(near(-66) == (false, false))
    #expect(near(-65) == (true, true))
    #expect(presence.devices[.device(S.address(1))]?.nearSince == MonotonicTime(milliseconds: time))
    #expect(near(-60) == (false, true))
  }

  @Test("A device is reported near once for each time it comes near")
  func reportedOnce() {
    var presence = Presence()
    var reports = 0
    for step in 0..<100 {
      let time = MonotonicTime(milliseconds: Int64(step) * 100)
      if presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -50), at: time) != nil { reports += 1 }
    }
    #expect(reports == 1)
  }

  @Test("A sighting without strength keeps a device around and makes nothing of its distance")
  func noStrength() throws {
    var presence = Presence()
    #expect(presence.hear(S.sighting(S.phone, from: 1, rssiDBm: nil), at: 0) == nil)
    #expect(presence.counts.devicesAround == 1)
    #expect(presence.counts.devicesNear == 0)
    #expect(presence.devices[.device(S.address(1))]?.smoothedDBm == nil)
    #expect(presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -40), at: 100) != nil)
    for second in 1...60 {
      presence.hear(
        S.sighting(S.phone, from: 1, rssiDBm: nil), at: MonotonicTime(milliseconds: Int64(second) * 1000))
    }
    presence.expire(at: 60_500)
    #expect(presence.counts.devicesNear == 1)
    #expect(presence.devices[.device(S.address(1))]?.smoothedDBm == -40)
  }

  @Test("A device that is near and then tells what it is, is reported then")
  func kindKnownLater() {
    var presence = Presence()
    #expect(presence.hear(S.sighting(S.unknown, from: 1), at: 0)?.kind == .unknown)
    #expect(presence.hear(S.sighting(S.unknown, from: 1), at: 100) == nil)
    #expect(presence.hear(S.sighting(S.phone, from: 1), at: 200)?.kind == .phone)
    #expect(presence.hear(S.sighting(S.phone, from: 1), at: 300) == nil)
    #expect(presence.hear(S.sighting(S.unknown, from: 1), at: 400) == nil)
  }

  // MARK: Smoothing

  /// The smoothed strength 3 s after a jump from −90 to −50 dBm, with reports at an interval.
  private func smoothed(interval: Int) throws -> Double {
    var presence = Presence()
    for time in stride(from: -30_000, to: 0, by: interval) {
      presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -90), at: MonotonicTime(milliseconds: Int64(time)))
    }
    for time in stride(from: 0, through: 3000, by: interval) {
      presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -50), at: MonotonicTime(milliseconds: Int64(time)))
    }
    return try #require(presence.devices[.device(S.address(1))]?.smoothedDBm)
  }

  @Test("Smoothing follows time and not the number of reports", arguments: [100, 200, 300, 500, 1000])
  func smoothingRate(interval: Int) throws {
    // A first-order low pass is 1 − 1/e = 63 % of the way after its time constant: at −64.7 dBm.
    let value = try smoothed(interval: interval)
    #expect(abs(value - -64.7) < 2.5, "\(value) dBm with a report every \(interval) ms")
  }

  @Test("Reports of one millisecond do weigh something")
  func burst() throws {
    var presence = Presence()
    presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -90), at: 0)
    for _ in 0..<300 { presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -50), at: 0) }
    let value = try #require(presence.devices[.device(S.address(1))]?.smoothedDBm)
    #expect(value > -51 && value <= -50)
  }

  @Test("One strong report does not bring a far device near")
  func outlier() {
    var presence = Presence()
    for time in stride(from: Int64(0), to: 5000, by: 100) {
      presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -80), at: MonotonicTime(milliseconds: time))
    }
    #expect(presence.hear(S.sighting(S.phone, from: 1, rssiDBm: -30), at: 5000) == nil)
    #expect(presence.counts.devicesNear == 0)
  }

  // MARK: Bluezoners

  @Test("A Bluezoner is counted once over all its addresses")
  func severalAddresses() {
    var presence = Presence()
    for address in 1...5 { presence.hear(S.bluezoner(1, from: address), at: 0) }
    #expect(presence.counts.devicesAround == 1)
    #expect(presence.counts.bluezonersAround == 1)
    #expect(presence.counts.devicesNear == 1)
    #expect(presence.counts.bluezonersNear == 1)
    presence.hear(S.bluezoner(2, from: 6, rssiDBm: -90), at: 0)
    #expect(presence.counts.devicesAround == 2)
    #expect(presence.counts.bluezonersAround == 2)
    #expect(presence.counts.bluezonersNear == 1)
  }

  @Test("A scan response from a Bluezoner's address is the Bluezoner's")
  func scanResponse() {
    var presence = Presence()
    presence.hear(S.bluezoner(1, from: 1), at: 0)
    presence.hear(S.sighting(S.unknown, from: 1, isScanResponse: true), at: 10)
    presence.hear(S.sighting([], from: 1, isScanResponse: true), at: 25_000)
    #expect(presence.counts.devicesAround == 1)
    #expect(presence.counts.bluezonersAround == 1)
    presence.expire(at: 54_999)
    #expect(presence.counts.bluezonersAround == 1)
    presence.expire(at: 55_000)
    #expect(presence.counts.devicesAround == 0)
  }

  @Test("A Bluezoner whose address also offers the iOS service remains a Bluezoner")
  func scanResponseWithService() {
    var presence = Presence()
    presence.hear(S.bluezoner(1, from: 1), at: 0)
    presence.hear(S.sighting(S.iPhoneWithApp, from: 1, isScanResponse: true), at: 10)
    presence.hear(S.sighting(S.phone, from: 1, isScanResponse: true), at: 20)
    #expect(presence.counts.bluezonersAround == 1)
    #expect(presence.counts.bluezonersNear == 1)
    #expect(presence.devices[.bluezoner(S.id(1))]?.kind == .bluezoner)
  }

  @Test("An address first heard without an id and then with one is counted once")
  func idLater() {
    var presence = Presence()
    #expect(presence.hear(S.sighting(S.phone, from: 1), at: 0)?.kind == .phone)
    #expect(presence.hear(S.bluezoner(1, from: 1), at: 10)?.kind == .bluezoner)
    #expect(presence.counts.devicesAround == 1)
    #expect(presence.counts.devicesNear == 1)
    #expect(presence.counts.bluezonersAround == 1)
    #expect(presence.devices[.device(S.address(1))] == nil)
  }

  @Test("After a Bluezoner is gone its address is a device like any other, and its again with an id")
  func aliasForgotten() {
    var presence = Presence()
    presence.hear(S.bluezoner(1, from: 1), at: 0)
    presence.expire(at: 30_000)
    presence.hear(S.sighting(S.phone, from: 1), at: 30_001)
    #expect(presence.counts.bluezonersAround == 0)
    #expect(presence.counts.devicesAround == 1)
    presence.hear(S.bluezoner(1, from: 1), at: 30_002)
    #expect(presence.counts.bluezonersAround == 1)
    #expect(presence.counts.devicesAround == 1)
  }

  @Test("An address that takes a new id is the same phone, unless the old id comes from elsewhere too")
  func newID() {
    var presence = Presence()
    presence.hear(S.bluezoner(1, from: 1), at: 0)
    presence.hear(S.bluezoner(2, from: 1), at: 1000)
    presence.hear(S.sighting([], from: 1), at: 2000)
    #expect(presence.counts.bluezonersAround == 1)
    #expect(presence.devices[.bluezoner(S.id(2))]?.firstHeard == 0)
    #expect(presence.devices[.bluezoner(S.id(2))]?.lastHeard == 2000)
    presence.hear(S.bluezoner(2, from: 7), at: 3000)
    presence.hear(S.bluezoner(3, from: 7), at: 4000)
    #expect(presence.counts.bluezonersAround == 2)
  }

  @Test("An iPhone with the app is no Bluezoner, and stays what it is when it sends other things")
  func phoneWithApp() {
    var presence = Presence()
    presence.hear(S.sighting(S.phone, from: 1), at: 0)
    presence.hear(S.sighting(S.iPhoneWithApp, from: 1), at: 10)
    presence.hear(S.sighting(S.phone, from: 1), at: 20)
    #expect(presence.devices[.device(S.address(1))]?.kind == .phoneWithApp)
    #expect(presence.counts.bluezonersAround == 0)
    #expect(presence.counts.devicesAround == 1)
  }

  // MARK: Limits

  @Test("A full table turns newcomers away, keeps those it has, and recovers when some are gone")
  func fullTable() {
    var presence = Presence()
    for n in 0..<CoreLimits.devices {
      presence.hear(S.sighting(S.phone, from: n), at: n < 10 ? 0 : 1000)
    }
    #expect(presence.counts.devicesAround == CoreLimits.devices)
    #expect(presence.turnedAway == 0)
    #expect(presence.hear(S.sighting(S.phone, from: 100_000), at: 1000) == nil)
    presence.hear(S.bluezoner(1, from: 100_001), at: 1000)
    #expect(presence.turnedAway == 2)
    #expect(presence.counts.devicesAround == CoreLimits.devices)
    presence.hear(S.sighting(S.phone, from: 10), at: 2000)
    #expect(presence.turnedAway == 2)
    presence.expire(at: 30_000)
    #expect(presence.counts.devicesAround == CoreLimits.devices - 10)
    presence.hear(S.bluezoner(1, from: 100_001), at: 30_000)
    #expect(presence.counts.bluezonersAround == 1)
    presence.expire(at: 31_000)
    #expect(presence.counts.devicesAround == 2)
    presence.expire(at: 60_000)
    #expect(presence.counts == Presence.Counts())
  }

  @Test("A Bluezoner that was turned away is counted once when there is room again")
  func turnedAwayThenCounted() {
    var presence = Presence()
    for n in 0..<CoreLimits.devices - 1 { presence.hear(S.sighting(S.phone, from: n), at: 0) }
    presence.hear(S.bluezoner(2, from: 50_000), at: 0)
    presence.hear(S.bluezoner(1, from: 100_000), at: 0)
    #expect(presence.turnedAway == 1)
    // What was taken for a phone turns out to be Bluezoner 2, and makes room; twice.
    presence.hear(S.bluezoner(2, from: 0), at: 0)
    presence.hear(S.sighting([], from: 100_000, isScanResponse: true), at: 0)
    presence.hear(S.bluezoner(2, from: 1), at: 0)
    presence.hear(S.bluezoner(1, from: 100_000), at: 0)
    #expect(presence.counts.bluezonersAround == 2)
    #expect(presence.counts.devicesAround == CoreLimits.devices - 1)
    #expect(presence.devices[.device(S.address(100_000))] == nil)
    #expect(presence.turnedAway == 1)
  }

  @Test(
    "At the limit of aliases a Bluezoner is still counted once, and its known addresses can change their id")
  func aliasLimit() {
    var presence = Presence()
    for n in 0..<CoreLimits.aliases { presence.hear(S.bluezoner(1, from: n), at: 0) }
    #expect(presence.counts.devicesAround == 1)
    // One too many: its scan response is a device of its own, until the id is heard from there again.
    presence.hear(S.bluezoner(1, from: 10_000), at: 0)
    presence.hear(S.sighting([], from: 10_000), at: 0)
    #expect(presence.counts.devicesAround == 2)
    presence.hear(S.bluezoner(1, from: 10_000), at: 0)
    #expect(presence.counts.devicesAround == 1)
    // A known address with a new id.
    presence.hear(S.bluezoner(2, from: 0), at: 0)
    presence.hear(S.sighting([], from: 0), at: 20_000)
    #expect(presence.devices[.bluezoner(S.id(2))]?.lastHeard == 20_000)
    #expect(presence.devices[.bluezoner(S.id(1))]?.lastHeard == 0)
    presence.expire(at: 30_000)
    #expect(presence.counts.devicesAround == 1)
    // There is room again.
    presence.hear(S.bluezoner(3, from: 10_000), at: 30_000)
    presence.hear(S.sighting([], from: 10_000), at: 30_000)
    #expect(presence.counts.devicesAround == 2)
  }

  @Test("100,000 addresses in an hour leave the table small")
  func bounded() {
    var presence = Presence()
    var most = 0
    for n in 0..<100_000 {
      let time = MonotonicTime(milliseconds: Int64(n) * 36)
      presence.hear(n.isMultiple(of: 5) ? S.bluezoner(n, from: n) : S.sighting(S.phone, from: n), at: time)
      if n.isMultiple(of: 25) { presence.expire(at: time) }
      most = max(most, presence.devices.count)
    }
    // 30 s hold 834 of them, and up to 25 more come between two looks.
    #expect(most <= 860)
    #expect(presence.turnedAway == 0)
    presence.expire(at: MonotonicTime(milliseconds: 3_630_000))
    #expect(presence.devices.isEmpty)
  }

  // MARK: Always

  @Test("The counts always equal a recount of the table", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func counts(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var settings = Presence.Settings()
    settings.smoothingMilliseconds = seed.isMultiple(of: 2) ? 3000 : 100
    var presence = Presence(settings: settings)
    let payloads = [S.phone, S.computer, S.unknown, S.iPhoneWithApp, []]
    var time: Int64 = 0
    for step in 0..<6000 {
      time += Int64.random(in: 0...(step.isMultiple(of: 500) ? 40_000 : 120), using: &random)
      let now = MonotonicTime(milliseconds: time)
      let address = Int.random(in: 0..<60, using: &random)
      let rssi: Int8? =
        Int.random(in: 0..<20, using: &random) == 0 ? nil : Int8.random(in: -100 ... -40, using: &random)
      if Bool.random(using: &random) {
        presence.hear(
          S.bluezoner(Int.random(in: 0..<20, using: &random), from: address, rssiDBm: rssi), at: now)
      } else {
        let payload = payloads[Int.random(in: 0..<payloads.count, using: &random)]
        presence.hear(S.sighting(payload, from: address, rssiDBm: rssi), at: now)
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        presence.expire(at: now)
        let old = presence.devices.values.contains { now.milliseconds(since: $0.lastHeard) >= 30_000 }
        #expect(!old, "seed \(seed), step \(step)")
      }
      var recount = Presence.Counts()
      for (key, device) in presence.devices {
        let isBluezoner = if case .bluezoner = key { true } else { false }
        recount.devicesAround += 1
        if device.isNear { recount.devicesNear += 1 }
        if isBluezoner { recount.bluezonersAround += 1 }
        if isBluezoner, device.isNear { recount.bluezonersNear += 1 }
      }
      guard recount == presence.counts else {
        Issue.record("seed \(seed), step \(step): counted \(presence.counts), there are \(recount)")
        return
      }
    }
  }
}
