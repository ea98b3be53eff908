// SPDX-License-Identifier: GPL-3.0-or-later

/// Which rows go with which columns so that what is gained is the most in all, each row and each column at most once.
/// Best first would take a pair that fits a little better and leave two others with what does not fit at all.
///
/// Source of the method: H. Kuhn, "The Hungarian Method for the Assignment Problem", Naval Research Logistics Quarterly
/// 1955, in the form of shortest augmenting paths (J. Edmonds, R. Karp, JACM 1972).
struct Assignment: Sendable {
  let columns: Int
  private var gains: [[Float]]

  init(rows: Int, columns: Int) {
    self.columns = columns
    gains = [[Float]](repeating: [Float](repeating: 0, count: columns), count: rows)
  }

  /// What it gains if `row` goes with `column`; nothing, and less than nothing, is never taken.
  mutating func add(row: Int, column: Int, gain: Float) { gains[row][column] = max(gain, 0) }

  /// The column of each row, nil where it is better left alone.
  func best() -> [Int?] {
    let rows = gains.count
    // Each row has a column of its own besides, which gains nothing.
    let all = columns + rows
    var rowPotential = [Float](repeating: 0, count: rows + 1)
    var columnPotential = [Float](repeating: 0, count: all + 1)
    // The row of each column, from 1 on; 0 for none. Column 0 stands for the row that is to be placed.
    var rowOf = [Int](repeating: 0, count: all + 1)
    for row in 1...max(rows, 1) where rows > 0 {
      rowOf[0] = row
      var least = [Float](repeating: .infinity, count: all + 1)
      var before = [Int](repeating: 0, count: all + 1)
      var isDone = [Bool](repeating: false, count: all + 1)
      var column = 0
      repeat {
        isDone[column] = true
        let current = rowOf[column]
        var (step, next): (Float, Int) = (.infinity, 0)
        for other in 1...all where !isDone[other] {
          let cost = -gain(current - 1, other - 1) - rowPotential[current] - columnPotential[other]
          if cost < least[other] {
            least[other] = cost
            before[other] = column
          }
          if least[other] < step { (step, next) = (least[other], other) }
        }
        for other in 0...all {
          if isDone[other] {
            rowPotential[rowOf[other]] += step
            columnPotential[other] -= step
          } else {
            least[other] -= step
          }
        }
        column = next
      } while rowOf[column] != 0
      repeat {
        let previous = before[column]
        rowOf[column] = rowOf[previous]
        column = previous
      } while column != 0
    }
    var found = [Int?](repeating: nil, count: rows)
    for column in 0..<columns where rowOf[column + 1] > 0 {
      let row = rowOf[column + 1] - 1
      if gains[row][column] > 0 { found[row] = column }
    }
    return found
  }

  private func gain(_ row: Int, _ column: Int) -> Float { column < columns ? gains[row][column] : 0 }
}
