// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Simulator

@Suite("Where people are") struct WalkTests {
  @Test("Someone who goes straight past the kiosk at 1 m is within 2 m for 3.46 m of the way") func pass() throws {
    var walk = Walk(startingAt: 1000, position: [-10, 1])
    walk.go(to: [10, 1], speed: 1)
    let near = walk.times(within: 2)
    #expect(near.count == 1)
    let range = try #require(near.first)
    #expect(abs(range.count - 3464) <= 3)
    #expect(abs((range.lowerBound + range.upperBound) / 2 - 11_000) <= 2)
    #expect(walk.times(within: 0.9).isEmpty)
  }

  @Test("Who stands inside the circle is there from the first moment to the last, and legs are joined") func stand() {
    var walk = Walk(startingAt: 0, position: [5, 0])
    walk.go(to: [1, 0], speed: 1)
    walk.stay(milliseconds: 10_000, facing: [-1, 0])
    walk.stay(milliseconds: 5000, facing: [1, 0])
    walk.go(to: [5, 0], speed: 1)
    #expect(walk.times(within: 2) == [3000..<20_000])
    #expect(walk.span == 0..<23_000)
  }

  @Test("The places on the way agree with the times within the circle", arguments: [1, 2, 3] as [UInt64])
  func agreement(seed: UInt64) {
    var scenario = Scenario.quietClinic
    scenario.seed = seed
    for person in Crowd(scenario).people where person.role != .staff {
      let near = person.walk.times(within: 2)
      var leg = 0
      for time in stride(from: person.span.lowerBound, to: person.span.upperBound, by: 97) {
        let place = person.walk.place(at: time, leg: &leg)
        let distance = (place.position * place.position).sum().squareRoot()
        let isNear = near.contains { $0.contains(time) }
        if abs(distance - 2) > 0.01, isNear != (distance < 2) {
          Issue.record("seed \(seed), \(time) ms, \(distance) m")
        }
      }
    }
  }
}
