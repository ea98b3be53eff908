// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import Tracer

/// One line of the audit log: who did what, why, and how it ended. It holds no id, key or address.
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
    /// The kiosk forgot rows that had become too old.
    case purge
    /// A key or a log that was lost was made again.
    case begin
    case changeConfiguration = "change-configuration"
    /// The kiosk has repaired its damaged database.
    case salvage
    /// The wall clock leapt; it was believed later, or came back.
    case clockLeapt = "clock-leapt"
    case clockBelieved = "clock-believed"
    case clockTakenBack = "clock-taken-back"

    /// Packets of the radio, with addresses and ids in them, left as a file.
    case capture
    /// Staff counted people without a phone.
    case addVisits = "add-visits"
    /// Staff took such a count back.
    case undoVisits = "undo-visits"
    /// The entries before this one were written by a version that did not chain them.
    case beginChain = "begin-chain"

    init(_ kind: ClockNews.Kind) {
      switch kind {
      case .leapt: self = .clockLeapt
      case .believed: self = .clockBelieved
      case .takenBack: self = .clockTakenBack
      }
    }
  }

  /// How far the action has come.
  enum Outcome: String, Hashable, Sendable, CaseIterable {
    /// It is about to be tried. An entry that stays alone was broken off, by a power cut for instance.
    case attempted
    case done
    /// The detail names the cause.
    case failed
  }

  var at: UTCTime
  var action: Action
  var authority: Authority
  /// What exactly, for the readers of the log: days, file names, hashes, counts.
  var detail: String
  var outcome = Outcome.done
  /// The number of the entry that said `attempted`; nil where this one stands alone.
  var attempt: Int64?

  /// The named person who answers for it, and the reason given.
  struct Authority: Hashable, Sendable {
    let operatorName: String
    let reason: String

    /// The kiosk itself, for what nobody asked it to do.
    static let kiosk = Authority(name: Self.kioskName, cause: "by itself")
    private static let kioskName = "kiosk"

    /// The person who is logged in, for what needs no name and reason.
    static func login(reason: String) -> Authority { Authority(name: Login.name(), cause: reason) }

    private init(name: String, cause: String) {
      operatorName = name
      reason = cause
    }

    /// - Throws: which of the two is missing, too long or holds characters that cannot be read.
    init(operatorName: String, reason: String) throws(Refusal) {
      guard operatorName.lowercased() != Self.kioskName else {
        throw Refusal(description: "--operator \(operatorName) stands for what the kiosk does by itself; name a person")
      }
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
      guard !text.unicodeScalars.contains(where: PlainText.isInvisible) else {
        throw Refusal(description: "\(option) holds control characters; write it on one line")
      }
      return text
    }
  }
}

/// Text of one line that shows as it was written.
enum PlainText {
  /// Whether a scalar ends the line, controls the terminal or turns the direction of writing.
  static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
    default: scalar.properties.generalCategory == .control
    }
  }

  /// The text with "�" in the place of each such scalar.
  static func shown(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { shown.append(isInvisible(scalar) ? "\u{FFFD}" : scalar) }
    return String(shown)
  }
}
