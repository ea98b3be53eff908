// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Tracer

/// The cases of Tests/Vectors/bluezone-ids.json.
struct BluezoneVectors: Decodable {
  struct Chain: Decodable {
    /// 64 hexadecimal digits.
    var baseKey: String
    /// UTC midnight, seconds since 1970.
    var baseDay: Int64
    var days: [Day]
  }
  struct Day: Decodable {
    /// UTC midnight, seconds since 1970.
    var day: Int64
    var dailyKey: String
    /// The id of some slots, by the slot's index.
    var slots: [String: String]
  }
  var ids: [Chain]

  static func read() throws -> Self {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Vectors/bluezone-ids.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Self.self, from: Data(contentsOf: file))
  }
}
