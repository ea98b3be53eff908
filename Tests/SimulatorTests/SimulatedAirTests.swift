// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

@Suite("The simulated air") struct SimulatedAirTests {
  /// 2020-08-25T00:00:00Z.
  private static let midnight: Int64 = 1_598_313_600_000

  private func moment(_ milliseconds: Int64) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: 5000 + milliseconds),
      utc: UTCTime(milliseconds: Self.midnight + milliseconds))
  }

  private func scanning(seed: UInt64) -> SimulatedAir {
    var air = SimulatedAir.demo(seed: seed, startingAt: moment(0))
    for command: HCICommand in [
      .leSetRandomAddress(.resolvableForm(random: 1)),
      .leSetScanParameters(active: false, interval: 0x60, window: 0x60), .leSetScanEnable(true),
    ] {
      air.controller.receive(command.packet)
    }
    air.controller.output.removeAll()
    return air
  }

  private func packets(seed: UInt64, until end: Int64, every step: Int64) -> [[UInt8]] {
    var air = scanning(seed: seed)
    for time in stride(from: 0, through: end, by: Int(step)) { air.advance(to: moment(Int64(time))) }
    return air.controller.output
  }

  @Test(
    "The same seed and times give the same packets, another seed others",
    arguments: [1, 77, .max] as [UInt64])
  func repeatable(seed: UInt64) {
    let first = packets(seed: seed, until: 60_000, every: 100)
    #expect(first.count > 500, "seed \(seed)")
    #expect(first == packets(seed: seed, until: 60_000, every: 100), "seed \(seed)")
    #expect(first != packets(seed: seed ^ 2, until: 60_000, every: 100), "seed \(seed)")
  }

  @Test("A host over it hears everything, and each id is that of its sender's identity in the slot")
  func ids() throws {
    var air = scanning(seed: 5)
    var link = HostLink()
    link.start(HCIHost.Advertisement(address: .resolvableForm(random: 1), id: nil))
    var allowed: Set<BluezoneID> = []
    var heard: Set<BluezoneID> = []
    // Across the end of the first slot.
    for time in stride(from: Int64(0), through: 1_000_000, by: 500) {
      let now = moment(time)
      air.advance(to: now)
      link.now = now.monotonic
      for packet in air.controller.output { link.deliver(packet) }
      air.controller.output.removeAll()
      for sighting in link.host.sightings {
        #expect(!sighting.facts.isTruncated && !sighting.facts.hasWrongBluezoneData)
        if let id = sighting.facts.bluezoneID { heard.insert(id) }
      }
      link.host.sightings.removeAll()
      link.advance(milliseconds: 0)
    }
    let slot = SlotScheme.standard.slot(at: moment(0).utc)
    for device in air.devices {
      #expect((device.identity != nil) == (device.kind == .androidBluezoner))
      guard var identity = device.identity else { continue }
      allowed.insert(try identity.bluezoneID(in: slot))
      allowed.insert(try identity.bluezoneID(in: SlotScheme.standard.next(after: slot)))
    }
    #expect(heard == allowed && allowed.count == 6)
    #expect(link.host.counters.malformedPackets == 0 && link.host.counters.faults == 0)
  }

  @Test("A Bluezoner changes id and address at the slot's end and not before") func rotation() throws {
    let air = scanning(seed: 9)
    let phone = try #require(air.devices.first { $0.kind == .androidBluezoner })
    var identity = try #require(phone.identity)
    let first = phone.transmission(at: UTCTime(milliseconds: Self.midnight))
    #expect(phone.transmission(at: UTCTime(milliseconds: Self.midnight + 899_999)) == first)
    let second = phone.transmission(at: UTCTime(milliseconds: Self.midnight + 900_000))
    #expect(second.address != first.address && second.data != first.data)
    let slot = SlotScheme.standard.slot(at: UTCTime(milliseconds: Self.midnight + 900_000))
    #expect(second.data == BluezoneAdvertisement.data(for: try identity.bluezoneID(in: slot)))
    #expect(second.address.randomKind == .resolvable)
  }

  @Test("Before its base day a Bluezoner has nothing to say") func beforeBaseDay() throws {
    let phone = try #require(scanning(seed: 9).devices.first { $0.kind == .androidBluezoner })
    #expect(phone.transmission(at: UTCTime(milliseconds: Self.midnight - 1)).data.isEmpty)
  }

  @Test("Every kind's advertisement is whole and says what it is") func kinds() {
    for device in scanning(seed: 3).devices {
      let data = device.transmission(at: moment(0).utc).data
      let facts = AdvertisingFacts(data.span, in: 0..<data.count)
      #expect(!facts.isTruncated && data.count <= 31)
      switch device.kind {
      case .androidBluezoner: #expect(facts.bluezoneID != nil)
      case .iPhone: #expect(facts.companyID == 0x004C && facts.hasAppleType(0x10))
      case .androidPhone: #expect(facts.hasService(0xFEF3))
      case .computer: #expect(facts.companyID == 0x0006)
      case .beacon: #expect(facts.hasService(0xFEAA))
      case .iPhoneBluezonerForeground: #expect(facts.hasIOSBluezoneService)
      case .iPhoneBluezonerBackground, .iPhoneOtherBackgroundApp: #expect(facts.hasOverflowBit)
      }
    }
  }

  @Test("Nothing is heard while the controller does not scan, and time goes on") func notScanning() throws {
    var air = SimulatedAir.demo(seed: 1, startingAt: moment(0))
    air.advance(to: moment(10_000))
    #expect(air.controller.output.isEmpty)
    #expect(try #require(air.nextDeadline) > moment(10_000).monotonic)
  }

  @Test("Somebody with the app comes within seconds") func demoComes() {
    let early = packets(seed: 20, until: 20_000, every: 100)
    #expect(
      early.contains { packet in
        let data = Array(packet.dropFirst(14).dropLast())
        return AdvertisingFacts(data.span, in: 0..<data.count).bluezoneID != nil
      })
  }

  @Test("The generator gives the numbers of its publication") func splitMix() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }
}
