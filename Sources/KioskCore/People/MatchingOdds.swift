// SPDX-License-Identifier: GPL-3.0-or-later

/// Rows and columns that go together in pairs, each at most once, where nobody knows which: how likely a column has a row
/// at all, over every way in which they may go together. `Assignment` says which way is the best; this says how sure it is
/// of one of them.
///
/// Source of the method: J. Williams, R. Lau, "Approximate Evaluation of Marginal Association Probabilities with Belief
/// Propagation", IEEE Transactions on Aerospace and Electronic Systems, 2014. It is exact where one column may have
/// several rows, or one row several columns, and near otherwise.
struct MatchingOdds: Sendable {
  let rows: Int
  let columns: Int
  /// How much likelier it is that row and column go together than that both are alone; 0 if they cannot.
  private var weights: [Float]

  init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    weights = [Float](repeating: 0, count: rows * columns)
  }

  mutating func set(row: Int, column: Int, weight: Float) { weights[row * columns + column] = max(weight, 0) }

  /// The odds, for each column, that it has a row.
  func columnOdds() -> [Float] {
    // What a row says to a column: how likely it is that column's, as far as the other columns leave it. And what a column
    // says to a row: how likely no other row has it.
    var offered = [Float](repeating: 0, count: weights.count)
    var free = [Float](repeating: 1, count: weights.count)
    var odds = [Float](repeating: 0, count: columns)
    for _ in 0..<Self.rounds {
      odds = [Float](repeating: 0, count: columns)
      for row in 0..<rows {
        let cells = row * columns..<(row + 1) * columns
        let all = cells.reduce(Float(1)) { $0 + weights[$1] * free[$1] }
        for cell in cells {
          offered[cell] = weights[cell] / max(all - weights[cell] * free[cell], 1)
          odds[cell - cells.lowerBound] += offered[cell]
        }
      }
      for cell in weights.indices { free[cell] = 1 / (1 + max(odds[cell % columns] - offered[cell], 0)) }
    }
    return odds
  }

  /// After so many it has settled to a hundredth, or is as far off as it will be.
  private static let rounds = 8
}
