// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing

@Suite struct AssignmentTests {
  private func assignment(_ gains: [[Float]]) -> Assignment {
    var assignment = Assignment(rows: gains.count, columns: gains.first?.count ?? 0)
    for (row, line) in gains.enumerated() {
      for (column, gain) in line.enumerated() { assignment.add(row: row, column: column, gain: gain) }
    }
    return assignment
  }

  @Test("A pair that fits best is given up where two others fit far better for it")
  func all() { #expect(assignment([[5, 4.5], [4.5, 0]]).best() == [1, 0]) }

  @Test("What gains nothing is left alone, and so is who has nothing left")
  func none() {
    #expect(assignment([[-1, 0]]).best() == [nil])
    #expect(assignment([[3], [4]]).best() == [nil, 0])
    #expect(assignment([]).best() == [])
    #expect(Assignment(rows: 2, columns: 0).best() == [nil, nil])
  }

  @Test("As much is gained as by any other way", arguments: 1...40 as ClosedRange<UInt64>)
  func most(seed: UInt64) {
    var state = seed
    func draw(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    let (rows, columns) = (Int(draw(5)) + 1, Int(draw(5)) + 1)
    let gains = (0..<rows).map { _ in (0..<columns).map { _ in max(Float(draw(20)) - 6, 0) } }
    let best = assignment(gains).best()
    let taken = best.compactMap(\.self)
    #expect(Set(taken).count == taken.count, "seed \(seed)")
    var gained: Float = 0
    for (row, column) in best.enumerated() { if let column { gained += gains[row][column] } }
    #expect(gained == Self.most(gains, from: 0, without: []), "seed \(seed)")
  }

  private static func most(_ gains: [[Float]], from row: Int, without taken: Set<Int>) -> Float {
    guard row < gains.count else { return 0 }
    var most = most(gains, from: row + 1, without: taken)
    for column in gains[row].indices where !taken.contains(column) {
      most = max(most, gains[row][column] + Self.most(gains, from: row + 1, without: taken.union([column])))
    }
    return most
  }
}
