// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import KioskCore

@Suite("The chart of the day")
struct ScreenChartTests {
  private func today(_ visits: [Int: Int]) -> ScreenState.Today {
    var today = ScreenState.Today()
    today.hours = (0..<24).map { .init(visits: visits[$0] ?? 0, bluezoners: 0) }
    return today
  }

  @Test(
    "has a scale of round numbers that reaches over the highest bar",
    arguments: [
      (0, 1), (1, 1), (4, 4), (5, 6), (9, 10), (12, 15), (47, 60), (61, 80), (200, 200), (201, 300), (9999, 10_000),
    ])
  func scale(most: Int, top: Int) {
    let chart = VisitChart(today([9: most]))
    #expect(chart.top == top)
    #expect(chart.ticks.first == 0 && chart.ticks.last == top && (2...5).contains(chart.ticks.count))
  }

  @Test("shows the hours of the day shift, and others when somebody came")
  func hours() {
    #expect(VisitChart(ScreenState.Today()).hours == 7...18)
    #expect(VisitChart(today([3: 1])).hours == 3...18)
    #expect(VisitChart(today([10: 5, 23: 1])).hours == 7...23)
  }

  @Test("tells the share in whole percent, and none of nothing")
  func share() {
    var today = today([:])
    #expect(today.bluezonerPercent == nil)
    (today.visits, today.bluezoners) = (3, 2)
    #expect(today.bluezonerPercent == 67)
    (today.visits, today.bluezoners) = (2, 5)
    #expect(today.bluezonerPercent == 100)
  }
}
