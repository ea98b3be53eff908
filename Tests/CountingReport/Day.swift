// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Simulator
import Tracer

/// A day with 3,000 visitors through the whole kiosk: processor time, and memory hour by hour.
func reportDay(seed: UInt64) {
  var scenario = Scenario.day(visitors: 3000)
  scenario.seed = seed
  let began = processorSeconds()
  var run = CrowdRun(scenario)
  let random = SplitMix64Box(seed: seed)
  let baseDay = scenario.start.milliseconds / SlotScheme.dayMilliseconds - 1
  let identity = BluezoneKey([UInt8](repeating: 9, count: BluezoneKey.byteCount)).map {
    BluezoneIdentity(baseKey: $0, baseDay: baseDay)
  }
  var kiosk = Kiosk(settings: Settings(), identity: identity, startingAt: run.start, randomBits: { random.next() })
  var generation = 0
  var counts = (contacts: 0, visits: 0)
  kiosk.handle(.start, at: run.start)
  print("day of 3,000 visitors, seed \(seed)")
  for hour in 1...24 {
    run.run(for: 3_600_000) { packets, moment in
      if packets.isEmpty {
        kiosk.handle(.tick, at: moment)
      } else {
        kiosk.handle(.packets(packets, generation: generation), at: moment)
      }
      var sent: [[UInt8]] = []
      while true {
        let effects = kiosk.takeEffects()
        if effects.isEmpty { return .init(packets: sent, deadline: kiosk.nextDeadline) }
        for effect in effects {
          switch effect {
          case .radio(.open(let new)):
            generation = new
            kiosk.handle(.radioOpened(generation: new), at: moment)
          case .radio(.send(let packet)): sent.append(packet)
          case .write(let updates):
            counts.contacts += updates.count
            kiosk.handle(.contactsWritten, at: moment)
          case .writeVisits(let updates):
            counts.visits += updates.count
            kiosk.handle(.visitsWritten, at: moment)
          default: break
          }
        }
      }
    }
    if hour % 4 == 0 { print("  after hour \(hour): resident \(residentMiB()) MiB") }
  }
  let seconds = processorSeconds() - began
  print(
    "  \(run.air.received) advertisements heard, \(counts.contacts) contact writes, \(counts.visits) visit writes; "
      + "\(Int(seconds.rounded())) s of processor time, the simulator's included")
}

private final class SplitMix64Box: @unchecked Sendable {
  // One thread alone draws from it.
  private var random: SplitMix64
  init(seed: UInt64) { random = SplitMix64(seed: seed) }
  func next() -> UInt64 { random.next() }
}

private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

/// Source: proc(5), /proc/self/statm, the second number, in pages.
private func residentMiB() -> Double {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii)) ?? ""
  let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
  return (pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576 * 10).rounded() / 10
}
