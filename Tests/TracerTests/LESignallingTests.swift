// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The signalling channel") struct LESignallingTests {
  /// 30 to 50 ms, latency 4, timeout 6 s: as a phone asks.
  private static let update = bytes("12 07 0800 1800 2800 0400 5802")

  private func answer(
    _ payload: [UInt8], role: LERole = .central, accepts: Bool = false
  ) -> [UInt8]? {
    LESignalling.answer(payload, role: role, acceptsParameterUpdate: accepts)
  }

  @Test("A wish for other parameters is rejected, or accepted where that is said") func update() {
    #expect(answer(Self.update) == bytes("13 07 0200 0100"))
    #expect(answer(Self.update, accepts: true) == bytes("13 07 0200 0000"))
  }

  @Test("A central's wish is not understood: only peripherals have one") func updateFromCentral() {
    #expect(answer(Self.update, role: .peripheral, accepts: true) == bytes("01 07 0200 0000"))
  }

  @Test("The wish is read") func wish() throws {
    let request = try L2CAPConnectionParameterUpdateRequest(Self.update.span)
    #expect(request.intervalMin == 24 && request.intervalMax == 40)
    #expect(request.latency == 4 && request.timeout == 600 && request.isAllowed)
    #expect(throws: ParseError(.invalid, field: "Code", offset: 0)) {
      try L2CAPConnectionParameterUpdateRequest(bytes("13 07 0200 0000").span)
    }
  }

  @Test(
    "Values that no controller takes are rejected",
    arguments: [
      // Interval, 6 to 3200 and in order.
      ("0600 0600 0000 0a00", true), ("0500 0600 0000 0a00", false), ("800c 800c 0000 800c", true),
      ("800c 810c 0000 800c", false), ("0700 0600 0000 0a00", false), ("0700 0700 0000 0a00", true),
      // Latency, to 499.
      ("0600 0600 f301 800c", true), ("0600 0600 f401 800c", false),
      // Timeout, 10 to 3200.
      ("0600 0600 0000 0900", false), ("0600 0600 0000 810c", false),
      // 2 × (1 + 9) × 40 × 1.25 ms = 1000 ms must be less than the timeout.
      ("2800 2800 0900 6500", true), ("2800 2800 0900 6400", false), ("ffff ffff ffff ffff", false),
    ]) func allowed(values: String, isAllowed: Bool)
  {
    let result = isAllowed ? "0000" : "0100"
    #expect(answer(bytes("12 01 0800" + values), accepts: true) == bytes("13 01 0200" + result))
  }

  @Test("A wish of the wrong length is not understood") func wrongLength() {
    #expect(answer(bytes("12 07 0700 1800 2800 0400 58"), accepts: true) == bytes("01 07 0200 0000"))
    #expect(answer(bytes("12 07 0900 1800 2800 0400 5802 00"), accepts: true) == bytes("01 07 0200 0000"))
    #expect(answer(bytes("12 07 0000"), accepts: true) == bytes("01 07 0200 0000"))
  }

  @Test("A frame of another length than it declares is ignored: every truncation") func truncation() {
    for count in 0..<Self.update.count {
      #expect(answer(Array(Self.update.prefix(count)), accepts: true) == nil)
    }
    #expect(answer(Self.update + [0], accepts: true) == nil)
  }

  @Test(
    "Every other request is rejected as not understood",
    arguments: [0x00, 0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x14, 0x17, 0x19, 0x1B, 0xFF] as [UInt8]
  )
  func others(code: UInt8) {
    for role in [LERole.central, .peripheral] {
      #expect(answer([code, 0x2A, 0, 0], role: role) == bytes("01 2a 0200 0000"))
      #expect(answer([code, 0x2A, 4, 0, 1, 2, 3, 4], role: role) == bytes("01 2a 0200 0000"))
    }
  }

  @Test("A credit based connection of a newer phone is rejected") func creditBased() {
    let request = bytes("17 03 1000 2700 4000 4000 0500 4000 4100 4200 4300")
    #expect(answer(request) == bytes("01 03 0200 0000"))
  }

  @Test(
    "Responses and credits are ignored, so that two devices do not reject each other for ever",
    arguments: [0x01, 0x03, 0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x15, 0x16, 0x18, 0x1A] as [UInt8]
  )
  func responses(code: UInt8) {
    #expect(answer([code, 0x2A, 2, 0, 0, 0]) == nil)
    #expect(answer([code, 0x2A, 0, 0], role: .peripheral) == nil)
  }

  @Test("The identifier 0 is none") func identifier() {
    #expect(answer(bytes("06 00 0400 00000000")) == nil)
    #expect(answer(bytes("06 01 0400 00000000")) != nil)
  }

  @Test("A request longer than the channel's MTU is told so", arguments: [-1, 0, 1]) func tooLong(over: Int) {
    let count = TracerLimits.leSignallingBytes - 4 + over
    let request = bytes("06 05") + UInt16(count).littleEndianBytes + [UInt8](repeating: 0, count: count)
    #expect(answer(request) == bytes(over <= 0 ? "01 05 0200 0000" : "01 05 0400 0100 1700"))
    let response = bytes("01 05") + UInt16(count).littleEndianBytes + [UInt8](repeating: 0, count: count)
    #expect(answer(response) == nil)
  }

  @Test("Whatever comes, an answer is a response to it", arguments: [1, 20_200_901]) func garbage(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    var answers = 0
    for i in 0..<100_000 {
      var payload = mutated(Self.update, using: &random)
      if i.isMultiple(of: 2) {
        payload = (0..<Int.random(in: 0...30, using: &random)).map { _ in .random(in: 0...255, using: &random)
        }
        if payload.count >= 4 {
          payload.replaceSubrange(2..<4, with: UInt16(payload.count - 4).littleEndianBytes)
        }
      }
      guard let answer = answer(payload, role: i & 1 == 0 ? .central : .peripheral, accepts: i & 2 == 0)
      else { continue }
      answers += 1
      check(answer.count >= 6 && answer.count <= 8, "seed \(seed), round \(i)")
      check(answer[0] == 0x01 || answer[0] == 0x13, "seed \(seed), round \(i)")
      check(answer[1] == payload[1] && Int(answer[2]) == answer.count - 4, "seed \(seed), round \(i)")
      check(self.answer(answer) == nil, "seed \(seed), round \(i)")
    }
    #expect(answers > 1000 && answers < 100_000, "seed \(seed)")
  }
}
