// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Tracer

/// What a perfect receiver would log.
struct TrueVisit {
  var person: Int
  var start: Int64
  var end: Int64
  var isBluezoner: Bool
  /// A slot changed, or an address of the phone, while it lasted.
  var hasRotation = false
}

/// Compares what the kiosk made of a crowd with the truth.
struct Evaluation {
  struct Found {
    var start: Int64
    var end: Int64
    var isBluezoner: Bool
    var isInstalledHere: Bool
    /// By the oracle: whose track it was mostly.
    var person: Int
  }

  var truth: [TrueVisit] = []
  var found: [Int: Found] = [:]
  struct Prompt { var person: Int; var handset: Int; var at: Int64; var hasApp: Bool; var platform: Platform? }
  var prompts: [Prompt] = []
  struct Stop { var person: Int; var start: Int64; var end: Int64; var isIPhone: Bool }
  /// Persons without the app who stopped for 5 s or more.
  var stops: [Stop] = []
  /// Since when a person has the app.
  var people: [Int: Int64] = [:]
  var withdrawn = 0
  /// Addresses and ids that were near for the dwell: plain address counting, and the phone app's way.
  var nearAddresses: Set<BluetoothAddress> = []
  var nearIDs: Set<BluezoneID> = []
  struct Live {
    var near = 0, around = 0, seconds = 0, within = 0, within20 = 0
    mutating func add(near: Int, of: Int, around: Int) {
      self.near += near; self.around += around; seconds += 1
      if abs(near) <= max(1, of / 10) { within += 1 }
      if abs(near) <= max(1, (of + 4) / 5) { within20 += 1 }
    }
  }
  var live = Live()
  var describe: ((Int) -> String)?
  var nearest: ((Int, Int64, Int64) -> String)?
  private var taken: Set<Int64> = []

  mutating func note(_ events: [People.Event], _ people: borrowing People, at now: Int64, owners: Owners, zero: Int64) {
    for event in events {
      switch event {
      case .visitOpened(let v):
        var who = -1
        for case let person? in people.persons where person.visit?.number == v.number {
          who = Self.owner(person, people, owners)?.person ?? -1
        }
        found[v.number] = Found(
          start: v.start.milliseconds, end: v.end.milliseconds, isBluezoner: v.kind == .bluezoner,
          isInstalledHere: v.isInstalledHere, person: who)
      case .visitClosed(let v):
        found[v.number]?.end = v.end.milliseconds
        found[v.number]?.isBluezoner = v.kind == .bluezoner
        found[v.number]?.isInstalledHere = v.isInstalledHere
      case .visitWithdrawn(let n):
        found[n] = nil
        withdrawn += 1
      case .prompt(let platform):
        let due = now - now % People.stepMilliseconds
        for case let person? in people.persons where person.promptedAt.map({ $0 <= now && $0 >= due - 2000 }) ?? false {
          let key = person.firstHeard &* 1_000_003 &+ (person.promptedAt ?? 0)
          guard taken.insert(key).inserted else { continue }
          guard let owner = Self.owner(person, people, owners) else { continue }
          prompts.append(
            .init(
              person: owner.person, handset: owner.handset, at: now,
              hasApp: owner.bluezoneSince.map { $0 + zero <= now } ?? false, platform: platform))
          break
        }
      case .bluezonerNear: break
      }
    }
  }

  /// By the nearest live track.
  static func owner(_ person: KioskCore.Person, _ people: borrowing People, _ owners: Owners) -> (
    person: Int, handset: Int, bluezoneSince: Int64?
  )? {
    var best: (Float, BluetoothAddress)?
    for i in person.tracks where people.tracks[Int(i)].successor < 0 {
      let t = people.tracks[Int(i)]
      if best.map({ t.strength.dBm > $0.0 }) ?? true { best = (t.strength.dBm, t.address) }
    }
    return best.flatMap { owners.of[$0.1] }
  }

  mutating func finish(_ people: borrowing People) {
    for v in people.openVisits {
      found[v.number]?.end = v.end.milliseconds; found[v.number]?.isBluezoner = v.kind == .bluezoner
    }
  }

  /// One to one by overlap in time, the best first.
  func matched(_ a: [(Int64, Int64)], _ b: [(Int64, Int64)]) -> Int {
    var pairs: [(Double, Int, Int)] = []
    for (i, x) in a.enumerated() {
      for (k, y) in b.enumerated() {
        let overlap = min(x.1, y.1) - max(x.0, y.0)
        guard overlap > -3000 else { continue }
        let all = max(x.1, y.1) - min(x.0, y.0)
        pairs.append((Double(overlap) / Double(max(all, 1)), i, k))
      }
    }
    pairs.sort { $0.0 > $1.0 }
    var usedA = Set<Int>(), usedB = Set<Int>()
    for p in pairs where !usedA.contains(p.1) && !usedB.contains(p.2) { usedA.insert(p.1); usedB.insert(p.2) }
    return usedA.count
  }

  func report(_ name: String, addresses: Int, appWay: Int, verbose: Bool) {
    let all = Array(found.values)
    let t = truth.count, f = all.count
    let tb = truth.filter(\.isBluezoner).count, fb = all.filter(\.isBluezoner).count
    let m = matched(truth.map { ($0.start, $0.end) }, all.map { ($0.start, $0.end) })
    let mb = matched(
      truth.filter(\.isBluezoner).map { ($0.start, $0.end) }, all.filter(\.isBluezoner).map { ($0.start, $0.end) })
    var own = 0, splits = 0, rotations = 0
    var byPerson: [Int: [Found]] = [:]
    for x in all { byPerson[x.person, default: []].append(x) }
    var doubles = 0
    for v in truth {
      let mine = (byPerson[v.person] ?? []).filter { min($0.end, v.end) - max($0.start, v.start) > -3000 }
      if !mine.isEmpty { own += 1 }
      if mine.count > 1 { doubles += mine.count - 1 }
      if v.hasRotation {
        rotations += 1
        // One after the other: a second phone's visit lies beside it.
        let sorted = mine.sorted { $0.start < $1.start }
        if zip(sorted, sorted.dropFirst()).contains(where: { $0.end <= $1.start + 3000 && $1.start - $0.end < 10_000 })
        {
          splits += 1
        }
      }
    }
    let things = all.filter { $0.person < 0 }.count
    let nobody = all.filter { x in
      x.person >= 0 && !truth.contains { $0.person == x.person && min($0.end, x.end) - max($0.start, x.start) > -3000 }
    }.count
    let fixtures = prompts.filter { $0.person < 0 }.count
    let apps = prompts.filter { $0.person >= 0 && $0.hasApp }.count
    let second = prompts.filter { p in p.person >= 0 && !p.hasApp && (people[p.person].map { $0 <= p.at } ?? false) }
      .count
    var missed = (ios: 0, android: 0)
    var delays: [Int64] = [], iosDelays: [Int64] = []
    for s in stops {
      if let p = prompts.first(where: { $0.person == s.person && $0.at >= s.start - 60_000 && $0.at <= s.end + 1000 }) {
        delays.append(max(p.at - s.start, 0))
        if s.isIPhone { iosDelays.append(max(p.at - s.start, 0)) }
      } else if s.isIPhone {
        missed.ios += 1
      } else {
        missed.android += 1
      }
    }
    delays.sort(); iosDelays.sort()
    func pc(_ a: Int, _ b: Int) -> String { b == 0 ? "-" : "\((1000 * a + b / 2) / b)" }
    let n = max(live.seconds, 1)
    let long = truth.filter { $0.end - $0.start >= 10_000 }
    let longOwn = long.filter { v in
      (byPerson[v.person] ?? []).contains { min($0.end, v.end) - max($0.start, v.start) > -3000 }
    }.count
    print(
      "\(name): visits \(f)/\(t) (\(pc(f, t))) blz \(fb)/\(tb) (\(pc(fb, tb))); R \(pc(m, t)) P \(pc(m, f)); blz R \(pc(mb, tb)) P \(pc(mb, fb)); own \(pc(own, t)), of 10 s and more \(pc(longOwn, long.count)); doubled \(doubles) nobody \(nobody) things \(things) | split \(splits)/\(rotations) | prompts \(prompts.count) false app \(apps) fix \(fixtures) 2nd \(second); missed ios \(missed.ios)/\(stops.filter(\.isIPhone).count) android \(missed.android)/\(stops.filter { !$0.isIPhone }.count); delay \(delays.isEmpty ? -1 : delays[delays.count / 2]) (ios \(iosDelays.isEmpty ? -1 : iosDelays[iosDelays.count / 2])) | live err near \(live.near * 100 / n) around \(live.around * 100 / n) % of 1, within 10 % \(pc(live.within, n)), within 20 % \(pc(live.within20, n)) | visits by addresses \(nearAddresses.count) by ids \(nearIDs.count)"
    )
    if verbose {
      for (k, v) in Dictionary(
        grouping: prompts.filter { $0.person >= 0 && $0.hasApp }, by: { p in "\(p.platform.map { "\($0)" } ?? "nil")" }
      ).sorted(by: { $0.key < $1.key }) { print("   false prompts", k, v.count) }
      var kinds: [String: Int] = [:]
      for v in truth {
        let mine = (byPerson[v.person] ?? []).filter { min($0.end, v.end) - max($0.start, v.start) > -3000 }.sorted {
          $0.start < $1.start
        }
        for (a, b) in zip(mine, mine.dropFirst()) {
          let gap = b.start - a.end
          kinds[
            "\(describe?(v.person) ?? "") \(gap < 0 ? "beside" : gap < 10_000 ? "at once" : gap < 60_000 ? "in a minute" : "later") \(a.isBluezoner)->\(b.isBluezoner)",
            default: 0] += 1
        }
      }
      for (k, v) in kinds.sorted(by: { $0.value > $1.value }) { print("   doubled", k, v) }
      let hist = Dictionary(
        grouping: all.filter { x in
          x.person >= 0
            && !truth.contains { $0.person == x.person && min($0.end, x.end) - max($0.start, x.start) > -3000 }
        }
      ) { x in nearest?(x.person, x.start, x.end) ?? "" }
      for (k, v) in hist.sorted(by: { $0.key < $1.key }) { print("   extra nearest", k, v.count) }
      var miss: [String: Int] = [:]
      for v in truth
      where !(byPerson[v.person] ?? []).contains(where: { min($0.end, v.end) - max($0.start, v.start) > -3000 }) {
        miss[
          "\((describe?(v.person) ?? "").split(separator: "[").first ?? "") \((v.end - v.start) / 1000 < 5 ? "3-5 s" : (v.end - v.start) / 1000 < 10 ? "5-10 s" : "long")",
          default: 0] += 1
      }
      for (k, v) in miss.sorted(by: { $0.value > $1.value }) { print("   missing", k, v) }
      var have: [String: Int] = [:]
      for v in truth {
        have[
          "\((describe?(v.person) ?? "").split(separator: "[").first ?? "") \((v.end - v.start) / 1000 < 5 ? "3-5 s" : (v.end - v.start) / 1000 < 10 ? "5-10 s" : "long")",
          default: 0] += 1
      }
      for (k, v) in have.sorted(by: { $0.value > $1.value }).prefix(12) { print("   true", k, v) }
    }
  }
}
