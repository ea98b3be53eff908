// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The clock's judge") struct ClockJudgeTests {
  private static let hour: Int64 = 3_600_000
  private static let day: Int64 = 24 * hour
  private static let origin = UTCTime(seconds: 1_763_683_200)

  /// A machine whose clocks are moved by the test.
  private struct Machine {
    var judge: ClockJudge
    var monotonic: Int64 = 5000
    /// True time.
    var now = origin
    var boots = 1
    var orders: [ClockJudge.Order] = []

    init() {
      judge = ClockJudge(boot: "1", at: MonotonicTime(milliseconds: 5000))
      judge.take(nil, at: MonotonicTime(milliseconds: 5000))
    }

    func raw(_ error: Int64, _ isSynchronised: Bool) -> Moment {
      Moment(
        monotonic: MonotonicTime(milliseconds: monotonic), utc: now.adding(milliseconds: error),
        isSynchronised: isSynchronised)
    }

    @discardableResult
    mutating func run(_ milliseconds: Int64, error: Int64 = 0, isSynchronised: Bool = true) -> Moment {
      var moment = judge.judge(raw(error, isSynchronised))
      var left = milliseconds
      while left > 0 {
        let step = min(left, 600_000)
        monotonic += step
        now = now.adding(milliseconds: step)
        left -= step
        moment = judge.judge(raw(error, isSynchronised))
      }
      orders += judge.takeOrders()
      return moment
    }

    mutating func powerOff(_ milliseconds: Int64) {
      let record = judge.record
      now = now.adding(milliseconds: milliseconds)
      monotonic = 5000
      boots += 1
      judge = ClockJudge(boot: "\(boots)", at: MonotonicTime(milliseconds: 5000))
      judge.take(record, at: MonotonicTime(milliseconds: 5000))
    }

    /// How far the time of deletion is behind the true one; below 0 is ahead.
    func lag(_ error: Int64 = 0, isSynchronised: Bool = true) -> Int64? {
      judge.purgeTime(at: raw(error, isSynchronised)).map { now.milliseconds - $0.milliseconds }
    }
  }

  @Test("A night without power is believed at once, for dates and for deletion") func night() {
    var machine = Machine()
    machine.run(10 * Self.hour)
    machine.powerOff(14 * Self.hour)
    #expect(machine.run(1000).isSynchronised)
    #expect(machine.lag() == 0)
    #expect(machine.orders.isEmpty)
  }

  @Test("A month without power dates rows at once, and deletes after 48 h of running, to the hour") func month() {
    var machine = Machine()
    machine.run(10 * Self.hour)
    machine.powerOff(30 * Self.day)
    #expect(machine.run(47 * Self.hour).isSynchronised)
    #expect((machine.lag() ?? 0) > 29 * Self.day)
    machine.run(Self.hour + 600_000)
    #expect(machine.lag() == 0)
    #expect(machine.orders.count == 2)
  }

  @Test("Nights do not begin the 48 h again") func monthAndNights() {
    var machine = Machine()
    machine.run(10 * Self.hour)
    machine.powerOff(30 * Self.day)
    for _ in 0..<5 {
      machine.run(10 * Self.hour)
      machine.powerOff(14 * Self.hour)
    }
    machine.run(1000)
    #expect(machine.lag() == 0)
  }

  @Test(
    "A clock that leaps for 47 h deletes nothing, and one that comes back is believed at once",
    arguments: [30 * day, -30 * day, 2 * hour, -2 * hour])
  func leap(error: Int64) {
    var machine = Machine()
    machine.run(60 * Self.hour)
    #expect(!machine.run(47 * Self.hour, error: error).isSynchronised)
    #expect((machine.lag(error) ?? -1) >= 0)
    #expect(machine.run(1000).isSynchronised)
    #expect(machine.lag() == 0)
    #expect(machine.judge.record.leap == nil)
    let kinds: [ClockNews.Kind?] = machine.orders.map { if case .tell(let news) = $0 { news.kind } else { nil } }
    #expect(kinds == [.leapt, .takenBack])
  }

  @Test("Without a synchronised clock the log's own time goes on") func unsynchronised() {
    var machine = Machine()
    machine.run(10 * Self.hour)
    machine.powerOff(Self.day)
    #expect(!machine.run(20 * Self.day, error: -Self.day, isSynchronised: false).isSynchronised)
    let lag = machine.lag(-Self.day, isSynchronised: false) ?? 0
    #expect(lag >= Self.day - 10_000 && lag <= Self.day + 60_000)
  }

  @Test("A clock that is a little behind for a whole boot is not believed: the nights before stand together")
  func behindANight() {
    var machine = Machine()
    for _ in 0..<3 {
      machine.run(10 * Self.hour)
      machine.powerOff(14 * Self.hour)
    }
    let behind = -14 * Self.hour - 600_000
    #expect(!machine.run(29 * Self.hour, error: behind).isSynchronised)
    #expect(machine.run(2 * Self.hour, error: behind).isSynchronised)
  }

  @Test("Rows of a boot with a clock far ahead keep their operating time, before it is contradicted and after")
  func datedAhead() {
    var machine = Machine()
    machine.run(60 * Self.hour)
    #expect(machine.judge.datedAhead(at: machine.raw(0, true)).isEmpty)
    machine.powerOff(Self.hour)
    let wrong = machine.run(10 * Self.hour, error: 100 * Self.day).utc
    let offset = wrong.milliseconds - machine.judge.record.operating
    machine.powerOff(Self.hour)
    machine.run(60 * Self.hour, isSynchronised: false)
    let from = wrong.adding(milliseconds: -10 * Self.hour - 5000)
    #expect(machine.judge.datedAhead(at: machine.raw(0, false)) == [.init(from: from, offset: offset)])
    machine.orders.removeAll()
    machine.run(11 * Self.hour)
    let through = wrong.adding(milliseconds: -1)
    #expect(machine.orders.contains(.setAside(from: from, through: through, offset: offset)))
    #expect(machine.judge.datedAhead(at: machine.raw(0, true)).isEmpty)
  }

  @Test("A clock chip ahead of the log's time is believed after 48 h, for deletion alone") func chip() {
    var machine = Machine()
    machine.run(10 * Self.hour)
    machine.powerOff(40 * Self.day)
    machine.run(47 * Self.hour, isSynchronised: false)
    #expect((machine.lag(isSynchronised: false) ?? 0) > 39 * Self.day)
    #expect(!machine.run(2 * Self.hour, isSynchronised: false).isSynchronised)
    #expect(machine.lag(isSynchronised: false) == 0)
  }

  @Test("A clock behind a signed time is doubted, and stands 48 h") func signed() {
    var machine = Machine()
    machine.judge.learn(signed: Self.origin, isNew: false)
    #expect(!machine.run(47 * Self.hour, error: -3 * Self.day).isSynchronised)
    #expect(machine.run(2 * Self.hour, error: -3 * Self.day).isSynchronised)
  }

  @Test("A signed time that comes in near the log's time holds a leap back") func signedAgainstALeap() {
    var machine = Machine()
    machine.run(60 * Self.hour)
    for _ in 0..<4 {
      machine.run(30 * Self.hour, error: 30 * Self.day)
      machine.judge.learn(signed: machine.now.adding(milliseconds: -Self.hour), isNew: true)
    }
    #expect(!machine.run(1000, error: 30 * Self.day).isSynchronised)
    #expect((machine.lag(30 * Self.day) ?? -1) >= 0)
  }

  @Test("Small corrections raise the time of deletion by 500 ppm of running at most") func slew() {
    var machine = Machine()
    machine.run(Self.hour)
    for step in 1...100 as ClosedRange<Int64> { machine.run(1000, error: step * 50_000) }
    let ahead = -(machine.lag(5_000_000) ?? 0)
    #expect(ahead >= 0 && ahead <= 100)
  }

  @Test("A record of any numbers is refused, and the kiosk goes on as new") func damaged() {
    var machine = Machine()
    machine.run(Self.hour)
    let record = ClockRecord.of(newestRow: UTCTime(milliseconds: .max))
    #expect(record == nil)
    machine.powerOff(Self.hour)
    #expect(machine.judge.record.isSound)
  }
}
