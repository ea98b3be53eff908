// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("A slot ends") struct SlotBoundaryTests {
  /// Where it ends, after the harness's midnight.
  enum Boundary: Int64, CaseIterable {
    case quarterHour = 4_500_000
    /// With a new day's key for everybody.
    case midnight = 86_400_000
  }

  private static let seeds: [UInt64] = [1, 2, 3]

  private func running(
    until milliseconds: Int64, before boundary: Boundary, seed: UInt64, isExtended: Bool = false
  ) -> (CrowdHarness, SplitMix64) {
    var abilities = SoftwareController.Abilities()
    abilities.isExtended = isExtended
    let start = boundary.rawValue - milliseconds - 5000
    var harness = CrowdHarness(startingAt: start, seed: seed, abilities: abilities)
    harness.start()
    harness.run(for: 5000)
    return (harness, SplitMix64(seed: seed))
  }

  /// What was on the air was the kiosk's own id of the slot, under a new address with each id.
  private func checkTransmissions(_ harness: CrowdHarness, boundary: MonotonicTime, seed: UInt64) {
    var addresses: [BluetoothAddress: BluezoneID] = [:]
    for change in harness.transmissions {
      guard let sent = change.sent else { continue }
      let id = AdvertisingFacts(sent.data.span, in: 0..<sent.data.count).bluezoneID
      #expect(id != nil && id == CrowdHarness.ownID(at: harness.now.utc(at: change.at)), "seed \(seed)")
      if let id { #expect(addresses.updateValue(id, forKey: sent.address) ?? id == id, "seed \(seed)") }
    }
    #expect(addresses.count == 2, "seed \(seed)")
    let changed = harness.transmissions.first { $0.at >= boundary && $0.sent != nil }
    #expect(changed.map { $0.at.milliseconds(since: boundary) <= 1000 } == true, "seed \(seed)")
  }

  @Test(
    "Seventy phones send through it: each is logged in both slots, and none under a wrong one",
    arguments: zip([false, true], Boundary.allCases))
  func load(isExtended: Bool, boundary: Boundary) {
    let seed: UInt64 = isExtended ? 11 : 12
    var (harness, random) = running(until: 40_000, before: boundary, seed: seed, isExtended: isExtended)
    let log = HeardIDs()
    harness.onPackets = { log.hear($0, at: $1) }
    var phones: [VirtualDevice] = []
    for i in 0..<70 {
      let kind: VirtualDevice.Kind =
        i < 40 ? .androidBluezoner : i < 60 ? .iPhoneBluezonerForeground : .iPhoneBluezonerBackground
      phones.append(
        harness.arrive(
          kind, after: Int64.random(in: 0..<5000, using: &random),
          nearDBm: Int.random(in: -80 ... -50, using: &random), keepsAddress: i % 2 == 1, random: &random))
    }
    harness.run(for: 40_000)
    let end = harness.now.monotonic
    harness.run(for: 60_000)
    harness.stop()
    #expect(harness.wrongRows(phones) == 0, "seed \(seed)")
    #expect(harness.repeatedRows == 0 && harness.crossingRows == 0, "seed \(seed)")
    for slot in [harness.slot(after: -60_000), harness.slot()] {
      let rows = phones.count { phone in
        phone.bluezoneID(at: LogSlot.start(of: slot)).map { harness.rows[.init(id: $0, slot: slot)] != nil } ?? false
      }
      // Thirty iPhones take longer than the forty seconds before it.
      #expect(slot == harness.slot() ? rows == 70 : rows >= 60, "\(rows) rows, seed \(seed)")
    }
    // What the controller reported, and nothing else, was logged as heard.
    #expect(Set(harness.rows.filter { $0.value.platform == .android }.keys) == log.ids, "seed \(seed)")
    #expect(log.ids.count == 80, "seed \(seed)")
    checkTransmissions(harness, boundary: end, seed: seed)
    #expect(harness.kiosk.host.counters.faults == 0, "seed \(seed)")
    #expect(harness.kiosk.host.counters.malformedPackets == 0, "seed \(seed)")
  }

  @Test(
    "Whoever is being read at that moment is read again: the id is of one slot or the other, and nobody knows which",
    arguments: Boundary.allCases, [false, true])
  func midRead(boundary: Boundary, keepsAddress: Bool) {
    var standing = 0
    for before in stride(from: Int64(60), through: 900, by: 60) {
      let seed = UInt64(before)
      var (harness, random) = running(until: before, before: boundary, seed: seed)
      let phone = harness.arrive(.iPhoneBluezonerForeground, after: 0, keepsAddress: keepsAddress, random: &random)
      harness.run(for: before)
      let wasRead = !harness.firstRead.isEmpty
      let stands = harness.air.controller.connectionCount > 0 && !wasRead
      if stands { standing += 1 }
      let end = harness.now.monotonic
      harness.run(for: 30_000)
      harness.stop()
      let slot = harness.slot()
      let ids = [slot - 1, slot].map { phone.bluezoneID(at: LogSlot.start(of: $0)) }
      #expect(ids[1].map { harness.rows[.init(id: $0, slot: slot)] != nil } == true, "seed \(seed)")
      #expect(ids[0].map { harness.rows[.init(id: $0, slot: slot - 1)] != nil } == wasRead, "seed \(seed)")
      #expect(harness.wrongRows([phone]) == 0, "seed \(seed)")
      checkTransmissions(harness, boundary: end, seed: seed)
      #expect(harness.air.controller.connectionCount == 0, "seed \(seed)")
    }
    #expect(standing >= 3)
  }

  @Test("A search under way makes room for the new address, and goes on afterwards", arguments: seeds, [false, true])
  func search(seed: UInt64, isExtended: Bool) {
    var (harness, random) = running(until: 700, before: .quarterHour, seed: seed, isExtended: isExtended)
    // They are heard, and gone before they are found.
    for _ in 0..<10 { _ = harness.arrive(.iPhoneBluezonerForeground, after: 0, staying: 110, random: &random) }
    harness.run(for: 699)
    #expect(harness.air.controller.initiatingPeer != nil, "seed \(seed)")
    harness.run(for: 1)
    let end = harness.now.monotonic
    let phone = harness.arrive(.iPhoneBluezonerForeground, after: 1000, random: &random)
    harness.run(for: 30_000)
    checkTransmissions(harness, boundary: end, seed: seed)
    #expect(phone.bluezoneID(at: harness.now.utc).map { harness.firstRead[$0] != nil } == true, "seed \(seed)")
    let refusals = harness.air.controller.refusals.filter { $0 != .leSetRandomAddress }
    #expect(refusals.isEmpty && harness.kiosk.host.counters.faults == 0, "seed \(seed)")
  }

  @Test("Who reads the kiosk through it gets the id of the slot it is in", arguments: [false, true])
  func served(isExtended: Bool) {
    for before in stride(from: Int64(20), through: 300, by: 40) {
      var (harness, _) = running(until: before, before: .quarterHour, seed: 5, isExtended: isExtended)
      let ids = [Int64(0), before].map { CrowdHarness.ownID(at: harness.now.utc.adding(milliseconds: $0)) }
      let came = harness.air.controller.accept(.reader, from: .resolvableForm(random: 77))
      harness.run(for: before + 4000)
      #expect(came && ids[0] != ids[1])
      let outcomes = harness.air.controller.servedOutcomes
      #expect(outcomes.count == 1 && ids.contains { $0.map(GATTReader.Outcome.id) == outcomes.first })
      #expect(harness.air.controller.isAdvertising && harness.air.controller.connectionCount == 0)
      #expect(harness.air.controller.transmission?.data == ids[1].map(BluezoneAdvertisement.data))
    }
  }
}
