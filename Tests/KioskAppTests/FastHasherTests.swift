// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing

@testable import KioskApp

@Suite("Hashing in bulk") struct FastHasherTests {
  @Test(
    "gives on every path of this machine what the library's SHA-256 gives", arguments: [1, 2, 3, 4, 5, 15, 16, 17, 64])
  func paths(count: Int) {
    var random = SystemRandomNumberGenerator()
    let keys = (0..<count * SubkeyHasher.keyWords).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
    var next = keys
    SubkeyHasher.portable.advance(&next)
    for slots in [0, 1, 2, 7, 96] {
      for range in [0..<count, count / 2..<count, 0..<0] {
        var expected: [UInt64] = []
        SubkeyHasher.portable.walk(keys, range, slots: slots, into: &expected)
        for hasher in SubkeyHasher.fast {
          var ids: [UInt64] = []
          hasher.walk(keys, range, slots: slots, into: &ids)
          #expect(ids == expected, "\(hasher.name), \(slots) slots of \(range)")
        }
      }
    }
    for hasher in SubkeyHasher.fast {
      var advanced = keys
      hasher.advance(&advanced)
      #expect(advanced == next, "\(hasher.name)")
    }
  }

  @Test("takes the first of the machine's paths, or the library's") func choice() {
    #expect(SubkeyHasher.fastest.name == (SubkeyHasher.fast.first?.name ?? "portable"))
    #expect(Set(SubkeyHasher.fast.map(\.name)).count == SubkeyHasher.fast.count)
    #if arch(arm64)
      #expect(!SubkeyHasher.fast.isEmpty)
    #endif
  }
}
