// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("The prompts")
struct PromptRuleTests {
  /// Every change of the lines, sampled each millisecond: `12 green` and the like.
  private func timeline(
    _ settings: PromptRule.Settings, _ arrivals: [(Int64, DeviceKind)], until end: Int64
  ) -> [String] {
    var rule = PromptRule(settings: settings)
    var changes: [String] = []
    var last = LineStates.allInactive
    var arrivals = arrivals[...]
    for time in 0...end {
      let now = MonotonicTime(milliseconds: time)
      while let next = arrivals.first, next.0 == time {
        rule.cameNear(next.1, at: now)
        arrivals = arrivals.dropFirst()
      }
      let lines = rule.lines(at: now)
      if lines != last {
        let names = [lines.green ? "green" : nil, lines.amber ? "amber" : nil, lines.buzzer ? "buzzer" : nil]
        changes.append("\(time) " + (names.compactMap(\.self).joined(separator: "+")))
        last = lines
      }
    }
    return changes
  }

  @Test("A Bluezoner gets green for 3 s and no beep")
  func bluezoner() {
    #expect(timeline(.init(), [(100, .bluezoner)], until: 20_000) == ["100 green", "3100 "])
  }

  @Test("A phone without the app gets amber for 8 s and a beep of 200 ms")
  func phone() {
    #expect(timeline(.init(), [(100, .phone)], until: 20_000) == ["100 amber+buzzer", "300 amber", "8100 "])
  }

  @Test("Amber comes before green, and what is left of green follows it")
  func amberFirst() {
    #expect(
      timeline(.init(), [(0, .bluezoner), (1000, .phone), (8000, .bluezoner)], until: 20_000)
        == ["0 green", "1000 amber+buzzer", "1200 amber", "9000 green", "11000 "])
  }

  @Test("A second phone within 5 s prolongs amber and does not beep")
  func noSecondBeep() {
    #expect(
      timeline(.init(), [(0, .phone), (4999, .phone)], until: 20_000)
        == ["0 amber+buzzer", "200 amber", "12999 "])
    #expect(
      timeline(.init(), [(0, .phone), (5000, .phone)], until: 20_000)
        == ["0 amber+buzzer", "200 amber", "5000 amber+buzzer", "5200 amber", "13000 "])
  }

  @Test("There are three beeps in a minute, and the fourth comes when the first is a minute old")
  func threeAMinute() {
    let arrivals: [(Int64, DeviceKind)] = [0, 10_000, 20_000, 30_000, 59_999, 60_000, 65_000].map {
      ($0, .phone)
    }
    let beeps = timeline(.init(), arrivals, until: 70_000).filter { $0.hasSuffix("buzzer") }
    #expect(beeps.map { Int($0.prefix { $0 != " " }) } == [0, 10_000, 20_000, 60_000])
  }

  @Test(
    "Nobody else is prompted or welcomed",
    arguments: [DeviceKind.computer, .phoneWithApp, .accessory, .fixture, .unknown])
  func others(kind: DeviceKind) {
    #expect(timeline(.init(), [(0, kind), (500, kind)], until: 1000).isEmpty)
  }

  @Test("A beep of 0 ms is silence")
  func silent() {
    var settings = PromptRule.Settings()
    settings.beepMilliseconds = 0
    #expect(timeline(settings, [(0, .phone), (6000, .phone)], until: 20_000) == ["0 amber", "14000 "])
  }

  @Test("No beeps a minute is silence")
  func noBeeps() {
    var settings = PromptRule.Settings()
    settings.beepsAMinute = 0
    #expect(timeline(settings, [(0, .phone)], until: 20_000) == ["0 amber", "8000 "])
  }

  @Test("The deadline is the next change, and there is none when all is off")
  func deadline() {
    var rule = PromptRule()
    #expect(rule.nextDeadline(after: 0) == nil)
    rule.cameNear(.phone, at: 0)
    rule.cameNear(.bluezoner, at: 0)
    #expect(rule.nextDeadline(after: 0) == 200)
    #expect(rule.nextDeadline(after: 200) == 3000)
    #expect(rule.nextDeadline(after: 3000) == 8000)
    #expect(rule.nextDeadline(after: 8000) == nil)
    #expect(rule.lines(at: 8000) == .allInactive)
  }

  @Test(
    "In a busy hour no two beeps are closer than 5 s and no minute has four",
    arguments: [11, 12, 13] as [UInt64])
  func busyHour(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let kinds: [DeviceKind] = [.phone, .phone, .bluezoner, .computer, .unknown]
    var rule = PromptRule()
    var beeps: [Int64] = []
    var wasOn = false
    var time: Int64 = 0
    while time < 3_600_000 {
      let now = MonotonicTime(milliseconds: time)
      if Int.random(in: 0..<10, using: &random) == 0 {
        rule.cameNear(kinds[Int.random(in: 0..<kinds.count, using: &random)], at: now)
      }
      let lines = rule.lines(at: now)
      #expect(!(lines.amber && lines.green), "seed \(seed), \(time) ms")
      if lines.buzzer, !wasOn { beeps.append(time) }
      wasOn = lines.buzzer
      let step = Int64.random(in: 1...500, using: &random)
      let next = rule.nextDeadline(after: now)?.milliseconds ?? .max
      #expect(next > time, "seed \(seed), \(time) ms")
      time = min(time + step, next)
    }
    #expect(beeps.count > 100, "seed \(seed)")
    for (a, b) in zip(beeps, beeps.dropFirst()) { #expect(b - a >= 5000, "seed \(seed), \(b) ms") }
    for (a, b) in zip(beeps, beeps.dropFirst(3)) { #expect(b - a >= 60_000, "seed \(seed), \(b) ms") }
  }
}
