// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The drive of the lines")
struct LineDriveTests {
  private let lit = LineStates(green: true)

  private func program(_ text: String, start: MonotonicTime = 0) throws -> LineProgram {
    let lamp = try #require(LampPattern(text))
    return LineProgram(lamp: [.init(lamp.pattern, colour: lamp.colour, start: start)])
  }

  @Test("A line that is to be steady rests for a second each minute")
  func steadyRests() throws {
    var timeline = PromptTimeline()
    timeline.settings.idle = LampPattern("green 1/0")
    #expect(
      timeline.changes([], until: 130_000) == ["0 green", "60000 -", "61000 green", "121000 -", "122000 green"])
  }

  @Test("No buzzer sounds for more than 2 s in one piece")
  func buzzerRests() throws {
    var drive = LineDrive(at: 0)
    let endless = try #require(Pattern("255/0"))
    drive.take(LineProgram(buzzer: [.init(endless, start: 0)]), at: 0)
    var now: MonotonicTime = 0
    var changes: [Int64] = []
    var last = false
    while now < 8000 {
      drive.beat(at: now)
      let isOn = drive.states(at: now).buzzer
      if isOn != last { changes.append(now.milliseconds) }
      last = isOn
      now = try #require(drive.nextDeadline(after: now))
    }
    #expect(changes == [0, 2000, 3000, 5000, 6000])
  }

  @Test("A core that is silent for 5 s takes every line with it; when it is back, the pattern is where it would be")
  func watchdog() {
    var timeline = PromptTimeline()
    timeline.settings.idle = LampPattern("green 30/10")
    timeline.silentFrom = 6001
    #expect(
      timeline.changes([], until: 60_000) == ["0 green", "3000 -", "4000 green", "7000 -", "8000 green", "11000 -"])

    var drive = LineDrive(at: 0)
    #expect(!drive.isStale(at: 4999) && drive.isStale(at: 5000))
    #expect(drive.nextDeadline(after: 0) == 5000)
    #expect(drive.nextDeadline(after: 5000) == nil)
    drive.beat(at: 9000)
    #expect(!drive.isStale(at: 13_999))
    // A beat of another processor's clock does not turn time back.
    drive.beat(at: 8000)
    #expect(!drive.isStale(at: 13_999))
  }

  @Test("A beep whose program comes late is played whole, and its later programs do not play it again")
  func lateStart() throws {
    var timeline = PromptTimeline.withoutIdle
    timeline.lateMilliseconds = 150
    #expect(timeline.changes([(100, .show(.accepted))], until: 5000) == ["250 green+buzzer", "350 green", "1250 -"])
    timeline.settings.noApp = Signal(lamp: LampPattern("amber 5/5 x2"), buzzer: Pattern("2/0 x1"))
    #expect(
      timeline.changes([(100, .show(.noApp)), (700, .show(.noApp)), (1000, .notice)], until: 10_000).prefix(6)
        == ["250 amber+buzzer", "450 amber", "750 -", "1150 staff", "1250 amber+staff", "1650 amber"])
  }

  @Test("What is more than 2 s late is not played from its beginning")
  func tooLate() throws {
    var drive = LineDrive(at: 0)
    let program = try program("green 10/0 x1")
    drive.beat(at: 2001)
    drive.take(program, at: 2001)
    #expect(drive.states(at: 2001) == .allInactive)
    var other = LineDrive(at: 0)
    other.take(program, at: 2000)
    #expect(other.states(at: 2000) == lit && other.states(at: 2999) == lit)
    #expect(other.states(at: 3000) == .allInactive)
  }

  @Test("A program that is dark ends everything at once")
  func dark() throws {
    var drive = LineDrive(at: 0)
    drive.take(try program("green 10/0"), at: 0)
    #expect(drive.states(at: 10) == lit)
    drive.take(.dark, at: 11)
    #expect(drive.states(at: 11) == .allInactive)
    drive.beat(at: 11)
    #expect(drive.nextDeadline(after: 11) == 5011)
  }

  @Test("A program may start in the future")
  func future() throws {
    let program = try program("green 1/1 x2", start: 500)
    #expect(program.nextChange(after: 0) == 500)
    #expect(program.states(at: 499) == .allInactive && program.states(at: 500) == lit)
    #expect(program.nextChange(after: 500) == 600)
    #expect(program.nextChange(after: 600) == 700)
    #expect(program.nextChange(after: 700) == 800)
    #expect(program.nextChange(after: 800) == 900)
    #expect(program.nextChange(after: 900) == nil)
  }

  @Test("Times at the end of all time do not trap")
  func extremes() throws {
    let program = try program("green 255/255", start: MonotonicTime(milliseconds: .min))
    for time in [Int64.min, -1, 0, .max - 1, .max] {
      _ = program.states(at: MonotonicTime(milliseconds: time))
      _ = program.nextChange(after: MonotonicTime(milliseconds: time))
    }
    #expect(program.states(at: MonotonicTime(milliseconds: .min)) == lit)
  }
}
