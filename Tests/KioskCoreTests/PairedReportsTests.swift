// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Testing

@Suite struct PairedReportsTests {
  private func second(_ reports: [(Int64, Int8)]) -> SecondOfReports {
    var second = SecondOfReports()
    for (time, rssi) in reports { second.add(rssi, at: time) }
    return second
  }

  private func heard(_ reports: [(channel: Int, rssi: Int8)]) -> SecondOfReports {
    var second = SecondOfReports()
    for (n, report) in reports.enumerated() { second.add(report.rssi, channel: report.channel, at: Int64(n) * 100) }
    return second
  }

  @Test("Where channels are known, means of a second on the same channel are a pair, however far apart in it")
  func channels() {
    var pair = PairedReports()
    let a = heard([(channel: 0, rssi: -50), (channel: 0, rssi: -54), (channel: 2, rssi: -60)])
    let first = pair.add(a, heard([(channel: 2, rssi: -61), (channel: 1, rssi: -70)]), unrest: 1, second: 4)
    #expect(first && pair.count == 1 && pair.second == 4)
    let other = pair.add(a, heard([(channel: 0, rssi: -53)]), unrest: 1, second: 5)
    #expect(other && pair.count == 2)
    // 1 dB on one channel, and a mean of -52 against -53 on the other.
    #expect(pair.found < 0.01)
    let none = pair.add(a, heard([(channel: 1, rssi: -53)]), unrest: 1, second: 6)
    #expect(!none && pair.second == 5)
  }

  @Test("Of one who walks a pair may differ by more, and tells less")
  func unrest() {
    var (still, walking) = (PairedReports(), PairedReports())
    for i in 0..<20 as Range<Int64> {
      let a = heard([(channel: 0, rssi: -60)])
      let b = heard([(channel: 0, rssi: i % 2 == 0 ? -55 : -65)])
      _ = still.add(a, b, unrest: 1, second: i)
      _ = walking.add(a, b, unrest: 6, second: i)
    }
    #expect(still.together == PairedReports.sameChannelVariance)
    #expect(abs(walking.together - 6 * PairedReports.sameChannelVariance) < 0.001)
    #expect(LinkModel.paired(still) < -5)
    #expect(LinkModel.paired(walking) > -1)
  }

  @Test(
    "Reports of one moment are a pair, and each report is in one pair at most",
    arguments: [
      (Int64(0), 1), (30, 1), (31, 0), (-30, 1), (-31, 0),
    ])
  func pairs(apart: Int64, count: Int) {
    var pair = PairedReports()
    let has = pair.add(second([(100, -50)]), second([(100 + apart, -52)]), second: 7)
    #expect(has == (count == 1))
    #expect(pair.count == Float(count))
    #expect(pair.second == (count == 1 ? 7 : .min))
    var twice = PairedReports()
    _ = twice.add(second([(100, -50), (110, -50)]), second([(105, -52)]), second: 7)
    #expect(twice.count == 1)
  }

  @Test("What one phone sends at one moment differs by little, on whatever channel it is heard")
  func onePhone() {
    var same = PairedReports()
    var other = PairedReports()
    for i in 0..<30 {
      let time = Int64(i) * 1000
      let channel: [Int8] = [0, 7, -7]
      let a = second([(time, -60 + channel[i % 3])])
      _ = same.add(a, second([(time + 5, -61 + channel[i % 3])]), second: Int64(i))
      _ = other.add(a, second([(time + 5, -61 + channel[i / 3 % 3])]), second: Int64(i))
    }
    #expect(same.found < 0.1)
    #expect(other.found > 40)
    #expect(same.apart > 50)
    #expect(other.apart > 50)
    #expect(LinkModel.paired(same) > 5)
    #expect(LinkModel.paired(other) < -5)
  }

  @Test("The nearer in time, the less may two reports differ")
  func weight() {
    func together(_ apart: Int64) -> Float {
      var pair = PairedReports()
      _ = pair.add(second([(0, -60)]), second([(apart, -60)]), second: 0)
      return pair.together
    }
    #expect(together(0) == PairedReports.sameChannelVariance)
    // Half of the way to the next channel.
    #expect(abs(together(30) - 12) < 0.01)
  }

  @Test("Old pairs fade, and one pair tells nothing")
  func memory() {
    var pair = PairedReports()
    #expect(LinkModel.paired(pair) == 0)
    _ = pair.add(second([(0, -60)]), second([(0, -70)]), second: 0)
    #expect(LinkModel.paired(pair) == 0)
    for i in 1..<1000 { _ = pair.add(second([(0, -60)]), second([(0, -60)]), second: Int64(i)) }
    #expect(pair.count <= 64)
    #expect(pair.found < 0.01)
  }

  @Test("A second holds sixteen reports; further ones are left out")
  func limit() {
    for count in [15, 16, 17] {
      let reports = second((0..<count).map { (Int64($0) * 50, -60) })
      #expect(reports.count == min(count, SecondOfReports.limit))
    }
  }
}
