// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Tracer

/// The recordings of real phones, counted second by second.
func reportCaptures(_ folder: String, settings: People.Settings) throws {
  var all = 0, good = 0, strict = 0
  for room in ["anechoic-chamber", "screen-room"] {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder + "/" + room).sorted()
    where file.hasSuffix(".btsnoop") {
      let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + room + "/" + file))
      var reader = try BtsnoopReader([UInt8](data))
      var host = HCIHost()
      host.listenOnly()
      var people = People(settings: settings)
      var start: Int64?
      var next: Int64 = 1
      var line: [String] = []
      var t = 0, g = 0, s = 0
      var devices: [Int] = []
      while let record = try reader.next() {
        if start == nil { start = record.microseconds }
        let ms = (record.microseconds - (start ?? 0)) / 1000
        while next * 1000 <= ms {
          let m = Moment(
            monotonic: .init(milliseconds: next * 1000), utc: .init(milliseconds: record.microseconds / 1000))
          _ = people.advance(to: m)
          line.append("\(people.counts.nearPeople)/\(people.counts.people)")
          if next > 10 {
            t += 1
            if (3...5).contains(people.counts.nearPeople) { s += 1 }
            if (3...6).contains(people.counts.nearPeople) { g += 1 }
            devices.append(people.counts.devices)
          }
          next += 1
        }
        let m = Moment(monotonic: .init(milliseconds: ms), utc: .init(milliseconds: record.microseconds / 1000))
        host.sightings.removeAll(keepingCapacity: true)
        host.receive(record.packet, generation: 0, at: m.monotonic)
        for x in host.sightings { people.hear(x, at: m) }
      }
      print(
        room, file, "seconds \(t) 3..5: \(s) 3..6: \(g) addresses around \(devices.min() ?? 0)-\(devices.max() ?? 0)")
      print("   ", line.joined(separator: " "))
      all += t; good += g; strict += s
    }
  }
  print("all \(all) within 3..5 \(strict) within 3..6 \(good)")
}
