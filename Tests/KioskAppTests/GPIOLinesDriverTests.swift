// SPDX-License-Identifier: GPL-3.0-or-later
import Dispatch
import FoundationEssentials
import Glibc
import KioskCore
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("The thread that drives the lines", .serialized) struct GPIOLinesDriverTests {
  private static let green = LineAddress.name("GPIO17")

  private func lines(_ line: TimedLine) -> OutputLines {
    OutputLines(.init(green: .init(address: Self.green))) { _, _ in line }
  }

  private func blink(_ text: String, start: MonotonicTime) throws -> LineProgram {
    let pattern = try #require(LampPattern(text))
    return LineProgram(lamp: [.init(pattern.pattern, colour: pattern.colour, start: start)])
  }

  @Test("A program is played without further word, and its end is not later than it says")
  func playsByItself() throws {
    let line = TimedLine()
    let driver = LinesDriver(lines(line), now: SystemClock.monotonic) { _ in }
    let start = SystemClock.monotonic().adding(milliseconds: 50)
    driver.apply(try blink("green 1/1 x2", start: start))
    #expect(line.wait(for: 4))
    driver.close()
    #expect(line.changes.map(\.isActive) == [true, false, true, false])
    for (change, due) in zip(line.changes, [0, 100, 200, 300] as [Int64]) {
      #expect(change.microseconds >= (start.milliseconds + due) * 1000)
    }
    #expect(line.closings == 1)
  }

  @Test("While the core is silent no line is active, and its next sign of life brings them back")
  func watchdog() throws {
    let line = TimedLine()
    let clock = HandClock()
    let driver = LinesDriver(lines(line), now: { clock.now }) { _ in }
    driver.apply(try blink("green 255/0", start: clock.now))
    #expect(line.wait(for: 1))
    clock.advance(CoreLimits.heartbeatMilliseconds)
    // Any wake-up will do to see that the clock was moved.
    driver.apply(try blink("green 255/0", start: clock.now))
    #expect(line.wait(for: 2))
    driver.beat()
    #expect(line.wait(for: 3))
    #expect(line.changes.map(\.isActive) == [true, false, true])
    driver.close()
    #expect(line.changes.map(\.isActive) == [true, false, true, false])
  }

  @Test("Closing makes the lines inactive, and nothing is set after it")
  func closing() throws {
    let line = TimedLine()
    let driver = LinesDriver(lines(line), now: SystemClock.monotonic) { _ in }
    driver.apply(try blink("green 255/0", start: SystemClock.monotonic()))
    #expect(line.wait(for: 1))
    driver.close()
    driver.apply(try blink("green 255/0", start: SystemClock.monotonic()))
    driver.close()
    #expect(line.changes.map(\.isActive) == [true, false])
    #expect(line.closings == 1)
  }

  @Test("A driver that is forgotten closes its lines")
  func forgotten() throws {
    let line = TimedLine()
    do {
      let driver = LinesDriver(lines(line), now: SystemClock.monotonic) { _ in }
      driver.apply(try blink("green 255/0", start: SystemClock.monotonic()))
      #expect(line.wait(for: 1))
    }
    #expect(line.closings == 1 && line.changes.last?.isActive == false)
  }

  @Test("A line that fails is told once, and what cannot be opened too")
  func faults() throws {
    let faults = Mutex<[OutputLines.Fault]>([])
    let told = DispatchSemaphore(value: 0)
    let line = TimedLine()
    line.fail(with: .system(Self.green, errno: 19))
    let missing = LineError.noLine(name: "GPIO27")
    let lines = OutputLines(.init(green: .init(address: Self.green), amber: .init(address: .name("GPIO27")))) {
      (address, _) throws(LineError) in
      guard address == Self.green else { throw missing }
      return line
    }
    let driver = LinesDriver(lines, now: SystemClock.monotonic) { fault in
      faults.withLock { $0.append(fault) }
      told.signal()
    }
    driver.apply(try blink("green 1/1 x3", start: SystemClock.monotonic()))
    for _ in 0..<2 { #expect(told.wait(timeout: .now() + 10) == .success) }
    line.fail(with: nil)
    driver.close()
    #expect(
      faults.withLock { $0 } == [
        .init(role: .amber, error: missing), .init(role: .green, error: .system(Self.green, errno: 19)),
      ])
  }

  /// Not for every run: it takes its time, and a machine that does something else besides falsifies it.
  /// `KIOSK_MEASURE_LINES=SECONDS` measures how late the changes are while every processor is kept busy by twice as
  /// many threads.
  @Test(
    "On a loaded machine the lines are within 10 ms of the program",
    .enabled(if: ProcessInfo.processInfo.environment["KIOSK_MEASURE_LINES"] != nil))
  func underLoad() throws {
    let seconds = Int(ProcessInfo.processInfo.environment["KIOSK_MEASURE_LINES"] ?? "") ?? 10
    let load = Load(threads: 2 * ProcessInfo.processInfo.activeProcessorCount)
    defer { load.end() }
    let line = TimedLine()
    let driver = LinesDriver(lines(line), now: SystemClock.monotonic) { _ in }
    let start = SystemClock.monotonic().adding(milliseconds: 200)
    driver.apply(try blink("green 1/1", start: start))
    let count = seconds * 10
    for expected in 1...count {
      // The core beats, each second.
      if expected % 10 == 0 { driver.beat() }
      #expect(line.wait(for: expected))
    }
    driver.close()
    let late = line.changes.prefix(count).enumerated().map { index, change in
      change.microseconds - (start.milliseconds + Int64(index) * 100) * 1000
    }.sorted()
    let policy = line.policy == SCHED_FIFO ? "SCHED_FIFO" : "SCHED_OTHER"
    print(
      "\(late.count) changes under load, \(policy): late by median \(late[late.count / 2]) µs,",
      "99 % \(late[late.count * 99 / 100]) µs, most \(late.last ?? 0) µs, least \(late.first ?? 0) µs")
    #expect((late.first ?? .min) >= 0 && (late.last ?? .max) <= 10_000)
  }
}

/// A line that remembers when it was set.
private final class TimedLine: OutputLine {
  struct Change: Sendable {
    var isActive: Bool
    /// CLOCK_BOOTTIME.
    var microseconds: Int64
  }

  private struct State {
    var changes: [Change] = []
    var closings = 0
    var error: LineError?
    var policy: Int32 = -1
  }

  private let state = Mutex(State())
  private let changed = DispatchSemaphore(value: 0)

  var changes: [Change] { state.withLock { $0.changes } }
  var closings: Int { state.withLock { $0.closings } }
  /// Of the thread that set it last.
  var policy: Int32 { state.withLock { $0.policy } }

  func fail(with error: LineError?) { state.withLock { $0.error = error } }

  func set(_ active: Bool) throws(LineError) {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    var priority = sched_param()
    var policy: Int32 = -1
    pthread_getschedparam(pthread_self(), &policy, &priority)
    try state.withLock { state throws(LineError) in
      if let error = state.error { throw error }
      // Closing sets it from another thread.
      if state.changes.isEmpty { state.policy = policy }
      state.changes.append(
        Change(isActive: active, microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000))
    }
    changed.signal()
  }

  func close() { state.withLock { $0.closings += 1 } }

  /// Waits until it has been set so often; false after 30 s.
  func wait(for count: Int) -> Bool {
    while changes.count < count {
      guard changed.wait(timeout: .now() + 30) == .success else { return false }
    }
    return true
  }
}

/// A clock that the test moves. It is far ahead of the real one, so that no deadline comes by itself.
private final class HandClock: Sendable {
  private let time = Mutex(SystemClock.monotonic().adding(milliseconds: 3_000_000))
  var now: MonotonicTime { time.withLock { $0 } }
  func advance(_ milliseconds: Int64) { time.withLock { $0 = $0.adding(milliseconds: milliseconds) } }
}

/// Threads that do nothing but compute.
private final class Load: Sendable {
  private let isEnded = Atomic(false)
  private let group = DispatchGroup()

  init(threads: Int) {
    for index in 0..<threads {
      DispatchQueue(label: "load \(index)").async(group: group) {
        var value: UInt64 = 1
        while !self.isEnded.load(ordering: .relaxed) { value = value &* 6_364_136_223_846_793_005 &+ 1 }
        withExtendedLifetime(value) {}
      }
    }
  }

  func end() {
    isEnded.store(true, ordering: .relaxed)
    group.wait()
  }
}
