// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
@testable import Simulator
import Tracer

/// One counting of a recording: what the kiosk made of it, with whose each visit and prompt was.
struct Evaluation {
  struct Found {
    var start: Int64
    var end: Int64
    var isBluezoner: Bool
    /// Whose track it was, the nearest one; nil if nobody's.
    var owner: Owners.Owner?
  }

  struct Prompt {
    var at: Int64
    var owner: Owners.Owner
    var hasApp: Bool
  }

  /// How far the live figures were off, second by second.
  struct Live {
    var seconds = 0
    var within20 = 0

    mutating func add(_ counted: Int, of truth: Int) {
      seconds += 1
      if abs(counted - truth) <= max(1, (truth + 4) / 5) { within20 += 1 }
    }
  }

  /// By visit number; times are milliseconds since the scenario began.
  private(set) var found: [Int: Found] = [:]
  private(set) var prompts: [Prompt] = []
  private(set) var live = Live()
  /// Addresses, and ids, that were near for the dwell: what plain counting and the phone app would say.
  private(set) var nearAddresses: Set<BluetoothAddress> = []
  private(set) var nearIDs: Set<BluezoneID> = []
  private var prompted: Set<Int64> = []
  private let zero: Int64
  private let owners: Owners

  init(_ recording: Recording, settings: People.Settings) {
    zero = recording.zero
    owners = recording.owners
    var people = People(settings: settings)
    var alone = Alone(settings)
    var second: Int64 = 1
    for batch in recording.batches {
      if batch.isScanBegin { people.scanBegan() }
      for i in batch.sightings {
        people.hear(recording.sightings[i], at: batch.moment)
        alone.hear(recording.sightings[i], at: batch.moment.monotonic.milliseconds)
      }
      let time = batch.moment.monotonic.milliseconds - zero
      note(people.advance(to: batch.moment), people, at: time)
      while time >= second * 1000 {
        // The first minute knows less than half a minute of what was heard.
        if second > 60, Int(second) <= recording.truth.seconds.count {
          let truth = recording.truth.seconds[Int(second) - 1]
          live.add(people.counts.nearPeople, of: truth.hearableNearPeople)
        }
        second += 1
      }
    }
    for visit in people.openVisits { describe(visit) }
    nearAddresses = alone.addresses
    nearIDs = alone.ids
  }

  private mutating func note(_ events: [People.Event], _ people: borrowing People, at time: Int64) {
    for event in events {
      switch event {
      case .visitOpened(let visit):
        found[visit.number] = Found(start: 0, end: 0, isBluezoner: false)
        describe(visit)
        for case let person? in people.persons where person.visit?.number == visit.number {
          let owner = owner(person, people, at: time)
          found[visit.number]?.owner = owner
        }
      case .visitClosed(let visit): describe(visit)
      case .visitWithdrawn(let visit): found[visit.number] = nil
      case .prompt: notePrompts(people, at: time)
      case .bluezonerNear: break
      }
    }
  }

  private mutating func describe(_ visit: Visit) {
    found[visit.number]?.start = visit.start.milliseconds - zero
    found[visit.number]?.end = visit.end.milliseconds - zero
    found[visit.number]?.isBluezoner = visit.kind == .bluezoner
  }

  private mutating func notePrompts(_ people: borrowing People, at time: Int64) {
    for case let person? in people.persons {
      guard let at = person.promptedAt, at - zero >= time - 2000 else { continue }
      guard prompted.insert(person.firstHeard &* 1_000_003 &+ at).inserted else { continue }
      guard let owner = owner(person, people, at: time) else { continue }
      let hasApp = owner.bluezoneSince.map { $0 + Self.unknowableMilliseconds(person.platform) <= time } ?? false
      prompts.append(Prompt(at: at - zero, owner: owner, hasApp: hasApp))
    }
  }

  /// After installing, an app may pause at first, and cannot be known by anybody.
  private static func unknowableMilliseconds(_ platform: Platform?) -> Int64 { platform == .ios ? 1000 : 15_000 }

  /// By the strongest of its tracks that are still heard, or else of all.
  private func owner(_ person: KioskCore.Person, _ people: borrowing People, at time: Int64) -> Owners.Owner? {
    let last = person.tracks.filter { people.tracks[Int($0)].successor < 0 }
    let heard = last.filter { !people.tracks[Int($0)].isSilent(at: time + zero) }
    var best: (dBm: Float, address: BluetoothAddress)?
    for i in heard.isEmpty ? last : heard {
      let track = people.tracks[Int(i)]
      if best.map({ track.strength.dBm > $0.dBm }) ?? true { best = (track.strength.dBm, track.address) }
    }
    return best.flatMap { owners[$0.address] }
  }
}

/// Every address on its own, as those count who do not know better.
private struct Alone {
  private var tracks: [BluetoothAddress: (track: Track, nearness: Nearness)] = [:]
  private(set) var addresses: Set<BluetoothAddress> = []
  private(set) var ids: Set<BluezoneID> = []
  private let settings: People.Settings
  /// Nobody asks it for channels.
  private var channels = ScanChannels(intervalMicroseconds: 60_000)

  init(_ settings: People.Settings) { self.settings = settings }

  mutating func hear(_ sighting: Sighting, at now: Int64) {
    let known = tracks[sighting.address]
    var (track, nearness) = known ?? (Track(sighting, near: settings.near, at: now), Nearness())
    _ = track.hear(
      sighting, &channels, near: settings.near, timeConstant: Float(settings.smoothingMilliseconds), at: now)
    if let rssi = sighting.rssiDBm {
      nearness.hear(
        Float(rssi) - track.threshold, settings.near, timeConstant: Float(settings.smoothingMilliseconds), at: now)
    }
    tracks[sighting.address] = (track, nearness)
    guard nearness.isNear, nearness.last - nearness.since >= settings.dwellMilliseconds else { return }
    addresses.insert(sighting.address)
    if let id = sighting.bluezoneID { ids.insert(id) }
  }
}
