// SPDX-License-Identifier: GPL-3.0-or-later

/// The offsets (wall clock minus operating time) by which rows were dated, the oldest first. Within a boot the true offset
/// never changes, and from boot to boot it grows by the time without power: so they rise.
public struct ClockLines: Codable, Hashable, Sendable {
  struct Line: Codable, Hashable, Sendable {
    var offset: Int64
    /// Running time for which a synchronised clock showed it, in all and in this boot, milliseconds.
    var stood: Int64 = 0
    var stoodHere: Int64 = 0
    /// Whether it was shown in this boot.
    var isHere = false
    /// Operating time of the first and the last row that it may have dated, milliseconds.
    var since: Int64
    var through: Int64
  }

  private(set) var all: [Line] = []
  /// Whether the last was shown in this boot.
  private(set) var isOfThisBoot = false

  var last: Line? { all.last }

  mutating func beginBoot() {
    isOfThisBoot = false
    for i in all.indices {
      all[i].stoodHere = 0
      all[i].isHere = false
    }
  }

  /// The last line is shown: it follows small corrections.
  mutating func follow(_ offset: Int64, operating: Int64) {
    guard !all.isEmpty else { return }
    let last = all.count - 1
    all[last].offset = offset
    all[last].through = operating
    all[last].isHere = true
    isOfThisBoot = true
  }

  mutating func stand(_ milliseconds: Int64) {
    guard isOfThisBoot else { return }
    let last = all.count - 1
    all[last].stood += milliseconds
    all[last].stoodHere += milliseconds
  }

  mutating func append(_ offset: Int64, stood: Int64, since: Int64, operating: Int64) {
    all.append(
      Line(offset: offset, stood: stood, stoodHere: stood, isHere: true, since: since, through: operating))
    isOfThisBoot = true
    // Two of the oldest become one: what both support is the lower.
    if all.count > CoreLimits.clockLines {
      let second = all.remove(at: 1)
      all[0].stood += second.stood
      all[0].through = second.through
    }
  }

  /// Lines that cannot be true if this offset is.
  private func isContradicted(_ line: Line, by offset: Int64) -> Bool {
    guard !Self.agree(line.offset, offset) else { return false }
    return line.offset > offset || line.isHere
  }

  /// The running time for which clocks were shown that cannot be true if this offset is, and those behind them.
  ///
  /// A line of an earlier boot that is at most a day without power from the one before goes on from it: both stand
  /// together. Otherwise a clock that is a little behind for a whole boot contradicts the last boot alone, and is believed
  /// when it is on for longer than that was.
  func standing(against offset: Int64) -> Int64 {
    var isCounted = all.map { isContradicted($0, by: offset) && $0.offset > offset }
    for i in all.indices.dropFirst().reversed()
    where isCounted[i] && !all[i].isHere && Self.isNight(from: all[i - 1].offset, to: all[i].offset) {
      isCounted[i - 1] = true
    }
    return all.indices.reduce(0) { sum, i in
      if isCounted[i] { return sum + all[i].stood }
      return isContradicted(all[i], by: offset) ? sum + all[i].stoodHere : sum
    }
  }

  /// Lines further ahead than this offset, with the running time of the first row that they dated. One that was made of
  /// a log's newest row says nothing of the others.
  func ahead(of offset: Int64) -> [(offset: Int64, since: Int64)] {
    all.filter { $0.offset - offset > CoreLimits.clockAgreementMilliseconds && $0.since > -Self.limit }
      .map { ($0.offset, $0.since) }
  }

  /// - Returns: the lines that cannot have been true in any boot if this offset is; they are removed.
  mutating func removeContradicted(by offset: Int64) -> [Line] {
    let gone = all.filter { isContradicted($0, by: offset) && $0.offset > offset }
    all = all.filter { !isContradicted($0, by: offset) || $0.offset <= offset && $0.stood > $0.stoodHere }
    // One that is too low for this boot may have been right for those before.
    for i in all.indices where all[i].isHere {
      all[i].stood -= all[i].stoodHere
      all[i].stoodHere = 0
      all[i].isHere = false
    }
    return gone
  }

  var isSound: Bool {
    all.count <= CoreLimits.clockLines && (!isOfThisBoot || !all.isEmpty)
      && all.allSatisfy { Self.isSound($0.offset, $0.stood, $0.stoodHere, $0.since, $0.through) }
  }

  // MARK: Offsets

  static func agree(_ a: Int64, _ b: Int64) -> Bool {
    (a - b).magnitude <= UInt64(CoreLimits.clockAgreementMilliseconds)
  }

  /// Whether the power may have been off between the two, for no more than a day.
  static func isNight(from before: Int64, to after: Int64) -> Bool {
    after >= before && after - before <= CoreLimits.clockNightMilliseconds + CoreLimits.clockAgreementMilliseconds
  }

  /// Numbers that can be added and subtracted without a thought: those of a damaged record may be any.
  static func isSound(_ numbers: Int64...) -> Bool { numbers.allSatisfy { $0.magnitude <= UInt64(limit) } }
  static let limit: Int64 = 1 << 52
}
