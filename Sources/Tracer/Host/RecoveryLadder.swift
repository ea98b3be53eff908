// SPDX-License-Identifier: GPL-3.0-or-later

/// Which step is taken against a fault: the mildest that has not just failed, and none more often than it may be.
///
/// An incident begins with a fault and ends when the radio has run for a while. Within it the steps climb: Reset once,
/// then opening again with growing pauses, then the power cycle, and, where they are allowed, rebind and reboot.
public struct RecoveryLadder: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// The outside steps that can be taken at all: none for a controller behind a socket.
    public var outsideSteps: Set<RecoveryStep> = []
    /// Pauses before the first, second … opening in a row; the last one repeats.
    public var retryMilliseconds: [Int64] = [500, 1000, 2000, 5000]
    /// A controller that ran this long counts as sound: the next fault begins a new incident.
    public var provenAfterMilliseconds: Int64 = 10_000
    /// Resets in any ten minutes; beyond them a fault is answered by opening again.
    public var resets = 5
    /// Openings within an incident, and in any ten minutes whatever came between, after which power is cycled.
    public var reopensBeforePowerCycle = 4
    public var reopensInWindow = 10
    /// Shortest time from one power cycle to the next.
    public var powerCycleGapMilliseconds: Int64 = 5 * 60_000
    /// How long an incident must last before the driver is bound anew, and the shortest time from one to the next.
    public var rebindAfterMilliseconds: Int64 = 60_000
    public var rebindGapMilliseconds: Int64 = 15 * 60_000
    /// The same for the machine.
    public var rebootAfterMilliseconds: Int64 = 30 * 60_000
    public var rebootGapMilliseconds: Int64 = 6 * 3_600_000

    public init() {}
  }

  /// The step to take, and how long to wait before it.
  struct Decision: Hashable, Sendable {
    var step: RecoveryStep
    var waitMilliseconds: Int64 = 0
  }

  /// Times within which resets and openings are counted.
  static let windowMilliseconds: Int64 = 600_000

  /// Steps taken since the start of the process.
  public private(set) var counts: [RecoveryStep: Int] = [:]

  private let configuration: Configuration
  private var incidentSince: MonotonicTime?
  /// Steps of this incident.
  private var tried: [RecoveryStep: Int] = [:]
  /// When the last steps of each kind were taken, oldest first, as many as their limits look at.
  private var taken: [RecoveryStep: [MonotonicTime]] = [:]
  /// Silences of the air in a row, nothing heard between them.
  private var silences = 0

  init(configuration: Configuration) { self.configuration = configuration }

  /// The radio ran for so long before it failed.
  mutating func ran(forMilliseconds milliseconds: Int64) {
    guard milliseconds >= configuration.provenAfterMilliseconds else { return }
    incidentSince = nil
    tried.removeAll(keepingCapacity: true)
  }

  /// Something was heard: the silences before it were a fault of the controller, or are over.
  mutating func heard() { silences = 0 }

  /// By how much longer a silence is believed than the first one: a house in which nobody is left is no fault.
  var silenceFactor: Int64 { Int64(min(1 << min(silences, 3), 6)) }

  /// - Parameter canReset: whether the transport is open and the controller was running.
  mutating func next(against fault: RadioFault, canReset: Bool, at now: MonotonicTime) -> Decision {
    incidentSince = incidentSince ?? now
    let step = fault == .nothingHeard ? stepAgainstSilence(at: now) : step(against: fault, canReset, at: now)
    let waits = configuration.retryMilliseconds
    let wait =
      switch step {
      case .reopen: waits.isEmpty ? 1000 : waits[min(tried[.reopen, default: 0], waits.count - 1)]
      default: Int64(0)
      }
    tried[step, default: 0] += 1
    counts[step, default: 0] += 1
    taken[step, default: []].append(now)
    if let count = taken[step]?.count, count > Self.remembered { taken[step]?.removeFirst() }
    return Decision(step: step, waitMilliseconds: wait)
  }

  /// As many times as the largest limit counts.
  private static let remembered = 16

  private func step(against fault: RadioFault, _ canReset: Bool, at now: MonotonicTime) -> RecoveryStep {
    if canReset, tried[.reset] == nil, recent(.reset, at: now) < configuration.resets { return .reset }
    let lasted = now.milliseconds(since: incidentSince ?? now)
    // From the top, as each is only due after the one below it.
    if fault.mayYieldToRebind, lasted >= configuration.rebootAfterMilliseconds,
      isFree(.reboot, gap: configuration.rebootGapMilliseconds, at: now)
    {
      return .reboot
    }
    let isPowerCycled = tried[.powerCycle] != nil || !fault.mayYieldToPowerCycle || !can(.powerCycle)
    if isPowerCycled, fault.mayYieldToRebind, lasted >= configuration.rebindAfterMilliseconds,
      isFree(.rebind, gap: configuration.rebindGapMilliseconds, at: now)
    {
      return .rebind
    }
    let isStubborn =
      tried[.reopen, default: 0] >= configuration.reopensBeforePowerCycle
      || recent(.reopen, at: now) >= configuration.reopensInWindow
    if isStubborn, fault.mayYieldToPowerCycle,
      isFree(.powerCycle, gap: configuration.powerCycleGapMilliseconds, at: now)
    {
      return .powerCycle
    }
    return .reopen
  }

  /// One step higher each time, but never the machine: a silent house must not restart it.
  private mutating func stepAgainstSilence(at now: MonotonicTime) -> RecoveryStep {
    let order: [RecoveryStep] = [.reset, .reopen, .powerCycle, .rebind]
    let steps = order.filter { !$0.isOutside || can($0) }
    let step = steps[min(silences, steps.count - 1)]
    silences += 1
    return step
  }

  private func can(_ step: RecoveryStep) -> Bool { configuration.outsideSteps.contains(step) }

  private func isFree(_ step: RecoveryStep, gap: Int64, at now: MonotonicTime) -> Bool {
    guard can(step) else { return false }
    return taken[step]?.last.map { now.milliseconds(since: $0) >= gap } ?? true
  }

  private func recent(_ step: RecoveryStep, at now: MonotonicTime) -> Int {
    (taken[step] ?? []).count { now.milliseconds(since: $0) < Self.windowMilliseconds }
  }
}
