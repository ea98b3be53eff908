// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing

@testable import KioskCore

@Suite("The channel of a report, told from its time") struct ScanChannelsTests {
  private let seeds = 1...8 as ClosedRange<UInt64>

  /// Five devices that send every 150 to 450 ms; what `channel` says of a time is heard with the strength that the device
  /// has on it. The host hears up to `lateMilliseconds` later.
  private struct Room {
    var channels: ScanChannels
    /// Reports whose channel was named, and how many of each true channel went to each name.
    private(set) var named = 0
    private(set) var reports = 0
    private(set) var counts = [[Int]](repeating: [0, 0, 0], count: 3)
    private var last: [(time: Int64, rssi: Float, part: Int)?] = .init(repeating: nil, count: 5)
    private var next: [Int64] = [0, 20, 40, 60, 80]
    private var levels: [[Float]] = []
    private var random: SplitMix64

    init(_ seed: UInt64, intervalMicroseconds: Int64 = 60_000) {
      random = SplitMix64(seed: seed)
      channels = ScanChannels(intervalMicroseconds: intervalMicroseconds)
      for _ in 0..<5 { levels.append((0..<3).map { _ in Float.random(in: -6...6, using: &random) }) }
    }

    mutating func run(_ span: Range<Int64>, late: Int64 = 0, _ channel: (Int64) -> Int?) {
      for now in span {
        for i in 0..<5 where next[i] <= now {
          next[i] = now + 150 + Int64(i) * 75 + Int64.random(in: 0...10, using: &random)
          guard let true_ = channel(now) else { continue }
          let rssi = (-60 + levels[i][true_] + Float.random(in: -1.5...1.5, using: &random)).rounded()
          let heard = now + Int64.random(in: 0...late, using: &random)
          let part = channels.part(at: heard)
          if let last = last[i], heard - last.time <= 1000 {
            channels.add(last.part, part, differenceDB: rssi - last.rssi)
          }
          last[i] = (heard, rssi, part)
          reports += 1
          guard let name = channels.channel(of: part) else { continue }
          named += 1
          counts[true_][name] += 1
        }
        if now % 500 == 0 { channels.advance() }
      }
    }

    mutating func forget() { (named, reports, counts) = (0, 0, .init(repeating: [0, 0, 0], count: 3)) }

    /// Share of the named that go by the best of the six ways to name three channels.
    var right: Double {
      let ways = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2], [2, 1, 0]]
      let best = ways.map { way in (0..<3).reduce(0) { $0 + counts[$1][way[$1]] } }.max() ?? 0
      return Double(best) / Double(max(named, 1))
    }
  }

  @Test(
    "Found within seconds wherever it begins, with packets up to 10 ms late", arguments: 1...8 as ClosedRange<UInt64>)
  func found(seed: UInt64) {
    let start = Int64(seed * 23 % 180)
    var room = Room(seed)
    room.run(0..<15_000, late: 10) { Int(($0 + start) / 60 % 3) }
    #expect(room.channels.phase != nil, "seed \(seed)")
    room.forget()
    room.run(15_000..<60_000, late: 10) { Int(($0 + start) / 60 % 3) }
    #expect(Double(room.named) > 0.75 * Double(room.reports), "seed \(seed): \(room.named) of \(room.reports)")
    #expect(room.right > 0.93, "seed \(seed): \(room.right)")
  }

  @Test("A controller whose clock is fast by 50 parts in a million keeps its channels' names for an hour")
  func drift() {
    var room = Room(3)
    func channel(_ now: Int64) -> Int { Int((now * 1000 + now * 50 / 1000) / 60_000 % 3) }
    room.run(0..<20_000, channel)
    room.forget()
    // 180 ms in an hour: all phases pass.
    room.run(20_000..<3_600_000, channel)
    #expect(room.right > 0.93, "\(room.right)")
  }

  @Test("With a pause between windows, as beside Wi-Fi, the same") func pauses() {
    var room = Room(5, intervalMicroseconds: 120_000)
    func channel(_ now: Int64) -> Int? { now % 120 < 60 ? Int(now / 120 % 3) : nil }
    room.run(0..<20_000, channel)
    room.forget()
    room.run(20_000..<60_000, channel)
    #expect(room.named > 0)
    #expect(room.right > 0.93, "\(room.right)")
  }

  @Test("Where a controller hops otherwise nothing is named", arguments: 1...8 as ClosedRange<UInt64>)
  func otherwise(seed: UInt64) {
    var room = Room(seed)
    var random = SplitMix64(seed: ~seed)
    // One report of 200 at most, by chance.
    room.run(0..<120_000) { _ in Int.random(in: 0..<3, using: &random) }
    #expect(room.named * 200 <= room.reports, "seed \(seed): \(room.named) of \(room.reports)")
  }

  @Test("When the controller begins anew, nothing is known until it is found again") func restart() {
    var room = Room(2)
    room.run(0..<20_000) { Int($0 / 60 % 3) }
    #expect(room.channels.phase != nil)
    room.channels.restart()
    #expect(room.channels.phase == nil)
    #expect((0..<ScanChannels.parts).allSatisfy { room.channels.channel(of: $0) == nil })
    room.run(20_000..<40_000) { Int(($0 + 100) / 60 % 3) }
    #expect(room.channels.phase != nil)
  }

  @Test("Every time has its part, before the start and at the end of time too")
  func part() {
    let channels = ScanChannels(intervalMicroseconds: 60_000)
    #expect(channels.part(at: 0) == 0 && channels.part(at: 9) == 0 && channels.part(at: 10) == 1)
    #expect(channels.part(at: 179) == 17 && channels.part(at: 180) == 0)
    for time in [Int64.min, -1, Int64.max / 1000, .max] {
      #expect((0..<ScanChannels.parts).contains(channels.part(at: time)))
    }
    #expect(ScanChannels(intervalMicroseconds: 0).part(at: 12_345) < ScanChannels.parts)
  }
}

@Suite("How restless a phone is") struct UnrestTests {
  private func value(_ change: (Int64) -> Int8) -> Float {
    var unrest = Unrest()
    for i in 0..<100 as Range<Int64> { unrest.add(-60 + change(i), channel: Int(i % 3), at: i * 100) }
    return unrest.value
  }

  @Test("Channels that differ but stay are rest, strength that jumps on one channel is not") func rest() {
    #expect(value { [0, 8, -8][Int($0 % 3)] } < 0.1)
    #expect(value { $0 / 3 % 2 == 0 ? 8 : -8 } > 8)
  }

  @Test("It is eight times to begin with, never more than sixteen, and reports after a pause tell nothing")
  func bounds() {
    #expect(value { $0 / 3 % 2 == 0 ? 60 : -60 } <= 16)
    var unrest = Unrest()
    unrest.add(-90, channel: 0, at: 0)
    unrest.add(-30, channel: 0, at: 3000)
    #expect(unrest.value == 8)
  }
}
