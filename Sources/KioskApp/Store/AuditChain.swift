// SPDX-License-Identifier: GPL-3.0-or-later

import Crypto
import Tracer

/// The audit log's chain: each entry holds the SHA-256 over the hash before it and all of its own fields. If an entry is
/// altered, removed or put in, the later ones no longer fit; if those are written again, the last hash, the head, is
/// another one.
struct AuditChain: Equatable {
  /// The number of entries and the hash of the last one. Files that left the kiosk name it.
  struct Head: Hashable, Codable, Sendable {
    var entries: Int64
    /// 64 hexadecimal digits.
    var hash: String

    enum CodingKeys: String, CodingKey {
      case entries, hash = "head"
    }
  }

  /// The fields that are hashed, as they stand in the row. Texts are bytes: SQLite's may hold what no string shows.
  struct Fields: Equatable {
    var id: Int64
    var at: Int64
    var action: [UInt8]
    var outcome: [UInt8]
    var attempt: Int64?
    var operatorName: [UInt8]
    var reason: [UInt8]
    var detail: [UInt8]
    var user: Int64
  }

  /// The first entry that does not fit.
  enum Break: Error, Equatable, CustomStringConvertible {
    /// Entries are numbered from 1 without a gap.
    case missing(entries: ClosedRange<Int64>)
    case altered(entry: Int64)

    var description: String {
      switch self {
      case .missing(let entries) where entries.count == 1: "entry \(entries.lowerBound) is missing"
      case .missing(let entries): "entries \(entries.lowerBound) to \(entries.upperBound) are missing"
      case .altered(let entry): "entry \(entry) does not fit: it, or the entry before it, was altered or put in"
      }
    }
  }

  private(set) var entries: Int64 = 0
  private(set) var hash = [UInt8](repeating: 0, count: SHA256.byteCount)

  var head: Head { Head(entries: entries, hash: Hex.string(hash)) }

  /// Takes the next entry.
  mutating func take(_ fields: Fields, hash stated: [UInt8]) throws(Break) {
    guard fields.id == entries + 1 else {
      throw fields.id > entries + 1 ? .missing(entries: entries + 1...fields.id - 1) : .altered(entry: fields.id)
    }
    let right = Self.hash(after: hash, fields)
    guard stated == right else { throw .altered(entry: fields.id) }
    entries = fields.id
    hash = right
  }

  /// Goes on behind a gap: the entry's own hash cannot be checked, all later ones can.
  mutating func take(unchecked id: Int64, hash stated: [UInt8]) {
    entries = id
    hash = stated
  }

  /// Each field stands behind its length, so that no two rows are written alike.
  static func hash(after previous: [UInt8], _ fields: Fields) -> [UInt8] {
    var sha = SHA256()
    func add(_ bytes: [UInt8]) {
      sha.update(data: bigEndian(Int64(bytes.count)))
      sha.update(data: bytes)
    }
    add(Array("bluezone-kiosk audit 1".utf8))
    add(previous)
    add(bigEndian(fields.id))
    add(bigEndian(fields.at))
    add(fields.action)
    add(fields.outcome)
    add(fields.attempt.map(bigEndian) ?? [])
    add(fields.operatorName)
    add(fields.reason)
    add(fields.detail)
    add(bigEndian(fields.user))
    return Array(sha.finalize())
  }

  private static func bigEndian(_ number: Int64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * Int64($0))) }
  }
}
