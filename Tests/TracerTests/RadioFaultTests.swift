// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Words for a radio that fails") struct RadioFaultTests {
  private static let transportFaults: [TransportFault] = [
    .notFound, .busy, .notSetUp, .notAllowed, .switchedOff, .noBluetooth, .closed, .outOfStep, .congested,
    .system(errno: 19),
  ]
  private static let others: [RadioFault] = [
    .noReply(to: .reset), .refused(.leSetScanEnable, .commandDisallowed), .noCredits,
    .malformedReply(to: .readBDADDR), .hardwareError(code: 3), .noLowEnergy, .openTimedOut,
  ]

  @Test("Every fault has words of its own") func words() {
    let all = Self.transportFaults.map { RadioFault.transport($0) } + Self.others
    let words = all.map { "\($0)" }
    #expect(Set(words).count == all.count && words.allSatisfy { $0.count > 10 })
  }

  @Test("Words name the command and the reason") func names() {
    #expect("\(RadioFault.noReply(to: .reset))" == "the controller did not answer Reset")
    #expect(
      "\(RadioFault.refused(.leSetScanEnable, .commandDisallowed))"
        == "the controller refused LE Set Scan Enable: command disallowed")
  }
}
