// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("The filter of an input")
struct InputFilterTests {
  /// The changes that a line's true level makes: `time level`, told when it was read. Until `blockedUntil` nobody
  /// reads.
  private func changes(
    _ levels: [Int64], debounce: Int64 = 30, blockedUntil: Int64 = 0, until end: Int64
  ) -> [String] {
    var filter = InputFilter(debounceMilliseconds: debounce, isActive: false, at: 0)
    var level = false
    var waiting: [(Bool, Int64)] = []
    var told: [String] = []
    for time in 0...end {
      let now = MonotonicTime(milliseconds: time)
      if levels.contains(time) {
        level.toggle()
        waiting.append((level, time))
      }
      guard time >= blockedUntil else { continue }
      while let (to, at) = waiting.first {
        waiting.removeFirst()
        if let isActive = filter.edge(to: to, at: .init(milliseconds: at), now: now) {
          told.append("\(time) \(isActive)")
        }
      }
      if let due = filter.nextDeadline, now >= due, filter.restsUntil == nil, let isActive = filter.read(level, at: now)
      {
        told.append("\(time) \(isActive)")
      }
    }
    return told
  }

  @Test("A press that bounces is one press")
  func bouncing() {
    #expect(
      changes([100, 102, 103, 107, 108, 300, 301, 304], until: 1000) == ["138 true", "334 false"])
  }

  @Test("What is shorter than the debounce time is no change; what is as long is one")
  func tooShort() {
    #expect(changes([100, 129], until: 1000).isEmpty)
    #expect(changes([100, 130], until: 1000) == ["130 true", "160 false"])
  }

  @Test("Edges of a line that the kernel debounces count at once")
  func debouncedByKernel() {
    #expect(changes([100, 101, 105], debounce: 0, until: 1000) == ["100 true", "101 false", "105 true"])
  }

  @Test("A press that was read late is a press all the same")
  func readLate() {
    #expect(changes([100, 200], blockedUntil: 700, until: 2000) == ["700 true", "700 false"])
  }

  @Test("When the queue of edges ran over, the level itself decides")
  func overrun() {
    var filter = InputFilter(debounceMilliseconds: 30, isActive: false, at: 0)
    // The last edge that was kept says active; the line has long been inactive.
    #expect(filter.edge(to: true, at: 100, now: 100) == nil)
    #expect(filter.read(false, at: 130) == nil)
    #expect(filter.nextDeadline == 160)
    #expect(filter.read(false, at: 160) == nil && filter.isActive == false && filter.nextDeadline == nil)
    // And the other way round: the edge is lost.
    #expect(filter.read(true, at: 200) == nil)
    #expect(filter.read(true, at: 230) == true)
  }

  @Test("An edge of the future, as of another clock, counts as of now")
  func foreignClock() {
    var filter = InputFilter(debounceMilliseconds: 30, isActive: false, at: 0)
    #expect(filter.edge(to: true, at: .init(milliseconds: .max), now: 100) == nil)
    #expect(filter.nextDeadline == 130)
    #expect(filter.read(true, at: 130) == true)
  }

  @Test("A wire that hangs in the air gives nothing and is put to rest", arguments: UInt64(1)...5)
  func chatter(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var filter = InputFilter(debounceMilliseconds: 30, isActive: false, at: 0)
    var time: Int64 = 0
    var level = false
    var edges = 0
    while filter.restsUntil == nil, edges < 10_000 {
      time += Int64.random(in: 0...10, using: &random)
      level.toggle()
      edges += 1
      #expect(
        filter.edge(to: level, at: .init(milliseconds: time), now: .init(milliseconds: time)) == nil, "seed \(seed)")
    }
    #expect(edges == CoreLimits.inputEdges + 1, "seed \(seed)")
    #expect(filter.restsUntil?.milliseconds == time + CoreLimits.inputRestMilliseconds, "seed \(seed)")
  }

  @Test("Changes that are stable but too many are put to rest as well")
  func tooManyChanges() {
    var filter = InputFilter(debounceMilliseconds: 0, isActive: false, at: 0)
    for step in 1...CoreLimits.inputChanges {
      #expect(
        filter.edge(
          to: step % 2 == 1, at: .init(milliseconds: Int64(step) * 100), now: .init(milliseconds: Int64(step) * 100))
          != nil)
      #expect(filter.restsUntil == nil)
    }
    _ = filter.edge(to: true, at: 4100, now: 4100)
    #expect(filter.restsUntil == 64_100)
  }

  @Test("A busy beam is no chatter: a person a second, all day")
  func busyBeam() {
    var filter = InputFilter(debounceMilliseconds: 30, isActive: false, at: 0)
    for second in Int64(1)...3600 {
      for (offset, level) in [(0, true), (200, false)] as [(Int64, Bool)] {
        let at = MonotonicTime(milliseconds: second * 1000 + offset)
        _ = filter.edge(to: level, at: at, now: at)
        #expect(filter.read(level, at: at.adding(milliseconds: 30)) == level)
      }
    }
    #expect(filter.restsUntil == nil)
  }
}
