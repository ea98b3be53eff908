// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing

@Suite struct MatchingOddsTests {
  /// By trying every way: the odds that each column has a row.
  private func exact(_ weights: [[Float]]) -> [Float] {
    let columns = weights[0].count
    var (all, with) = (Float(0), [Float](repeating: 0, count: columns))
    func go(_ row: Int, _ taken: [Bool], _ weight: Float) {
      guard row < weights.count else {
        all += weight
        for column in 0..<columns where taken[column] { with[column] += weight }
        return
      }
      go(row + 1, taken, weight)
      for column in 0..<columns where !taken[column] && weights[row][column] > 0 {
        var taken = taken
        taken[column] = true
        go(row + 1, taken, weight * weights[row][column])
      }
    }
    go(0, [Bool](repeating: false, count: columns), 1)
    return with.map { $0 / (all - $0) }
  }

  private func found(_ weights: [[Float]]) -> [Float] {
    var matching = MatchingOdds(rows: weights.count, columns: weights[0].count)
    for (row, cells) in weights.enumerated() {
      for (column, weight) in cells.enumerated() { matching.set(row: row, column: column, weight: weight) }
    }
    return matching.columnOdds()
  }

  @Test(
    "Where one has several to choose from it is exact",
    arguments: [
      [[0.5]], [[0.5, 2, 0.1]], [[0.5], [2], [0.1]], [[0, 0]], [[3, 0], [0, 0.2]], [[1, 0.5, 0], [0, 0.25, 2]],
    ] as [[[Float]]])
  func exactly(weights: [[Float]]) {
    for (a, b) in zip(found(weights), exact(weights)) { #expect(abs(a - b) <= 0.01 * b, "\(a) for \(b)") }
  }

  @Test("Where several compete for several it is right to a sixth", arguments: UInt64(1)...40)
  func nearly(seed: UInt64) {
    var state = seed
    func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
    let weights = (0..<4).map { _ in (0..<5).map { _ in next() < 0.3 ? 0 : next() * next() * 2 } }
    for (a, b) in zip(found(weights), exact(weights)) { #expect(abs(a - b) <= b / 6 + 0.001, "\(a) for \(b)") }
  }

  @Test("Whose place another one fills is nobody's any more") func taken() {
    let alone = found([[0.5, 0]])[0]
    let beside = found([[0.5, 1000]])
    #expect(alone == 0.5 && beside[0] < 0.001 && beside[1] > 500)
  }

  @Test("Without rows nothing is likely") func empty() {
    #expect(MatchingOdds(rows: 0, columns: 2).columnOdds() == [0, 0])
    #expect(MatchingOdds(rows: 3, columns: 0).columnOdds() == [])
  }
}
