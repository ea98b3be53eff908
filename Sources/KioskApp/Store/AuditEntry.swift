// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// One line of the audit log: who did what, and why. It holds no id, key or address.
struct AuditEntry: Hashable, Sendable {
  /// What is put on record.
  enum Action: String, Hashable, Sendable, CaseIterable {
    /// The whole contact log left as a file.
    case exportTrace = "export-trace"
    /// An exposure left as a file.
    case exportEvidence = "export-evidence"
    /// This node's own key was shown.
    case showIdentity = "show-identity"
    /// F0 data came in without a signature.
    case importUnsigned = "import-unsigned"
    case purge
    case changeConfiguration = "change-configuration"
    /// The kiosk has repaired its damaged database.
    case salvage
  }

  var at: UTCTime
  var action: Action
  var authority: Authority
  /// What exactly, in words for whoever reads the log: days, file names, hashes, counts.
  var detail: String

  /// The named person who answers for it, and the reason given.
  struct Authority: Hashable, Sendable {
    let operatorName: String
    let reason: String

    /// - Throws: which of the two is missing, too long or holds control characters.
    init(operatorName: String, reason: String) throws(Refusal) {
      self.operatorName = try Self.checked(operatorName, "--operator", limit: AppLimits.operatorCharacters)
      self.reason = try Self.checked(reason, "--reason", limit: AppLimits.reasonCharacters)
    }

    struct Refusal: Error, CustomStringConvertible {
      let description: String
    }

    private static func checked(_ text: String, _ option: String, limit: Int) throws(Refusal) -> String {
      guard text.contains(where: { !$0.isWhitespace }) else {
        throw Refusal(description: "\(option) is empty; it goes into the audit log")
      }
      guard text.count <= limit else {
        throw Refusal(description: "\(option) is longer than \(limit) characters")
      }
      guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw Refusal(description: "\(option) holds control characters; write it on one line")
      }
      return text
    }
  }
}
