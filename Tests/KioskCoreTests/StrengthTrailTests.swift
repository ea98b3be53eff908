// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing

@testable import KioskCore

@Suite("The trails of two addresses") struct StrengthTrailTests {
  /// A trail of these means, the last one of `second`; nil where nothing was heard.
  private func trail(_ means: [Int8?], to second: Int64) -> StrengthTrail {
    var trail = StrengthTrail()
    for (i, mean) in means.enumerated() {
      if let mean { trail.add(mean) }
      trail.close(second - Int64(means.count - 1 - i))
    }
    return trail
  }

  @Test("Sums are of the last 128 seconds in which both were heard", arguments: 1...4 as ClosedRange<UInt64>)
  func sums(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    func means(_ count: Int) -> [Int8?] {
      (0..<count).map { _ in Bool.random(using: &random) ? Int8.random(in: -127...20, using: &random) : nil }
    }
    let (a, b) = (means(200), means(150))
    let both = zip(a.suffix(128), b.suffix(128)).compactMap { x, y in x.flatMap { x in y.map { (Int32(x), Int32($0)) } }
    }
    let sums = trail(a, to: 1000).shared(with: trail(b, to: 1000), to: 1000)
    #expect(sums.count == Int32(both.count), "seed \(seed)")
    #expect(sums.x == both.reduce(0) { $0 + $1.0 } && sums.xx == both.reduce(0) { $0 + $1.0 * $1.0 }, "seed \(seed)")
    #expect(sums.y == both.reduce(0) { $0 + $1.1 } && sums.yy == both.reduce(0) { $0 + $1.1 * $1.1 }, "seed \(seed)")
    #expect(sums.d == both.reduce(0) { $0 + $1.0 - $1.1 }, "seed \(seed)")
    #expect(sums.dd == both.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }, "seed \(seed)")
  }

  @Test("Who began after the second has nothing in common with it")
  func newcomer() {
    var new = StrengthTrail()
    new.add(-60)
    #expect(new.shared(with: trail([-60, -60], to: 9), to: 9).count == 0)
    #expect(trail([-60, -60], to: 9).shared(with: new, to: 9).count == 0)
  }
}
