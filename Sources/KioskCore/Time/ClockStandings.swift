// SPDX-License-Identifier: GPL-3.0-or-later

/// Clocks that are not believed yet, each with the running time for which it was shown. At the limit the one that stood
/// least goes.
public struct ClockStandings: Codable, Hashable, Sendable {
  struct Standing: Codable, Hashable, Sendable {
    /// Wall clock minus operating time, milliseconds.
    var offset: Int64
    /// Running time for which it was shown, milliseconds.
    var stood: Int64
  }

  private(set) var all: [Standing] = []

  var isEmpty: Bool { all.isEmpty }

  func stood(at offset: Int64) -> Int64? { all.first { ClockLines.agree($0.offset, offset) }?.stood }

  /// Takes note of a clock that is shown, unless it is known.
  ///
  /// - Parameter isFirstOfBoot: the clock may go on from one of an earlier boot, after at most a day without power.
  /// - Returns: whether it is new, and goes on from none.
  @discardableResult
  mutating func add(_ offset: Int64, isFirstOfBoot: Bool) -> Bool {
    guard stood(at: offset) == nil else { return false }
    let before = isFirstOfBoot ? all.filter { ClockLines.isNight(from: $0.offset, to: offset) } : []
    all.append(Standing(offset: offset, stood: before.map(\.stood).max() ?? 0))
    if all.count > CoreLimits.clockCandidates, let least = all.dropLast().min(by: { $0.stood < $1.stood }),
      let i = all.firstIndex(of: least)
    {
      all.remove(at: i)
    }
    return before.isEmpty
  }

  /// So much running time has passed for those that were shown.
  mutating func stand(_ milliseconds: Int64, where isShown: (_ offset: Int64) -> Bool) {
    for i in all.indices where isShown(all[i].offset) { all[i].stood += milliseconds }
  }

  /// They begin again.
  mutating func restart(where isContradicted: (_ offset: Int64) -> Bool) {
    for i in all.indices where isContradicted(all[i].offset) { all[i].stood = 0 }
  }

  mutating func remove(where isOver: (_ offset: Int64) -> Bool) { all.removeAll { isOver($0.offset) } }

  var isSound: Bool {
    all.count <= CoreLimits.clockCandidates && all.allSatisfy { ClockLines.isSound($0.offset, $0.stood) }
  }
}
