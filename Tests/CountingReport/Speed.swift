// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Tracer

/// CPU time a report, from HCI packet to person, over all recordings.
func reportSpeed(_ folder: String) throws {
  var packets: [(ms: Int64, bytes: [UInt8])] = []
  for room in ["anechoic-chamber", "screen-room"] {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder + "/" + room).sorted()
    where file.hasSuffix(".btsnoop") {
      var reader = try BtsnoopReader(
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + room + "/" + file))))
      let offset = packets.last?.ms ?? 0
      var first: Int64?
      while let record = try reader.next() {
        if first == nil { first = record.microseconds }
        packets.append((offset + (record.microseconds - (first ?? 0)) / 1000, record.packet))
      }
    }
  }
  func measure(_ name: String, _ track: Bool) {
    var best = UInt64.max
    for _ in 0..<7 {
      var host = HCIHost()
      host.listenOnly()
      var people = People()
      var t0 = timespec(), t1 = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0)
      for p in packets {
        host.sightings.removeAll(keepingCapacity: true)
        let m = Moment(monotonic: .init(milliseconds: p.ms), utc: .init(milliseconds: p.ms))
        host.receive(p.bytes, generation: 0, at: m.monotonic)
        guard track else { continue }
        for s in host.sightings { people.hear(s, at: m) }
        _ = people.advance(to: m)
      }
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1)
      best = min(
        best, UInt64(t1.tv_sec - t0.tv_sec) * 1_000_000_000 &+ UInt64(bitPattern: Int64(t1.tv_nsec - t0.tv_nsec)))
    }
    print("\(name): \(best / UInt64(packets.count)) ns a report, \(packets.count) reports")
  }
  measure("parse", false)
  measure("parse, classify, track, link", true)
}
