// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

extension F0Batch {
  /// In the authority's form, without white space but for a line feed after each entry.
  public var json: [UInt8] {
    var text = "{\"data\":["
    for (index, entry) in entries.enumerated() {
      text += index == 0 ? "\n" : ",\n"
      text +=
        "{\"daily_key\":\"\(entry.dailyKey.hex)\",\"time_start\":\(entry.start.seconds),"
        + "\"max\":\(entry.scheme.slotsPerDay),\"time_end\":\(entry.end.seconds)}"
    }
    return Array((text + "\n]}\n").utf8)
  }
}
