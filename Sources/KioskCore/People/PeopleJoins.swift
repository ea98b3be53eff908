// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Which tracks, heard at the same time, are one phone: once a second.
extension People {
  /// Joins what is heard of one phone under several addresses.
  mutating func join(at now: Int64, second: Int64) {
    let candidates = nearby(at: now)
    let counts = count(candidates)
    streamCounts = counts
    pairReports(candidates, second: second)
    part(second: second, at: now)
    var pairs: [Pair] = []
    for (n, a) in candidates.enumerated() {
      for b in candidates[(n + 1)...] {
        guard let score = sameHandset(a, b, second: second, counts: counts), score > settings.joinScore else {
          continue
        }
        pairs.append(Pair(score: score, a: a, b: b))
      }
    }
    pairs.sort { ($0.score, $1.a, $1.b) > ($1.score, $0.a, $0.b) }
    for pair in pairs {
      takeApart(pair, second: second, at: now)
      let (a, b) = (tracks[Int(pair.a)].person, tracks[Int(pair.b)].person)
      guard a != b, let first = person(a), let second = person(b), canMerge(a, b, at: now) else { continue }
      // The one that has been here longer goes on.
      if first.firstHeard <= second.firstHeard { merge(b, into: a) } else { merge(a, into: b) }
    }
  }

  /// Takes apart what was joined and, as is heard by now, does not go together.
  private mutating func part(second: Int64, at now: Int64) {
    for p in persons.indices {
      guard let person = persons[p], person.tracks.count > 1 else { continue }
      let live = person.tracks.filter { tracks[Int($0)].isCurrent(at: now) }
      guard live.count > 1 else { continue }
      for (n, a) in live.enumerated() {
        for b in live[(n + 1)...] where tracks[Int(a)].person == tracks[Int(b)].person {
          guard canBeOne(a, b) || isOneID(a, b) else {
            // What an address sends besides comes out by and by: it is somebody else's after all.
            split(misfit(a, b, among: live, second: second))
            continue
          }
          guard let score = goTogether(a, b, second: second, counts: streamCounts), score < settings.partScore else {
            continue
          }
          let (first, last) = tracks[Int(a)].firstHeard < tracks[Int(b)].firstHeard ? (a, b) : (b, a)
          part(last, from: first, second: second)
        }
      }
    }
  }

  private func isOneID(_ a: Int32, _ b: Int32) -> Bool {
    tracks[Int(a)].id != nil && tracks[Int(a)].id == tracks[Int(b)].id
  }

  /// Which of two that cannot be one phone's goes less well with the others of their person: the later one, if there are
  /// none.
  private func misfit(_ a: Int32, _ b: Int32, among live: [Int32], second: Int64) -> Int32 {
    let others = live.filter { $0 != a && $0 != b && tracks[Int($0)].person == tracks[Int(a)].person }
    func fit(_ i: Int32) -> Float {
      others.reduce(0) { $0 + (goTogether(i, $1, second: second, counts: streamCounts) ?? -1) }
    }
    let (first, last) = tracks[Int(a)].firstHeard < tracks[Int(b)].firstHeard ? (a, b) : (b, a)
    return fit(first) < fit(last) ? first : last
  }

  /// `last` does not go with `first`. If it was taken to continue one that did, it was that which was wrong: it takes
  /// nothing of the former's stay with it.
  private mutating func part(_ last: Int32, from first: Int32, second: Int64) {
    guard let before = predecessor(of: last),
      tracks[Int(before)].lastHeard - tracks[Int(first)].firstHeard > Self.togetherMilliseconds,
      let score = goTogether(before, first, second: second, counts: streamCounts), score > settings.swapScore
    else { return split(last) }
    unchain(before)
  }

  /// Heard at the same time for longer than this, two are held against each other.
  private static let togetherMilliseconds: Int64 = 1000

  /// One of the two is joined with a track that goes with it less well, and that keeps the other out: frees it.
  private mutating func takeApart(_ pair: Pair, second: Int64, at now: Int64) {
    for (own, other) in [(pair.a, pair.b), (pair.b, pair.a)] {
      guard let person = person(tracks[Int(own)].person) else { continue }
      for rival in person.tracks where rival != own && tracks[Int(rival)].successor < 0 {
        guard tracks[Int(rival)].person == tracks[Int(own)].person,
          !tracks[Int(rival)].streams.isDisjoint(with: tracks[Int(other)].streams)
        else { continue }
        let score = goTogether(own, rival, second: second, counts: streamCounts) ?? 0
        if pair.score > score + settings.swapScore { part(rival, from: own, second: second) }
      }
    }
  }

  // MARK: Heard on the same channel

  /// Notes what those that could be one phone's have sent on the same channels, or at the same moments, of `second`.
  private mutating func pairReports(_ candidates: [Int32], second: Int64) {
    for (n, a) in candidates.enumerated() where tracks[Int(a)].reportsOfSecond.count > 0 {
      for b in candidates[(n + 1)...] where tracks[Int(b)].reportsOfSecond.count > 0 {
        guard canBeOne(a, b) else { continue }
        let (x, y) = inOrder(a, b)
        let key = pairKey(a, b)
        guard var pair = paired[key] ?? (paired.count < CoreLimits.pairs ? PairedReports() : nil) else { continue }
        let (first, other) = (tracks[Int(x)].reportsOfSecond, tracks[Int(y)].reportsOfSecond)
        let hasPair =
          channels.phase != nil
          ? pair.add(first, other, unrest: unrest(x, y), second: second) : pair.add(first, other, second: second)
        if hasPair { paired[key] = pair }
      }
    }
    for i in tracks.indices where isLive[i] { tracks[i].reportsOfSecond.removeAll() }
    if second % Self.tidySeconds == 0 {
      paired = paired.filter { second - $0.value.second < Int64(StrengthTrail.seconds) }
    }
  }

  /// How often pairs of those who left are forgotten.
  private static let tidySeconds: Int64 = 16

  /// By the one that sends more often, of which more is known.
  private func unrest(_ a: Int32, _ b: Int32) -> Float {
    tracks[Int(a)].interval < tracks[Int(b)].interval ? tracks[Int(a)].unrest.value : tracks[Int(b)].unrest.value
  }

  private func inOrder(_ a: Int32, _ b: Int32) -> (Int32, Int32) {
    tracks[Int(a)].serial < tracks[Int(b)].serial ? (a, b) : (b, a)
  }

  func pairKey(_ a: Int32, _ b: Int32) -> UInt64 {
    let (x, y) = inOrder(a, b)
    return UInt64(tracks[Int(x)].serial) << 32 | UInt64(tracks[Int(y)].serial)
  }

  /// What tells that they cannot is an address that sends the same as the other, or another kind of phone.
  func canBeOne(_ a: Int32, _ b: Int32) -> Bool {
    guard tracks[Int(a)].streams.isDisjoint(with: tracks[Int(b)].streams) else { return false }
    if let p = tracks[Int(a)].signs.platform, let q = tracks[Int(b)].signs.platform { return p == q }
    return true
  }

  // MARK: Candidates

  /// Tracks of phones that are near or not far from it, the strongest first, within the limit.
  private func nearby(at now: Int64) -> [Int32] {
    var found: [Int32] = []
    for i in tracks.indices where isLive[i] {
      guard tracks[i].person >= 0, tracks[i].successor < 0, tracks[i].strength.dBm >= Self.joinedDBm else { continue }
      found.append(Int32(i))
    }
    if found.count > CoreLimits.joinedTracks {
      found.sort { (tracks[Int($0)].strength.dBm, $1) > (tracks[Int($1)].strength.dBm, $0) }
      found.removeLast(found.count - CoreLimits.joinedTracks)
    }
    return found
  }

  /// Weaker than this, two streams are often not heard in the same second.
  private static let joinedDBm: Float = -82

  /// How many of `candidates` could be a second stream of somebody's.
  private func count(_ candidates: [Int32]) -> [DeviceSigns.Stream: Int] {
    var counts: [DeviceSigns.Stream: Int] = [:]
    for i in candidates { counts[tracks[Int(i)].signs.stream, default: 0] += 1 }
    return counts
  }

  /// nil if they cannot be streams of one phone, or nothing tells.
  func sameHandset(_ a: Int32, _ b: Int32, second: Int64, counts: [DeviceSigns.Stream: Int]) -> Float? {
    guard tracks[Int(a)].person != tracks[Int(b)].person else { return nil }
    return goTogether(a, b, second: second, counts: counts)
  }

  /// How much likelier two streams are one phone's than two, by what was heard of them; nats.
  func likeness(_ a: Int32, _ b: Int32, second: Int64) -> Float {
    let strengths = LinkModel.strengths(tracks[Int(a)].strength.dBm, tracks[Int(b)].strength.dBm)
    let start = LinkModel.start(tracks[Int(a)].firstHeard, tracks[Int(b)].firstHeard)
    guard let likeness = sideBySide(a, b, second: second) else { return strengths + start }
    return likeness + min(strengths, 0) + start
  }

  /// How well two streams fit one phone, whoever they are taken for now; nil as above.
  func goTogether(_ a: Int32, _ b: Int32, second: Int64, counts: [DeviceSigns.Stream: Int]) -> Float? {
    guard canBeOne(a, b), let likeness = sideBySide(a, b, second: second) else { return nil }
    let (x, y) = (tracks[Int(a)].signs, tracks[Int(b)].signs)
    let candidates = min(counts[x.stream] ?? 1, counts[y.stream] ?? 1)
    return likeness + LinkModel.start(tracks[Int(a)].firstHeard, tracks[Int(b)].firstHeard)
      + LinkModel.prior(x.platform ?? y.platform, candidates: candidates)
  }

  /// What tells of two that are heard at the same time: their trails and their pairs; nats. nil if no second was both's.
  private func sideBySide(_ a: Int32, _ b: Int32, second: Int64) -> Float? {
    let shared = tracks[Int(a)].trail.shared(with: tracks[Int(b)].trail, to: second)
    guard let trails = LinkModel.trails(shared, intervals: (tracks[Int(a)].interval, tracks[Int(b)].interval)) else {
      return nil
    }
    return trails + (paired[pairKey(a, b)].map(LinkModel.paired) ?? 0)
  }
}
