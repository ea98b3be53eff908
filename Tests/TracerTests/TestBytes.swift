// SPDX-License-Identifier: GPL-3.0-or-later
import Tracer

/// Bytes written as hexadecimal text; spaces are for the reader.
func bytes(_ text: String) -> [UInt8] {
  guard let bytes = Hex.bytes(text.filter { $0 != " " }) else {
    preconditionFailure("not hexadecimal: \(text)")
  }
  return bytes
}

/// A small random generator for tests: xorshift64*, so that a seed repeats a run.
/// Source: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed == 0 ? 1 : seed }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

/// Damages `bytes` as a bad wire, a bad file or a bad neighbour would.
func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<Int.random(in: 0...3, using: &random) {
    let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0...5, using: &random) {
    case 0 where !bytes.isEmpty: bytes[at] = UInt8.random(in: 0...255, using: &random)
    case 1 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 2 where !bytes.isEmpty:
      bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF].randomElement(using: &random) ?? 0
    case 3: bytes.removeLast(bytes.count - at)
    case 4: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
    default:
      bytes += (0..<Int.random(in: 1...8, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
    }
  }
  return bytes
}
