// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Tracer

/// What an advertisement costs, processor time: `SpeedReport FOLDER` with recordings of real phones, `-` for none.
///
/// `SpeedReport FOLDER STAGE ROUNDS` runs one stage so often, of the recordings or without them of the rush hour: for a
/// profiler that counts instructions.
@main struct SpeedReport {
  enum Stage: String, CaseIterable {
    /// Packet → sighting.
    case parse
    /// And who it is: classify, track, link, join, count.
    case people
    /// The whole core with a radio that runs: contact ledger, visits, prompts, page and commands as well.
    case kiosk
  }

  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let folder = arguments.first, arguments.count == 1 || arguments.count == 3 else { usage() }
    if arguments.count == 3 {
      guard let stage = Stage(rawValue: arguments[1]), let rounds = Int(arguments[2]) else { usage() }
      let traffic = folder == "-" ? Traffic.rushHour(minutes: 10) : try Traffic.recordings(folder)
      for _ in 0..<rounds { run(stage, traffic) }
      print("\(traffic.name): \(traffic.reports) reports, \(rounds) rounds")
      return
    }
    var all = [Traffic.rushHour(minutes: 10)]
    if folder != "-" { all.insert(try .recordings(folder), at: 0) }
    for traffic in all {
      print("\(traffic.name): \(traffic.reports) reports, \(traffic.events.count) events")
      for stage in Stage.allCases {
        // The quickest of them: what else the machine does only adds.
        let best = (0..<7).map { _ in nanoseconds { run(stage, traffic) } }.min() ?? 0
        print("  \(stage): \(best / Int64(max(traffic.reports, 1))) ns a report")
      }
    }
    var throng = Throng()
    let spent = throng.run { processorTime() }
    let mean = spent.reduce(0, +) / Int64(spent.count) / 1000
    print("a thousand addresses in reach, 2000 reports a second, new ones at the quarter hour:")
    print("  people: \(mean) µs a second, \((spent.max() ?? 0) / 1000) µs at most")
  }

  private static func usage() -> Never {
    FileHandle.standardError.write(Data("usage: SpeedReport FOLDER|- [parse|people|kiosk ROUNDS]\n".utf8))
    exit(64)
  }

  @inline(never)
  private static func run(_ stage: Stage, _ traffic: Traffic) {
    switch stage {
    case .parse: hear(traffic) { _, _ in }
    case .people:
      var people = People()
      hear(traffic) { sightings, moment in
        for sighting in sightings { people.hear(sighting, at: moment) }
        _ = people.advance(to: moment)
      }
    case .kiosk:
      var kiosk = Traffic.kiosk(at: traffic.start)
      for (event, moment) in traffic.events {
        // As the appliance does it.
        kiosk.handle(event, at: moment)
        _ = kiosk.takeEffects()
        _ = kiosk.nextDeadline
      }
    }
  }

  private static func hear(_ traffic: Traffic, _ take: ([Sighting], Moment) -> Void) {
    var host = HCIHost()
    host.listenOnly()
    for (packet, moment) in traffic.packets {
      host.sightings.removeAll(keepingCapacity: true)
      host.receive(packet, generation: 0, at: moment.monotonic)
      take(host.sightings, moment)
    }
  }

  private static func nanoseconds(_ work: () -> Void) -> Int64 {
    let start = processorTime()
    work()
    return processorTime() - start
  }

  private static func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
