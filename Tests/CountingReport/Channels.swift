// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
@testable import KioskCore
import Tracer

/// Whether the channels of real phones' reports are told from their times. The recordings' receiver followed each
/// advertisement through all three channels; of these reports only those are taken that a scanner would have heard which
/// stays on a channel for 60 ms.
func reportChannels(_ folder: String) throws {
  var (seconds, known, named, right) = (0, 0, 0, 0)
  for room in ["anechoic-chamber", "screen-room"] {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder + "/" + room).sorted()
    where file.hasSuffix(".btsnoop") {
      let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + room + "/" + file))
      var run = ChannelRun()
      for report in try scanned([UInt8](data)) { run.take(report) }
      seconds += run.seconds
      known += run.known
      named += run.named
      right += run.right
    }
  }
  print(
    "channels of recorded reports, as a scanner hears them: known in \(known) of \(seconds) seconds; "
      + "\(right) of \(named) named rightly")
}

private struct ScannedReport {
  var milliseconds: Int64
  var channel: Int
  var address: BluetoothAddress
  var rssiDBm: Int8
}

/// Each run of reports of one address within 12 ms is one advertisement, heard on 37, 38 and 39.
private func scanned(_ bytes: [UInt8]) throws -> [ScannedReport] {
  var reader = try BtsnoopReader(bytes)
  var host = HCIHost()
  host.listenOnly()
  var found: [ScannedReport] = []
  var start: Int64?
  var last: (address: BluetoothAddress, milliseconds: Int64, channel: Int)?
  while let record = try reader.next() {
    let milliseconds = (record.microseconds - (start ?? record.microseconds)) / 1000
    start = start ?? record.microseconds
    host.sightings.removeAll(keepingCapacity: true)
    host.receive(record.packet, generation: 0, at: MonotonicTime(milliseconds: milliseconds))
    for sighting in host.sightings {
      guard let rssi = sighting.rssiDBm else { continue }
      var channel = 0
      if let last, last.address == sighting.address, milliseconds - last.milliseconds <= 12 {
        channel = last.channel + 1
      }
      last = (sighting.address, milliseconds, channel)
      guard channel < 3, Int(milliseconds / 60 % 3) == channel else { continue }
      found.append(
        ScannedReport(milliseconds: milliseconds, channel: channel, address: sighting.address, rssiDBm: rssi))
    }
  }
  return found
}

private struct ChannelRun {
  private(set) var seconds = 0
  private(set) var known = 0
  private(set) var named = 0
  /// By the best of the ways to name three channels.
  var right: Int {
    [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2], [2, 1, 0]]
      .map { way in (0..<3).reduce(0) { $0 + counts[$1][way[$1]] } }.max() ?? 0
  }
  private var counts = [[Int]](repeating: [0, 0, 0], count: 3)
  private var channels = ScanChannels(intervalMicroseconds: 60_000)
  private var last: [BluetoothAddress: (milliseconds: Int64, part: Int, rssiDBm: Int8)] = [:]
  private var step: Int64 = 0

  mutating func take(_ report: ScannedReport) {
    while step + 500 <= report.milliseconds {
      step += 500
      channels.advance()
      guard step % 1000 == 0, step > 10_000 else { continue }
      seconds += 1
      if channels.phase != nil { known += 1 }
    }
    let part = channels.part(at: report.milliseconds)
    if let last = last[report.address], report.milliseconds - last.milliseconds <= ScanChannels.togetherMilliseconds {
      channels.add(last.part, part, differenceDB: Float(report.rssiDBm) - Float(last.rssiDBm))
    }
    last[report.address] = (report.milliseconds, part, report.rssiDBm)
    guard let name = channels.channel(of: part) else { return }
    named += 1
    counts[report.channel][name] += 1
  }
}
