// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The ids of the phones' own cases") struct BluezoneVectorTests {
  private let chains: [BluezoneVectors.Chain]

  init() throws {
    chains = try BluezoneVectors.read().ids
    try #require(chains.count == 4 && chains.allSatisfy { $0.days.count == 3 })
  }

  private func identity(_ chain: BluezoneVectors.Chain) throws -> BluezoneIdentity {
    BluezoneIdentity(baseKey: try #require(BluezoneKey(hex: chain.baseKey)), baseDay: chain.baseDay / 86_400)
  }

  @Test("Each day's key follows from the base key") func dailyKeys() throws {
    for chain in chains {
      var identity = try identity(chain)
      for day in chain.days { #expect(try identity.dailyKey(of: day.day / 86_400).hex == day.dailyKey) }
    }
  }

  @Test("Each slot's id follows from the time, whatever the order of asking") func slotIDs() throws {
    var checked = 0
    for chain in chains {
      var forwards = try identity(chain)
      var backwards = try identity(chain)
      var asked: [(start: Int64, id: String)] = []
      for day in chain.days {
        for (index, id) in day.slots {
          asked.append((day.day * 1000 + (try #require(Int64(index))) * 900_000, id))
        }
      }
      asked.sort { $0.start < $1.start }
      for (start, id) in asked {
        for time in [start, start + 1, start + 899_999] {
          let slot = SlotScheme.standard.slot(at: UTCTime(milliseconds: time))
          #expect(try forwards.bluezoneID(in: slot).hex == id)
        }
        checked += 1
      }
      for (start, id) in asked.reversed() {
        let slot = SlotScheme.standard.slot(at: UTCTime(milliseconds: start))
        #expect(try backwards.bluezoneID(in: slot).hex == id)
        var fresh = try identity(chain)
        #expect(try fresh.bluezoneID(in: slot).hex == id)
      }
    }
    #expect(checked == chains.flatMap(\.days).map(\.slots.count).reduce(0, +))
  }

  @Test("All ids of a daily key come in the order of their slots") func wholeDays() throws {
    for day in chains.flatMap(\.days) {
      let ids = BluezoneIdentity.bluezoneIDs(of: try #require(BluezoneKey(hex: day.dailyKey)), count: 96)
      #expect(ids.count == 96 && Set(ids).count == 96)
      for (index, id) in day.slots { #expect(ids[try #require(Int(index))].hex == id) }
    }
  }
}
