// SPDX-License-Identifier: GPL-3.0-or-later

/// The host side of HCI as far as a tracer needs it: starts a controller, keeps it advertising and scanning as wanted,
/// reads the ids of phones that must be asked, answers those that ask, and starts over when the controller fails.
///
/// Pure: it takes packets and times and collects effects. What the controller should be doing is a wish
/// (`wanted`); what it is doing is known from its answers; the next command is whatever brings the two together. So
/// a rotation, a restart and a lost connection are all the same walk.
public struct HCIHost: Sendable {
  /// What is asked of whoever owns the transport.
  public enum Effect: Equatable, Sendable {
    /// Open the transport; its news carries `generation`.
    case open(generation: Int)
    case close
    /// Send one whole packet.
    case send([UInt8])
    /// Take a step outside; the transport is closed. Its end is told by `recovered`.
    case recover(RecoveryStep)
  }

  public enum State: Equatable, Sendable {
    case closed
    case opening
    /// Commands that every controller gets first.
    case starting
    case running
    /// Failed; opened again at the time given.
    case down(RadioFault, retryAt: MonotonicTime)
    /// Failed; a step outside is under way, and is given up at the time given.
    case recovering(RadioFault, RecoveryStep, deadline: MonotonicTime)
    /// Advertising and scanning are being switched off before the transport is closed.
    case stopping
  }

  /// The address and id to be sent. They always change together.
  public struct Advertisement: Hashable, Sendable {
    public var address: BluetoothAddress
    /// nil to scan without advertising: there is no id while the clock stands before the base key's day.
    public var id: BluezoneID?
    /// The slot it is of; what is read from other phones counts until it changes.
    public var slot: Slot

    public init(address: BluetoothAddress, id: BluezoneID?, slot: Slot = Slot(day: 0, index: 0)) {
      self.address = address
      self.id = id
      self.slot = slot
    }
  }

  public private(set) var state = State.closed
  public private(set) var controller = ControllerInformation()
  /// Counts since the start of the process.
  public private(set) var counters = Counters()
  /// What reading ids has come to.
  public var reading: ReadScheduler.Counters { scheduler.counters }
  /// Devices waiting to be read, and connections that stand.
  public var waitingToBeRead: Int { scheduler.waitingCount }
  public var connectionCount: Int { connections.count }
  /// How long the last gap lasted, from the fault until it scanned again, milliseconds.
  public private(set) var lastGapMilliseconds: Int64?
  private var gapSince: MonotonicTime?
  /// The last fault, kept when the radio is running again.
  public private(set) var lastFault: RadioFault?
  /// The step against it.
  public private(set) var lastStep: RecoveryStep?
  /// Steps taken since the start of the process.
  public var steps: [RecoveryStep: Int] { ladder.counts }
  public var isAdvertising: Bool { broadcaster.isAdvertising }
  public var isScanning: Bool { broadcaster.isScanning }
  /// How often the controller has begun to scan: each time its intervals begin anew.
  public private(set) var scanStarts = 0
  /// What advertisements said, for the owner to take and empty.
  public var sightings: [Sighting] = []

  public struct Counters: Hashable, Sendable {
    public var reports = 0
    public var malformedPackets = 0
    public var starts = 0
    public var faults = 0
  }

  private let configuration: HCIHostConfiguration
  private let marks: BluezoneProfile.Marks
  private var effects: [Effect] = []
  private var generation = 0
  private var wanted: Advertisement?

  private var startSequence = StartSequence()
  private var lifeSigns: LifeSigns
  private var ladder: RecoveryLadder
  private var broadcaster: Broadcaster
  private var connections = Connections()
  private var scheduler: ReadScheduler
  private var initiator: Initiator
  /// A controller that refused to advertise beside its connections is asked again when one of them has ended.
  private var advertisingWaits = false

  /// The command on its way and what its success will mean.
  private var pending: (command: HCICommand, deadline: MonotonicTime)?
  private var credits = 1
  private var runningSince: MonotonicTime?
  /// Whether it has come as far as scanning since it was started: until then a fault is one of the start.
  private var hasScanned = false
  private var openDeadline: MonotonicTime?
  private var stopDeadline: MonotonicTime?
  private var proceededAt = MonotonicTime(milliseconds: 0)
  /// Reset is being sent over a transport that was open: no time is lost when it is not heard.
  private var isResetting = false

  public init(configuration: HCIHostConfiguration = HCIHostConfiguration()) {
    self.configuration = configuration
    marks = BluezoneProfile.Marks(configuration.profile)
    lifeSigns = LifeSigns(configuration: configuration)
    ladder = RecoveryLadder(configuration: configuration.recovery)
    broadcaster = Broadcaster(isExtended: false, configuration: configuration)
    scheduler = ReadScheduler(configuration: configuration.reading)
    initiator = Initiator(configuration: configuration)
  }

  /// The effects since the last call, in order.
  public mutating func takeEffects() -> [Effect] {
    guard !effects.isEmpty else { return [] }
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  // MARK: What the owner says

  public mutating func start(at now: MonotonicTime) {
    guard case .closed = state else { return }
    open(at: now)
  }

  /// Reads a recording: reports are heard, nothing is ever sent.
  public mutating func listenOnly() {
    state = .running
    isListenOnly = true
  }
  private var isListenOnly = false

  /// Nothing runs before the first call: even scanning needs an address.
  public mutating func advertise(_ advertisement: Advertisement, at now: MonotonicTime) {
    guard wanted != advertisement else { return }
    wanted = advertisement
    connections.serve(advertisement.id)
    proceed(at: now)
  }

  /// The wall clock was set: what was read before may be of another slot than it seemed.
  public mutating func forgetReadIDs() { scheduler.forgetRead() }

  /// Switches off what was switched on, then closes.
  public mutating func stop(at now: MonotonicTime) {
    switch state {
    case .running where !isListenOnly, .starting:
      state = .stopping
      stopDeadline = now.adding(milliseconds: configuration.stopTimeoutMilliseconds)
      proceed(at: now)
    case .opening, .running: finishStopping()
    case .down, .recovering: state = .closed
    case .closed, .stopping: break
    }
  }

  /// A step outside has ended, well or not.
  public mutating func recovered(_ step: RecoveryStep, at now: MonotonicTime) {
    guard case .recovering(_, step, _) = state else { return }
    open(at: now)
  }

  public mutating func transportOpened(generation: Int, at now: MonotonicTime) {
    guard generation == self.generation, state == .opening else { return }
    state = .starting
    openDeadline = nil
    proceed(at: now)
  }

  public mutating func transportFailed(_ fault: TransportFault, generation: Int, at now: MonotonicTime) {
    guard generation == self.generation else { return }
    switch state {
    case .opening, .starting, .running: fail(.transport(fault), at: now)
    case .stopping: finishStopping()
    case .closed, .down, .recovering: break
    }
  }

  /// One whole packet from the controller.
  public mutating func receive(_ packet: [UInt8], generation: Int, at now: MonotonicTime) {
    guard generation == self.generation else { return }
    switch state {
    case .closed, .opening, .down, .recovering: return
    case .starting, .running, .stopping: break
    }
    do {
      try handle(packet, at: now)
    } catch {
      counters.malformedPackets += 1
    }
    proceed(at: now)
  }

  /// The next time at which `tick` has something to do.
  public var nextDeadline: MonotonicTime? {
    var next: MonotonicTime?
    func consider(_ time: MonotonicTime?) {
      if let time { next = next.map { min($0, time) } ?? time }
    }
    if case .down(_, let retryAt) = state { consider(retryAt) }
    if case .recovering(_, _, let deadline) = state { consider(deadline) }
    consider(pending?.deadline)
    consider(openDeadline)
    consider(stopDeadline)
    consider(lifeSigns.silenceDeadline(factor: ladder.silenceFactor))
    if state == .running, !isListenOnly, pending == nil, credits > 0 {
      consider(connections.nextDeadline)
      consider(initiator.nextDeadline(of: scheduler, after: proceededAt))
    }
    if isWaitingForCredits || (pending == nil && state == .running) { consider(lifeSigns.checkDue) }
    return next
  }

  public mutating func tick(at now: MonotonicTime) {
    if case .down(_, let retryAt) = state, now >= retryAt {
      open(at: now)
    } else if case .recovering(_, _, let deadline) = state, now >= deadline {
      open(at: now)
    } else if let stopDeadline, now >= stopDeadline {
      finishStopping()
    } else if let openDeadline, now >= openDeadline, state == .opening {
      fail(.openTimedOut, at: now)
    } else if let pending, now >= pending.deadline, !triesResetAgain(after: pending.command, at: now) {
      fail(.noReply(to: isAtReset ? .reset : pending.command.opcode), at: now)
    }
    listenForSilence(at: now)
    connections.tick(at: now)
    if isWaitingForCredits, let due = lifeSigns.checkDue, now >= due { fail(.noCredits, at: now) }
    proceed(at: now)
  }

  /// The last command was answered, but the controller granted no further one. Stopping has a deadline of its own.
  private var isWaitingForCredits: Bool {
    pending == nil && credits <= 0 && (state == .starting || state == .running)
  }

  // MARK: Opening, failing, stopping

  private mutating func open(at now: MonotonicTime) {
    generation += 1
    counters.starts += 1
    state = .opening
    forgetController()
    openDeadline = now.adding(milliseconds: configuration.openTimeoutMilliseconds)
    effects.append(.open(generation: generation))
  }

  private mutating func fail(_ fault: RadioFault, at now: MonotonicTime) {
    if state == .stopping { return finishStopping() }
    if let runningSince { ladder.ran(forMilliseconds: now.milliseconds(since: runningSince)) }
    counters.faults += 1
    lastFault = fault
    gapSince = gapSince ?? now
    let decision = ladder.next(against: fault, canReset: hasScanned && fault.mayYieldToReset, at: now)
    lastStep = decision.step
    forgetController()
    switch decision.step {
    case .reset:
      isResetting = true
      state = .starting
      proceed(at: now)
    case .reopen:
      effects.append(.close)
      state = .down(fault, retryAt: now.adding(milliseconds: decision.waitMilliseconds))
    case .powerCycle, .rebind, .reboot:
      effects.append(.close)
      effects.append(.recover(decision.step))
      let deadline = now.adding(milliseconds: configuration.outsideStepMilliseconds)
      state = .recovering(fault, decision.step, deadline: deadline)
    }
  }

  private mutating func finishStopping() {
    forgetController()
    effects.append(.close)
    state = .closed
  }

  private mutating func forgetController() {
    startSequence = StartSequence()
    isResetting = false
    lifeSigns.restart()
    broadcaster = Broadcaster(isExtended: false, configuration: configuration)
    connections.forgetAll()
    scheduler.abandonAll()
    initiator.forget()
    advertisingWaits = false
    pending = nil
    credits = 1
    runningSince = nil
    hasScanned = false
    stopDeadline = nil
    openDeadline = nil
  }

  // MARK: What the controller says

  private mutating func handle(_ packet: [UInt8], at now: MonotonicTime) throws(ParseError) {
    let bytes = packet.span
    if packet.first == HCIPacketType.aclData.rawValue {
      if !isListenOnly { try connections.receive(bytes, at: now) }
      return
    }
    guard packet.first == HCIPacketType.event.rawValue else { return }
    switch try HCIEvent(packet: bytes) {
    case .leAdvertisingReport(let reports):
      try hear(bytes, reports, at: now) { (bytes, cursor) throws(ParseError) in try LEAdvertisingReport(bytes, &cursor)
      }
    case .leExtendedAdvertisingReport(let reports):
      try hear(bytes, reports, at: now) { (bytes, cursor) throws(ParseError) in
        try LEAdvertisingReport(extended: bytes, &cursor)
      }
    case .commandComplete(let credits, let opcode, let status, let parameters):
      self.credits = Int(credits)
      try complete(opcode, status, bytes, parameters, at: now)
    case .commandStatus(let credits, let opcode, let status):
      self.credits = Int(credits)
      // Success only says "begun" for a command that ends in a command complete event.
      if status != .success || Self.endsWithStatus(opcode) {
        try complete(opcode, status, bytes, 0..<0, at: now)
      }
    case .leConnectionComplete(let complete): connected(complete, at: now)
    case .leAdvertisingSetTerminated: broadcaster.advertisingEnded()
    case .disconnectionComplete(_, let handle, _):
      connections.closed(handle)
      advertisingWaits = false
    case .numberOfCompletedPackets(let counts): try connections.completed(bytes, counts)
    case .hardwareError(let code):
      // In a recording it is long past.
      if !isListenOnly { fail(.hardwareError(code: code), at: now) }
    case .other: break
    }
  }

  private mutating func hear(
    _ bytes: Span<UInt8>, _ reports: Range<Int>, at now: MonotonicTime,
    _ read: (Span<UInt8>, inout ByteCursor) throws(ParseError) -> LEAdvertisingReport
  ) throws(ParseError) {
    var cursor = ByteCursor(bytes, in: reports)
    let count = try LEAdvertisingReport.count(bytes, &cursor)
    for _ in 0..<count {
      let report = try read(bytes, &cursor)
      counters.reports += 1
      // Read where it is to lie: facts are 65 bytes, and a copy of what was written a moment ago has to wait for it.
      let place = sightings.count
      sightings.append(
        Sighting(
          address: report.address, rssiDBm: report.rssiDBm, isScanResponse: report.eventType == 4,
          facts: AdvertisingFacts()))
      sightings[place].facts.read(bytes, in: report.data, marks)
      if let slot = wanted?.slot { recall(place, slot, isConnectable: report.isConnectable, at: now) }
    }
    try cursor.finish(after: "RSSI")
  }

  /// What is known of the sender of the sighting at `place` from reading, and whether it is to be read.
  private mutating func recall(_ place: Int, _ slot: Slot, isConnectable: Bool, at now: MonotonicTime) {
    guard sightings[place].facts.bluezoneID == nil else { return }
    let address = sightings[place].address
    let id = scheduler.id(of: address, in: slot)
    sightings[place].readID = id
    sightings[place].isRemembered = id != nil
    guard let hint = ReadScheduler.Hint(sightings[place].facts) else { return }
    if sightings[place].facts.hasOverflowBit {
      sightings[place].isStranger = scheduler.isStranger(address, at: now)
    }
    guard isConnectable, configuration.readsIDs else { return }
    scheduler.heard(address, hint: hint, rssiDBm: sightings[place].rssiDBm, slot: slot, at: now)
  }

  // MARK: Connections

  private mutating func connected(_ complete: LEConnectionComplete, at now: MonotonicTime) {
    if complete.role == .peripheral, complete.status == .success {
      // A connection to this node ends its advertising. Source: Core 5.4, vol. 4, part E, 7.8.9.
      broadcaster.advertisingEnded()
      connections.opened(
        complete, startSlot: nil, id: wanted?.id, dataPacketBytes: controller.dataPacketBytes,
        profile: configuration.profile, at: now,
        deadline: now.adding(milliseconds: TracerLimits.servedConnectionMilliseconds))
      return
    }
    guard let attempt = initiator.ended(at: now) else {
      // A connection nobody asked for: it is served until it is silent.
      guard complete.status == .success else { return }
      connections.opened(
        complete, startSlot: nil, id: wanted?.id, dataPacketBytes: controller.dataPacketBytes,
        profile: configuration.profile, at: now,
        deadline: now.adding(milliseconds: configuration.reading.attemptMilliseconds))
      return
    }
    guard complete.status == .success else {
      initiator.learn(complete.status, connections: connections.count)
      finishReading(.init(peer: attempt.peer, startSlot: attempt.slot), at: now)
      return
    }
    connections.opened(
      complete, startSlot: attempt.slot, id: wanted?.id, dataPacketBytes: controller.dataPacketBytes,
      profile: configuration.profile, at: now,
      deadline: attempt.start.adding(milliseconds: configuration.reading.attemptMilliseconds))
  }

  private mutating func finishReading(_ reading: Connections.Reading, at now: MonotonicTime) {
    guard let slot = wanted?.slot else { return }
    let outcome: ReadScheduler.Outcome =
      switch reading.outcome {
      case .id(let id): .id(id)
      case .noService, .wrongLength: .stranger
      case .refused, .malformed, nil: .failed
      }
    let rssi = scheduler.finished(reading.peer, outcome, startedIn: reading.startSlot, slot: slot, at: now)
    guard let rssi, let id = scheduler.id(of: reading.peer, in: slot) else { return }
    // The id was read now, from the device that was heard so strongly a moment ago.
    var sighting = Sighting(address: reading.peer, rssiDBm: rssi, facts: AdvertisingFacts())
    sighting.readID = id
    sightings.append(sighting)
  }

  private static func endsWithStatus(_ opcode: HCIOpcode) -> Bool {
    opcode == .disconnect || opcode == .leCreateConnection || opcode == .leExtendedCreateConnection
  }

  private mutating func complete(
    _ opcode: HCIOpcode, _ status: HCIStatus, _ bytes: Span<UInt8>, _ parameters: Range<Int>,
    at now: MonotonicTime
  ) throws(ParseError) {
    guard let command = pending?.command, command.opcode == opcode else { return }
    pending = nil
    switch lifeSigns.judge(command, status, reports: counters.reports) {
    case .none: break
    case .sound: return
    case .stateLost: return fail(.stateLost, at: now)
    }
    if status != .success, copes(with: command, status, at: now) { return }
    guard status == .success || StartSequence.mayBeRefused(opcode) else {
      if state != .stopping { fail(.refused(opcode, status), at: now) } else { finishStopping() }
      return
    }
    do {
      try controller.learn(command.opcode, status, bytes, parameters)
    } catch {
      fail(.malformedReply(to: opcode), at: now)
      throw error
    }
    // Known before the first LE command: a controller of BR/EDR alone would refuse that one as unknown.
    if opcode == .readLocalSupportedFeatures, !controller.supportsLowEnergy {
      return fail(.noLowEnergy, at: now)
    }
    switch opcode {
    case .leCreateConnection, .leExtendedCreateConnection: initiator.accepted()
    default:
      let wasScanning = broadcaster.isScanning
      broadcaster.confirm(command)
      if broadcaster.isScanning, !wasScanning { scanStarts &+= 1 }
    }
    if state == .starting { startSequence.answered(opcode) }
  }

  /// A refusal that belongs to the trade: the controller cannot do two things at once, or a connection is gone
  /// already.
  ///
  /// - Returns: whether it was one, and has been taken into account.
  private mutating func copes(with command: HCICommand, _ status: HCIStatus, at now: MonotonicTime) -> Bool {
    switch command.opcode {
    case .disconnect:
      // It was gone already.
      if command.parameters.count >= 2 {
        connections.closed(UInt16(command.parameters[0]) | UInt16(command.parameters[1]) << 8)
      }
      return true
    case .leCreateConnection, .leExtendedCreateConnection:
      guard let attempt = initiator.ended(at: now) else { return true }
      initiator.learn(status, connections: connections.count)
      finishReading(.init(peer: attempt.peer, startSlot: attempt.slot), at: now)
      return true
    case .leCreateConnectionCancel:
      // It came too late: the event of the connection is on its way.
      return true
    case .leSetAdvertisingEnable, .leSetExtendedAdvertisingEnable:
      guard connections.count > 0 else { return false }
      advertisingWaits = true
      return true
    default: return false
    }
  }

  /// A silence that lasts is no longer believed.
  private mutating func listenForSilence(at now: MonotonicTime) {
    let canHear = state == .running && isScanning && !isListenOnly
    if lifeSigns.listen(reports: canHear ? counters.reports : nil, at: now) { ladder.heard() }
    guard let deadline = lifeSigns.silenceDeadline(factor: ladder.silenceFactor), now >= deadline else { return }
    fail(.nothingHeard, at: now)
  }

  // MARK: What to say next

  private mutating func proceed(at now: MonotonicTime) {
    guard !isListenOnly else { return }
    proceededAt = now
    if isScanning {
      hasScanned = true
      if let since = gapSince { lastGapMilliseconds = now.milliseconds(since: since) }
      gapSince = nil
    }
    if !connections.readings.isEmpty {
      for reading in connections.readings { finishReading(reading, at: now) }
      connections.readings.removeAll(keepingCapacity: true)
    }
    if state == .running {
      for packet in connections.takePackets(buffers: max(controller.dataPackets, 1)) { effects.append(.send(packet)) }
    }
    guard pending == nil, credits > 0 else { return }
    while true {
      switch state {
      case .starting:
        if let command = startSequence.next(for: controller) { return send(command, at: now) }
        state = .running
        isResetting = false
        runningSince = now
        broadcaster = Broadcaster(
          isExtended: controller.supportsExtendedAdvertising, configuration: configuration)
        initiator.begin(with: controller, at: now)
      case .running:
        if let command = nextCommand(at: now) { return send(command, at: now) }
        guard let due = lifeSigns.checkDue, now >= due else { return }
        return send(lifeSigns.question(address: wanted?.address, isScanning: isScanning), at: now)
      case .stopping:
        if initiator.takeCancel(at: now, always: true) { return send(.leCreateConnectionCancel, at: now) }
        if let command = broadcaster.off { return send(command, at: now) }
        return finishStopping()
      case .closed, .opening, .down, .recovering: return
      }
    }
  }

  private var isAtReset: Bool { state == .starting && startSequence.isAtReset }

  private mutating func triesResetAgain(after command: HCICommand, at now: MonotonicTime) -> Bool {
    guard state == .starting, !isResetting,
      let next = startSequence.retry(after: command, attempts: configuration.resetAttempts)
    else { return false }
    pending = nil
    credits = 1
    send(next, at: now)
    return true
  }

  private mutating func send(_ command: HCICommand, at now: MonotonicTime) {
    credits -= 1
    lifeSigns.sent(at: now)
    let timeout =
      isAtReset
      ? configuration.resetTimeoutMilliseconds : configuration.commandTimeoutMilliseconds
    pending = (command, now.adding(milliseconds: timeout))
    effects.append(.send(command.packet))
  }

  /// What is to be done next, by urgency: end what is over, leave the air for a new address, be on the air as wanted,
  /// and only then connect to somebody.
  private mutating func nextCommand(at now: MonotonicTime) -> HCICommand? {
    if let handle = connections.nextToEnd() { return .disconnect(handle: handle, reason: .remoteUserTerminated) }
    // Without an address there is nothing to scan under; it comes with the first wish.
    guard let wanted else { return nil }
    var wish = Broadcaster.Wish(advertisement: wanted, advertises: !advertisingWaits)
    let isRotating = broadcaster.needsAddress(wish)
    if initiator.takeCancel(at: now, always: isRotating) { return .leCreateConnectionCancel }
    // The address may not change while a connection is being made: the cancelled one's event comes first.
    if initiator.isInitiating, isRotating { return nil }
    if !isRotating { initiator.plan(from: &scheduler, slot: wanted.slot, connections: connections, at: now) }
    wish.scans = initiator.allowsScanning
    wish.advertises = wish.advertises && initiator.allowsAdvertising
    if let command = broadcaster.next(wish) { return command }
    guard let peer = initiator.start(slot: wanted.slot, at: now) else { return nil }
    return broadcaster.isExtended
      ? .leExtendedCreateConnection(
        to: peer, scanInterval: configuration.initiatingInterval, scanWindow: initiator.window)
      : .leCreateConnection(to: peer, scanInterval: configuration.initiatingInterval, scanWindow: initiator.window)
  }
}

extension ReadScheduler.Hint {
  /// What an advertisement without an id says of Bluezone, nil if nothing.
  init?(_ facts: AdvertisingFacts) {
    if facts.hasIOSBluezoneService {
      self = .foreground
    } else if facts.hasOverflowBit {
      self = .background
    } else {
      return nil
    }
  }
}
