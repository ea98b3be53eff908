// SPDX-License-Identifier: GPL-3.0-or-later

/// The host side of HCI as far as a tracer needs it: starts a controller, keeps it advertising and scanning as wanted,
/// and starts over when it fails.
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

    public init(address: BluetoothAddress, id: BluezoneID?) {
      self.address = address
      self.id = id
    }
  }

  public private(set) var state = State.closed
  public private(set) var controller = ControllerInformation()
  /// Counts since the start of the process.
  public private(set) var counters = Counters()
  /// The last fault, kept when the radio is running again.
  public private(set) var lastFault: RadioFault?
  public private(set) var isAdvertising = false
  public private(set) var isScanning = false
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

  /// What the controller was told and confirmed.
  private var applied = Applied()
  private struct Applied {
    var startStep = 0
    var address: HCICommand?
    var advertisingData: HCICommand?
    var hasAdvertisingParameters = false
    var hasScanParameters = false
    /// Connections to be ended; this host serves none yet.
    var connectionsToEnd: [UInt16] = []
  }

  /// The command on its way and what its success will mean.
  private var pending: (command: HCICommand, deadline: MonotonicTime)?
  private var credits = 1
  private var failuresInARow = 0
  private var runningSince: MonotonicTime?
  private var openDeadline: MonotonicTime?
  private var stopDeadline: MonotonicTime?
  private var aliveCheckDue: MonotonicTime?

  public init(configuration: HCIHostConfiguration = HCIHostConfiguration()) {
    self.configuration = configuration
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
    } else if let pending, now >= pending.deadline {
      fail(.noReply(to: pending.command.opcode), at: now)
    }
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
    applied = Applied()
    pending = nil
    credits = 1
    isAdvertising = false
    isScanning = false
    runningSince = nil
    aliveCheckDue = nil
    stopDeadline = nil
    openDeadline = nil
  }

  // MARK: What the controller says

  private mutating func handle(_ packet: [UInt8], at now: MonotonicTime) throws(ParseError) {
    guard packet.first == HCIPacketType.event.rawValue else { return }
    let bytes = packet.span
    switch try HCIEvent(packet: bytes) {
    case .leAdvertisingReport(let reports):
      try hear(bytes, reports)
    case .commandComplete(let credits, let opcode, let status, let parameters):
      self.credits = Int(credits)
      try complete(opcode, status, bytes, parameters, at: now)
    case .commandStatus(let credits, let opcode, let status):
      self.credits = Int(credits)
      // Success only says "begun" for a command that ends in a command complete event.
      if status != .success || opcode == .disconnect { try complete(opcode, status, bytes, 0..<0, at: now) }
    case .leConnectionComplete(let status, let handle):
      // A connection ends legacy advertising. Source: Core 5.4, vol. 4, part E, 7.8.9.
      isAdvertising = false
      if status == .success, applied.connectionsToEnd.count < 8 { applied.connectionsToEnd.append(handle) }
    case .disconnectionComplete(_, let handle):
      applied.connectionsToEnd.removeAll { $0 == handle }
    case .hardwareError(let code):
      // In a recording it is long past.
      if !isListenOnly { fail(.hardwareError(code: code), at: now) }
    case .other: break
    }
  }

  private mutating func hear(_ bytes: Span<UInt8>, _ reports: Range<Int>) throws(ParseError) {
    var cursor = ByteCursor(bytes, in: reports)
    let count = try LEAdvertisingReport.count(bytes, &cursor)
    for _ in 0..<count {
      let report = try LEAdvertisingReport(bytes, &cursor)
      counters.reports += 1
      sightings.append(
        Sighting(
          address: report.address, rssiDBm: report.rssiDBm, isScanResponse: report.eventType == 4,
          facts: AdvertisingFacts(bytes, in: report.data)))
    }
    try cursor.finish(after: "RSSI")
  }

  private mutating func complete(
    _ opcode: HCIOpcode, _ status: HCIStatus, _ bytes: Span<UInt8>, _ parameters: Range<Int>,
    at now: MonotonicTime
  ) throws(ParseError) {
    guard let command = pending?.command, command.opcode == opcode else { return }
    pending = nil
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
    if state == .starting { applied.startStep += 1 }
  }

  /// What a controller may leave out and still serve.
  private func mayBeRefused(_ opcode: HCIOpcode) -> Bool {
    switch opcode {
    case .readLocalSupportedCommands, .writeLEHostSupport, .disconnect: true
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
      _ = try cursor.uint16(bytes, "LE_ACL_Data_Packet_Length")
      controller.leDataPackets = try cursor.uint8(bytes, "Total_Num_LE_ACL_Data_Packets")
    case .leSetRandomAddress: applied.address = command
    case .leSetAdvertisingParameters: applied.hasAdvertisingParameters = true
    case .leSetAdvertisingData: applied.advertisingData = command
    case .leSetAdvertisingEnable: isAdvertising = command.parameters.first == 1
    case .leSetScanParameters: applied.hasScanParameters = true
    case .leSetScanEnable: isScanning = command.parameters.first == 1
    default: break
    }
  }

  // MARK: What to say next

  private mutating func proceed(at now: MonotonicTime) {
    guard !isListenOnly, pending == nil, credits > 0 else { return }
    while true {
      switch state {
      case .starting:
        guard applied.startStep < Self.startSteps.count else {
          state = .running
          runningSince = now
          continue
        }
        guard let command = startCommand(Self.startSteps[applied.startStep]) else {
          applied.startStep += 1
          continue
        }
        return send(command, at: now)
      case .running:
        if let command = nextCommand() { return send(command, at: now) }
        guard let due = aliveCheckDue, now >= due else { return }
        return send(HCICommand(.readBDADDR), at: now)
      case .stopping:
        if isAdvertising { return send(.leSetAdvertisingEnable(false), at: now) }
        if isScanning { return send(.leSetScanEnable(false), at: now) }
        return finishStopping()
      case .closed, .opening, .down: return
      }
    }
  }

  private mutating func send(_ command: HCICommand, at now: MonotonicTime) {
    credits -= 1
    aliveCheckDue = now.adding(milliseconds: configuration.aliveCheckMilliseconds)
    pending = (command, now.adding(milliseconds: configuration.commandTimeoutMilliseconds))
    effects.append(.send(command.packet))
  }

  private static let startSteps: [HCIOpcode] = [
    .reset, .readLocalVersionInformation, .readLocalSupportedCommands, .readLocalSupportedFeatures,
    .readBDADDR,
    .setEventMask, .writeLEHostSupport, .leReadBufferSize, .leReadLocalSupportedFeatures, .leSetEventMask,
  ]

  /// nil to leave the step out.
  private func startCommand(_ opcode: HCIOpcode) -> HCICommand? {
    switch opcode {
    case .setEventMask: .setEventMask
    case .leSetEventMask: .leSetEventMask
    // Source: Core 5.4, vol. 4, part E, 6.27: octet 24, bit 6.
    case .writeLEHostSupport:
      controller.supportsClassic && controller.supportsCommand(octet: 24, bit: 6) ? .writeLEHostSupport : nil
    default: HCICommand(opcode)
    }
  }

  /// The one command that brings the controller nearest to what is wanted, nil when it is there.
  ///
  /// The random address may only be set while neither advertising nor scanning runs; so a rotation is: both off,
  /// address, data, both on. Source: Core 5.4, vol. 4, part E, 7.8.4.
  private mutating func nextCommand() -> HCICommand? {
    if let handle = applied.connectionsToEnd.popLast() {
      return .disconnect(handle: handle, reason: .remoteUserTerminated)
    }
    // Without an address there is nothing to scan under; it comes with the first wish.
    guard let wanted else { return nil }
    let setAddress = HCICommand.leSetRandomAddress(wanted.address)
    if applied.address != setAddress {
      if isAdvertising { return .leSetAdvertisingEnable(false) }
      if isScanning { return .leSetScanEnable(false) }
      return setAddress
    }
    if let id = wanted.id {
      let setData = HCICommand.leSetAdvertisingData(BluezoneAdvertisement.data(for: id))
      if applied.advertisingData != setData {
        return isAdvertising ? .leSetAdvertisingEnable(false) : setData
      }
      if !applied.hasAdvertisingParameters {
        return .leSetAdvertisingParameters(
          intervalMin: configuration.advertisingIntervalMin, intervalMax: configuration.advertisingIntervalMax
        )
      }
      if !isAdvertising { return .leSetAdvertisingEnable(true) }
    } else if isAdvertising {
      return .leSetAdvertisingEnable(false)
    }
    if !applied.hasScanParameters {
      return .leSetScanParameters(
        active: configuration.scansActively, interval: configuration.scanInterval,
        window: configuration.scanWindow)
    }
    return isScanning ? nil : .leSetScanEnable(true)
  }
}
