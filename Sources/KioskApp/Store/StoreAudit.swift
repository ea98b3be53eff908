// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import KioskCore
import Tracer

/// Who did what, and why. Rows are only ever added: the database itself refuses to change or delete one.
struct AuditEntry: Equatable, Sendable {
  enum Action: String, Sendable {
    /// A file of F0 data that nobody had signed.
    case f0Import = "f0 import"
  }

  var at: UTCTime
  /// Whether `at` is by a clock that was synchronised.
  var isDated: Bool
  var operatorName: String
  var action: Action
  var reason: String
  /// What it was done with, such as a file's hash. Holds no id and no key.
  var subject: String

  /// How a file is named there.
  static func subject(sha256: [UInt8]) -> String { "sha256 \(Hex.string(sha256))" }

  /// nil, or what is wrong with a name or a reason as it was typed.
  static func problem(operatorName: String, reason: String) -> String? {
    for (name, text, limit) in [
      ("--operator", operatorName, AppLimits.auditOperator), ("--reason", reason, AppLimits.auditReason),
    ] {
      let isSaid = text.unicodeScalars.contains { !$0.properties.isWhitespace }
      let hasControls = text.unicodeScalars.contains { $0.properties.generalCategory == .control }
      guard isSaid, !hasControls, text.count <= limit else {
        return "\(name) must be one line of 1 to \(limit) characters"
      }
    }
    return nil
  }
}

extension Store {
  static func append(_ db: Database, _ entry: AuditEntry) throws {
    try db.execute(
      sql: "INSERT INTO audit (at, isDated, operator, action, reason, subject) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        entry.at.seconds, entry.isDated, entry.operatorName, entry.action.rawValue, entry.reason, entry.subject,
      ])
  }
}
