// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing

@testable import Tracer

/// Recordings lie beside the repository on the machines that have them.
private let captures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appendingPathComponent("../../../shared/captures").standardizedFileURL

@Suite("Recordings of real phones", .enabled(if: FileManager.default.fileExists(atPath: captures.path)))
struct RecordingTests {
  @Test(
    "Every record is heard by a host that only listens", arguments: ["anechoic-chamber/0", "screen-room/90"])
  func heard(name: String) throws {
    let file = try Data(contentsOf: captures.appendingPathComponent(name + ".btsnoop"))
    var reader = try BtsnoopReader(Array(file))
    var host = HCIHost()
    host.listenOnly()
    var records = 0
    var last = Int64.min
    var companies: Set<UInt16> = []
    while let record = try reader.next() {
      records += 1
      #expect(record.isReceived && record.microseconds >= last)
      last = record.microseconds
      let now = MonotonicTime(milliseconds: record.microseconds / 1000)
      host.receive(record.packet, generation: 0, at: now)
      #expect(host.sightings.count == 1)
      for sighting in host.sightings {
        #expect(!sighting.facts.isTruncated && sighting.facts.bluezoneID == nil)
        if let company = sighting.facts.companyID { companies.insert(company) }
      }
      host.sightings.removeAll()
    }
    #expect(records > 100 && host.counters.reports == records && host.counters.malformedPackets == 0)
    #expect(host.takeEffects().isEmpty && host.state == .running && host.nextDeadline == nil)
    #expect(companies.contains(AppleContinuity.companyID))
  }
}
