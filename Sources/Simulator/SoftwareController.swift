// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A Bluetooth LE controller in software, seen through HCI packets: it answers commands, reports what is sent on its
/// air, and makes connections. What it can do is set by `Abilities`; it refuses what a real one refuses.
public struct SoftwareController: Sendable {
  /// What goes out on the air while advertising is on.
  public struct Transmission: Hashable, Sendable {
    public var address: BluetoothAddress
    public var data: [UInt8]

    public init(address: BluetoothAddress, data: [UInt8]) {
      self.address = address
      self.data = data
    }
  }

  /// Packets for the host, for the owner to take and empty.
  public var output: [[UInt8]] = []
  /// Answers nothing while true, as a controller whose firmware hangs.
  public var isHung = false
  public let abilities: Abilities
  public private(set) var isScanning = false
  public private(set) var isAdvertising = false
  /// Commands it has refused since it was made.
  public private(set) var refusals: [HCIOpcode] = []
  /// Data packets for which it had no buffer, or of no connection, since it was made.
  public private(set) var droppedPackets = 0
  /// What those who connected to it read, since it was made.
  public private(set) var servedOutcomes: [GATTReader.Outcome] = []
  /// Connections made as central since it was made, by peer.
  public private(set) var connectionsMade: [BluetoothAddress: Int] = [:]
  /// Whether `connectionsMade` is kept: it grows with every address.
  public var countsConnections = true
  public private(set) var scanTime = ScanTime()

  private var now = MonotonicTime(milliseconds: 0)
  private var utc = UTCTime(milliseconds: 0)
  private var hasTime = false
  private var hasScanned = false
  private var random: SplitMix64
  private var randomAddress: BluetoothAddress?
  /// That of the one advertising set.
  private var setAddress: BluetoothAddress?
  private var advertisingData: [UInt8] = []
  private var hasAdvertisingParameters = false
  /// nil before parameters were given.
  private var scanSchedule: ScanSchedule?
  private var commandKind: CommandKind?
  private var initiation: Initiation?
  private var links: [SoftwareLink] = []
  private var afterReply: [[UInt8]] = []

  private enum CommandKind { case legacy, extended }

  private enum Reply {
    case complete(HCIStatus, [UInt8])
    /// What was asked for has begun, or was refused.
    case status(HCIStatus)

    var status: HCIStatus {
      switch self {
      case .complete(let status, _), .status(let status): status
      }
    }
  }

  public init(abilities: Abilities = Abilities(), seed: UInt64 = 0) {
    self.abilities = abilities
    random = SplitMix64(seed: seed)
  }

  private init(keeping other: Self) {
    self = Self(abilities: other.abilities)
    output = other.output
    refusals = other.refusals
    droppedPackets = other.droppedPackets
    servedOutcomes = other.servedOutcomes
    connectionsMade = other.connectionsMade
    countsConnections = other.countsConnections
    scanTime = other.scanTime
    now = other.now
    utc = other.utc
    hasTime = other.hasTime
    hasScanned = other.hasScanned
    random = other.random
  }

  /// What a phone nearby would hear from the kiosk now.
  public var transmission: Transmission? {
    guard isAdvertising, let address = abilities.isExtended ? setAddress : randomAddress else { return nil }
    return Transmission(address: address, data: advertisingData)
  }

  /// The channel it listens on now: 0, 1 and 2 for 37, 38 and 39; nil when it listens on none.
  public var listeningChannel: Int? {
    if let initiation, initiation.isListening(at: now) { return initiation.channel(at: now) }
    return isScanning ? scanSchedule?.channel(at: now) : nil
  }

  public var connectionCount: Int { links.count }
  /// Whom it is looking for to connect to.
  public var initiatingPeer: BluetoothAddress? { initiation?.peer }

  /// A packet from the host.
  public mutating func receive(_ packet: [UInt8]) {
    guard !isHung else { return }
    if packet.first == HCIPacketType.aclData.rawValue { return take(packet) }
    guard let command = try? HCICommand(packet: packet.span) else { return }
    let reply = execute(command)
    if reply.status != .success { refusals.append(command.opcode) }
    let opcode = Self.bytes(command.opcode.rawValue)
    switch reply {
    case .complete(let status, let parameters):
      event(HCIEvent.Code.commandComplete, [1] + opcode + [status.rawValue] + parameters)
    case .status(let status): event(HCIEvent.Code.commandStatus, [status.rawValue, 1] + opcode)
    }
    output += afterReply
    afterReply.removeAll(keepingCapacity: true)
  }

  /// Something was sent nearby. It is reported if the controller scans, or answered with a connection if its sender is
  /// being looked for: an initiator listens in its windows only, and reports nothing then.
  ///
  /// - Parameters:
  ///   - eventType: 0 for connectable advertising, 3 for non-connectable.
  ///   - peer: who is there when a connection is made; nil for one that is gone before.
  public mutating func hear(
    _ sent: Transmission, rssiDBm: Int8, eventType: UInt8 = 0, peer: @autoclosure () -> VirtualPeer? = nil
  ) {
    guard !isHung, sent.data.count <= 31 else { return }
    if let initiation, initiation.isListening(at: now) {
      if initiation.peer == sent.address, eventType <= 1 {
        connect(initiation, to: peer() ?? .absent)
        return
      }
      // Without scanning beside it nothing is lost that would have been heard.
      if isScanning { return }
    }
    guard isScanning else { return }
    abilities.isExtended
      ? reportExtended(sent, rssiDBm, eventType) : report(sent, rssiDBm, eventType)
  }

  /// Made in one piece: a crowd's simulated day has millions.
  private mutating func report(_ sent: Transmission, _ rssiDBm: Int8, _ eventType: UInt8) {
    var packet: [UInt8] = []
    packet.reserveCapacity(15 + sent.data.count)
    packet.append(HCIPacketType.event.rawValue)
    packet.append(HCIEvent.Code.leMeta)
    packet.append(UInt8(12 + sent.data.count))
    packet.append(HCIEvent.Code.leAdvertisingReport)
    packet.append(1)
    packet.append(eventType)
    packet.append(sent.address.isRandom ? 1 : 0)
    for i in 0..<6 as Range<UInt64> { packet.append(UInt8(truncatingIfNeeded: sent.address.bits >> (8 * i))) }
    packet.append(UInt8(sent.data.count))
    packet.append(contentsOf: sent.data)
    packet.append(UInt8(bitPattern: rssiDBm))
    output.append(packet)
  }

  /// A legacy PDU in an extended report. Source: Core 5.4, vol. 4, part E, 7.7.65.13.
  private mutating func reportExtended(_ sent: Transmission, _ rssiDBm: Int8, _ eventType: UInt8) {
    var report: [UInt8] = [1, eventType == 0 ? 0x13 : 0x10, 0, sent.address.isRandom ? 1 : 0]
    report += sent.address.bytes
    // LE 1M, no secondary channel, no set, no power told.
    report += [1, 0, 0xFF, 127, UInt8(bitPattern: rssiDBm)]
    report += [UInt8](repeating: 0, count: 9)
    meta(HCIEvent.Code.leExtendedAdvertisingReport, report + [UInt8(sent.data.count)] + sent.data)
  }

  // MARK: Time

  /// When a connection next has something to do.
  public var nextDeadline: MonotonicTime? { isHung ? nil : links.lazy.map(\.nextDeadline).min() }

  /// Lets time pass up to `time`, at which the phones' clocks show `utc`.
  public mutating func advance(to time: MonotonicTime, utc: UTCTime) {
    if hasTime, time > now { account(until: time) }
    hasTime = true
    now = max(now, time)
    self.utc = utc
    guard !isHung else { return }
    for i in links.indices.reversed() where links[i].nextDeadline <= now { advance(i) }
  }

  private mutating func account(until time: MonotonicTime) {
    guard hasScanned else { return }
    let elapsed = time.milliseconds(since: now) * 1000
    scanTime.elapsedMicroseconds += elapsed
    if !isScanning {
      scanTime.lostMicroseconds += elapsed
    } else if let initiation {
      scanTime.lostMicroseconds += initiation.listening(from: now, to: time)
    }
  }

  private mutating func advance(_ i: Int) {
    let handle = links[i].handle
    let step = links[i].advance(to: now, utc: utc, random: &random)
    if step.completed > 0 {
      event(
        HCIEvent.Code.numberOfCompletedPackets, [1] + Self.bytes(handle) + Self.bytes(UInt16(clamping: step.completed)))
    }
    for frame in step.frames {
      let size = Int(max(abilities.dataPacketBytes, 1))
      for start in stride(from: 0, to: frame.count, by: size) {
        let data = frame[start..<min(start + size, frame.count)]
        let boundary: ACLData.PacketBoundary = start == 0 ? .firstFlushable : .continuation
        output.append(
          [HCIPacketType.aclData.rawValue] + Self.bytes(handle | UInt16(boundary.rawValue) << 12)
            + Self.bytes(UInt16(clamping: data.count)) + data)
      }
    }
    guard let reason = step.reason else { return }
    if links[i].role == .peripheral, let outcome = links[i].peer.outcome { servedOutcomes.append(outcome) }
    links.remove(at: i)
    event(HCIEvent.Code.disconnectionComplete, [0] + Self.bytes(handle) + [reason])
  }

  // MARK: Connections

  private mutating func take(_ packet: [UInt8]) {
    guard let acl = try? ACLData(packet: packet.span), acl.data.count <= Int(abilities.dataPacketBytes),
      let i = links.firstIndex(where: { $0.handle == acl.handle }),
      links.reduce(0, { $0 + $1.waitingPackets }) < Int(abilities.dataPackets)
    else {
      droppedPackets += 1
      return
    }
    links[i].send(packet, at: now)
  }

  private mutating func connect(_ initiation: Initiation, to peer: VirtualPeer) {
    self.initiation = nil
    if countsConnections { connectionsMade[initiation.peer, default: 0] += 1 }
    let interval = UInt16.random(in: initiation.connectionInterval, using: &random)
    open(
      .central, initiation.peer, peer, interval: interval, supervision: initiation.supervisionMilliseconds)
  }

  /// Somebody connects to what this controller advertises.
  ///
  /// - Returns: whether it did advertise, and had room.
  @discardableResult
  public mutating func accept(_ peer: VirtualPeer, from address: BluetoothAddress) -> Bool {
    guard !isHung, isAdvertising, links.count(where: { $0.role == .peripheral }) < abilities.servedConnections else {
      return false
    }
    isAdvertising = false
    let handle = open(.peripheral, address, peer, interval: 24, supervision: 4000)
    if abilities.isExtended {
      meta(HCIEvent.Code.leAdvertisingSetTerminated, [0, 0] + Self.bytes(handle) + [0])
    }
    return true
  }

  @discardableResult
  private mutating func open(
    _ role: LERole, _ address: BluetoothAddress, _ peer: VirtualPeer, interval: UInt16, supervision: Int64
  ) -> UInt16 {
    var handle: UInt16 = 0x40
    while links.contains(where: { $0.handle == handle }) { handle += 1 }
    links.append(
      SoftwareLink(
        handle: handle, role: role, address: address, peer: peer, interval: Int64(interval) * 5 / 4,
        supervision: supervision, at: now))
    output.append(
      connectionComplete(
        .success, handle: handle, role, address, interval: interval, supervision: supervision))
    return handle
  }

  /// Source: Core 5.4, vol. 4, part E, 7.7.65.1 and 7.7.65.10.
  private func connectionComplete(
    _ status: HCIStatus, handle: UInt16, _ role: LERole, _ address: BluetoothAddress, interval: UInt16,
    supervision: Int64
  ) -> [UInt8] {
    let subevent =
      abilities.isExtended
      ? HCIEvent.Code.leEnhancedConnectionComplete : HCIEvent.Code.leConnectionComplete
    var body: [UInt8] = [subevent, status.rawValue] + Self.bytes(handle)
    body += [role.rawValue, address.isRandom ? 1 : 0] + address.bytes
    if abilities.isExtended { body += [UInt8](repeating: 0, count: 12) }
    body += Self.bytes(interval) + [0, 0] + Self.bytes(UInt16(clamping: supervision / 10)) + [0]
    return [HCIPacketType.event.rawValue, HCIEvent.Code.leMeta, UInt8(body.count)] + body
  }

  private mutating func createConnection(_ parameters: [UInt8]) -> HCIStatus {
    guard initiation == nil, abilities.scansWhileInitiating || !isScanning,
      abilities.advertisesWhileInitiating || !isAdvertising
    else { return .commandDisallowed }
    guard let wanted = Initiation(parameters, isExtended: abilities.isExtended, at: now), randomAddress != nil else {
      return Self.invalidParameters
    }
    guard !links.contains(where: { $0.address == wanted.peer }) else { return .alreadyConnected }
    guard links.count(where: { $0.role == .central }) < abilities.connections else {
      return .connectionLimitExceeded
    }
    initiation = wanted
    return .success
  }

  private mutating func cancelConnection() -> HCIStatus {
    guard let initiation else { return .commandDisallowed }
    self.initiation = nil
    afterReply.append(
      connectionComplete(
        .unknownConnection, handle: 0, .central, initiation.peer, interval: 0, supervision: 0))
    return .success
  }

  private mutating func disconnect(_ parameters: [UInt8]) -> HCIStatus {
    guard parameters.count == 3 else { return Self.invalidParameters }
    let handle = UInt16(parameters[0]) | UInt16(parameters[1]) << 8
    guard let i = links.firstIndex(where: { $0.handle == handle }) else { return .unknownConnection }
    links[i].disconnect(at: now)
    return .success
  }

  // MARK: Commands

  private mutating func execute(_ command: HCICommand) -> Reply {
    let parameters = command.parameters
    switch command.opcode {
    case .reset:
      self = Self(keeping: self)
      return .complete(.success, [])
    case .setEventMask, .leSetEventMask:
      return .complete(parameters.count == 8 ? .success : Self.invalidParameters, [])
    // Bluetooth 4.2 or 5.0, made by nobody.
    case .readLocalVersionInformation:
      let version: UInt8 = abilities.isExtended ? 9 : 8
      return .complete(.success, [version, 0, 0, version, 0xFF, 0xFF, 0, 0])
    case .readLocalSupportedCommands: return .complete(.success, [UInt8](repeating: 0, count: 64))
    // LE, and no BR/EDR.
    case .readLocalSupportedFeatures: return .complete(.success, [0, 0, 0, 0, 0x60, 0, 0, 0])
    case .readBDADDR: return .complete(.success, [1, 0, 0, 0, 0, 2])
    case .leReadBufferSize:
      return .complete(.success, Self.bytes(abilities.dataPacketBytes) + [abilities.dataPackets])
    case .leReadSupportedStates:
      return .complete(.success, (0..<8).map { UInt8(truncatingIfNeeded: abilities.states >> (8 * UInt64($0))) })
    case .leReadLocalSupportedFeatures:
      return .complete(.success, [0, abilities.isExtended ? 0x10 : 0, 0, 0, 0, 0, 0, 0])
    case .leSetRandomAddress: return .complete(setRandomAddress(parameters), [])
    case .leCreateConnectionCancel: return .complete(cancelConnection(), [])
    case .disconnect: return .status(disconnect(parameters))
    case .leCreateConnection: return .status(use(.legacy) ?? createConnection(parameters))
    case .leExtendedCreateConnection where abilities.isExtended:
      return .status(use(.extended) ?? createConnection(parameters))
    case .leSetAdvertisingParameters, .leSetAdvertisingData, .leSetAdvertisingEnable, .leSetScanParameters,
      .leSetScanEnable:
      return .complete(use(.legacy) ?? executeLegacy(command.opcode, parameters), [])
    case .leSetExtendedAdvertisingParameters where abilities.isExtended:
      let status = use(.extended) ?? executeExtended(command.opcode, parameters)
      // With the power that was chosen.
      return .complete(status, status == .success ? [0] : [])
    case .leSetAdvertisingSetRandomAddress, .leSetExtendedAdvertisingData, .leSetExtendedAdvertisingEnable,
      .leSetExtendedScanParameters, .leSetExtendedScanEnable:
      guard abilities.isExtended else { return .complete(.unknownCommand, []) }
      return .complete(use(.extended) ?? executeExtended(command.opcode, parameters), [])
    default: return .complete(.unknownCommand, [])
    }
  }

  /// Legacy and extended commands may not be mixed until a reset. Source: Core 5.4, vol. 4, part E, 3.1.1.
  private mutating func use(_ kind: CommandKind) -> HCIStatus? {
    if commandKind == nil { commandKind = kind }
    return commandKind == kind ? nil : .commandDisallowed
  }

  /// Source: Core 5.4, vol. 4, part E, 7.8.4.
  private mutating func setRandomAddress(_ parameters: [UInt8]) -> HCIStatus {
    guard let address = Self.address(parameters[...]) else { return Self.invalidParameters }
    // An extended set has an address of its own.
    guard !isScanning, initiation == nil, !isAdvertising || commandKind == .extended else {
      return .commandDisallowed
    }
    randomAddress = address
    return .success
  }

  private mutating func executeLegacy(_ opcode: HCIOpcode, _ parameters: [UInt8]) -> HCIStatus {
    switch opcode {
    case .leSetAdvertisingParameters:
      guard parameters.count == 15 else { return Self.invalidParameters }
      guard !isAdvertising else { return .commandDisallowed }
      hasAdvertisingParameters = true
    case .leSetAdvertisingData:
      guard parameters.count == 32, parameters[0] <= 31 else { return Self.invalidParameters }
      advertisingData = Array(parameters[1..<1 + Int(parameters[0])])
    case .leSetAdvertisingEnable:
      guard parameters.count == 1, parameters[0] <= 1 else { return Self.invalidParameters }
      return enableAdvertising(parameters[0] == 1, address: randomAddress)
    case .leSetScanParameters:
      guard parameters.count == 7 else { return Self.invalidParameters }
      guard !isScanning else { return .commandDisallowed }
      scanSchedule = schedule(parameters[1...])
    case .leSetScanEnable:
      guard parameters.count == 2, parameters[0] <= 1 else { return Self.invalidParameters }
      return enableScanning(parameters[0] == 1)
    default: return .unknownCommand
    }
    return .success
  }

  /// One set, of handle 0. Source: Core 5.4, vol. 4, part E, 7.8.52 to 7.8.56, 7.8.64, 7.8.65.
  private mutating func executeExtended(_ opcode: HCIOpcode, _ parameters: [UInt8]) -> HCIStatus {
    switch opcode {
    case .leSetAdvertisingSetRandomAddress:
      guard let address = Self.address(parameters.dropFirst()) else { return Self.invalidParameters }
      guard hasAdvertisingParameters, parameters[0] == 0 else { return Self.unknownSet }
      guard !isAdvertising else { return .commandDisallowed }
      setAddress = address
    case .leSetExtendedAdvertisingParameters:
      guard parameters.count == 25, parameters[0] == 0 else { return Self.invalidParameters }
      guard !isAdvertising else { return .commandDisallowed }
      hasAdvertisingParameters = true
    case .leSetExtendedAdvertisingData:
      guard parameters.count >= 4, parameters.count == 4 + Int(parameters[3]), parameters[3] <= 31 else {
        return Self.invalidParameters
      }
      guard hasAdvertisingParameters, parameters[0] == 0 else { return Self.unknownSet }
      advertisingData = Array(parameters[4...])
    case .leSetExtendedAdvertisingEnable:
      guard parameters.count == 6, parameters[0] <= 1, parameters[1] == 1 else { return Self.invalidParameters }
      guard hasAdvertisingParameters, parameters[2] == 0 else { return Self.unknownSet }
      return enableAdvertising(parameters[0] == 1, address: setAddress)
    case .leSetExtendedScanParameters:
      guard parameters.count == 8, parameters[2] == 1 else { return Self.invalidParameters }
      guard !isScanning else { return .commandDisallowed }
      scanSchedule = schedule(parameters[4...])
    case .leSetExtendedScanEnable:
      guard parameters.count == 6, parameters[0] <= 1 else { return Self.invalidParameters }
      return enableScanning(parameters[0] == 1)
    default: return .unknownCommand
    }
    return .success
  }

  private mutating func enableAdvertising(_ enable: Bool, address: BluetoothAddress?) -> HCIStatus {
    if enable {
      guard address != nil, hasAdvertisingParameters else { return Self.invalidParameters }
      guard abilities.advertisesWhileInitiating || initiation == nil else { return .commandDisallowed }
      let served = links.count { $0.role == .peripheral }
      guard served == 0 || abilities.advertisesWhileServing else { return .commandDisallowed }
    }
    isAdvertising = enable
    return .success
  }

  private mutating func enableScanning(_ enable: Bool) -> HCIStatus {
    if enable {
      guard randomAddress != nil, scanSchedule != nil else { return Self.invalidParameters }
      guard abilities.scansWhileInitiating || initiation == nil else { return .commandDisallowed }
      hasScanned = true
      let delay = Int64(random.next() % Self.longestScanDelay)
      if !isScanning { scanSchedule?.begin(at: now, delayMicroseconds: delay) }
    }
    isScanning = enable
    return .success
  }

  /// From the command until the first window, microseconds.
  private static let longestScanDelay: UInt64 = 5000

  /// `bytes`: interval and window.
  private func schedule(_ bytes: ArraySlice<UInt8>) -> ScanSchedule {
    let words = Array(bytes.prefix(4))
    func word(_ i: Int) -> UInt16 { i + 1 < words.count ? UInt16(words[i]) | UInt16(words[i + 1]) << 8 : 0 }
    return ScanSchedule(interval: word(0), window: word(2), partsPerMillion: abilities.clockPartsPerMillion)
  }

  // MARK: Bytes

  private mutating func event(_ code: UInt8, _ parameters: [UInt8]) {
    output.append([HCIPacketType.event.rawValue, code, UInt8(parameters.count)] + parameters)
  }

  private mutating func meta(_ subevent: UInt8, _ parameters: [UInt8]) {
    event(HCIEvent.Code.leMeta, [subevent] + parameters)
  }

  private static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

  /// nil unless six bytes.
  private static func address(_ bytes: ArraySlice<UInt8>) -> BluetoothAddress? {
    guard bytes.count == 6 else { return nil }
    var bits: UInt64 = 0
    for (i, byte) in bytes.enumerated() { bits |= UInt64(byte) << (8 * UInt64(i)) }
    return BluetoothAddress(bits: bits, isRandom: true)
  }

  private static let invalidParameters = HCIStatus(rawValue: 0x12)
  private static let unknownSet = HCIStatus(rawValue: 0x42)
}
