// SPDX-License-Identifier: GPL-3.0-or-later

/// Making connections, one search at a time: who is next, what has to stop meanwhile, and how much of the time it may
/// take.
struct Initiator: Sendable {
  /// The search that is planned or under way.
  struct Attempt: Hashable, Sendable {
    var peer: BluetoothAddress
    var slot: Slot
    var start: MonotonicTime
    /// When the search is given up.
    var deadline: MonotonicTime
  }

  private enum State: Hashable {
    case idle
    /// What has to leave the air leaves it.
    case planned(BluetoothAddress)
    /// The command was sent.
    case asked(Attempt)
    case searching(Attempt)
    /// The cancel was sent; the event that ends it is awaited.
    case cancelling(Attempt)
  }

  /// What of the host's configuration is needed here: a copy of all of it would be carried along with each packet.
  private struct Configuration: Sendable {
    let connectionsAtOnce: Int
    let scansActively: Bool
    let initiatingInterval: UInt16
    let initiatingMilliseconds: Int64
    let initiatingShare: Double
  }

  private let configuration: Configuration
  private var state = State.idle
  private var scansMeanwhile = true
  private var advertisesMeanwhile = true
  private var limit = 1
  /// As many connections as can be made stand: the end of one of them is waited for.
  private var isFull = false
  /// Milliseconds of searching that may still be spent, as nothing else is heard meanwhile; less than zero is a debt.
  private var budget = 0.0
  private var budgetAt: MonotonicTime?

  init(configuration: HCIHostConfiguration) {
    self.init(
      Configuration(
        connectionsAtOnce: configuration.connectionsAtOnce, scansActively: configuration.scansActively,
        initiatingInterval: configuration.initiatingInterval,
        initiatingMilliseconds: configuration.initiatingMilliseconds,
        initiatingShare: configuration.initiatingShare))
  }

  private init(_ configuration: Configuration) { self.configuration = configuration }

  /// A new controller: what it says of itself is believed until it refuses.
  mutating func begin(with controller: ControllerInformation, at now: MonotonicTime) {
    self = Self(configuration)
    // A controller that does not tell is tried, and found out.
    let tells = controller.supportedStates != 0
    scansMeanwhile = !tells || controller.canScanWhileInitiating(actively: configuration.scansActively)
    advertisesMeanwhile = !tells || controller.canAdvertiseWhileInitiating
    limit = !tells || controller.canInitiateWhileCentral ? max(configuration.connectionsAtOnce, 1) : 1
    budgetAt = now
  }

  mutating func forget() { self = Self(configuration) }

  var isInitiating: Bool {
    switch state {
    case .idle, .planned: false
    case .asked, .searching, .cancelling: true
    }
  }

  var allowsScanning: Bool { state == .idle || scansMeanwhile }
  var allowsAdvertising: Bool { state == .idle || advertisesMeanwhile }

  /// Units of 0.625 ms. The search has the whole air, and is over with the peer's next advertisement: a window of a
  /// fifth needs twice the radio time and ten times as long (simulated, phones that send every 0.1 to 1 s).
  var window: UInt16 { configuration.initiatingInterval }

  /// Chooses whom to connect to, if there is somebody and room for one more.
  mutating func plan(
    from scheduler: inout ReadScheduler, slot: Slot, connections: Connections, at now: MonotonicTime
  ) {
    guard state == .idle else { return }
    accrue(at: now)
    isFull = connections.count(.central) >= limit
    guard !isFull, budget > 0 else { return }
    guard let peer = scheduler.next(slot: slot, at: now) else { return }
    guard !connections.isConnected(to: peer) else {
      scheduler.finished(peer, .failed, startedIn: slot, slot: slot, at: now)
      return
    }
    state = .planned(peer)
  }

  /// The air is as it has to be: whom to ask for now, nil when nobody is planned.
  mutating func start(slot: Slot, at now: MonotonicTime) -> BluetoothAddress? {
    guard case .planned(let peer) = state else { return nil }
    state = .asked(
      Attempt(
        peer: peer, slot: slot, start: now,
        deadline: now.adding(milliseconds: min(configuration.initiatingMilliseconds, searchMilliseconds))))
    return peer
  }

  /// The controller has begun to search.
  mutating func accepted() {
    if case .asked(let attempt) = state { state = .searching(attempt) }
  }

  /// Whether a cancel is to be sent now; it then counts as sent.
  mutating func takeCancel(at now: MonotonicTime, always: Bool) -> Bool {
    if case .planned = state, always { return false }
    guard case .searching(let attempt) = state, always || now >= attempt.deadline else { return false }
    state = .cancelling(attempt)
    return true
  }

  /// The search has ended, with a connection or without.
  mutating func ended(at now: MonotonicTime) -> Attempt? {
    let attempt: Attempt
    switch state {
    case .idle, .planned: return nil
    case .asked(let asked): attempt = asked
    case .searching(let searching): attempt = searching
    case .cancelling(let cancelling): attempt = cancelling
    }
    state = .idle
    accrue(at: now)
    budget -= Double(now.milliseconds(since: attempt.start))
    return attempt
  }

  /// Why the controller made no connection, as far as it teaches something.
  mutating func learn(_ status: HCIStatus, connections: Int) {
    switch status {
    case .connectionLimitExceeded, .limitedResources: limit = max(connections, 1)
    case .commandDisallowed:
      // First the search was tried beside everything else; step by step it gets the air for itself.
      if scansMeanwhile { scansMeanwhile = false } else { advertisesMeanwhile = false }
    default: break
    }
  }

  /// When there is something to do by time alone, after `now`.
  func nextDeadline(of scheduler: ReadScheduler, after now: MonotonicTime) -> MonotonicTime? {
    switch state {
    case .idle where isFull: nil
    case .idle where budget <= 0 && scheduler.waitingCount > 0:
      now.adding(milliseconds: Int64(-budget / max(configuration.initiatingShare, 0.01)) + 1)
    case .idle: scheduler.nextDeadline(after: now)
    case .searching(let attempt): attempt.deadline
    case .planned, .asked, .cancelling: nil
    }
  }

  /// Long enough for a phone in the background, which sends about once a second at the least. What it takes beyond
  /// the budget is a debt, which is paid off before the next one.
  private var searchMilliseconds: Int64 { Int64(max(budget, Self.leastSearch)) }

  private mutating func accrue(at now: MonotonicTime) {
    let elapsed = Double(max(now.milliseconds(since: budgetAt ?? now), 0))
    budget = min(budget + elapsed * configuration.initiatingShare, Self.largestBudget)
    budgetAt = now
  }

  /// What is saved up at the most. With the longest debt and a share of 0.16, a minute still has four fifths of scanning.
  private static let largestBudget = 1000.0
  private static let leastSearch = 1100.0
}
