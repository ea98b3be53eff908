// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
import KioskCore
import Testing
import Tracer

@Suite("The ids of an F0 entry")
struct F0EntryTests {
  private struct Vectors: Decodable {
    var ids: [Chain]
    struct Chain: Decodable {
      var base_key: String
      var base_day: Int64
      var days: [Day]
    }
    struct Day: Decodable {
      var day: Int64
      var daily_key: String
      var slots: [String: String]
    }
  }

  private struct Step: Equatable {
    var id: BluezoneID
    var start: UTCTime
    var end: UTCTime
  }

  private func walk(_ entry: F0Entry) -> [Step] {
    var steps: [Step] = []
    entry.forEachID { steps.append(Step(id: $0, start: $1, end: $2)) }
    return steps
  }

  @Test("are those of the vectors, walked from the base key's day over all days up to each")
  func vectors() throws {
    let vectors = try JSONDecoder().decode(Vectors.self, from: testVector("bluezone-ids.json"))
    #expect(!vectors.ids.isEmpty)
    var compared = 0
    for chain in vectors.ids {
      let key = try #require(BluezoneKey(hex: chain.base_key))
      let last = chain.days.map(\.day).max() ?? chain.base_day
      // The vectors may be years apart; the walk is not bounded by the file's limit.
      guard last - chain.base_day <= 90 * 86_400 else { continue }
      let steps = walk(
        F0Entry(
          dailyKey: key, start: UTCTime(seconds: chain.base_day), end: UTCTime(seconds: last + 86_399)))
      #expect(steps.count == Int((last - chain.base_day) / 86_400 + 1) * 96)
      for day in chain.days {
        for (slot, hex) in day.slots {
          let index = try Int((day.day - chain.base_day) / 86_400) * 96 + #require(Int(slot))
          #expect(steps[index].id.hex == hex.lowercased())
          #expect(try steps[index].start == UTCTime(seconds: day.day + #require(Int64(slot)) * 900))
          compared += 1
        }
      }
    }
    #expect(compared >= 15)
  }

  @Test("are those of the vectors from each day's own key")
  func daysOfVectors() throws {
    let vectors = try JSONDecoder().decode(Vectors.self, from: testVector("bluezone-ids.json"))
    for day in vectors.ids.flatMap(\.days) {
      let key = try #require(BluezoneKey(hex: day.daily_key))
      let steps = walk(
        F0Entry(dailyKey: key, start: UTCTime(seconds: day.day), end: UTCTime(seconds: day.day + 86_399)))
      #expect(steps.count == 96)
      for (slot, hex) in day.slots { #expect(try steps[#require(Int(slot))].id.hex == hex.lowercased()) }
    }
  }

  @Test("go slot by slot without a gap over a day's end", arguments: [1, 96, 144, 1440])
  func slots(max: Int) throws {
    let scheme = try #require(SlotScheme(slotsPerDay: max))
    let entry = F0Entry(
      dailyKey: CoreSamples.key(1), start: CoreSamples.midnight,
      end: CoreSamples.midnight.adding(milliseconds: 2 * SlotScheme.dayMilliseconds), scheme: scheme)
    let steps = walk(entry)
    // Two days, and the slot that starts at the end.
    #expect(steps.count == 2 * max + 1)
    #expect(steps.first?.start == CoreSamples.midnight)
    for (a, b) in zip(steps, steps.dropFirst()) { #expect(a.end == b.start) }
    let days = [CoreSamples.key(1), CoreSamples.key(1).next, CoreSamples.key(1).next.next]
    let expected = days.flatMap { BluezoneIdentity.bluezoneIDs(of: $0, count: max) }
    #expect(steps.map(\.id) == Array(expected.prefix(2 * max + 1)))
  }

  @Test(
    "end with the slot that starts at or before the entry's end",
    arguments: [
      (0, 1), (1, 1), (899, 1), (900, 2), (901, 2), (1799, 2), (1800, 3), (86_399, 96), (86_400, 97),
      (86_401, 97),
    ] as [(Int64, Int)])
  func end(seconds: Int64, count: Int) {
    let end = CoreSamples.midnight.adding(milliseconds: seconds * 1000)
    #expect(walk(F0Entry(dailyKey: CoreSamples.key(1), start: CoreSamples.midnight, end: end)).count == count)
  }

  @Test("are none when the end lies before the start")
  func backwards() {
    let end = CoreSamples.midnight.adding(milliseconds: -1)
    #expect(walk(F0Entry(dailyKey: CoreSamples.key(1), start: CoreSamples.midnight, end: end)).isEmpty)
  }

  @Test("leave the odd milliseconds of a day that does not divide to no slot")
  func unevenDay() throws {
    let scheme = try #require(SlotScheme(slotsPerDay: 7))
    let steps = walk(
      F0Entry(
        dailyKey: CoreSamples.key(1), start: CoreSamples.midnight,
        end: CoreSamples.midnight.adding(milliseconds: SlotScheme.dayMilliseconds), scheme: scheme))
    #expect(steps.count == 8)
    #expect(steps[7].start == CoreSamples.midnight.adding(milliseconds: SlotScheme.dayMilliseconds))
    #expect(steps[7].id == CoreSamples.key(1).next.firstSubKey.bluezoneID)
  }

  @Test("come to an end at the end of time")
  func endOfTime() {
    let start = UTCTime(milliseconds: .max - 1_000_000)
    #expect(
      walk(F0Entry(dailyKey: CoreSamples.key(1), start: start, end: UTCTime(milliseconds: .max))).count <= 2
        * 96)
  }
}
