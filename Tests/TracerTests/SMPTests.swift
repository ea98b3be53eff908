// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The security manager") struct SMPTests {
  private static let pairingRequest = bytes("01 03 00 01 10 03 03")

  @Test("A pairing request is refused: pairing is not supported") func pairing() {
    for role in [LERole.central, .peripheral] {
      #expect(SMP.answer(Self.pairingRequest, role: role) == bytes("05 05"))
    }
  }

  @Test("Cut or longer, it is refused all the same") func damaged() {
    for count in 1..<Self.pairingRequest.count {
      #expect(SMP.answer(Array(Self.pairingRequest.prefix(count)), role: .peripheral) == bytes("05 05"))
    }
    #expect(SMP.answer(Self.pairingRequest + [0], role: .peripheral) == bytes("05 05"))
    #expect(SMP.answer([], role: .peripheral) == nil)
  }

  @Test("A peripheral's security request is refused by the central, and means nothing to a peripheral")
  func security() {
    #expect(SMP.answer(bytes("0b 01"), role: .central) == bytes("05 05"))
    #expect(SMP.answer(bytes("0b 01"), role: .peripheral) == nil)
  }

  @Test("Everything else is left unanswered") func others() {
    for code in UInt8.min...UInt8.max where code != 0x01 && code != 0x0B {
      for role in [LERole.central, .peripheral] {
        #expect(SMP.answer([code, 5, 0, 0, 0, 0, 0], role: role) == nil)
      }
    }
  }

  @Test("Whatever comes, one answer or none", arguments: [1, 20_200_901]) func garbage(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var answers = 0
    for i in 0..<100_000 {
      let pdu = mutated(Self.pairingRequest, using: &random)
      if let answer = SMP.answer(pdu, role: i.isMultiple(of: 2) ? .central : .peripheral) {
        answers += 1
        check(answer == [0x05, 0x05], "seed \(seed), round \(i)")
      }
    }
    #expect(answers > 0 && answers < 100_000, "seed \(seed)")
  }
}
