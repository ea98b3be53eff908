// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

@Suite("What is true of a crowd") struct GroundTruthTests {
  static let scenario = Scenario(name: "test", durationMilliseconds: 600_000, visitorsAnHour: [0])

  /// Near from 4 s on for so long, then away and near again, in turn; ends far away.
  private func person(_ stays: [(near: Int64, away: Int64)], phone: Handset? = nil) -> Person {
    var walk = Walk(startingAt: 0, position: [6, 0])
    walk.stay(milliseconds: 4000, facing: [1, 0])
    for stay in stays {
      // So quick that the way counts for nothing.
      walk.go(to: [1, 0], speed: 5000)
      walk.stay(milliseconds: stay.near, facing: [-1, 0])
      walk.go(to: [6, 0], speed: 5000)
      walk.stay(milliseconds: stay.away, facing: [1, 0])
    }
    return Person(.visitor, walk: walk, handsets: phone.map { [$0] } ?? [])
  }

  private func visits(_ person: Person) -> [GroundTruth.Visit] {
    GroundTruth(Crowd(Self.scenario, people: [person])).visits
  }

  @Test("A visit opens after the dwell, and not sooner") func dwell() {
    #expect(visits(person([(2900, 100_000)])).isEmpty)
    #expect(visits(person([(3100, 100_000)])).count == 1)
    #expect(visits(person([(1600, 1000), (1600, 100_000)])).isEmpty)
  }

  @Test("Away for less than a minute it goes on, for longer it has ended") func away() {
    #expect(visits(person([(10_000, 59_000), (10_000, 1000)])).count == 1)
    #expect(visits(person([(10_000, 61_000), (10_000, 1000)])).count == 2)
    #expect(visits(person([(10_000, 30_000), (500, 1000)])).first?.nearMilliseconds ?? 0 > 10_400)
  }

  @Test("A visit inside the app's pause is hidden, one that is longer is not") func pause() throws {
    func visit(phase: Int64, near: Int64) throws -> GroundTruth.Visit {
      var random = SplitMix64(seed: 1)
      let walk = person([(near, 1000)]).walk
      var phone = Handset(kind: .androidPhone, levelDBm: -60, carriage: .hand)
      phone.install(at: 0, open: [], until: walk.span.upperBound, baseDay: 20_000, &random)
      phone.advertisers[0].duty?.phase = phase
      return try #require(visits(person([(near, 1000)], phone: phone)).first)
    }
    let hidden = try visit(phase: 15_000, near: 10_000)
    #expect(hidden.kind == .bluezoner && hidden.platform == .android && hidden.isHiddenByPause)
    let heard = try visit(phase: 15_000, near: 20_000)
    #expect(heard.isHearableAsBluezoner && (8900...9100).contains(heard.airMilliseconds))
  }

  @Test("Nobody's phone: no-phone, and nobody can hear it") func noPhone() throws {
    let visit = try #require(visits(person([(10_000, 1000)])).first)
    #expect(visit.kind == .noPhone && visit.platform == nil && !visit.isHearable && !visit.isHiddenByPause)
  }

  static let scenarios: [Scenario] = [.quietClinic, .rushHour, .oneStopOffice, .night]

  @Test("Visits, persons and seconds agree", arguments: scenarios, [1, 2] as [UInt64])
  func consistent(scenario: Scenario, seed: UInt64) {
    var scenario = scenario
    scenario.seed = seed
    let crowd = Crowd(scenario)
    let truth = GroundTruth(crowd)
    var ends: [Int: Int64] = [:]
    for visit in truth.visits {
      let person = crowd.people[visit.person]
      #expect(visit.span.lowerBound >= person.span.lowerBound && visit.span.upperBound <= person.span.upperBound)
      #expect(visit.nearMilliseconds >= scenario.dwellMilliseconds && visit.nearMilliseconds <= visit.span.count)
      #expect(visit.airMilliseconds <= visit.nearMilliseconds)
      #expect(visit.bluezoneAirMilliseconds <= visit.airMilliseconds)
      #expect((visit.kind == .noPhone) == person.phones.isEmpty)
      #expect(!visit.installedHere || person.installsAt != nil || person.phones.count > 1)
      if let end = ends[visit.person] {
        #expect(visit.span.lowerBound - end >= scenario.awayMilliseconds, "seed \(seed)")
      }
      ends[visit.person] = visit.span.upperBound
    }
    #expect(truth.seconds.count == Int(scenario.durationMilliseconds / 1000))
    let wrong = truth.seconds.indices.filter { t in
      let counts = truth.seconds[t]
      return counts.nearPeople > counts.people || counts.bluezoners > counts.people
        || counts.nearBluezoners > counts.nearPeople || counts.hearablePeople > counts.people
        || counts.hearableNearPeople > counts.nearPeople || counts.hearableBluezoners > counts.bluezoners
        || counts.hearableNearBluezoners > counts.nearBluezoners
    }
    #expect(wrong.isEmpty, "seed \(seed), seconds \(wrong.prefix(5))")
    for t in stride(from: 0, to: truth.seconds.count, by: 601) {
      let end = Int64(t + 1) * 1000
      let here = crowd.people.filter { $0.role == .visitor && $0.span.contains(end) }
      let near = here.filter { truth.near[$0.number].contains { $0.contains(end) } }
      #expect(truth.seconds[t].people == here.count && truth.seconds[t].nearPeople == near.count, "\(t) s")
    }
  }
}
