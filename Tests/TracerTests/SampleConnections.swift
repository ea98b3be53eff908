// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

/// What is said inside connections, for tests of damage and of both sides together.
enum SampleConnections {
  static let id = "d56342c09af6bdddc9e79108"

  /// A request, now and then damaged, with handles near those that exist.
  static func request(_ i: Int, _ random: inout SeededGenerator) -> [UInt8] {
    if i.isMultiple(of: 16) {
      return (0..<Int.random(in: 0...40, using: &random)).map { _ in .random(in: 0...255, using: &random) }
    }
    var pdu = ATTTests.requests.randomElement(using: &random) ?? []
    if i.isMultiple(of: 2) {
      // Its handles, and what it has in their place.
      for at in stride(from: 1, to: min(pdu.count - 1, 5), by: 2) {
        pdu.replaceSubrange(at..<at + 2, with: UInt16.random(in: 0...12, using: &random).littleEndianBytes)
      }
    }
    return i.isMultiple(of: 3) ? mutated(pdu, using: &random) : pdu
  }

  /// Whether a response is one that Core allows to `request`.
  static func isWellFormed(_ response: [UInt8], to request: [UInt8]) -> Bool {
    guard let opcode = response.first, let asked = request.first else { return false }
    let count = response.count
    switch opcode {
    case 0x01: return count == 5 && response[1] == asked && response[4] != 0
    case 0x03: return asked == 0x02 && count == 3
    case 0x05:
      guard asked == 0x04, count > 2 else { return false }
      return response[1] == 1 ? (count - 2) % 4 == 0 : response[1] == 2 && (count - 2) % 18 == 0
    case 0x07: return asked == 0x06 && count > 1 && (count - 1) % 4 == 0
    case 0x09: return asked == 0x08 && count > 2 && response[1] >= 2 && (count - 2) % Int(response[1]) == 0
    case 0x11: return asked == 0x10 && count > 2 && response[1] >= 4 && (count - 2) % Int(response[1]) == 0
    case 0x19: return asked == 0x18 && count == 1
    case 0x21: return asked == 0x20 && count >= 3
    default: return [0x0B, 0x0D, 0x0F].contains(opcode) && asked == opcode - 1
    }
  }
}

/// As `#expect`, for the many rounds of a loop: most of their time would go into its expansion.
func check(
  _ condition: Bool, _ place: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) {
  if !condition { Issue.record("\(place())", sourceLocation: sourceLocation) }
}
