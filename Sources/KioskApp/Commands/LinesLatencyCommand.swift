// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import ArgumentParser
import Glibc
import KioskCore
import Synchronization
import Tracer

/// How late the lines are on this machine as it is now: the thread that drives them blinks a line that leads nowhere.
/// For scripts/measure-lines.
struct LinesLatencyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lines-latency", abstract: "Measure how late lines would be on this machine now.", shouldDisplay: false
  )

  @Option(help: "How long, 1 to 3600.")
  var seconds = 20

  func validate() throws {
    guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 3600.") }
  }

  func run() throws {
    guard let lamp = LampPattern("green 1/1") else { throw Exit.failure("the pattern cannot be read") }
    let line = ClockedLine()
    let lines = OutputLines(.init(green: .init(address: .name("nowhere")))) { _, _ in line }
    let driver = LinesDriver(lines, now: SystemClock.monotonic) { _ in }
    let start = SystemClock.monotonic().adding(milliseconds: 200)
    driver.apply(LineProgram(lamp: [.init(lamp.pattern, colour: lamp.colour, start: start)]))
    let edges = Int64(seconds) * 1000 / ClockedLine.edgeMilliseconds
    let end = start.adding(milliseconds: edges * ClockedLine.edgeMilliseconds - ClockedLine.edgeMilliseconds / 2)
    while SystemClock.monotonic() < end {
      driver.beat()
      usleep(200_000)
    }
    let late = line.late(from: start, edges: edges)
    let policy = driver.isRealtime ? "real-time" : "not real-time"
    driver.close()
    guard let most = late.last else { throw Exit.failure("the line was never set") }
    func milliseconds(_ microseconds: Int64) -> String {
      let tenths = (microseconds + 50) / 100
      return "\(tenths / 10).\(tenths % 10) ms"
    }
    let beyond = late.count { $0 > 10_000 }
    print(
      "\(policy): \(late.count) edges, late by \(milliseconds(late[late.count / 2])) (median), "
        + "\(milliseconds(late[late.count * 99 / 100])) (99 %), \(milliseconds(most)) (most); "
        + "\(beyond) by more than 10 ms, \(Int(edges) - late.count) missed")
    guard beyond == 0, late.count == edges else { throw ExitCode.failure }
  }
}

/// Remembers when it was set.
private final class ClockedLine: OutputLine {
  static let edgeMilliseconds: Int64 = 100
  private let sets = Mutex<[(isActive: Bool, microseconds: Int64)]>([])

  func set(_ active: Bool) throws(LineError) {
    let microseconds = kiosk_clock_nanoseconds(CLOCK_BOOTTIME) / 1000
    sets.withLock { $0.append((active, microseconds)) }
  }

  func close() {}

  /// How long after its edge each setting came, µs, the least first; on at the even edges, off at the odd ones. One that
  /// comes after the next edge of its kind is missed.
  func late(from start: MonotonicTime, edges: Int64) -> [Int64] {
    let edge = Self.edgeMilliseconds * 1000
    return sets.withLock { sets in
      sets.prefix(Int(edges)).map { isActive, time in
        let since = time - start.milliseconds * 1000 - (isActive ? 0 : edge)
        return since >= 0 ? since % (2 * edge) : 2 * edge
      }.sorted()
    }
  }
}
