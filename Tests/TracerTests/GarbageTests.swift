// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

/// Random damage, by seed: a trap ends the test run, and the seed stands in the name of the test that ran.
@Suite("Garbage from outside") struct GarbageTests {
  private static let seeds: [UInt64] = [1, 20_200_501]
  private static let rounds = 50_000

  private static func garbage(_ i: Int, _ random: inout SeededGenerator) -> [UInt8] {
    if i.isMultiple(of: 8) {
      return (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
      }
    }
    return mutated(SamplePackets.events.randomElement(using: &random) ?? [], using: &random)
  }

  @Test("Damaged events and commands are read or refused", arguments: seeds) func events(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var read = 0
    for i in 0..<Self.rounds {
      let packet = Self.garbage(i, &random)
      if let event = try? HCIEvent(packet: packet.span) {
        read += 1
        switch event {
        case .commandComplete(_, _, _, let range), .leAdvertisingReport(let range):
          #expect(range.lowerBound >= 3 && range.upperBound == packet.count, "seed \(seed), round \(i)")
        default: break
        }
      }
      if let command = try? HCICommand(packet: packet.span) {
        #expect(command.packet == packet, "seed \(seed), round \(i)")
      }
    }
    // The canary: both ways were gone.
    #expect(read > Self.rounds / 20 && read < Self.rounds, "seed \(seed)")
  }

  @Test("Damaged advertising data gives facts", arguments: seeds) func advertisingData(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var corpus = SamplePackets.recorded.map { Array($0.dropFirst(14).dropLast()) }
    corpus += [SamplePackets.androidForm, bytes("1107") + BluezoneAdvertisement.iosServiceUUID]
    var ids = 0
    var truncated = 0
    for i in 0..<Self.rounds {
      let data = mutated(corpus.randomElement(using: &random) ?? [], using: &random)
      let low = Int.random(in: -2...data.count + 2, using: &random)
      let range = i.isMultiple(of: 4) ? low..<low + Int.random(in: 0...40, using: &random) : 0..<data.count
      let facts = AdvertisingFacts(data.span, in: range)
      if facts.bluezoneID != nil {
        ids += 1
        #expect(!facts.hasWrongBluezoneData && facts.companyID != nil, "seed \(seed), round \(i)")
      }
      if facts.isTruncated { truncated += 1 }
      #expect(facts.appleTypes == 0 || facts.companyID != nil, "seed \(seed), round \(i)")
    }
    #expect(ids > 0 && truncated > 0 && truncated < Self.rounds, "seed \(seed)")
  }

  @Test("A damaged stream is cut into whole packets or is out of step", arguments: seeds) func stream(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    var framer = H4Framer()
    var failures = 0
    var packets = 0
    for i in 0..<Self.rounds {
      let piece = Self.garbage(i, &random)
      do {
        let cut = try framer.append(piece)
        packets += cut.count
        #expect(cut.allSatisfy { $0.count >= 3 && (1...4).contains($0[0]) }, "seed \(seed), round \(i)")
        #expect(framer.pendingBytes <= TracerLimits.aclPayloadBytes + 4, "seed \(seed), round \(i)")
      } catch {
        failures += 1
        framer = H4Framer()
      }
    }
    #expect(failures > 0 && packets > 0, "seed \(seed)")
  }

  @Test("A damaged recording ends in its records or in words", arguments: seeds) func recording(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let record =
      bytes("0000000f 0000000f 00000003 00000000 00e2824d8eef4b0a") + SamplePackets.Recorded.emptyScanResponse
    let file = bytes("6274736e6f6f7000 00000001 000003ea") + record + record + record
    var whole = 0
    var refused = 0
    for i in 0..<Self.rounds / 5 {
      do {
        var reader = try BtsnoopReader(mutated(file, using: &random))
        var records = 0
        while let record = try reader.next() {
          records += 1
          #expect(record.packet.count <= TracerLimits.recordBytes, "seed \(seed), round \(i)")
          #expect(records <= 8, "seed \(seed), round \(i)")
        }
        whole += 1
      } catch {
        refused += 1
        #expect(!"\(error)".isEmpty)
      }
    }
    #expect(whole > 0 && refused > 0, "seed \(seed)")
  }
}
