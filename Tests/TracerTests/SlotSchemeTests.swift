// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The slots of a day") struct SlotSchemeTests {
  private static let day = SlotScheme.dayMilliseconds

  @Test("Slots a day lie within 1 and 1440", arguments: [0, 1, 2, 96, 1439, 1440, 1441, -1, .max, .min])
  func limits(count: Int) {
    #expect((SlotScheme(slotsPerDay: count) != nil) == (1...1440).contains(count))
  }

  @Test("Bluezone's own slots last a quarter of an hour") func standard() {
    #expect(SlotScheme.standard.slotsPerDay == 96)
    #expect(SlotScheme.standard.slotMilliseconds == 900_000)
    #expect(SlotScheme.standard == SlotScheme(slotsPerDay: 96))
  }

  @Test(
    "A slot begins on its first millisecond and ends with its last",
    arguments: [1, 2, 7, 96, 97, 1000, 1440], [Int64(-2), -1, 0, 1, 18_500])
  func boundaries(count: Int, day: Int64) throws {
    let scheme = try #require(SlotScheme(slotsPerDay: count))
    for index in Set([0, 1, count / 2, count - 2, count - 1]) where (0..<count).contains(index) {
      let slot = Slot(day: day, index: index)
      let start = scheme.start(of: slot)
      let end = scheme.end(of: slot)
      #expect(scheme.slot(at: start) == slot)
      #expect(scheme.slot(at: start.adding(milliseconds: 1)) == slot)
      #expect(scheme.slot(at: end.adding(milliseconds: -1)) == slot)
      #expect(scheme.slot(at: end) == scheme.next(after: slot))
      #expect(scheme.next(after: scheme.slot(at: start.adding(milliseconds: -1))) == slot)
    }
  }

  @Test(
    "Where the slots do not fill the day, the rest belongs to the last one", arguments: [7, 97, 1000, 1439])
  func remainder(count: Int) throws {
    let scheme = try #require(SlotScheme(slotsPerDay: count))
    let last = Slot(day: 3, index: count - 1)
    #expect(scheme.end(of: last) == UTCTime(milliseconds: 4 * Self.day))
    let length = scheme.end(of: last).milliseconds - scheme.start(of: last).milliseconds
    #expect(length == scheme.slotMilliseconds + Self.day % scheme.slotMilliseconds)
    #expect(scheme.slot(at: UTCTime(milliseconds: 4 * Self.day - 1)) == last)
  }

  @Test("Times before 1970 lie in days before day 0") func negative() {
    let scheme = SlotScheme.standard
    #expect(scheme.slot(at: .init(milliseconds: -1)) == Slot(day: -1, index: 95))
    #expect(scheme.slot(at: .init(milliseconds: -900_000)) == Slot(day: -1, index: 95))
    #expect(scheme.slot(at: .init(milliseconds: -900_001)) == Slot(day: -1, index: 94))
    #expect(scheme.slot(at: .init(milliseconds: -Self.day)) == Slot(day: -1, index: 0))
    #expect(scheme.slot(at: .init(milliseconds: -Self.day - 1)) == Slot(day: -2, index: 95))
  }

  @Test("The ends of all time have slots", arguments: [1, 96, 97, 1440]) func extremes(count: Int) throws {
    let scheme = try #require(SlotScheme(slotsPerDay: count))
    for time in [Int64.min, .min + 1, .max - 1, .max] {
      let slot = scheme.slot(at: UTCTime(milliseconds: time))
      #expect((0..<count).contains(slot.index))
      #expect(!(UTCTime(milliseconds: time) < scheme.start(of: slot)) || time < .min + Self.day)
      #expect(scheme.end(of: slot) > scheme.start(of: slot))
    }
  }

  @Test("A start beyond all time saturates") func saturation() {
    #expect(SlotScheme.standard.start(of: Slot(day: .max, index: 5)) == UTCTime(milliseconds: .max))
    #expect(SlotScheme.standard.start(of: Slot(day: .min, index: 0)) == UTCTime(milliseconds: .min))
  }

  @Test("Slots are in the order of time") func order() {
    #expect(Slot(day: 1, index: 95) < Slot(day: 2, index: 0))
    #expect(Slot(day: 2, index: 0) < Slot(day: 2, index: 1))
    #expect(SlotScheme.standard.next(after: Slot(day: 1, index: 95)) == Slot(day: 2, index: 0))
  }
}
