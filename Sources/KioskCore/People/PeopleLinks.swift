// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Which tracks go on where others ended: once a step, for those that began lately.
extension People {
  private struct Pair {
    var score: Float
    var a: Int32
    var b: Int32
  }

  // MARK: One after the other

  /// Links what began lately to what it continues: all at once, so that a newcomer does not take what fits another far
  /// better. Those that have not settled, and those that are not silent for long enough, compete but are not linked yet.
  mutating func link(at now: Int64, _ moment: Moment) {
    undoLinks()
    let young = newcomersToLink(at: now)
    guard young.contains(where: { isSettled($0, at: now) }) else { return }
    var pairs: [Pair] = []
    for new in young { pairs += predecessors(of: new, at: now, moment) }
    guard !pairs.isEmpty else { return }
    let olds = Array(Set(pairs.map(\.a))).sorted()
    var assignment = Assignment(rows: young.count, columns: olds.count)
    for (row, new) in young.enumerated() {
      for pair in pairs where pair.b == new {
        guard let column = olds.firstIndex(of: pair.a) else { continue }
        assignment.add(row: row, column: column, gain: pair.score - Succession.leastScore)
      }
    }
    for (row, column) in assignment.best().enumerated() {
      guard let column else { continue }
      let (a, b) = (olds[column], young[row])
      let (old, new) = (tracks[Int(a)].person, tracks[Int(b)].person)
      guard isSettled(b, at: now), tracks[Int(a)].isSilent(at: now) else { continue }
      // Another stream of the phone may have brought them together before.
      guard old == new || canMerge(old, new, at: now) else { continue }
      merge(new, into: old)
      chain(a, to: b)
      let isSure = pairs.contains { $0.a == a && $0.b == b && $0.score >= Succession.sureScore }
      if !isSure { doubtPrompt(of: old) }
    }
  }

  /// Perhaps it was not this one who was asked.
  private mutating func doubtPrompt(of p: Int32) {
    guard let person = person(p), !person.isBluezoner, person.promptedAt != nil else { return }
    persons[Int(p)]?.isAnnounced = false
  }

  /// Tracks that began lately and continue none so far, within the limit.
  private mutating func newcomersToLink(at now: Int64) -> [Int32] {
    var young = newcomers.filter { !continues($0) && tracks[Int($0)].strength.isKnown }
    for i in young where tracks[Int(i)].settledDBm == nil && isSettled(i, at: now) {
      tracks[Int(i)].settledDBm = tracks[Int(i)].strength.dBm
    }
    if young.count > CoreLimits.linkedTracks {
      young.sort { (tracks[Int($0)].strength.dBm, $1) > (tracks[Int($1)].strength.dBm, $0) }
      young.removeLast(young.count - CoreLimits.linkedTracks)
    }
    return young
  }

  private func isSettled(_ i: Int32, at now: Int64) -> Bool {
    now - tracks[Int(i)].firstHeard >= Self.settlingMilliseconds
  }

  /// What `b` may continue, the likeliest first, within the limit.
  private func predecessors(of b: Int32, at now: Int64, _ moment: Moment) -> [Pair] {
    let new = tracks[Int(b)]
    let density = arrivals.density(new.signs.stream, dBm: new.strength.dBm)
    var pairs: [Pair] = []
    for i in tracks.indices where isLive[i] && tracks[i].successor < 0 && tracks[i].person >= 0 {
      guard i != Int(b), !tracks[i].streams.isDisjoint(with: new.streams),
        new.firstHeard - tracks[i].lastHeard >= -Succession.overlapMilliseconds
      else { continue }
      let old = tracks[i]
      guard
        let score = succession(old.lastHeard, new.firstHeard, moment).score(old, new, density: density),
        score > Succession.leastScore,
        old.person == new.person || canMerge(old.person, new.person, at: now, after: Int32(i))
      else { continue }
      pairs.append(Pair(score: score, a: Int32(i), b: b))
    }
    guard pairs.count > CoreLimits.predecessors else { return pairs }
    pairs.sort { ($0.score, $1.a) > ($1.score, $0.a) }
    return Array(pairs.prefix(CoreLimits.predecessors))
  }

  /// A track needs some reports before its RSSI means anything, and the one that it continues must have had the time
  /// to be missed: linked sooner, it would go to somebody who fell silent before.
  static let settlingMilliseconds: Int64 = 1500

  /// A track that is heard again has no successor: whoever was taken for it is somebody else.
  private mutating func undoLinks() {
    for i in tracks.indices where isLive[i] && tracks[i].successor >= 0 {
      let next = Int(tracks[i].successor)
      guard isLive[next], tracks[next].person == tracks[i].person else {
        tracks[i].successor = -1
        continue
      }
      guard tracks[i].lastHeard > tracks[next].firstHeard + Self.lateMilliseconds else { continue }
      unchain(Int32(i))
    }
  }

  /// An address is not heard for longer than this after the next one has begun.
  private static let lateMilliseconds: Int64 = 1500

  /// What lies between the last report of one and the first of another.
  private func succession(_ a: Int64, _ b: Int64, _ moment: Moment) -> Succession {
    var succession = Succession(seconds: Float(b - a) / 1000)
    succession.deafSeconds = Float(silentSpells.milliseconds(from: a, to: b)) / 1000
    guard moment.isSynchronised else { return succession }
    let from = moment.utc(at: MonotonicTime(milliseconds: min(a, b) - Succession.overlapMilliseconds))
    let to = moment.utc(at: MonotonicTime(milliseconds: max(a, b) + Succession.overlapMilliseconds))
    let scheme = SlotScheme.standard
    let middle = from.adding(milliseconds: (to.milliseconds - from.milliseconds) / 2)
    let slot = scheme.slot(at: middle)
    let (start, end) = (scheme.start(of: slot), scheme.end(of: slot))
    let isEndNearer = end.milliseconds - middle.milliseconds < middle.milliseconds - start.milliseconds
    let change = (isEndNearer ? end : start).milliseconds
    succession.slotShare = Succession.slotShare(
      from: Float(from.milliseconds - change) / 1000, to: Float(to.milliseconds - change) / 1000)
    return succession
  }

  /// Two persons who send the same stream at the same time are two; and two ids at the same time are two phones.
  /// `ended`: a track of `a` that is taken to have ended.
  func canMerge(_ a: Int32, _ b: Int32, at now: Int64, after ended: Int32 = -1) -> Bool {
    guard let first = person(a), let second = person(b) else { return false }
    if let x = first.platform, let y = second.platform, x != y { return false }
    for i in first.tracks {
      let x = tracks[Int(i)]
      if i == ended || !x.isCurrent(at: now) { continue }
      for k in second.tracks {
        let y = tracks[Int(k)]
        if y.isCurrent(at: now), !x.streams.isDisjoint(with: y.streams) { return false }
      }
    }
    return true
  }
}
