// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("When a kiosk asks for the feed") struct FeedScheduleTests {
  private func time(_ seconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: seconds * 1000) }

  /// Seconds from the end of a round to the next.
  private func delay(_ schedule: FeedSchedule, since seconds: Int64) -> Double {
    Double((schedule.nextDeadline ?? time(seconds)).milliseconds(since: time(seconds))) / 1000
  }

  private func isDue(_ schedule: inout FeedSchedule, _ seconds: Int64) -> Bool { schedule.takeDue(at: time(seconds)) }

  @Test("The first rounds of many that start together are spread evenly over a minute") func start() {
    let bits = RandomBits(seed: 1)
    var perTenSeconds = [Int](repeating: 0, count: 6)
    for _ in 0..<6000 {
      let schedule = FeedSchedule(settings: .init(), at: time(0), randomBits: bits.next())
      perTenSeconds[Int(delay(schedule, since: 0) / 10)] += 1
    }
    #expect(perTenSeconds.allSatisfy { (850...1150).contains($0) }, "\(perTenSeconds)")
  }

  @Test("After a good round it is half to one and a half intervals, whatever the bits") func jitter() {
    for (bits, expected) in [(UInt64.min, 150.0), (.max / 2, 300), (.max, 450)] {
      var schedule = FeedSchedule(settings: .init(), at: time(0), randomBits: 0)
      let (isDue, isDueAgain) = (schedule.takeDue(at: time(0)), schedule.takeDue(at: time(9999)))
      #expect(isDue && !isDueAgain)
      schedule.ended(well: true, at: time(10), randomBits: bits)
      #expect(abs(delay(schedule, since: 10) - expected) < 0.01)
    }
  }

  @Test("After failures it is ever longer, up to half an hour, and short again after a good round") func backoff() {
    var schedule = FeedSchedule(settings: .init(), at: time(0), randomBits: 0)
    var delays: [Double] = []
    var now: Int64 = 0
    for _ in 0..<100 {
      now = (schedule.nextDeadline?.milliseconds ?? 0) / 1000 + 1
      #expect(isDue(&schedule, now))
      schedule.ended(well: false, at: time(now), randomBits: .max / 2)
      delays.append(delay(schedule, since: now).rounded())
    }
    #expect(delays.prefix(9) == [15, 30, 60, 120, 240, 480, 960, 1800, 1800] && delays.last == 1800)
    #expect(schedule.failures == 100 && schedule.rounds == 100)
    schedule.ended(well: true, at: time(now), randomBits: .max / 2)
    schedule.ended(well: false, at: time(now), randomBits: .max / 2)
    #expect(delay(schedule, since: now).rounded() == 15)
  }

  @Test("What the server asks for is kept, within half an hour") func retryAfter() {
    for (asked, atLeast, atMost) in [(Int64(120), 120.0, 135.0), (1, 7, 23), (86_400, 1800, 1815)] {
      var schedule = FeedSchedule(settings: .init(), at: time(0), randomBits: 0)
      schedule.ended(well: false, retryAfterMilliseconds: asked * 1000, at: time(0), randomBits: .max / 3)
      #expect(delay(schedule, since: 0) >= atLeast && delay(schedule, since: 0) <= atMost)
    }
  }

  @Test("Whoever asks gets a round at once, or the one that runs") func request() {
    var schedule = FeedSchedule(settings: .init(), at: time(0), randomBits: .max)
    #expect(!isDue(&schedule, 1))
    schedule.request(at: time(1))
    #expect(isDue(&schedule, 1))
    schedule.request(at: time(2))
    #expect(!isDue(&schedule, 2))
    schedule.ended(well: true, at: time(3), randomBits: 0)
    #expect(!isDue(&schedule, 3))
    #expect(schedule.rounds == 1)
  }
}
