// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A line of the app's `data_trace.txt`: own id, contact's id, RSSI and time, with tabs between and a line feed behind.
/// Source: docs/bluezone.md, Contact log of the phone. Ids in upper case and time in milliseconds, as on Android, whose
/// advertisement this node sends.
public struct TraceLine: Hashable, Sendable {
  public var own: BluezoneID
  public var contact: BluezoneID
  public var rssiDBm: Int
  public var time: UTCTime

  /// What stands for a strength that nobody told. Source: Core Specification, volume 4, part E, 7.7.65.2.
  public static let unknownRSSI = 127

  public var bytes: [UInt8] {
    Array("\(own.hex.uppercased())\t\(contact.hex.uppercased())\t\(rssiDBm)\t\(time.milliseconds)\n".utf8)
  }

  /// A contact's lines: one when it was first heard, with the strongest RSSI, and, where that was later, one when it was
  /// last heard, with the mean. The app has a line each few seconds; the kiosk keeps a row a slot.
  public static func lines(_ contact: Contact, own: BluezoneID) -> [Self] {
    let strength = contact.strength
    let nearest = strength.nearestDBm ?? unknownRSSI
    var lines = [Self(own: own, contact: contact.id, rssiDBm: nearest, time: contact.first)]
    if contact.last > contact.first {
      let mean = strength.count > 0 ? (Double(strength.sumDBm) / Double(strength.count)).rounded() : nil
      lines.append(Self(own: own, contact: contact.id, rssiDBm: mean.map { Int($0) } ?? nearest, time: contact.last))
    }
    return lines
  }
}
