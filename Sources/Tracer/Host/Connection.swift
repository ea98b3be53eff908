// SPDX-License-Identifier: GPL-3.0-or-later

/// One connection: what the peer sends is answered, and where this node is the central the peer's id is read.
struct Connection: Sendable {
  let handle: UInt16
  let role: LERole
  let peer: BluetoothAddress
  /// The slot in which the attempt began: an id is only known to be of this one.
  let startSlot: Slot?
  /// Set once it is over; the controller is to end it.
  private(set) var isOver = false
  /// How the reading ended; nil while it goes on, and for a peripheral's side.
  private(set) var outcome: GATTReader.Outcome?

  private var server: GATTServer
  private var reader: GATTReader?
  private var reassembler = L2CAPReassembler()
  private var outgoing: [[UInt8]] = []
  private(set) var packetsInController = 0
  private let dataPacketBytes: Int
  private let deadline: MonotonicTime
  private var silentUntil: MonotonicTime

  /// - Parameters:
  ///   - deadline: when it ends whatever happens.
  ///   - id: what this node's characteristic is to say.
  init(
    _ complete: LEConnectionComplete, startSlot: Slot?, id: BluezoneID?, dataPacketBytes: Int,
    profile: BluezoneProfile, at now: MonotonicTime, deadline: MonotonicTime
  ) {
    handle = complete.handle
    role = complete.role
    peer = complete.peer
    self.startSlot = startSlot
    self.dataPacketBytes = max(dataPacketBytes, TracerLimits.leastACLDataBytes)
    self.deadline = deadline
    server = GATTServer(bluezoneID: id)
    silentUntil = now.adding(milliseconds: TracerLimits.silentConnectionMilliseconds)
    if role == .central {
      var reader = GATTReader(
        service: ATTUUID(profile.iosServiceUUID) ?? .bluezoneService,
        characteristic: ATTUUID(profile.iosCharacteristicUUID) ?? .bluezoneID)
      let first = reader.start()
      self.reader = reader
      send(first, on: .attributeProtocol)
    }
  }

  /// The next slot's id.
  mutating func serve(_ id: BluezoneID?) { server.bluezoneID = id }

  /// One ACL packet of this connection.
  mutating func receive(_ acl: ACLData, in packet: Span<UInt8>, at now: MonotonicTime) {
    guard !isOver, let frame = reassembler.append(acl, in: packet) else { return }
    silentUntil = now.adding(milliseconds: TracerLimits.silentConnectionMilliseconds)
    switch frame.channel {
    case .attributeProtocol: receive(attributePDU: frame.payload)
    case .leSignalling:
      if let answer = LESignalling.answer(frame.payload, role: role) { send(answer, on: .leSignalling) }
    case .securityManager:
      if let answer = SMP.answer(frame.payload, role: role) { send(answer, on: .securityManager) }
    default: break
    }
  }

  private mutating func receive(attributePDU pdu: [UInt8]) {
    switch reader?.receive(pdu) {
    case .send(let next): send(next, on: .attributeProtocol)
    case .wait: break
    case .done(let outcome):
      self.outcome = outcome
      isOver = true
    case .notMine, nil:
      if let answer = server.respond(to: pdu) { send(answer, on: .attributeProtocol) }
    }
    if let mtu = reader?.mtu { server.use(mtu: mtu) }
  }

  private mutating func send(_ payload: [UInt8], on channel: L2CAPChannelID) {
    // A peer that asks faster than it takes the answers gets no more of them.
    guard outgoing.count < TracerLimits.connectionPackets else {
      isOver = true
      return
    }
    outgoing += ACLData.packets(
      handle: handle, frame: L2CAPFrame(channel: channel, payload: payload).bytes, largestData: dataPacketBytes)
  }

  /// The next packet for the controller.
  mutating func takePacket() -> [UInt8]? {
    guard !outgoing.isEmpty else { return nil }
    packetsInController += 1
    return outgoing.removeFirst()
  }

  /// The controller has sent so many.
  mutating func completed(_ count: Int) { packetsInController = max(packetsInController - count, 0) }

  var nextDeadline: MonotonicTime? { isOver ? nil : min(deadline, silentUntil) }

  mutating func tick(at now: MonotonicTime) {
    if now >= deadline || now >= silentUntil { isOver = true }
  }
}

extension TracerLimits {
  /// Connections served at once, whatever the controller allows. A further one is ended at once.
  public static let connections = 16
  /// Packets waiting to be sent on one connection. At the limit the connection is ended.
  public static let connectionPackets = 64
  /// A peer that says nothing for this long is dropped.
  public static let silentConnectionMilliseconds: Int64 = 15_000
  /// A central may read from this node for this long in all.
  public static let servedConnectionMilliseconds: Int64 = 60_000
}
