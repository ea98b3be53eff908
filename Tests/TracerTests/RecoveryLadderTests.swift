// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The ladder of recovery") struct RecoveryLadderTests {
  private static let all: Set<RecoveryStep> = [.powerCycle, .rebind, .reboot]

  private func ladder(_ steps: Set<RecoveryStep>) -> RecoveryLadder {
    var configuration = RecoveryLadder.Configuration()
    configuration.outsideSteps = steps
    return RecoveryLadder(configuration: configuration)
  }

  /// The steps against a fault that comes back a second after each of them, for a time.
  private func climb(
    _ ladder: inout RecoveryLadder, _ fault: RadioFault, from start: Int64 = 0, seconds: Int64
  ) -> [(at: Int64, step: RecoveryStep)] {
    var steps: [(Int64, RecoveryStep)] = []
    var now = start
    while now < start + seconds * 1000 {
      let isFirst = steps.isEmpty
      let decision = ladder.next(against: fault, canReset: isFirst, at: MonotonicTime(milliseconds: now))
      steps.append((now, decision.step))
      now += decision.waitMilliseconds + 1000
    }
    return steps
  }

  @Test("Reset comes first, then opening again, then power, driver and machine") func climbs() {
    var ladder = ladder(Self.all)
    let steps = climb(&ladder, .noReply(to: .reset), seconds: 3600)
    #expect(
      steps.prefix(6).map(\.step) == [.reset, .reopen, .reopen, .reopen, .reopen, .powerCycle])
    // 1 s, 1.5, 2, 3, 6 s after one another.
    #expect(steps.prefix(6).map(\.at) == [0, 1000, 2500, 4500, 7500, 13_500])
    let rebinds = steps.filter { $0.step == .rebind }.map(\.at)
    let cycles = steps.filter { $0.step == .powerCycle }.map(\.at)
    let reboots = steps.filter { $0.step == .reboot }.map(\.at)
    #expect(rebinds.first.map { $0 >= 60_000 && $0 < 70_000 } == true)
    #expect(reboots.count == 1 && reboots[0] >= 1_800_000 && reboots[0] < 1_810_000)
    for (gap, times) in [(300_000, cycles), (900_000, rebinds)] as [(Int64, [Int64])] {
      #expect(times.count >= 3 && zip(times.dropFirst(), times).allSatisfy { $0 - $1 >= gap })
    }
    #expect(ladder.counts.values.reduce(0, +) == steps.count)
  }

  @Test(
    "What is not allowed is never done", arguments: [[], [.powerCycle], [.powerCycle, .rebind]] as [Set<RecoveryStep>])
  func allowed(steps: Set<RecoveryStep>) {
    var ladder = ladder(steps)
    let done = Set(climb(&ladder, .noCredits, seconds: 24 * 3600).map(\.step))
    #expect(done == steps.union([.reset, .reopen]))
  }

  @Test(
    "What only a person can put right is only opened again",
    arguments: [.transport(.notAllowed), .transport(.switchedOff), .transport(.noBluetooth), .noLowEnergy]
      as [RadioFault])
  func person(fault: RadioFault) {
    var ladder = ladder(Self.all)
    let steps = climb(&ladder, fault, seconds: 24 * 3600).dropFirst()
    #expect(steps.allSatisfy { $0.step == .reopen })
  }

  @Test(
    "An adapter that is gone, or was never set up, has no power to be cycled, but a driver that can be bound",
    arguments: [.notFound, .notSetUp] as [TransportFault])
  func gone(fault: TransportFault) {
    var ladder = ladder(Self.all)
    let steps = Set(climb(&ladder, .transport(fault), seconds: 1200).dropFirst().map(\.step))
    #expect(steps == [.reopen, .rebind])
  }

  @Test("An incident is over when the radio has run for ten seconds", arguments: [9999, 10_000])
  func proven(milliseconds: Int64) {
    var ladder = ladder([])
    _ = climb(&ladder, .stateLost, seconds: 10)
    ladder.ran(forMilliseconds: milliseconds)
    let next = ladder.next(against: .stateLost, canReset: true, at: MonotonicTime(milliseconds: 40_000))
    #expect(next.step == (milliseconds < 10_000 ? .reopen : .reset))
  }

  @Test("A controller that fails again and again is not only reset, though it runs well in between") func relapses() {
    var ladder = ladder(Self.all)
    var steps: [RecoveryStep] = []
    for minute in 0..<60 {
      ladder.ran(forMilliseconds: 59_000)
      let now = MonotonicTime(milliseconds: Int64(minute) * 60_000)
      steps.append(ladder.next(against: .hardwareError(code: 1), canReset: true, at: now).step)
    }
    // Five resets in ten minutes, otherwise it is opened again.
    for start in 0..<50 { #expect(steps[start..<(start + 10)].count { $0 == .reset } == 5) }
    #expect(Set(steps) == [.reset, .reopen])

    // Every fifteen seconds is too often for that.
    steps = []
    for i in 0..<240 {
      ladder.ran(forMilliseconds: 14_000)
      let now = MonotonicTime(milliseconds: 3_600_000 + Int64(i) * 15_000)
      steps.append(ladder.next(against: .hardwareError(code: 1), canReset: true, at: now).step)
    }
    #expect(Set(steps) == [.reset, .reopen, .powerCycle])
    #expect((9...13).contains(steps.count { $0 == .powerCycle }))
  }

  @Test("Silence climbs one step a time, is believed for longer each time, and never restarts the machine")
  func silence() {
    var ladder = ladder(Self.all)
    var steps: [RecoveryStep] = []
    var factors: [Int64] = []
    for i in 0..<8 {
      factors.append(ladder.silenceFactor)
      ladder.ran(forMilliseconds: 600_000)
      let now = MonotonicTime(milliseconds: Int64(i) * 600_000)
      steps.append(ladder.next(against: .nothingHeard, canReset: true, at: now).step)
    }
    #expect(steps == [.reset, .reopen, .powerCycle, .rebind, .rebind, .rebind, .rebind, .rebind])
    #expect(factors == [1, 2, 4, 6, 6, 6, 6, 6])
    ladder.heard()
    #expect(ladder.silenceFactor == 1)
    let next = ladder.next(against: .nothingHeard, canReset: true, at: MonotonicTime(milliseconds: 9_000_000))
    #expect(next.step == .reset)
  }

  @Test("What it remembers is bounded, and times near the ends of the clock are no trap") func bounds() {
    var ladder = ladder(Self.all)
    for time in [Int64.min, 0, Int64.max, -1, Int64.min] {
      for fault in [.nothingHeard, .noCredits, .transport(.closed)] as [RadioFault] {
        for _ in 0..<100 { _ = ladder.next(against: fault, canReset: true, at: MonotonicTime(milliseconds: time)) }
      }
    }
    #expect(ladder.counts.values.reduce(0, +) == 1500)
  }
}
