// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// How likely what is heard of a person is another stream of a phone with the app: of one that tells an id under another
/// address, and that was not found to be theirs.
extension People {
  /// The odds; 0 while no phone with the app is here, and infinite of whom it was not reckoned: they are weaker than those
  /// of whom it was, or have been here for less than a second.
  mutating func oddsOfApp(_ person: Person, at now: Int64) -> Float {
    var odds: Float = 0
    for k in person.tracks where tracks[Int(k)].isCurrent(at: now) && !tells(k) {
      let track = tracks[Int(k)]
      if appOdds[track.signs.stream] == nil { appOdds[track.signs.stream] = matchWithApp(track.signs.stream, at: now) }
      odds = max(odds, appOdds[track.signs.stream]?[track.person] ?? .infinity)
    }
    return odds
  }

  private func tells(_ i: Int32) -> Bool { tracks[Int(i)].id != nil || tracks[Int(i)].hintsAtApp }

  /// For each person of whom that stream is heard, the odds that it comes from a phone with the app.
  ///
  /// Each such phone sends the stream as likely as not, and then it is anybody's that is heard; what was heard of both
  /// tells (`likeness`). One that has been joined with such a stream has it, as far as the two fit. Of whoever is heard,
  /// addresses that were taken to have ended speak as well, on both sides: they were heard for longer, and perhaps only
  /// pause.
  private func matchWithApp(_ stream: DeviceSigns.Stream, at now: Int64) -> [Int32: Float] {
    let phones = strongestPersons { tells($0) }
    let owners = strongestPersons(heardAt: now) {
      !tells($0) && !tracks[Int($0)].streams.isDisjoint(with: stream)
    }
    let second = now / 1000 - 1
    var matching = MatchingOdds(rows: phones.count, columns: owners.count)
    for (row, phone) in phones.enumerated() {
      for (column, owner) in owners.enumerated() {
        var score: Float?
        for a in phone.tracks {
          for b in owner.tracks where canBeOne(a, b) {
            score = max(score ?? -.infinity, likeness(b, a, second: second))
          }
        }
        guard let score else { continue }
        matching.set(row: row, column: column, weight: LinkModel.odds(score) / Float(phones.count))
      }
    }
    return Dictionary(zip(owners.map(\.person), matching.columnOdds())) { $1 }
  }

  /// Who has tracks of that kind, and those tracks; the strongest, within the limit. `now`: of those only who are heard.
  private func strongestPersons(
    heardAt now: Int64? = nil, where isWanted: (Int32) -> Bool
  ) -> [(person: Int32, tracks: [Int32])] {
    var found: [(person: Int32, tracks: [Int32], dBm: Float)] = []
    for p in persons.indices {
      guard let person = persons[p] else { continue }
      let wanted = person.tracks.filter(isWanted)
      guard let dBm = wanted.map({ tracks[Int($0)].strength.dBm }).max() else { continue }
      if let now, !wanted.contains(where: { tracks[Int($0)].isCurrent(at: now) }) { continue }
      found.append((Int32(p), wanted, dBm))
    }
    if found.count > CoreLimits.matchedPersons {
      found.sort { ($0.dBm, $1.person) > ($1.dBm, $0.person) }
      found.removeLast(found.count - CoreLimits.matchedPersons)
    }
    return found.map { ($0.person, $0.tracks) }
  }
}
