// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("Visits without a phone, by a sensor")
struct SensorVisitsTests {
  private enum Step { case sensor(Bool), phones(Bool), checkIn }

  /// What is told, with its time, going from deadline to deadline.
  private func events(_ steps: [(Int64, Step)], until end: Int64) -> [String] {
    var visits = SensorVisits()
    var told: [String] = []
    func note(_ events: [SensorVisits.Event], _ time: Int64) {
      for event in events {
        switch event {
        case .opened(let start): told.append("\(time) opened \(start.milliseconds)")
        case .closed(let start, let end): told.append("\(time) closed \(start.milliseconds)-\(end.milliseconds)")
        case .stuck: told.append("\(time) stuck")
        }
      }
    }
    for (at, step) in steps + [(end, .phones(false))] {
      while let due = visits.nextDeadline, due.milliseconds < at { note(visits.advance(at: due), due.milliseconds) }
      let now = MonotonicTime(milliseconds: at)
      switch step {
      case .sensor(let isActive): note(visits.sensor(isActive: isActive, at: now), at)
      case .phones(let areNear): note(visits.phones(areNear: areNear, at: now), at)
      case .checkIn: note(visits.checkedIn(at: now), at)
      }
    }
    return told
  }

  @Test("Whoever checks in is not counted by the sensor as well", arguments: [500, 1500, 30_000] as [Int64])
  func checkedIn(at time: Int64) {
    let steps: [(Int64, Step)] = [(time, .checkIn), (1000, .sensor(true)), (40_000, .sensor(false))]
    let counted = events(steps.sorted { $0.0 < $1.0 }, until: 200_000)
    #expect(counted == (time > 6000 ? ["6000 opened 1000"] : []))
    // Who comes after they have gone is somebody else.
    let next: [(Int64, Step)] = [(110_000, .sensor(true)), (120_000, .sensor(false))]
    #expect(
      events(steps.sorted { $0.0 < $1.0 } + next, until: 300_000).last == "180000 closed 110000-120000")
  }

  @Test("Somebody whom the sensor sees, with no phone near, is a visit")
  func visit() {
    #expect(
      events([(1000, .sensor(true)), (4000, .sensor(false))], until: 100_000)
        == ["6000 opened 1000", "64000 closed 1000-4000"])
  }

  @Test("A sensor that goes on and off sees the same person, until it has been off for a minute")
  func retriggered() {
    #expect(
      events(
        [
          (0, .sensor(true)), (3000, .sensor(false)), (62_999, .sensor(true)), (63_500, .sensor(false)),
          (123_500, .sensor(true)), (124_000, .sensor(false)),
        ], until: 300_000)
        == ["5000 opened 0", "123500 closed 0-63500", "128500 opened 123500", "184000 closed 123500-124000"])
  }

  @Test("Whoever has a phone is not counted twice: heard before, or within five seconds, or just gone")
  func withPhone() {
    #expect(events([(0, .phones(true)), (1000, .sensor(true)), (9000, .sensor(false))], until: 100_000).isEmpty)
    #expect(events([(0, .sensor(true)), (4999, .phones(true)), (9000, .sensor(false))], until: 100_000).isEmpty)
    #expect(
      events(
        [(0, .phones(true)), (1000, .phones(false)), (5999, .sensor(true)), (7000, .sensor(false))], until: 100_000
      ).isEmpty)
    #expect(
      events(
        [(0, .phones(true)), (1000, .phones(false)), (6000, .sensor(true)), (7000, .sensor(false))], until: 12_000)
        == ["11000 opened 6000"])
  }

  @Test("A phone that comes later is another person, and the visit stays")
  func laterPhone() {
    #expect(
      events([(0, .sensor(true)), (5001, .phones(true)), (9000, .sensor(false))], until: 100_000)
        == ["5000 opened 0", "69000 closed 0-9000"])
  }

  @Test("A sensor that stays active for half an hour is stuck, and counts again once it has rested")
  func stuck() {
    let half = CoreLimits.sensorVisitMilliseconds
    #expect(
      events(
        [(0, .sensor(true)), (half + 100_000, .sensor(false)), (half + 200_000, .sensor(true))], until: half + 210_000)
        == ["5000 opened 0", "\(half) closed 0-\(half)", "\(half) stuck", "\(half + 205_000) opened \(half + 200_000)"])
  }

  @Test("The end of the run closes the visit that is open")
  func finish() {
    var visits = SensorVisits()
    _ = visits.sensor(isActive: true, at: 0)
    #expect(visits.finish(at: 7000) == [.opened(start: 0), .closed(start: 0, end: 7000)])
    #expect(visits.finish(at: 8000).isEmpty)
  }

  @Test("The same level twice is no news")
  func noNews() {
    var visits = SensorVisits()
    #expect(visits.sensor(isActive: false, at: 0).isEmpty && visits.nextDeadline == nil)
    _ = visits.sensor(isActive: true, at: 1000)
    _ = visits.sensor(isActive: true, at: 4000)
    #expect(visits.nextDeadline == 6000)
  }
}
