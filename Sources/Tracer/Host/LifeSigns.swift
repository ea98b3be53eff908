// SPDX-License-Identifier: GPL-3.0-or-later

/// Whether a controller that was started still does what it was told: a question every few seconds, and an ear for
/// the air.
struct LifeSigns: Sendable {
  private let aliveCheckMilliseconds: Int64
  private let silenceMilliseconds: Int64
  /// When the next question is due.
  private(set) var checkDue: MonotonicTime?
  private var isChecking = false
  /// Questions in a row that were answered as no controller may, while it was heard.
  private var laxChecks = 0
  /// The last such answer was taken for a lost state, and the controller started anew.
  private var hasLostState = false
  private var reportsAtCheck = 0
  private var silentSince: MonotonicTime?
  private var reportsAtSilence = 0

  init(configuration: HCIHostConfiguration) {
    aliveCheckMilliseconds = configuration.aliveCheckMilliseconds
    silenceMilliseconds = configuration.silenceMilliseconds
  }

  /// The controller is started anew; what kind of controller it is stays known.
  mutating func restart() {
    checkDue = nil
    isChecking = false
    silentSince = nil
  }

  /// A command was sent: as long as it is answered nothing else needs to be asked.
  mutating func sent(at now: MonotonicTime) {
    checkDue = now.adding(milliseconds: aliveCheckMilliseconds)
  }

  // MARK: Questions

  /// A command that shows whether the controller still is in the state it was brought into: the random address may not
  /// be set while it scans, so an intact controller refuses. Source: Core 5.4, vol. 4, part E, 7.8.4.
  mutating func question(address: BluetoothAddress?, isScanning: Bool) -> HCICommand {
    isChecking = true
    guard isScanning, laxChecks < Self.laxChecksAllowed, let address else { return HCICommand(.readBDADDR) }
    return .leSetRandomAddress(address)
  }

  enum Answer {
    case none, sound, stateLost
  }

  /// What an answer means, `none` when it is not one to a question.
  mutating func judge(_ command: HCICommand, _ status: HCIStatus, reports: Int) -> Answer {
    guard isChecking else { return .none }
    isChecking = false
    guard command.opcode == .leSetRandomAddress else { return .none }
    let heardSomething = reports != reportsAtCheck
    reportsAtCheck = reports
    guard status == .success else {
      laxChecks = 0
      hasLostState = false
      return .sound
    }
    // It allowed what it must refuse. If it still hears, it is merely lax, and is asked for something else from now on;
    // so is one that was only just started anew for it.
    guard heardSomething || hasLostState else {
      hasLostState = true
      return .stateLost
    }
    laxChecks = heardSomething ? laxChecks + 1 : Self.laxChecksAllowed
    return .sound
  }

  private static let laxChecksAllowed = 3

  // MARK: Silence

  /// When the silence has lasted too long, if nothing is heard until then; nil while nothing can be heard.
  func silenceDeadline(factor: Int64) -> MonotonicTime? {
    silentSince?.adding(milliseconds: silenceMilliseconds * factor)
  }

  /// The air is never silent for long where people are.
  ///
  /// - Parameter reports: heard in all; nil while nothing can be heard.
  /// - Returns: whether something was heard since the last call.
  mutating func listen(reports: Int?, at now: MonotonicTime) -> Bool {
    guard let reports else {
      silentSince = nil
      return false
    }
    let isNew = reports != reportsAtSilence
    if silentSince == nil || isNew {
      silentSince = now
      reportsAtSilence = reports
    }
    return isNew
  }
}
