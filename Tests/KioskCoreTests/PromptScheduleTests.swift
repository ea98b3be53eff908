// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("The prompts, as the lines show them")
struct PromptScheduleTests {
  private let quiet = PromptTimeline.withoutIdle

  @Test("Idle is a heartbeat of green: a tenth of a second in five")
  func idle() {
    #expect(
      PromptTimeline().changes([], until: 10_200)
        == ["0 green", "100 -", "5000 green", "5100 -", "10000 green", "10100 -"])
  }

  @Test("A Bluezoner gets green for 1 s and one short beep")
  func accepted() {
    #expect(
      quiet.changes([(100, .show(.accepted))], until: 20_000) == ["100 green+buzzer", "200 green", "1100 -"])
  }

  @Test("A phone without the app gets eight blinks of amber and two beeps")
  func noApp() {
    #expect(
      quiet.changes([(100, .show(.noApp))], until: 20_000) == [
        "100 amber+buzzer", "300 amber", "500 amber+buzzer", "600 buzzer", "700 -",
        "1100 amber", "1600 -", "2100 amber", "2600 -", "3100 amber", "3600 -", "4100 amber", "4600 -",
        "5100 amber", "5600 -", "6100 amber", "6600 -", "7100 amber", "7600 -",
      ])
  }

  @Test("Somebody without a phone gets the same amber, and no sound")
  func noPhone() {
    let changes = quiet.changes([(0, .show(.noPhone))], until: 20_000)
    #expect(changes.first == "0 amber" && changes.last == "7500 -" && changes.count == 16)
  }

  @Test("Degraded is slow yellow in place of the heartbeat, and goes back to it")
  func degraded() {
    #expect(
      PromptTimeline().changes(
        [(2000, .degraded(true)), (2000, .degraded(true)), (9500, .degraded(false))], until: 10_000)
        == [
          "0 green", "100 -", "2000 amber", "3000 -", "5000 amber", "6000 -", "8000 amber", "9000 -", "9500 green",
          "9600 -",
        ])
  }

  @Test(
    "Colours reach the lines as the lamp is wired, and red is never alone",
    arguments: [
      (LampWiring.separate, ["0 green", "1000 -", "2000 amber", "2500 -", "9000 amber", "10000 -"]),
      (.greenAmber, ["0 green", "1000 -", "2000 amber", "2500 -", "9000 green+amber", "10000 -"]),
      (.greenRed, ["0 green", "1000 -", "2000 green+amber", "2500 -", "9000 green+amber", "10000 -"]),
    ])
  func wiring(wiring: LampWiring, expected: [String]) throws {
    var timeline = quiet
    timeline.settings.wiring = wiring
    timeline.settings.accepted.buzzer = nil
    timeline.settings.noApp = Signal(lamp: LampPattern("amber 5/5 x1"), buzzer: nil)
    #expect(
      timeline.changes([(0, .show(.accepted)), (2000, .show(.noApp)), (9000, .degraded(true))], until: 10_500)
        == expected)
  }

  @Test("Amber comes before green, and what is left of green follows it")
  func priority() {
    var timeline = quiet
    timeline.settings.accepted = Signal(lamp: LampPattern("green 50/0 x1"), buzzer: nil)
    timeline.settings.noApp = Signal(lamp: LampPattern("amber 5/5 x2"), buzzer: nil)
    let expected = ["0 green", "1000 amber", "1500 -", "2000 amber", "2500 -", "3000 green", "5000 -"]
    #expect(timeline.changes([(0, .show(.accepted)), (1000, .show(.noApp))], until: 20_000) == expected)
  }

  @Test("A newcomer prolongs amber by whole blinks and is not beeped at within 5 s")
  func prolonged() {
    let changes = quiet.changes([(0, .show(.noApp)), (4300, .show(.noApp))], until: 30_000)
    #expect(changes.filter { $0.hasSuffix("buzzer") } == ["0 amber+buzzer", "400 amber+buzzer", "500 buzzer"])
    // The fifth blink had begun: eight follow it.
    #expect(changes.last == "12500 -")
    #expect(
      changes.filter { $0.hasSuffix(" amber") }.suffix(12).map { Int($0.split(separator: " ")[0]) }
        == (1...12).map { $0 * 1000 })
  }

  @Test("However many come, amber ends after 30 s, rests for 10 s, and is silent meanwhile")
  func longestPrompt() {
    var timeline = quiet
    timeline.settings.noApp.lamp = LampPattern("amber 10/0 x8")
    let steps = (0..<45).map { (Int64($0) * 1000 + 10, PromptTimeline.Step.show(.noApp)) }
    let changes = timeline.changes(steps, until: 60_000)
    #expect(changes.filter { $0.hasSuffix("-") } == ["30010 -", "52010 -"])
    // One that comes at the very end of the rest is shown.
    #expect(changes.contains { $0.hasPrefix("40010 amber") })
    #expect(!changes.contains { ("30011"..<"40010").contains($0.prefix(5)) })
  }

  @Test("There are three audible prompts in a minute, and a welcome leaves one of them for a prompt")
  func threeAMinute() {
    func beeps(_ outcomes: [(Int64, Outcome)]) -> [Int64] {
      var timeline = quiet
      timeline.settings.noApp = Signal(lamp: nil, buzzer: Pattern("1/0 x1"))
      timeline.settings.accepted = Signal(lamp: nil, buzzer: Pattern("1/0 x1"))
      return timeline.changes(outcomes.map { ($0, .show($1)) }, until: 70_000)
        .filter { $0.hasSuffix("buzzer") }.compactMap { Int64($0.prefix { $0 != " " }) }
    }
    #expect(
      beeps([0, 4999, 5000, 10_000, 15_000, 59_999, 60_000, 65_000].map { ($0, .noApp) }) == [
        0, 5000, 10_000, 60_000, 65_000,
      ])
    #expect(beeps([(0, .accepted), (5000, .accepted), (10_000, .accepted), (20_000, .noApp)]) == [0, 5000, 20_000])
  }

  @Test("In quiet hours nothing is heard, and the lamp goes on")
  func quietHours() {
    var timeline = quiet
    timeline.settings.quietHours = QuietHours.list("21:00-06:00") ?? []
    timeline.settings.noApp.lamp = LampPattern("amber 10/0 x1")
    // 7 h after UTC midnight less a minute: 06:59 and a half where the box stands; and 05:59:30.
    for (hour, isHeard) in [(-24 + 13, true), (-24 + 14, false), (-24 + 22, false), (-1, true)] as [(Int64, Bool)] {
      timeline.start = CoreSamples.midnight.adding(milliseconds: hour * 3_600_000)
      let changes = timeline.changes([(0, .show(.noApp))], until: 5000)
      #expect(changes.first == (isHeard ? "0 amber+buzzer" : "0 amber"), "UTC hour \(hour)")
      #expect(changes.last == "1000 -")
    }
  }

  @Test("While the clock cannot be believed, a kiosk with quiet hours is silent, and one without is not")
  func unknownHour() {
    var timeline = quiet
    timeline.isSynchronised = false
    #expect(timeline.changes([(0, .show(.accepted))], until: 5000).first == "0 green+buzzer")
    timeline.settings.quietHours = QuietHours.list("21:00-06:00") ?? []
    #expect(timeline.changes([(0, .show(.accepted))], until: 5000) == ["0 green", "1000 -"])
  }

  @Test("Staff's button ends what is shown, clears their line and mutes until the time is over")
  func acknowledge() {
    var timeline = quiet
    timeline.settings.muteMilliseconds = 10_000
    timeline.settings.noApp.lamp = LampPattern("amber 20/0 x1")
    let changes = timeline.changes(
      [
        (0, .notice), (250, .show(.noApp)), (350, .acknowledge), (5400, .show(.noApp)), (10_350, .show(.noApp)),
      ], until: 20_000)
    #expect(
      changes == [
        "0 staff", "250 amber+buzzer+staff", "350 -", "5400 amber", "7400 -", "10350 amber+buzzer", "10550 amber",
        "10750 amber+buzzer", "10950 amber", "12350 -",
      ])
  }

  @Test("Staff's line blinks until it is acknowledged, whatever the public sees")
  func notice() {
    #expect(
      quiet.changes([(100, .notice), (600, .notice), (1700, .acknowledge)], until: 5000) == [
        "100 staff", "600 -", "1100 staff", "1600 -",
      ])
  }

  @Test("A mute ends by itself, is never longer than its limit, and can be ended")
  func mute() {
    var schedule = PromptSchedule(at: 0)
    schedule.mute(milliseconds: .max, at: 1000)
    #expect(schedule.mutedUntil == MonotonicTime(milliseconds: 1000 + CoreLimits.longestMuteMilliseconds))
    #expect(schedule.nextDeadline(after: 1000) == schedule.mutedUntil)
    schedule.advance(at: MonotonicTime(milliseconds: 1000 + CoreLimits.longestMuteMilliseconds))
    #expect(schedule.mutedUntil == nil)
    schedule.mute(milliseconds: 5000, at: 2000)
    schedule.mute(milliseconds: 0, at: 3000)
    #expect(schedule.mutedUntil == nil)
  }

  @Test("The outcome lasts through the pauses of its pattern, and the deadline is its end")
  func outcome() {
    var schedule = PromptSchedule(at: 0)
    #expect(schedule.outcome(at: 0) == nil && schedule.nextDeadline(after: 0) == nil)
    schedule.show(.noApp, at: Moment(monotonic: 0, utc: CoreSamples.midnight))
    schedule.show(.accepted, at: Moment(monotonic: 0, utc: CoreSamples.midnight))
    #expect(
      schedule.outcome(at: 600) == .noApp && schedule.outcome(at: 7999) == .noApp && schedule.outcome(at: 8000) == nil)
    #expect(schedule.nextDeadline(after: 0) == 800)
    #expect(schedule.nextDeadline(after: 800) == 1000)
    #expect(schedule.nextDeadline(after: 1000) == 8000)
  }

  @Test("A pattern that was given without end ends all the same")
  func endlessOutcome() {
    var timeline = quiet
    timeline.settings.noApp = Signal(lamp: LampPattern("amber 5/5"), buzzer: nil)
    #expect(timeline.changes([(0, .show(.noApp))], until: 20_000) == ["0 amber", "500 -"])
  }

  @Test("Going from deadline to deadline shows what looking each millisecond shows", arguments: UInt64(1)...6)
  func deadlinesSuffice(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var timeline = PromptTimeline()
    timeline.settings.wiring = LampWiring.allCases.randomElement(using: &random) ?? .separate
    timeline.settings.muteMilliseconds = 3000
    timeline.lateMilliseconds = Int64.random(in: 0...150, using: &random)
    var at: Int64 = 0
    let steps: [(Int64, PromptTimeline.Step)] = (0..<25).map { _ in
      at += Int64.random(in: 1...3000, using: &random)
      return (
        at,
        [
          .show(.accepted), .show(.noApp), .show(.noPhone), .degraded(.random(using: &random)), .notice, .acknowledge,
          .mute(2000),
        ].randomElement(using: &random) ?? .notice
      )
    }
    let byDeadlines = timeline.changes(steps, until: 45_000)
    #expect(byDeadlines == timeline.changes(steps, until: 45_000, eachMillisecond: true), "seed \(seed)")
    #expect(byDeadlines.count > 20, "seed \(seed)")
  }

  @Test(
    "In a busy half hour no two beeps are closer than 5 s, no minute has four, and no line stays on",
    arguments: UInt64(21)...23)
  func busyHalfHour(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var timeline = PromptTimeline()
    timeline.settings.noApp.buzzer = Pattern("1/0 x1")
    timeline.settings.noApp.lamp = LampPattern("amber 100/0 x1")
    var at: Int64 = 0
    let steps: [(Int64, PromptTimeline.Step)] = (0..<600).map { _ in
      at += Int64.random(in: 1...6000, using: &random)
      return (at, .show(Outcome.allCases.randomElement(using: &random) ?? .accepted))
    }
    let changes = timeline.changes(steps, until: 1_800_000)
    var since: [String: Int64] = [:]
    var beeps: [Int64] = []
    for change in changes {
      let parts = change.split(separator: " ")
      let time = Int64(parts[0]) ?? 0
      let active = Set(parts[1].split(separator: "+").map(String.init)).subtracting(["-"])
      if active.contains("buzzer"), since["buzzer"] == nil { beeps.append(time) }
      for (line, start) in since where !active.contains(line) {
        let limit = line == "buzzer" ? CoreLimits.buzzerOnMilliseconds : CoreLimits.lampOnMilliseconds
        #expect(time - start <= limit, "seed \(seed): \(line) at \(time) ms")
        since[line] = nil
      }
      for line in active where since[line] == nil { since[line] = time }
    }
    #expect(beeps.count > 50, "seed \(seed)")
    for (a, b) in zip(beeps, beeps.dropFirst()) { #expect(b - a >= 5000, "seed \(seed), \(b) ms") }
    for (a, b) in zip(beeps, beeps.dropFirst(3)) { #expect(b - a >= 60_000, "seed \(seed), \(b) ms") }
  }
}
