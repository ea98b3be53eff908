// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Addresses of one stream one after the other: a chain. Who is taken out of a person goes with the whole chain, and
/// with the visit that it opened.
extension People {
  /// Whether a track goes on where another one ended.
  func continues(_ i: Int32) -> Bool { predecessor(of: i) != nil }

  func predecessor(of i: Int32) -> Int32? {
    person(tracks[Int(i)].person)?.tracks.first { tracks[Int($0)].successor == i }
  }

  /// The track, those that it continues and those that continue it, as far as they are one person's.
  private func chain(of i: Int32) -> [Int32] {
    var chain = [i]
    while let first = chain.first, let before = predecessor(of: first), !chain.contains(before) {
      chain.insert(before, at: 0)
    }
    while let last = chain.last {
      let next = tracks[Int(last)].successor
      guard next >= 0, isLive[Int(next)], !chain.contains(next) else { break }
      guard tracks[Int(next)].person == tracks[Int(i)].person else { break }
      chain.append(next)
    }
    return chain
  }

  /// `new` goes on where `old` ended; both are one person's.
  mutating func chain(_ old: Int32, to new: Int32) {
    tracks[Int(old)].successor = new
    tracks[Int(new)].visitNumber = tracks[Int(old)].visitNumber
    tracks[Int(new)].chainSince = tracks[Int(old)].chainSince
  }

  /// What was taken to go on where `old` ended is somebody else's, and no part of that visit.
  mutating func unchain(_ old: Int32) {
    let next = tracks[Int(old)].successor
    tracks[Int(old)].successor = -1
    guard next >= 0 else { return }
    let former = tracks[Int(old)]
    for i in chain(of: next) {
      if tracks[Int(i)].visitNumber == former.visitNumber { tracks[Int(i)].visitNumber = 0 }
      if tracks[Int(i)].chainSince == former.chainSince { tracks[Int(i)].chainSince = tracks[Int(next)].firstHeard }
    }
    split(next)
  }

  /// Makes a track, with its chain, a person of its own. The visit, and what was heard of nearness, stays with those who
  /// opened it; and each of the two has been here for as long as its own addresses.
  mutating func split(_ i: Int32) {
    let p = tracks[Int(i)].person
    guard var former = person(p) else { return }
    let part = chain(of: i)
    let rest = former.tracks.filter { !part.contains($0) }
    guard !rest.isEmpty else { return }
    let isVisitor = took(part, former.visit) && !took(rest, former.visit)
    let leaving = isVisitor ? rest : part
    former.tracks = isVisitor ? part : rest
    former.firstHeard = since(former.tracks)
    var person = Person(tracks: leaving, firstHeard: since(leaving))
    let ids = leaving.filter { tracks[Int($0)].id != nil }
    if let first = ids.first {
      person.isBluezoner = true
      person.platform = tracks[Int(first)].signs.platform
      former.isBluezoner = former.tracks.contains { tracks[Int($0)].id != nil }
      // What was told of the two is true of the one with the id only.
      person.isAnnounced = former.isAnnounced && former.promptedAt == nil
      if person.isAnnounced, !former.isBluezoner { former.isAnnounced = false }
    }
    let new = add(person)
    for k in leaving { tracks[Int(k)].person = new }
    for k in ids { if let id = tracks[Int(k)].id { owners[id] = new } }
    persons[Int(p)] = former
  }

  private func since(_ part: [Int32]) -> Int64 { part.map { tracks[Int($0)].chainSince }.min() ?? 0 }

  /// Whether one of them had a part in the visit.
  private func took(_ part: [Int32], _ visit: Visit?) -> Bool {
    guard let visit else { return false }
    return part.contains { tracks[Int($0)].visitNumber == visit.number }
  }
}
