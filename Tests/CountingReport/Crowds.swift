// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
@testable import Simulator
import Tracer

/// Whose an address is: person and handset, or a thing.
struct Owners {
  var of: [BluetoothAddress: (person: Int, handset: Int, bluezoneSince: Int64?)] = [:]

  init(_ crowd: Crowd) {
    let start = crowd.scenario.start
    for person in crowd.people {
      for (h, handset) in person.handsets.enumerated() {
        add(handset, (person.number, h, handset.bluezoneSince), start)
      }
    }
    for (n, fixture) in crowd.fixtures.enumerated() { add(fixture.device, (-1 - n, 0, nil), start) }
  }

  private mutating func add(
    _ handset: Handset, _ owner: (person: Int, handset: Int, bluezoneSince: Int64?), _ start: UTCTime
  ) {
    for advertiser in handset.advertisers {
      var t = advertiser.active.lowerBound
      while t < advertiser.active.upperBound {
        let period = advertiser.period(
          at: t, utc: start.adding(milliseconds: t), isInHand: false, bluezone: handset.bluezone)
        of[period.transmission.address] = owner
        guard period.until > t else { break }
        t = period.until
      }
    }
  }
}

/// A scenario as the host heard it, to be counted as often as one likes.
struct Recording {
  struct Batch { var moment: Moment; var sightings: Range<Int> }
  let crowd: Crowd
  let truth: GroundTruth
  let owners: Owners
  let start: Moment
  var sightings: [Sighting] = []
  var batches: [Batch] = []
  var addresses = Set<BluetoothAddress>()
  var ids = Set<BluezoneID>()
  var reading: ReadScheduler.Counters

  init(_ scenario: Scenario) {
    var run = CrowdRun(scenario)
    crowd = run.crowd
    start = run.start
    truth = GroundTruth(run.crowd)
    owners = Owners(run.crowd)
    var host = HCIHost()
    var slot: Slot?
    var random = SplitMix64(seed: 77)
    var sightings: [Sighting] = []
    var batches: [Batch] = []
    host.start(at: run.start.monotonic)
    run.run { packets, moment in
      host.sightings.removeAll(keepingCapacity: true)
      let s = SlotScheme.standard.slot(at: moment.utc)
      if slot != s {
        slot = s
        host.advertise(
          .init(
            address: .resolvableForm(random: random.next()),
            id: BluezoneID(Array(repeating: UInt8(s.index), count: 12)), slot: s),
          at: moment.monotonic)
      }
      for p in packets { host.receive(p, generation: 1, at: moment.monotonic) }
      host.tick(at: moment.monotonic)
      var out: [[UInt8]] = []
      while true {
        let effects = host.takeEffects()
        if effects.isEmpty { break }
        for effect in effects {
          switch effect {
          case .open(let generation): host.transportOpened(generation: generation, at: moment.monotonic)
          case .send(let packet): out.append(packet)
          case .close, .recover: break
          }
        }
      }
      batches.append(Batch(moment: moment, sightings: sightings.count..<sightings.count + host.sightings.count))
      sightings += host.sightings
      return .init(packets: out, deadline: host.nextDeadline)
    }
    self.sightings = sightings
    self.batches = batches
    reading = host.reading
    for s in sightings {
      addresses.insert(s.address)
      if let id = s.bluezoneID { ids.insert(id) }
    }
  }

  func evaluate(_ settings: People.Settings, baselines: Bool = false) -> Evaluation {
    var people = People(settings: settings)
    var evaluation = Evaluation()
    let zero = start.monotonic.milliseconds
    for v in truth.visits where v.isHearable {
      evaluation.truth.append(
        TrueVisit(
          person: v.person, start: v.span.lowerBound + zero, end: v.span.upperBound + zero,
          isBluezoner: v.kind == .bluezoner && !v.installedHere,
          hasRotation: rotates(crowd.people[v.person], v.span, crowd.scenario.start)))
    }
    for person in crowd.people where person.role == .visitor {
      let phones = person.phones
      guard phones.allSatisfy({ !$0.hasBluezone || person.installsAt != nil }) else { continue }
      for range in truth.near[person.number] where range.count >= 5000 {
        let air = phones.flatMap { p in p.advertisers.flatMap { $0.airTime(in: range) } }.reduce(0) {
          $0 + Int64($1.count)
        }
        guard air >= 5000 else { continue }
        evaluation.stops.append(
          .init(
            person: person.number, start: range.lowerBound + zero, end: range.upperBound + zero,
            isIPhone: phones.contains { $0.kind == .iPhone }))
      }
    }
    for person in crowd.people { evaluation.people[person.number] = person.bluezoneSince.map { $0 + zero } }
    let crowd = crowd
    evaluation.describe = { n in
      crowd.people[n].phones.map {
        "\($0.kind.rawValue)\($0.hasBluezone ? "*" : "")[\(Set($0.advertisers.map { "\($0.payload)" }).sorted().joined(separator: ","))]"
      }.joined(separator: "+")
    }
    evaluation.nearest = { n, a, b in
      let person = crowd.people[n]
      var leg = 0
      var best: Float = 99
      var t = max(a - zero - 3000, person.span.lowerBound)
      while t <= b - zero {
        let p = person.walk.place(at: t, leg: &leg).position; best = min(best, (p * p).sum().squareRoot()); t += 200
      }
      return
        "\(person.phones.map { $0.kind.rawValue }.joined(separator: "+")) \(b - a > 15000 ? "long" : "short") within \(Int(best.rounded(.up))) m"
    }
    var alone: [BluetoothAddress: Track] = [:]
    var next: Int64 = 1
    for batch in batches {
      let moment = batch.moment
      for i in batch.sightings {
        people.hear(sightings[i], at: moment)
        guard baselines else { continue }
        let x = sightings[i]
        let now = moment.monotonic.milliseconds
        var track = alone[x.address] ?? Track(x, near: settings.near, at: now)
        _ = track.hear(x, near: settings.near, timeConstant: Float(settings.smoothingMilliseconds), at: now)
        alone[x.address] = track
        guard track.isNear, track.lastNear - track.nearSince >= settings.dwellMilliseconds else { continue }
        if track.signs.kind != .bluezoner || x.bluezoneID != nil { evaluation.nearAddresses.insert(x.address) }
        if let id = x.bluezoneID { evaluation.nearIDs.insert(id) }
      }
      let events = people.advance(to: moment)
      if !events.isEmpty {
        evaluation.note(events, people, at: moment.monotonic.milliseconds, owners: owners, zero: zero)
      }
      while moment.monotonic.milliseconds - zero >= next * 1000 {
        if next > 60, Int(next) - 1 < truth.seconds.count {
          let t = truth.seconds[Int(next) - 1]
          evaluation.live.add(
            near: people.counts.nearPeople - t.hearableNearPeople, of: t.hearableNearPeople,
            around: people.counts.people - t.hearablePeople - t.staff)
        }
        next += 1
      }
    }
    evaluation.finish(people)
    return evaluation
  }
}

/// Whether an id or an address of a phone changes within the visit.
private func rotates(_ person: Simulator.Person, _ span: Range<Int64>, _ start: UTCTime) -> Bool {
  for handset in person.phones {
    for advertiser in handset.advertisers {
      let active = span.clamped(to: advertiser.active)
      guard !active.isEmpty else { continue }
      let period = advertiser.period(
        at: active.lowerBound, utc: start.adding(milliseconds: active.lowerBound), isInHand: false,
        bluezone: handset.bluezone)
      if period.until < active.upperBound { return true }
    }
  }
  return false
}
