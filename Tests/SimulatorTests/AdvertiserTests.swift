// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Simulator
@testable import Tracer

@Suite("What devices send") struct AdvertiserTests {
  static let start = UTCTime(seconds: 1_763_683_200)
  static let day: Int64 = 86_400_000
  static let baseDay = start.milliseconds / day - 1

  static let payloads: [AdvertisingPayload] = [
    .bluezoneAndroid, .bluezoneForeground, .bluezoneBackground, .otherBackgroundApp, .iPhone(txPowerDBm: 8),
    .appleWatch, .mac,
    .airPods, .findMy, .nearbyShare, .samsung, .exposureNotification, .windows, .headset, .band, .eddystone, .iBeacon,
  ]

  @Test("Every payload is whole and fits", arguments: payloads, [true, false])
  func whole(payload: AdvertisingPayload, isInHand: Bool) {
    let id = BluezoneID([UInt8](repeating: 7, count: 12))
    for seed in 0..<8 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let data = payload.data(id: id, isInHand: isInHand, seed: seed, random: &random)
      let facts = AdvertisingFacts(data.span, in: 0..<data.count)
      #expect(!facts.isTruncated && (4...31).contains(data.count), "seed \(seed)")
      switch payload {
      case .bluezoneAndroid: #expect(facts.bluezoneID == id)
      case .bluezoneForeground: #expect(facts.hasIOSBluezoneService)
      case .bluezoneBackground, .otherBackgroundApp: #expect(facts.hasOverflowBit)
      case .iPhone, .appleWatch, .mac: #expect(facts.hasAppleType(0x10) && facts.companyID == 0x004C)
      case .airPods: #expect(facts.appleTypes == 1 << 0x07)
      case .findMy: #expect(facts.appleTypes == 1 << 0x12)
      case .nearbyShare: #expect(facts.hasService(0xFEF3))
      case .samsung: #expect(facts.companyID == 0x0075)
      case .exposureNotification: #expect(facts.hasService(0xFD6F))
      case .windows: #expect(facts.companyID == 0x0006)
      case .headset: #expect(facts.hasService(0x180F))
      case .band: #expect(facts.hasService(0xFEE0))
      case .eddystone: #expect(facts.hasService(0xFEAA))
      case .iBeacon: #expect(facts.hasAppleType(0x02))
      }
    }
  }

  @Test(
    "A Bluezoner's id and address change together, at UTC quarter hours and never else",
    arguments: 1...20 as ClosedRange<UInt64>)
  func quarterHours(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let stay: Range<Int64> = 0..<7_200_000
    var phone = seed % 2 == 0 ? Handset.iPhone(stay, &random) : .android(stay, &random)
    phone.install(at: 0, open: [], until: stay.upperBound, baseDay: Self.baseDay, &random)
    let advertiser = try #require(phone.advertisers.first { $0.payload.isBluezone })
    var last: SoftwareController.Transmission?
    var changes: [Int64] = []
    for time in stride(from: 0 as Int64, to: stay.upperBound, by: 1000) {
      let sent = advertiser.period(
        at: time, utc: Self.start.adding(milliseconds: time), isInHand: false, bluezone: phone.bluezone
      ).transmission
      if let last, sent.address != last.address {
        changes.append(time)
        if phone.kind == .androidPhone { #expect(sent.data != last.data, "seed \(seed)") }
      } else if let last {
        #expect(sent == last, "seed \(seed)")
      }
      #expect(sent.address.randomKind == .resolvable)
      last = sent
    }
    #expect(changes == (1..<8).map { $0 * 900_000 }, "seed \(seed)")
  }

  @Test("An Android Bluezoner's id is that of its key, and a period lasts to the end of its slot") func ids() throws {
    var random = SplitMix64(seed: 1)
    var phone = Handset.android(0..<1_000_000, &random)
    phone.install(at: 0, open: [], until: 1_000_000, baseDay: Self.baseDay, &random)
    let advertiser = try #require(phone.advertisers.first { $0.payload == .bluezoneAndroid })
    let period = advertiser.period(
      at: 100_000, utc: Self.start.adding(milliseconds: 100_000), isInHand: false, bluezone: phone.bluezone)
    var identity = try #require(phone.bluezone?.identity)
    let id = try identity.bluezoneID(in: Slot(day: Self.baseDay + 1, index: 0))
    #expect(period.transmission.data == BluezoneAdvertisement.data(for: id))
    #expect(period.until == 900_000)
  }

  @Test(
    "An iPhone's own address lives 9 to 15 minutes, not by the clock's quarter hours",
    arguments: 1...20 as ClosedRange<UInt64>)
  func iPhoneAddresses(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let phone = Handset.iPhone(0..<Self.day, &random)
    var time: Int64 = 0
    var ends: [Int64] = []
    var addresses: Set<BluetoothAddress> = []
    while time < 36_000_000 {
      let period = phone.advertisers[0].period(
        at: time, utc: Self.start.adding(milliseconds: time), isInHand: false, bluezone: nil)
      addresses.insert(period.transmission.address)
      ends.append(period.until)
      time = period.until
    }
    let lives = zip(ends, ends.dropFirst()).map { $1 - $0 }
    #expect(lives.allSatisfy { (570_000...900_000).contains($0) }, "seed \(seed)")
    #expect(addresses.count == ends.count, "seed \(seed)")
    #expect(ends.count { $0 % 900_000 < 5000 } < ends.count / 5, "seed \(seed)")
  }

  @Test("What is sent with the screen on has one address after the other, and none again", arguments: 0..<40)
  func pausing(number: Int) {
    let seed = UInt64(number)
    var random = SplitMix64(seed: seed)
    let stay: Range<Int64> = 0..<3_600_000
    let phone = Handset.android(stay, &random)
    for payload in Set(phone.advertisers.map(\.payload)) {
      var own = phone.advertisers.filter { $0.payload == payload }
      own.sort { $0.active.lowerBound < $1.active.lowerBound }
      #expect(Set(own.map(\.intervalMilliseconds)).count == 1)
      var addresses: [BluetoothAddress] = []
      for advertiser in own {
        for time in stride(from: advertiser.active.lowerBound, to: advertiser.active.upperBound, by: 1000) {
          let period = advertiser.period(
            at: time, utc: Self.start.adding(milliseconds: time), isInHand: true, bluezone: nil)
          if addresses.last != period.transmission.address { addresses.append(period.transmission.address) }
        }
      }
      #expect(Set(addresses).count == addresses.count, "seed \(seed)")
      if own.count > 1 { #expect(addresses.count <= 10, "lives of 7 minutes and more") }
    }
  }

  @Test("The pauses of an Android Bluezoner are taken out of its time on air") func pauses() {
    let advertiser = Advertiser(
      payload: .bluezoneAndroid, intervalMilliseconds: 100, isConnectable: true, rotation: .utcQuarterHour,
      duty: .init(on: 15_000, off: 15_000, phase: 5000), active: 12_000..<100_000, seed: 1)
    #expect(advertiser.airTime(in: 0..<60_000) == [25_000..<40_000, 55_000..<60_000])
    #expect(advertiser.airTime(in: 0..<12_000) == [])
    #expect(advertiser.airTime(in: 26_000..<27_000) == [26_000..<27_000])
  }

  @Test("Those who install get Bluezone from then on and not before") func installing() {
    var random = SplitMix64(seed: 3)
    var phone = Handset.iPhone(0..<600_000, &random)
    phone.install(at: 100_000, open: [100_000..<160_000], until: 600_000, baseDay: Self.baseDay, &random)
    let own = phone.advertisers.filter { $0.payload.isBluezone }
    #expect(own.map(\.payload) == [.bluezoneForeground, .bluezoneBackground])
    #expect(own.map(\.active) == [100_000..<160_000, 160_000..<600_000])
    #expect(Set(own.map(\.seed)).count == 1)
  }
}
