// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

@Suite("What a perfect receiver would log") struct PerfectReceiverTests {
  private static let key = PerfectReceiver.Key(person: 3, handset: 1)

  private var rule: PerfectReceiver.Rule {
    var rule = PerfectReceiver.Rule(iosDBm: -60, androidDBm: -72, hysteresisDB: 6)
    rule.smoothingMilliseconds = 0.001
    rule.settledMilliseconds = 0
    return rule
  }

  /// Sends ten times a second with `dBm` at a time; nil is silence.
  private func visits(
    _ platform: Platform, until end: Int64, isBluezone: Bool = false, _ dBm: (Int64) -> Float?
  ) -> [PerfectReceiver.Visit] {
    var receiver = PerfectReceiver(rule)
    for time in stride(from: Int64(0), to: end, by: 100) {
      guard let level = dBm(time) else { continue }
      receiver.hear(Self.key, platform, levelDBm: level, isBluezone: isBluezone, at: time)
    }
    return receiver.finished()
  }

  @Test("Near for the dwell is a visit, near for less is none") func dwell() throws {
    #expect(visits(.ios, until: 20_000) { (5000..<7900).contains($0) ? -55 : -80 }.isEmpty)
    let visit = try #require(visits(.ios, until: 20_000) { (5000..<9000).contains($0) ? -55 : -80 }.first)
    #expect(visit.span == 5000..<8900 && visit.person == 3 && visit.handset == 1 && visit.nearestDBm > -55.1)
  }

  @Test("Each platform has its threshold, and hysteresis holds who is near") func thresholds() {
    #expect(visits(.ios, until: 10_000) { _ in -65 }.isEmpty)
    #expect(visits(.android, until: 10_000) { _ in -65 }.count == 1)
    let visit = visits(.ios, until: 20_000) { $0 < 1000 ? -59 : $0 < 15_000 ? -65.5 : -67 }.first
    #expect(visit?.span == 0..<14_900)
  }

  @Test("Away for a minute ends it; the app's pause of 15 s does not, and does not count as on the air") func away() {
    #expect(visits(.ios, until: 200_000) { (10_000..<69_000).contains($0) ? -80 : -55 }.count == 1)
    #expect(visits(.ios, until: 200_000) { (10_000..<71_000).contains($0) ? -80 : -55 }.count == 2)
    let paused = visits(.android, until: 32_000) { (2000..<17_000).contains($0) ? nil : -60 }
    #expect(paused.count == 1 && paused[0].span.lowerBound == 0)
    #expect((16_000...17_000).contains(paused[0].airMilliseconds))
  }

  @Test("It tells until when a phone was heard without the app that installs it") func withoutApp() {
    var receiver = PerfectReceiver(rule)
    for time in stride(from: Int64(0), to: 40_000, by: 100) where !(10_000..<30_000).contains(time) {
      receiver.hear(Self.key, .android, levelDBm: -60, isBluezone: time >= 30_000, at: time)
    }
    let visit = receiver.finished().first
    #expect(visit?.lastWithoutApp == 9900 && visit?.bluezoneSince == 30_000 && visit?.span.upperBound == 39_900)
  }

  @Test("A phone that has been here for hours is the office's own") func fixture() {
    var rule = rule
    rule.fixtureMilliseconds = 60_000
    var receiver = PerfectReceiver(rule)
    for time in stride(from: Int64(0), to: 90_000, by: 100) {
      receiver.hear(Self.key, .ios, levelDBm: time < 70_000 ? -80 : -50, isBluezone: false, at: time)
    }
    #expect(receiver.finished().isEmpty)
  }

  @Test("What lies still for long is the office's own as well, and somebody again once it moves") func still() {
    var rule = rule
    rule.stillMilliseconds = 60_000
    func visits(_ level: (Int64) -> Float) -> Int {
      var receiver = PerfectReceiver(rule)
      for time in stride(from: Int64(0), to: 120_000, by: 100) {
        receiver.hear(Self.key, .ios, levelDBm: level(time), isBluezone: false, at: time)
      }
      return receiver.finished().count
    }
    #expect(visits { $0 < 80_000 ? -65 : -55 } == 0)
    #expect(visits { $0 < 80_000 ? -65 : -50 } == 1)
    #expect(visits { $0 < 40_000 ? -65 : -55 } == 1)
  }

  @Test("It tells since when the app was heard") func bluezone() {
    #expect(visits(.android, until: 10_000, isBluezone: true) { _ in -60 }.first?.bluezoneSince == 0)
    #expect(visits(.android, until: 10_000) { _ in -60 }.first?.bluezoneSince == nil)
  }
}
