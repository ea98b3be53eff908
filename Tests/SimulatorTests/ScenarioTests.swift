// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing
import Tracer

@testable import Simulator

@Suite("Scenarios") struct ScenarioTests {
  /// The truth of one scenario, in figures.
  struct Figures {
    var visitors = 0
    var visits = 0
    var hearable = 0
    var bluezoners = 0
    var hiddenByPause = 0
    var installed = 0
    var silent = 0
    var noPhone = 0
    var people = 0.0
    var near = 0.0

    init(_ scenario: Scenario, from: Int = 0) {
      let crowd = Crowd(scenario)
      let truth = GroundTruth(crowd)
      visitors = crowd.people.count { $0.role == .visitor }
      visits = truth.visits.count
      hearable = truth.visits.count { $0.isHearable }
      bluezoners = truth.visits.count { $0.kind == .bluezoner }
      hiddenByPause = truth.visits.count { $0.isHiddenByPause }
      installed = truth.visits.count { $0.installedHere }
      silent = truth.visits.count { $0.kind == .noApp && !$0.isHearable }
      noPhone = truth.visits.count { $0.kind == .noPhone }
      let seconds = truth.seconds.dropFirst(from)
      people = Double(seconds.reduce(0) { $0 + $1.people }) / Double(max(seconds.count, 1))
      near = Double(seconds.reduce(0) { $0 + $1.nearPeople }) / Double(max(seconds.count, 1))
    }

    func print(_ name: String, seed: UInt64) {
      Swift.print(
        "\(name), seed \(seed): \(visitors) visitors, \(visits) visits; \(hearable) can be heard, \(hiddenByPause) are",
        "hidden by the app's pause, \(silent) by silent phones, \(noPhone) without a phone; \(bluezoners) by Bluezoners,",
        "\(installed) installed here; in the hall \(Int(people.rounded())), near \(Int(near.rounded())) on average")
    }
  }

  private func figures(_ scenario: Scenario, seed: UInt64, from: Int = 0) -> Figures {
    var scenario = scenario
    scenario.seed = seed
    let figures = Figures(scenario, from: from)
    figures.print(scenario.name, seed: seed)
    return figures
  }

  static let seeds: [UInt64] = [1, 2, 3, 5, 8]

  @Test("A quiet clinic: a couple of dozen an hour", arguments: seeds) func quietClinic(seed: UInt64) {
    let figures = figures(.quietClinic, seed: seed)
    // Eight hours of it.
    #expect((130...260).contains(figures.visitors) && figures.visits >= 80 && figures.people < 12, "seed \(seed)")
  }

  @Test("Rush hour: 120 in the hall, 30 near", arguments: seeds) func rushHour(seed: UInt64) {
    let figures = figures(.rushHour, seed: seed, from: 600)
    #expect((100...140).contains(figures.people) && (24...38).contains(figures.near), "seed \(seed)")
    #expect(figures.hearable >= figures.visits / 2, "seed \(seed)")
  }

  @Test("A one-stop office's day", arguments: seeds) func oneStopOffice(seed: UInt64) {
    let figures = figures(.oneStopOffice, seed: seed)
    #expect((520...740).contains(figures.visitors) && figures.installed >= 3, "seed \(seed)")
    #expect(figures.hiddenByPause > 0 && figures.silent > 0 && figures.noPhone > 0, "seed \(seed)")
    let share = Double(figures.bluezoners) / Double(figures.visits)
    #expect((0.3...0.55).contains(share), "seed \(seed): \(share)")
  }

  @Test("At night nobody visits", arguments: seeds) func night(seed: UInt64) {
    let figures = figures(.night, seed: seed)
    #expect(figures.visitors == 0 && figures.visits == 0, "seed \(seed)")
  }

  @Test("A day of 3,000 visitors has about so many, none at night") func day() {
    let scenario = Scenario.day(visitors: 3000)
    let figures = figures(scenario, seed: 1)
    #expect((2800...3200).contains(figures.visitors))
    let crowd = Crowd(scenario)
    #expect(crowd.people.allSatisfy { $0.role != .visitor || $0.span.lowerBound >= 7 * 3_600_000 })
  }

  @Test("The share with the app is what was asked for", arguments: [0, 0.3, 1] as [Float]) func appShare(share: Float) {
    var scenario = Scenario.oneStopOffice
    scenario.appShare = share
    scenario.installShare = 0
    scenario.twoPhonesShare = 0
    let owners = Crowd(scenario).people.filter { $0.role == .visitor && !$0.phones.isEmpty }
    let found = Float(owners.count { $0.bluezoneSince != nil }) / Float(owners.count)
    #expect(abs(found - share) < 0.06)
  }

  @Test("The truth is written as one JSON object a line") func lines() throws {
    var scenario = Scenario.quietClinic
    scenario.durationMilliseconds = 600_000
    scenario.visitorsAnHour = [200]
    let crowd = Crowd(scenario)
    let truth = GroundTruth(crowd)
    var kinds: [String: Int] = [:]
    for line in TruthLines.lines(crowd, truth) {
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let object = try #require(value as? [String: Any])
      let kind = try #require(object["type"] as? String)
      kinds[kind, default: 0] += 1
    }
    #expect(kinds == ["scenario": 1, "person": crowd.people.count, "visit": truth.visits.count, "second": 600])
    #expect(truth.visits.count > 3)
  }

  @Test("A recording is kept if asked for, and is read as it was heard") func recording() throws {
    var scenario = Scenario.quietClinic
    scenario.durationMilliseconds = 60_000
    let crowd = HostedCrowd(scenario)
    crowd.run.record()
    var packets: [[UInt8]] = []
    crowd.packet = { packet, _ in packets.append(packet) }
    crowd.go()
    var reader = try BtsnoopReader(try #require(crowd.run.recording))
    var read: [[UInt8]] = []
    var last: Int64 = 0
    while let record = try reader.next() {
      if record.isReceived { read.append(record.packet) }
      #expect(record.microseconds >= last)
      last = record.microseconds
    }
    #expect(read == packets && packets.count > 100)
    #expect(last / 1000 - scenario.start.milliseconds <= 60_000)
  }
}
