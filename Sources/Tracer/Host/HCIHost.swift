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
  }

  public enum State: Equatable, Sendable {
    case closed
    case opening
    /// Commands that every controller gets first.
    case starting
    case running
    /// Failed; opened again at the time given.
    case down(RadioFault, retryAt: MonotonicTime)
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
  public var isAdvertising: Bool { broadcaster.isAdvertising }
  public var isScanning: Bool { broadcaster.isScanning }
  /// What advertisements said, for the owner to take and empty.
  public var sightings: [Sighting] = []

  public struct Counters: Hashable, Sendable {
    public var reports = 0
    public var malformedPackets = 0
    public var starts = 0
    public var faults = 0
  }

  private let configuration: HCIHostConfiguration
  private var effects: [Effect] = []
  private var generation = 0
  private var wanted: Advertisement?

  private var startStep = 0
  private var broadcaster: Broadcaster
  private var connections = Connections()
  private var scheduler: ReadScheduler
  private var initiator: Initiator
  /// A controller that refused to advertise beside its connections is asked again when one of them has ended.
  private var advertisingWaits = false

  /// The command on its way and what its success will mean.
  private var pending: (command: HCICommand, deadline: MonotonicTime)?
  private var credits = 1
  private var failuresInARow = 0
  private var runningSince: MonotonicTime?
  private var openDeadline: MonotonicTime?
  private var stopDeadline: MonotonicTime?
  private var aliveCheckDue: MonotonicTime?
  private var proceededAt = MonotonicTime(milliseconds: 0)
  private var isCheckingAlive = false
  private var laxChecks = 0
  private var reportsAtCheck = 0
  private var silentSince: MonotonicTime?
  private var reportsAtSilence = 0
  private var resetsTried = 0

  public init(configuration: HCIHostConfiguration = HCIHostConfiguration()) {
    self.configuration = configuration
    broadcaster = Broadcaster(isExtended: false, configuration: configuration)
    scheduler = ReadScheduler(configuration: configuration.reading)
    initiator = Initiator(configuration: configuration)
  }

  /// The effects since the last call, in order.
  public mutating func takeEffects() -> [Effect] {
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

  /// Switches off what was switched on, then closes.
  public mutating func stop(at now: MonotonicTime) {
    switch state {
    case .running where !isListenOnly, .starting:
      state = .stopping
      stopDeadline = now.adding(milliseconds: configuration.stopTimeoutMilliseconds)
      proceed(at: now)
    case .opening, .running: finishStopping()
    case .down: state = .closed
    case .closed, .stopping: break
    }
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
    case .closed, .down: break
    }
  }

  /// One whole packet from the controller.
  public mutating func receive(_ packet: [UInt8], generation: Int, at now: MonotonicTime) {
    guard generation == self.generation else { return }
    switch state {
    case .closed, .opening, .down: return
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
    var times: [MonotonicTime] = []
    if case .down(_, let retryAt) = state { times.append(retryAt) }
    if let pending { times.append(pending.deadline) }
    if let openDeadline { times.append(openDeadline) }
    if let stopDeadline { times.append(stopDeadline) }
    if let silentSince { times.append(silentSince.adding(milliseconds: configuration.silenceMilliseconds)) }
    if state == .running, !isListenOnly, pending == nil, credits > 0 {
      if let due = connections.nextDeadline { times.append(due) }
      if let due = initiator.nextDeadline(of: scheduler, after: proceededAt) { times.append(due) }
    }
    if let aliveCheckDue, isWaitingForCredits || (pending == nil && state == .running) {
      times.append(aliveCheckDue)
    }
    return times.min()
  }

  public mutating func tick(at now: MonotonicTime) {
    if case .down(_, let retryAt) = state, now >= retryAt {
      open(at: now)
    } else if let stopDeadline, now >= stopDeadline {
      finishStopping()
    } else if let openDeadline, now >= openDeadline, state == .opening {
      fail(.openTimedOut, at: now)
    } else if let pending, now >= pending.deadline, !triesResetAgain(after: pending.command, at: now) {
      fail(.noReply(to: state == .starting && startStep == 0 ? .reset : pending.command.opcode), at: now)
    }
    listenForSilence(at: now)
    connections.tick(at: now)
    if isWaitingForCredits, let due = aliveCheckDue, now >= due { fail(.noCredits, at: now) }
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
    if let since = runningSince, now.milliseconds(since: since) >= configuration.provenAfterMilliseconds {
      failuresInARow = 0
    }
    counters.faults += 1
    lastFault = fault
    gapSince = gapSince ?? now
    let waits = configuration.retryMilliseconds
    let wait = waits.isEmpty ? 1000 : waits[min(failuresInARow, waits.count - 1)]
    failuresInARow += 1
    forgetController()
    effects.append(.close)
    state = .down(fault, retryAt: now.adding(milliseconds: wait))
  }

  private mutating func finishStopping() {
    forgetController()
    effects.append(.close)
    state = .closed
  }

  private mutating func forgetController() {
    startStep = 0
    resetsTried = 0
    isCheckingAlive = false
    silentSince = nil
    broadcaster = Broadcaster(isExtended: false, configuration: configuration)
    connections.forgetAll()
    scheduler.abandonAll()
    initiator.forget()
    advertisingWaits = false
    pending = nil
    credits = 1
    runningSince = nil
    aliveCheckDue = nil
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
      let facts = AdvertisingFacts(bytes, in: report.data, profile: configuration.profile)
      var sighting = Sighting(
        address: report.address, rssiDBm: report.rssiDBm, isScanResponse: report.eventType == 4, facts: facts)
      if facts.bluezoneID == nil, let slot = wanted?.slot {
        sighting.readID = scheduler.id(of: report.address, in: slot)
        if let hint = ReadScheduler.Hint(facts), report.isConnectable, configuration.readsIDs {
          scheduler.heard(report.address, hint: hint, rssiDBm: report.rssiDBm, slot: slot, at: now)
        }
      }
      sightings.append(sighting)
    }
    try cursor.finish(after: "RSSI")
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
    if isCheckingAlive {
      isCheckingAlive = false
      if command.opcode == .leSetRandomAddress { return judgeState(by: status, at: now) }
    }
    if status != .success, copes(with: command, status, at: now) { return }
    guard status == .success || mayBeRefused(opcode) else {
      if state != .stopping { fail(.refused(opcode, status), at: now) } else { finishStopping() }
      return
    }
    do {
      try learn(command, status, bytes, parameters)
    } catch {
      fail(.malformedReply(to: opcode), at: now)
      throw error
    }
    // Known before the first LE command: a controller of BR/EDR alone would refuse that one as unknown.
    if opcode == .readLocalSupportedFeatures, !controller.supportsLowEnergy {
      return fail(.noLowEnergy, at: now)
    }
    if state == .starting {
      // The answer to a command that was only to fill a hole starts the walk over with Reset.
      if startStep == 0, opcode != .reset { return }
      startStep += 1
    }
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

  /// What a controller may leave out and still serve.
  private func mayBeRefused(_ opcode: HCIOpcode) -> Bool {
    switch opcode {
    case .readLocalSupportedCommands, .writeLEHostSupport, .leReadSupportedStates, .readBufferSize: true
    default: false
    }
  }

  /// Takes in what a successful answer means.
  private mutating func learn(
    _ command: HCICommand, _ status: HCIStatus, _ bytes: Span<UInt8>, _ parameters: Range<Int>
  ) throws(ParseError) {
    var cursor = ByteCursor(bytes, in: parameters)
    switch command.opcode {
    case .readLocalVersionInformation:
      controller.hciVersion = try cursor.uint8(bytes, "HCI_Version")
      _ = try cursor.uint16(bytes, "HCI_Subversion")
      _ = try cursor.uint8(bytes, "LMP_Version")
      controller.manufacturer = try cursor.uint16(bytes, "Company_Identifier")
    case .readLocalSupportedCommands where status == .success:
      controller.supportedCommands = try cursor.range(64, "Supported_Commands").map { bytes[$0] }
    case .readLocalSupportedFeatures:
      controller.lmpFeatures = try cursor.uint64(bytes, "LMP_Features")
    case .leReadLocalSupportedFeatures:
      controller.leFeatures = try cursor.uint64(bytes, "LE_Features")
    case .readBDADDR:
      let start = try cursor.range(6, "BD_ADDR").lowerBound
      controller.address = BluetoothAddress(bytes, at: start, isRandom: false)
    case .leReadBufferSize:
      controller.dataPacketBytes = Int(try cursor.uint16(bytes, "LE_ACL_Data_Packet_Length"))
      controller.dataPackets = Int(try cursor.uint8(bytes, "Total_Num_LE_ACL_Data_Packets"))
    case .readBufferSize where status == .success:
      controller.dataPacketBytes = Int(try cursor.uint16(bytes, "ACL_Data_Packet_Length"))
      _ = try cursor.uint8(bytes, "Synchronous_Data_Packet_Length")
      controller.dataPackets = Int(try cursor.uint16(bytes, "Total_Num_ACL_Data_Packets"))
    case .leReadSupportedStates where status == .success:
      controller.supportedStates = try cursor.uint64(bytes, "LE_States")
    case .leCreateConnection, .leExtendedCreateConnection: initiator.accepted()
    default: broadcaster.confirm(command)
    }
  }

  // MARK: Is it still there

  /// A command that shows whether the controller still is in the state it was brought into: the random address may not
  /// be set while it scans, so an intact controller refuses. Source: Core 5.4, vol. 4, part E, 7.8.4.
  private var aliveCheck: HCICommand {
    mutating get {
      isCheckingAlive = true
      guard isScanning, laxChecks < Self.laxChecksAllowed, let address = wanted?.address else {
        return HCICommand(.readBDADDR)
      }
      return .leSetRandomAddress(address)
    }
  }

  private mutating func judgeState(by status: HCIStatus, at now: MonotonicTime) {
    let heardSomething = counters.reports != reportsAtCheck
    reportsAtCheck = counters.reports
    guard status == .success else {
      laxChecks = 0
      return
    }
    // It allowed what it must refuse. If it still hears, it is merely lax, and is asked for something else from now on.
    if heardSomething { laxChecks += 1 } else { fail(.stateLost, at: now) }
  }

  private static let laxChecksAllowed = 3

  /// The air is never silent for long where people are.
  private mutating func listenForSilence(at now: MonotonicTime) {
    guard state == .running, isScanning, !isListenOnly else {
      silentSince = nil
      return
    }
    if silentSince == nil || counters.reports != reportsAtSilence {
      silentSince = now
      reportsAtSilence = counters.reports
    } else if let since = silentSince, now.milliseconds(since: since) >= configuration.silenceMilliseconds {
      silentSince = nil
      fail(.nothingHeard, at: now)
    }
  }

  // MARK: What to say next

  private mutating func proceed(at now: MonotonicTime) {
    guard !isListenOnly else { return }
    proceededAt = now
    if isScanning, let since = gapSince {
      lastGapMilliseconds = now.milliseconds(since: since)
      gapSince = nil
    }
    for reading in connections.readings { finishReading(reading, at: now) }
    connections.readings.removeAll(keepingCapacity: true)
    if state == .running {
      for packet in connections.takePackets(buffers: max(controller.dataPackets, 1)) { effects.append(.send(packet)) }
    }
    guard pending == nil, credits > 0 else { return }
    while true {
      switch state {
      case .starting:
        guard startStep < Self.startSteps.count else {
          state = .running
          runningSince = now
          broadcaster = Broadcaster(
            isExtended: controller.supportsExtendedAdvertising, configuration: configuration)
          initiator.begin(with: controller, at: now)
          continue
        }
        guard let command = startCommand(Self.startSteps[startStep]) else {
          startStep += 1
          continue
        }
        return send(command, at: now)
      case .running:
        if let command = nextCommand(at: now) { return send(command, at: now) }
        guard let due = aliveCheckDue, now >= due else { return }
        return send(aliveCheck, at: now)
      case .stopping:
        if initiator.takeCancel(at: now, always: true) { return send(.leCreateConnectionCancel, at: now) }
        if let command = broadcaster.off { return send(command, at: now) }
        return finishStopping()
      case .closed, .opening, .down: return
      }
    }
  }

  /// What is left of a packet that was cut off when its controller died swallows answers until it is full. A command
  /// with a long answer (71 bytes) fills it, then Reset is heard again.
  private mutating func triesResetAgain(after command: HCICommand, at now: MonotonicTime) -> Bool {
    guard state == .starting, startStep == 0, resetsTried < configuration.resetAttempts else { return false }
    pending = nil
    credits = 1
    if command.opcode == .reset {
      resetsTried += 1
      send(HCICommand(.readLocalSupportedCommands), at: now)
    } else {
      send(.reset, at: now)
    }
    return true
  }

  private mutating func send(_ command: HCICommand, at now: MonotonicTime) {
    credits -= 1
    aliveCheckDue = now.adding(milliseconds: configuration.aliveCheckMilliseconds)
    let timeout =
      state == .starting && startStep == 0
      ? configuration.resetTimeoutMilliseconds : configuration.commandTimeoutMilliseconds
    pending = (command, now.adding(milliseconds: timeout))
    effects.append(.send(command.packet))
  }

  private static let startSteps: [HCIOpcode] = [
    .reset, .readLocalVersionInformation, .readLocalSupportedCommands, .readLocalSupportedFeatures, .readBDADDR,
    .setEventMask, .writeLEHostSupport, .leReadBufferSize, .readBufferSize, .leReadLocalSupportedFeatures,
    .leReadSupportedStates, .leSetEventMask,
  ]

  /// nil to leave the step out.
  private func startCommand(_ opcode: HCIOpcode) -> HCICommand? {
    switch opcode {
    case .setEventMask: .setEventMask
    case .leSetEventMask: .leSetEventMask
    // Source: Core 5.4, vol. 4, part E, 6.27: octet 24, bit 6.
    case .writeLEHostSupport:
      controller.supportsClassic && controller.supportsCommand(octet: 24, bit: 6) ? .writeLEHostSupport : nil
    // A controller without LE buffers of its own shares the BR/EDR ones. Source: Core 5.4, vol. 4, part E, 7.8.2.
    case .readBufferSize: controller.dataPackets == 0 || controller.dataPacketBytes == 0 ? .init(opcode) : nil
    default: HCICommand(opcode)
    }
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
