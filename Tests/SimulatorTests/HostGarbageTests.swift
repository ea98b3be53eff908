// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

/// Random damage, by seed: a trap ends the test run, and the seed stands in the name of the test that ran.
@Suite("A host over a bad wire") struct HostGarbageTests {
  private static let corpus: [[UInt8]] = [
    Events.commandComplete(.reset), Events.commandComplete(.leSetScanEnable), Events.credits(1),
    Events.credits(0),
    Events.commandStatus(.disconnect),
    Events.commandStatus(.leSetAdvertisingEnable, status: .commandDisallowed),
    Events.connected(0x0040), Events.disconnected(0x0040), Events.hardwareError(3),
    Events.commandComplete(.readBDADDR, [0, 1, 2, 3, 4, 5, 6]),
    [0x04, 0x3E, 15, 2, 1, 0, 1, 6, 5, 4, 3, 2, 1, 3, 2, 1, 6, 0xC4],
    [0x04, 0x3E, 35, 2, 1, 0, 1, 6, 5, 4, 3, 2, 1, 23]
      + BluezoneAdvertisement.data(for: BluezoneID((1...12).map { UInt8($0) }) ?? noID) + [0xC4],
  ]
  private static let noID = advertisement(0).id.unsafelyUnwrapped

  private static func damaged(_ random: inout SplitMix64) -> [UInt8] {
    var packet = corpus.randomElement(using: &random) ?? []
    for _ in 0..<Int.random(in: 0...2, using: &random) where !packet.isEmpty {
      let at = Int.random(in: 0..<packet.count, using: &random)
      switch Int.random(in: 0...3, using: &random) {
      case 0: packet[at] = UInt8.random(in: 0...255, using: &random)
      case 1: packet[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: packet.removeSubrange(at...)
      default: packet.insert(UInt8.random(in: 0...255, using: &random), at: at)
      }
    }
    return packet
  }

  @Test(
    "Two hundred thousand damaged packets trap nowhere and leave it able to run",
    arguments: [1, 2, 3, 4] as [UInt64])
  func packets(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var link = HostLink.running(advertisement(1))
    var ran = 0
    for round in 0..<50_000 {
      link.deliver(Self.damaged(&random))
      switch Int.random(in: 0..<200, using: &random) {
      case 0..<20: link.advance(milliseconds: Int64.random(in: 1...3000, using: &random))
      case 20: link.advertise(advertisement(UInt8.random(in: 0...255, using: &random)))
      case 21: link.failTransport()
      case 22:
        link.stop()
        link.advance(milliseconds: 2000)
        #expect(link.host.state == .closed, "seed \(seed), round \(round)")
        link.start(nil)
      default: break
      }
      if link.host.state == .running { ran += 1 } else { #expect(!link.host.isScanning || isStopping(link)) }
      #expect(link.host.sightings.count <= 25, "seed \(seed), round \(round)")
      link.host.sightings.removeAll()
      #expect(
        link.host.state == .closed || link.host.nextDeadline != nil,
        "seed \(seed), round \(round): nothing would wake it")
    }
    // The canary: the garbage did harm, and the host ran in between.
    #expect(ran > 1000 && link.host.counters.faults > 100, "seed \(seed)")
    #expect(link.host.counters.malformedPackets > 1000 && link.host.counters.reports > 1000, "seed \(seed)")
    // The wire is mended.
    link.failTransport()
    link.advertise(advertisement(7))
    link.advance(milliseconds: 20_000)
    #expect(link.isRunning && link.controller.transmission == transmission(7), "seed \(seed)")
  }

  private func isStopping(_ link: HostLink) -> Bool { link.host.state == .stopping }

  @Test(
    "Through every fault at random, its deadlines move on and it runs again",
    arguments: 1...40 as ClosedRange<UInt64>)
  func faults(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var link = HostLink()
    link.start(advertisement(1))
    for _ in 0..<200 {
      switch Int.random(in: 0..<9, using: &random) {
      case 0: link.answer = { _ in [] }
      case 1: link.answer = { [Events.commandComplete($0.opcode, credits: 0)] }
      case 2: link.answer = { [Events.commandStatus($0.opcode, status: .commandDisallowed)] }
      case 3: link.opening = [.fails(.busy), .silent].randomElement(using: &random) ?? .silent
      case 4: link.failTransport(.outOfStep)
      case 5: link.deliver(Events.credits(UInt8.random(in: 0...2, using: &random)))
      case 6: link.advertise(advertisement(UInt8.random(in: 0...255, using: &random)))
      default:
        link.answer = { _ in nil }
        link.opening = .works
      }
      link.advance(milliseconds: Int64.random(in: 0...8000, using: &random))
      #expect(link.host.nextDeadline != nil, "seed \(seed): nothing would wake it in \(link.host.state)")
    }
    link.answer = { _ in nil }
    link.opening = .works
    link.advance(milliseconds: 30_000)
    #expect(link.isRunning, "seed \(seed)")
  }
}
