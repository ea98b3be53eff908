// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Which tracks go on where others ended: once a step, for those that began lately.
extension People {
  /// Two tracks and how much likelier they are one phone's than two, nats: `b` after `a`, or both at a time.
  struct Pair {
    var score: Float
    var a: Int32
    var b: Int32
  }

  // MARK: One after the other

  /// Links what began lately to what it continues: all at once, so that a newcomer does not take what fits another far
  /// better. Those that have not settled, and those that are not silent for long enough, compete but are not linked yet.
  mutating func link(at now: Int64, _ moment: Moment) {
    undoLinks()
    relink(at: now, moment)
    let young = newcomersToLink(at: now)
    guard young.contains(where: { isSettled($0, at: now) }) else { return }
    for pair in bestPairs(young, at: now, moment) {
      let (old, new) = (tracks[Int(pair.a)].person, tracks[Int(pair.b)].person)
      guard isSettled(pair.b, at: now), tracks[Int(pair.a)].isSilent(at: now) else { continue }
      // Another stream of the phone may have brought them together before.
      guard old == new || canMerge(old, new, at: now) else { continue }
      merge(new, into: old)
      chain(pair.a, to: pair.b)
      if pair.score < Succession.sureScore { doubtPrompt(of: old) }
    }
  }

  /// Which of `young` continues what, so that it fits best in all. `again`: they are asked anew, whatever they were
  /// taken to continue.
  private func bestPairs(_ young: [Int32], again: Bool = false, at now: Int64, _ moment: Moment) -> [Pair] {
    let pairs = young.map { predecessors(of: $0, again: again ? young : [], at: now, moment) }
    let olds = Array(Set(pairs.joined().map(\.a))).sorted()
    guard !olds.isEmpty else { return [] }
    var assignment = Assignment(rows: young.count, columns: olds.count)
    for (row, pairs) in pairs.enumerated() {
      for pair in pairs {
        guard let column = olds.firstIndex(of: pair.a) else { continue }
        assignment.add(row: row, column: column, gain: pair.score - Succession.leastScore)
      }
    }
    return zip(pairs, assignment.best()).compactMap { pairs, column in
      column.flatMap { column in pairs.first { $0.a == olds[column] } }
    }
  }

  // MARK: Asked again

  /// Phones with the app that changed their id lately are linked anew, all at once, as soon as one of them tells that it
  /// was taken for another: two that stand side by side may have been taken for each other.
  private mutating func relink(at now: Int64, _ moment: Moment) {
    var changed = tracks.indices.filter { isLive[$0] && mayBeRelinked(tracks[$0], at: now) }.map { Int32($0) }
    let told = changed.filter { !tracks[Int($0)].isAskedAgain && isDoubtful($0, at: now) }
    guard !told.isEmpty else { return }
    for i in told { tracks[Int(i)].isAskedAgain = true }
    changed = strongest(changed)
    let pairs = bestPairs(changed, again: true, at: now, moment)
    let links = changed.map { new in (before: predecessor(of: new), pair: pairs.first { $0.b == new }) }
    for case (let before?, let pair) in links where before != pair?.a { unchain(before) }
    for case (let before, let pair?) in links where before != pair.a {
      let (old, new) = (tracks[Int(pair.a)].person, tracks[Int(pair.b)].person)
      guard old == new || canMerge(old, new, at: now, after: pair.a) else { continue }
      merge(new, into: old)
      chain(pair.a, to: pair.b)
    }
  }

  private func mayBeRelinked(_ track: Track, at now: Int64) -> Bool {
    track.streams.contains(.bluezone) && track.person >= 0 && track.settledDBm != nil
      && now - track.firstHeard <= Self.relinkedMilliseconds
  }

  /// By then an Android phone that began after the change of a slot has fallen silent, and an iPhone has sent all it does.
  private static let relinkedMilliseconds: Int64 = 20_000

  /// Whether it does not go on as the one did that it was taken to continue; or was taken for somebody who came, and by
  /// now tells more of itself.
  private func isDoubtful(_ i: Int32, at now: Int64) -> Bool {
    let new = tracks[Int(i)]
    guard let before = predecessor(of: i) else {
      return new.signs.platform == .android ? Rhythm.hasFallenSilent(new, at: now) : new.isPayloadTold
    }
    let old = tracks[Int(before)]
    return Succession.payload(old, new) < 0 || (Rhythm.score(old, new, at: now) ?? 0) < Self.leastRhythm
  }

  private static let leastRhythm: Float = -0.5

  /// Perhaps it was not this one who was asked.
  private mutating func doubtPrompt(of p: Int32) {
    guard let person = person(p), !person.isBluezoner, person.promptedAt != nil else { return }
    persons[Int(p)]?.isAnnounced = false
  }

  /// Tracks that began lately and continue none so far, within the limit.
  private mutating func newcomersToLink(at now: Int64) -> [Int32] {
    let young = newcomers.filter { !continues($0) && tracks[Int($0)].strength.isKnown }
    for i in young where tracks[Int(i)].settledDBm == nil && isSettled(i, at: now) {
      tracks[Int(i)].settledDBm = tracks[Int(i)].strength.dBm
    }
    return strongest(young)
  }

  /// Within the limit.
  private func strongest(_ young: [Int32]) -> [Int32] {
    guard young.count > CoreLimits.linkedTracks else { return young }
    return Array(
      young.sorted { (tracks[Int($0)].strength.dBm, $1) > (tracks[Int($1)].strength.dBm, $0) }
        .prefix(CoreLimits.linkedTracks))
  }

  private func isSettled(_ i: Int32, at now: Int64) -> Bool {
    now - tracks[Int(i)].firstHeard >= Self.settlingMilliseconds
  }

  /// What `b` may continue, the likeliest first, within the limit. `again`: those that are asked anew, `b` among them;
  /// empty when it is asked for the first time.
  private func predecessors(of b: Int32, again: [Int32], at now: Int64, _ moment: Moment) -> [Pair] {
    let new = tracks[Int(b)]
    let beginningDBm = again.isEmpty ? nil : new.settledDBm
    let density = arrivals.density(new.signs.stream, dBm: beginningDBm ?? new.strength.dBm)
    var pairs: [Pair] = []
    for i in tracks.indices where isLive[i] && tracks[i].person >= 0 {
      guard i != Int(b), tracks[i].successor < 0 || again.contains(tracks[i].successor),
        !tracks[i].streams.isDisjoint(with: new.streams),
        new.firstHeard - tracks[i].lastHeard >= -Succession.overlapMilliseconds, !again.contains(Int32(i))
      else { continue }
      let old = tracks[i]
      var succession = succession(old.lastHeard, new.firstHeard, moment)
      if !again.isEmpty {
        succession.rhythm = Rhythm.score(old, new, at: now) ?? 0
        succession.beginningDBm = beginningDBm
      }
      guard let score = succession.score(old, new, density: density), score > Succession.leastScore,
        again.isEmpty
          ? old.person == new.person || canMerge(old.person, new.person, at: now, after: Int32(i))
          : canTake(old.person, b, again, at: now)
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
      if i == ended || !x.mayGoOn(at: now, slotBegan: slotBegan) { continue }
      for k in second.tracks {
        let y = tracks[Int(k)]
        // Whoever tells the same id is the same phone.
        if x.id != nil, x.id == y.id { continue }
        if y.mayGoOn(at: now, slotBegan: slotBegan), !x.streams.isDisjoint(with: y.streams) { return false }
      }
    }
    return true
  }

  /// Whether nobody but those of `again` sends for `p` what `b` does.
  private func canTake(_ p: Int32, _ b: Int32, _ again: [Int32], at now: Int64) -> Bool {
    guard let person = person(p) else { return false }
    return !person.tracks.contains { i in
      let other = tracks[Int(i)]
      return !again.contains(i) && other.mayGoOn(at: now, slotBegan: slotBegan)
        && !other.streams.isDisjoint(with: tracks[Int(b)].streams)
    }
  }
}
