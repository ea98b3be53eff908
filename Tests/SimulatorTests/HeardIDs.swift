// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Tracer

/// Which ids a controller reported, and in which slots, found without the tracer's parsers.
final class HeardIDs {
  private(set) var ids: Set<CrowdHarness.Key> = []
  private(set) var packets = 0

  func removeAll() {
    ids.removeAll(keepingCapacity: true)
    packets = 0
  }

  /// One report an event, legacy or extended, with the flags and the service in front of the id.
  func hear(_ packets: [[UInt8]], at utc: UTCTime) {
    self.packets += packets.count
    for packet in packets where packet.count > 3 && packet[1] == 0x3E {
      let data = packet[3] == 0x02 ? Self.legacyData : packet[3] == 0x0D ? Self.extendedData : packet.count
      let company = data + 3 + 4 + 2
      let end = company + 2 + BluezoneID.byteCount
      guard packet.count >= end, packet[company...].starts(with: [0xB5, 0x22]),
        let id = BluezoneID(Array(packet[company + 2..<end]))
      else { continue }
      ids.insert(.init(id: id, slot: LogSlot.number(at: utc)))
    }
  }

  /// Indicator, code, length, subevent, count; type, address with its type, length of the data.
  private static let legacyData = 5 + 1 + 7 + 1
  /// Type of two bytes, address, two PHYs, set, power, RSSI, interval of two, direct address, length of the data.
  private static let extendedData = 5 + 2 + 7 + 2 + 1 + 1 + 1 + 2 + 7 + 1
}
