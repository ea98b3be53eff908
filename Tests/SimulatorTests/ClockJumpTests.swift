// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

/// The kiosk's wall clock is wrong or is put right while phones are being read; the phones' clocks are right.
@Suite("The kiosk's clock jumps") struct ClockJumpTests {
  private static let seeds: [UInt64] = [1, 2]
  private static let day = SlotScheme.dayMilliseconds
  private static let slot = LogSlot.milliseconds
  /// How far the clock is ahead: by days, by whole slots, by parts of one, by less than a reading takes.
  private static let errors: [Int64] = [
    -3 * day, -day, -slot, -450_000, -20_000, -300, 300, 20_000, 450_000, slot, 4 * slot + 70_000, day, 2 * day + 1,
  ]

  /// Somewhat before the end of a slot, with phones that have just come.
  private func begin(
    error: Int64, isSynchronised: Bool, startingAt: Int64, seed: UInt64
  ) -> (CrowdHarness, [VirtualDevice]) {
    var random = SplitMix64(seed: seed)
    var harness = CrowdHarness(startingAt: startingAt, seed: seed)
    harness.air.thinning = 10
    harness.clockErrorMilliseconds = error
    harness.isSynchronised = isSynchronised
    harness.start()
    // Keeps a connection open until it leaves.
    _ = harness.arrive(
      .iPhoneBluezonerForeground, after: 0, staying: 40_000, nearDBm: -40, behaviour: .silent, random: &random)
    var phones: [VirtualDevice] = []
    for i in 0..<3 {
      phones.append(harness.arrive(.androidBluezoner, after: 0, nearDBm: -60 - i, random: &random))
    }
    for i in 0..<8 {
      let kind: VirtualDevice.Kind = i < 6 ? .iPhoneBluezonerForeground : .iPhoneBluezonerBackground
      phones.append(
        harness.arrive(
          kind, after: Int64(i) * 300, nearDBm: -55 - i, keepsAddress: i % 2 == 1, random: &random))
    }
    return (harness, phones)
  }

  /// Until a connection stands and the next peer is being looked for.
  private func reachReading(_ harness: inout CrowdHarness) -> Bool {
    harness.run(atMost: 30_000) { $0.air.controller.connectionCount > 0 && $0.air.controller.initiatingPeer != nil }
  }

  private func checkRadio(_ harness: CrowdHarness, _ note: Comment) {
    #expect(harness.kiosk.host.counters.faults == 0, note)
    #expect(harness.kiosk.host.counters.malformedPackets == 0, note)
    #expect(harness.air.controller.droppedPackets == 0, note)
    #expect(harness.air.controller.connectionCount == 0, note)
    #expect(harness.air.controller.isScanning && harness.air.controller.isAdvertising, note)
    let sent = harness.air.controller.transmission?.data
    #expect(sent == CrowdHarness.ownID(at: harness.moment.utc).map(BluezoneAdvertisement.data), note)
  }

  @Test("It is set right while phones are read: all are logged, none under a wrong slot", arguments: errors)
  func setRight(error: Int64) {
    let seed = UInt64(bitPattern: error)
    let note: Comment = "error \(error), seed \(seed)"
    var (harness, phones) = begin(error: error, isSynchronised: false, startingAt: Self.day - 120_000, seed: seed)
    #expect(reachReading(&harness), note)
    #expect(harness.rows.isEmpty, note)
    harness.clockErrorMilliseconds = 0
    harness.isSynchronised = true
    let jump = harness.now.monotonic
    harness.run(for: 1000)
    if SlotScheme.standard.slot(at: harness.now.utc.adding(milliseconds: error))
      != SlotScheme.standard.slot(at: harness.now.utc)
    {
      // Its own id is that of the right slot at once, under a new address.
      #expect(harness.transmissions.contains { $0.at >= jump && $0.sent != nil }, note)
    }
    // Past the true slot's end, which is a day's as well.
    harness.run(for: 220_000)
    checkRadio(harness, note)
    harness.stop()
    #expect(harness.wrongRows(phones) == 0 && harness.undated.isEmpty, note)
    #expect(harness.repeatedRows == 0 && harness.crossingRows == 0, note)
    #expect(harness.rows.count == 2 * phones.count, note)
  }

  @Test("It jumps twice before it can be believed", arguments: seeds)
  func unsynchronised(seed: UInt64) {
    for (first, second) in [(-Self.day, Self.slot), (Self.slot, -Self.slot), (450_000, -3 * Self.day)] {
      let note: Comment = "\(first), then \(second), seed \(seed)"
      var (harness, phones) = begin(error: first, isSynchronised: false, startingAt: 3_900_000, seed: seed)
      #expect(reachReading(&harness), note)
      harness.clockErrorMilliseconds = second
      harness.run(for: 20_000)
      #expect(harness.rows.isEmpty && !harness.undated.isEmpty, note)
      harness.clockErrorMilliseconds = 0
      harness.run(for: 20_000)
      #expect(harness.rows.isEmpty, note)
      harness.isSynchronised = true
      harness.run(for: 60_000)
      checkRadio(harness, note)
      harness.stop()
      #expect(harness.wrongRows(phones) == 0 && harness.undated.isEmpty, note)
      #expect(harness.rows.count == phones.count && harness.crossingRows == 0, note)
    }
  }

  @Test(
    "It is believed, jumps away and back: rows stand under the slots it showed, and no id is carried across a jump",
    arguments: errors)
  func believed(error: Int64) {
    let seed = UInt64(bitPattern: ~error)
    let note: Comment = "error \(error), seed \(seed)"
    // In the middle of a slot, so that the ids stay the same in true time.
    var (harness, phones) = begin(error: 0, isSynchronised: true, startingAt: 3_600_000 + 100_000, seed: seed)
    #expect(reachReading(&harness), note)
    harness.clockErrorMilliseconds = error
    harness.run(for: 30_000)
    harness.clockErrorMilliseconds = 0
    harness.run(for: 60_000)
    checkRadio(harness, note)
    harness.stop()
    let right = harness.slot()
    let shown = LogSlot.number(at: harness.now.utc.adding(milliseconds: error))
    let ids = Set(phones.compactMap { $0.bluezoneID(at: harness.now.utc) })
    #expect(harness.rows.keys.allSatisfy { ids.contains($0.id) && [right, shown].contains($0.slot) }, note)
    #expect(harness.rows.keys.count { $0.slot == right } == phones.count, note)
    #expect(harness.repeatedRows == 0 && harness.crossingRows == 0, note)
  }

  @Test("It is lost for a while in which the slot ends, and comes back", arguments: seeds)
  func lost(seed: UInt64) {
    let note: Comment = "seed \(seed)"
    var (harness, phones) = begin(error: 0, isSynchronised: true, startingAt: 4_500_000 - 60_000, seed: seed)
    #expect(reachReading(&harness), note)
    harness.isSynchronised = false
    harness.run(for: 90_000)
    harness.isSynchronised = true
    harness.run(for: 60_000)
    checkRadio(harness, note)
    harness.stop()
    #expect(harness.wrongRows(phones) == 0 && harness.undated.isEmpty, note)
    #expect(harness.rows.count == 2 * phones.count && harness.crossingRows == 0, note)
  }

  @Test("It jumps at every moment of a reading", arguments: [-900_000, 900_000, 86_400_000] as [Int64])
  func everyMoment(error: Int64) {
    for moment in stride(from: Int64(50), through: 1000, by: 50) {
      let note: Comment = "error \(error), at \(moment) ms"
      var random = SplitMix64(seed: UInt64(moment))
      var harness = CrowdHarness(seed: UInt64(moment))
      harness.clockErrorMilliseconds = error
      harness.isSynchronised = false
      harness.start()
      harness.run(for: 3000)
      let phone = harness.arrive(.iPhoneBluezonerForeground, after: 0, random: &random)
      harness.run(for: moment)
      harness.clockErrorMilliseconds = 0
      harness.isSynchronised = true
      harness.run(for: 20_000)
      checkRadio(harness, note)
      harness.stop()
      #expect(harness.rows.count == 1 && harness.wrongRows([phone]) == 0 && harness.undated.isEmpty, note)
    }
  }

  /// Phones whose address stays come a minute before the true end of a slot; 130 s after it the clock is set right.
  private func acrossUnknownEnd(error: Int64, isSynchronised: Bool, seed: UInt64) -> (CrowdHarness, [VirtualDevice]) {
    // 900 s after boot what is undated begins a new row: 100 s after the slot's end.
    var random = SplitMix64(seed: seed)
    var harness = CrowdHarness(startingAt: 4_500_000 - 800_000, seed: seed)
    harness.air.thinning = 10
    harness.clockErrorMilliseconds = error
    harness.isSynchronised = isSynchronised
    harness.start()
    let phones = (0..<3).map { _ in
      harness.arrive(.iPhoneBluezonerForeground, after: 740_000, keepsAddress: true, random: &random)
    }
    harness.run(for: 930_000)
    harness.clockErrorMilliseconds = 0
    harness.isSynchronised = true
    return (harness, phones)
  }

  @Test("An id that was read by a clock not believed is not kept past the true end of its slot", arguments: ends, seeds)
  func unknownEnd(error: Int64, seed: UInt64) {
    let note: Comment = "error \(error), seed \(seed)"
    var (harness, phones) = acrossUnknownEnd(error: error, isSynchronised: false, seed: seed)
    harness.run(for: 60_000)
    harness.stop()
    #expect(harness.wrongRows(phones) == 0 && harness.crossingRows == 0, note)
    #expect(harness.rows.count == 2 * phones.count, note)
  }

  @Test("Nor past the moment at which a clock that was believed is set right", arguments: ends, seeds)
  func wrongEnd(error: Int64, seed: UInt64) {
    let note: Comment = "error \(error), seed \(seed)"
    var (harness, phones) = acrossUnknownEnd(error: error, isSynchronised: true, seed: seed)
    // It contradicts what was believed for 930 s, and stands for as long before rows are dated by it.
    harness.run(for: 12_000)
    #expect(!harness.kiosk.status(at: harness.moment).clockSynchronised, note)
    harness.run(for: 1_000_000)
    #expect(harness.kiosk.status(at: harness.moment).clockSynchronised, note)
    let slot = harness.slot()
    let right = Set(
      phones.compactMap { $0.bluezoneID(at: harness.now.utc) }.map { CrowdHarness.Key(id: $0, slot: slot) })
    #expect(Set(harness.rows.keys.filter { $0.slot == slot }) == right && right.count == phones.count, note)
    #expect(harness.rows.keys.allSatisfy { $0.slot <= slot }, note)
  }

  private static let ends: [Int64] = [-450_000, 300_000, 450_000, day]
}
