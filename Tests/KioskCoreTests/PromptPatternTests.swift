// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("Patterns and quiet hours, as they are written")
struct PatternTests {
  @Test("A pattern is read and written alike", arguments: ["5/5 x8", "10/0 x1", "1/49", "255/255 x255", "1/0"])
  func pattern(text: String) throws {
    #expect(try #require(Pattern(text)).description == text)
    #expect(try #require(LampPattern("amber " + text)).description == "amber " + text)
  }

  @Test("Times are tenths of a second, a count ends it")
  func times() throws {
    let pattern = try #require(Pattern("5/10 x8"))
    #expect(pattern.onMilliseconds == 500 && pattern.periodMilliseconds == 1500 && pattern.lengthMilliseconds == 12_000)
    #expect(try #require(Pattern("255/255 x255")).lengthMilliseconds == 13_005_000)
    #expect(try #require(Pattern("1/1")).lengthMilliseconds == nil)
  }

  @Test(
    "What is no pattern is refused",
    arguments: [
      "", "5", "5/", "/5", "0/5", "5/5x8", "5/5 8", "5/5 x", "5/5 x0", "5/5 x256", "256/0", "-1/5", "+5/5", "5/5  x8",
      "5/5 x8 ", " 5/5", "5/5/5", "5.5/5", "٣/5",
    ])
  func noPattern(text: String) { #expect(Pattern(text) == nil) }

  @Test(
    "What is no colour is refused, red first of all",
    arguments: ["red 5/5", "5/5", "amber", "Amber 5/5", "amber  5/5", ""])
  func noColour(text: String) { #expect(LampPattern(text) == nil) }

  @Test("A beep ends within 3 s", arguments: [("1/0 x1", true), ("10/5 x2", true), ("10/6 x2", false), ("1/1", false)])
  func beep(text: String, isBeep: Bool) throws { #expect(try #require(Pattern(text)).isBeep == isBeep) }

  @Test(
    "What is shown for an outcome ends within a minute",
    arguments: [("10/0 x60", true), ("10/1 x60", false), ("1/1", false)])
  func temporary(text: String, isTemporary: Bool) throws {
    #expect(try #require(Pattern(text)).isTemporary == isTemporary)
  }

  @Test("Quiet hours hold from the first minute up to the last, also over midnight")
  func quietHours() throws {
    func isQuiet(_ text: String, _ hour: Int64, _ minute: Int64) throws -> Bool {
      let time = LocalTime(CoreSamples.midnight.adding(milliseconds: (hour * 60 + minute) * 60_000), offsetSeconds: 0)
      return try #require(QuietHours(text)).contains(time)
    }
    #expect(try isQuiet("21:00-06:00", 21, 0) && isQuiet("21:00-06:00", 23, 59) && isQuiet("21:00-06:00", 0, 0))
    #expect(try isQuiet("21:00-06:00", 5, 59))
    #expect(try !isQuiet("21:00-06:00", 6, 0) && !isQuiet("21:00-06:00", 20, 59))
    #expect(try isQuiet("12:00-13:30", 12, 0) && isQuiet("12:00-13:30", 13, 29))
    #expect(try !isQuiet("12:00-13:30", 11, 59) && !isQuiet("12:00-13:30", 13, 30))
    #expect(try isQuiet("00:00-23:59", 0, 0) && !isQuiet("00:00-23:59", 23, 59))
  }

  @Test("A list of quiet hours is read whole or not at all")
  func quietList() {
    #expect(QuietHours.list("")?.isEmpty == true)
    #expect(QuietHours.list("21:00-06:00, 12:00-13:00")?.count == 2)
    let many = Array(repeating: "21:00-06:00", count: CoreLimits.quietHours)
    #expect(QuietHours.list(many.joined(separator: ","))?.count == CoreLimits.quietHours)
    for text in [
      "x", ",", "21:00", "21:00-", "24:00-06:00", "21:60-06:00", "9:00-10:00", "12:00-12:00", "21:00-06:00,",
      (many + ["21:00-06:00"]).joined(separator: ","),
    ] {
      #expect(QuietHours.list(text) == nil, "\(text)")
    }
  }
}
