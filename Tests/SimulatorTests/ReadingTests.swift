// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("Phones are read, and read the kiosk") struct ReadingTests {
  private static let seeds: [UInt64] = [1, 2, 3]
  /// Adverts at their full rate for whoever is looked for, fewer from all others.
  private static let thinning: Int64 = 4

  private func running(
    seed: UInt64, startingAt: Int64 = 3_600_000, abilities: SoftwareController.Abilities = .init()
  ) -> (CrowdHarness, SplitMix64) {
    var harness = CrowdHarness(startingAt: startingAt, seed: seed, abilities: abilities)
    harness.air.thinning = Self.thinning
    harness.start()
    harness.run(for: 5000)
    return (harness, SplitMix64(seed: seed))
  }

  private static func abilities(isExtended: Bool) -> SoftwareController.Abilities {
    var abilities = SoftwareController.Abilities()
    abilities.isExtended = isExtended
    return abilities
  }

  private func isRead(_ phone: VirtualDevice, in harness: CrowdHarness) -> Bool {
    phone.bluezoneID(at: harness.now.utc).map { harness.firstRead[$0] != nil } ?? false
  }

  @Test("Strangers and ids of wrong length are asked once in an hour", arguments: [11, 13, 0, nil], seeds)
  func strangers(count: Int?, seed: UInt64) {
    var (harness, random) = running(seed: seed)
    let kind: VirtualDevice.Kind = count == nil ? .iPhoneOtherBackgroundApp : .iPhoneBluezonerBackground
    let phone = harness.arrive(
      kind, after: 0, behaviour: count.map { .wrongLength($0) } ?? .answers, keepsAddress: true, random: &random)
    let address = phone.transmission(at: harness.now.utc).address
    harness.air.thinning = 40
    harness.run(for: 3_500_000)
    #expect(harness.air.controller.connectionsMade[address] == 1, "seed \(seed)")
    harness.run(for: 200_000)
    #expect(harness.air.controller.connectionsMade[address] == 2, "seed \(seed)")
    #expect(harness.rows.isEmpty && harness.firstRead.isEmpty, "seed \(seed)")
  }

  @Test("An open app whose id has a wrong length is not asked without end", arguments: [11, 13], seeds)
  func openWithWrongLength(count: Int, seed: UInt64) {
    var (harness, random) = running(seed: seed)
    let phone = harness.arrive(
      .iPhoneBluezonerForeground, after: 0, behaviour: .wrongLength(count), keepsAddress: true, random: &random)
    let address = phone.transmission(at: harness.now.utc).address
    harness.run(for: 600_000)
    #expect((harness.air.controller.connectionsMade[address] ?? 0) <= 12, "seed \(seed)")
    #expect(harness.rows.isEmpty && harness.firstRead.isEmpty, "seed \(seed)")
  }

  @Test("A silent phone costs ten seconds at the most, and others are read meanwhile", arguments: seeds)
  func silent(seed: UInt64) {
    var (harness, random) = running(seed: seed)
    _ = harness.arrive(.iPhoneBluezonerForeground, after: 0, nearDBm: -45, behaviour: .silent, random: &random)
    let other = harness.arrive(.iPhoneBluezonerForeground, after: 2000, nearDBm: -70, random: &random)
    harness.run(for: 8000)
    #expect(isRead(other, in: harness), "seed \(seed)")
    var longest: Int64 = 0
    var since: Int64?
    for _ in 0..<600 {
      harness.run(for: 100)
      let time = harness.now.monotonic.milliseconds
      since = harness.air.controller.connectionCount > 0 ? since ?? time : nil
      longest = max(longest, time - (since ?? time))
    }
    #expect((9000...10_200).contains(longest), "seed \(seed)")
  }

  @Test("With room for one connection, waiting for its end wakes nobody", arguments: seeds)
  func oneConnection(seed: UInt64) {
    var abilities = SoftwareController.Abilities()
    abilities.connections = 1
    var (harness, random) = running(seed: seed, abilities: abilities)
    _ = harness.arrive(.iPhoneBluezonerForeground, after: 0, nearDBm: -45, behaviour: .silent, random: &random)
    let isConnected = harness.run(atMost: 5000) { $0.air.controller.connectionCount > 0 }
    for _ in 0..<5 { _ = harness.arrive(.iPhoneBluezonerForeground, after: 0, random: &random) }
    harness.run(for: 1000)
    let before = harness.wakes
    harness.run(for: 7000)
    #expect(isConnected && harness.air.controller.connectionCount == 1, "seed \(seed)")
    // The page's second, and the question whether the controller is still there.
    #expect(harness.wakes - before <= 20, "seed \(seed)")
  }

  @Test("Phones that go away cost an attempt each time, with pauses, and no more", arguments: 0...8, seeds)
  func goesAway(afterRequests count: Int, seed: UInt64) {
    var (harness, random) = running(seed: seed)
    let leaver = harness.arrive(
      .iPhoneBluezonerForeground, after: 0, behaviour: .goesAway(afterRequests: count), random: &random)
    let other = harness.arrive(.iPhoneBluezonerBackground, after: 1000, random: &random)
    let before = harness.wakes
    harness.run(for: 40_000)
    #expect(isRead(other, in: harness), "seed \(seed)")
    // At once, and after pauses of 2, 5 and 20 s.
    let address = leaver.transmission(at: harness.now.utc).address
    #expect((1...4).contains(harness.air.controller.connectionsMade[address] ?? 0), "seed \(seed)")
    #expect(harness.wakes - before <= 400, "seed \(seed)")
    #expect(harness.air.controller.droppedPackets == 0 && harness.kiosk.host.counters.faults == 0, "seed \(seed)")
    #expect(harness.wrongRows([leaver, other]) == 0, "seed \(seed)")
    harness.run(for: 30_000)
    #expect(harness.air.controller.connectionCount == 0, "seed \(seed)")
  }

  @Test("What is read has the strength of the adverts, and its platform", arguments: [false, true], seeds)
  func rows(isExtended: Bool, seed: UInt64) {
    var (harness, random) = running(seed: seed, abilities: Self.abilities(isExtended: isExtended))
    var phones: [VirtualDevice] = []
    for i in 0..<6 {
      let kind: VirtualDevice.Kind = i < 4 ? .iPhoneBluezonerForeground : .iPhoneBluezonerBackground
      phones.append(harness.arrive(kind, after: 0, nearDBm: -50 - 6 * i, random: &random))
    }
    let android = harness.arrive(.androidBluezoner, after: 0, nearDBm: -66, random: &random)
    harness.run(for: 60_000)
    harness.stop()
    #expect(harness.rows.count == 7, "seed \(seed)")
    for phone in phones + [android] {
      let row = phone.bluezoneID(at: harness.now.utc).flatMap { harness.rows[.init(id: $0, slot: harness.slot())] }
      #expect(row?.platform == (phone.kind == .androidBluezoner ? .android : .ios), "seed \(seed)")
      let strength = row?.strength ?? .init()
      #expect(strength.count > 10, "seed \(seed)")
      // Six at the most is lost or won by fading.
      #expect(abs(strength.sumDBm - strength.count * phone.nearDBm) <= 3 * strength.count, "seed \(seed)")
      #expect(strength.nearestDBm.map { abs($0 - phone.nearDBm) <= 6 } == true, "seed \(seed)")
    }
  }

  @Test(
    "An id that is heard and read as well is one contact and one Bluezoner",
    arguments: [false, true], seeds)
  func bothWays(fromOneAddress: Bool, seed: UInt64) {
    var (harness, random) = running(seed: seed)
    // The same draws make the same key, and the same address where that rotates.
    var again = random
    let android = harness.arrive(.androidBluezoner, after: 0, random: &random)
    let iPhone = harness.arrive(
      .iPhoneBluezonerForeground, after: 0, keepsAddress: !fromOneAddress, random: &again)
    #expect(android.bluezoneID(at: harness.now.utc) == iPhone.bluezoneID(at: harness.now.utc))
    let addresses = [android, iPhone].map { $0.transmission(at: harness.now.utc).address }
    #expect((addresses[0] == addresses[1]) == fromOneAddress)
    harness.run(for: 60_000)
    #expect(harness.air.controller.connectionsMade[addresses[1]] == 1, "seed \(seed)")
    #expect(harness.kiosk.people.counts.bluezoners == 1, "seed \(seed)")
    #expect(harness.kiosk.people.counts.people == 1, "seed \(seed)")
    harness.stop()
    #expect(harness.rows.count == 1 && harness.repeatedRows == 0, "seed \(seed)")
    #expect(harness.wrongRows([android]) == 0, "seed \(seed)")
  }

  @Test("A connection that the controller could not make is tried again later", arguments: [0x3E, 0x02] as [UInt8])
  func connectionCompleteWithFault(status: UInt8) {
    var link = HostLink.running(advertisement(1))
    let peer = BluetoothAddress.resolvableForm(random: 5)
    var data: [UInt8] = [2, 0x01, 0x1A, 17, 0x07]
    data += BluezoneAdvertisement.iosServiceUUID
    let advert = SoftwareController.Transmission(address: peer, data: data)
    // Until there is something to spend on a search.
    link.advance(milliseconds: 2000)
    link.controller.hear(advert, rssiDBm: -50)
    link.settle()
    #expect(link.controller.initiatingPeer == peer)
    link.controller = link.controller.withoutSearch()
    link.deliver(Events.notConnected(status, peer))
    #expect(link.host.reading.failures == 1 && link.host.counters.faults == 0)
    link.advance(milliseconds: 1000)
    link.controller.hear(advert, rssiDBm: -50)
    link.settle()
    #expect(link.controller.initiatingPeer == nil)
    link.advance(milliseconds: 1500)
    #expect(link.controller.initiatingPeer == peer && link.host.reading.attempts == 2)
  }

  @Test(
    "A phone reads the kiosk and leaves; a silent one is dropped; the kiosk advertises again", arguments: [false, true])
  func served(isExtended: Bool) throws {
    var (harness, _) = running(seed: 7, abilities: Self.abilities(isExtended: isExtended))
    let sent = try #require(harness.air.controller.transmission)
    let readerCame = harness.air.controller.accept(.reader, from: .resolvableForm(random: 77))
    #expect(readerCame && !harness.air.controller.isAdvertising)
    harness.run(for: 3000)
    let own = AdvertisingFacts(sent.data.span, in: 0..<sent.data.count).bluezoneID
    #expect(harness.air.controller.servedOutcomes == [try #require(own.map(GATTReader.Outcome.id))])
    #expect(harness.air.controller.connectionCount == 0 && harness.air.controller.isAdvertising)
    let silentCentralCame = harness.air.controller.accept(.silentCentral, from: .resolvableForm(random: 78))
    #expect(silentCentralCame)
    harness.run(for: 10_000)
    #expect(harness.air.controller.connectionCount == 1)
    harness.run(for: 6000)
    #expect(harness.air.controller.connectionCount == 0 && harness.air.controller.isAdvertising)
  }

  @Test("Phones read the kiosk while it reads others", arguments: [false, true], seeds)
  func servedMeanwhile(isExtended: Bool, seed: UInt64) {
    var (harness, random) = running(seed: seed, abilities: Self.abilities(isExtended: isExtended))
    let phones = (0..<12).map { i in
      harness.arrive(.iPhoneBluezonerForeground, after: Int64(i) * 1500, random: &random)
    }
    var came = 0
    for i in 0..<10 {
      harness.run(for: 2000)
      if harness.air.controller.accept(.reader, from: .resolvableForm(random: UInt64(1000 + i))) { came += 1 }
    }
    harness.run(for: 20_000)
    let own = CrowdHarness.ownID(at: harness.now.utc).map(GATTReader.Outcome.id)
    #expect(came >= 8 && harness.air.controller.servedOutcomes.count == came, "seed \(seed)")
    #expect(harness.air.controller.servedOutcomes.allSatisfy { $0 == own }, "seed \(seed)")
    #expect(phones.allSatisfy { isRead($0, in: harness) }, "seed \(seed)")
    #expect(harness.wrongRows(phones) == 0 && harness.kiosk.host.counters.faults == 0, "seed \(seed)")
  }
}

extension SoftwareController {
  /// The same, having given up its search without a word.
  func withoutSearch() -> Self {
    var controller = self
    let output = controller.output
    controller.receive(HCICommand.leCreateConnectionCancel.packet)
    controller.output = output
    return controller
  }
}
