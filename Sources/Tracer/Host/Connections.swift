// SPDX-License-Identifier: GPL-3.0-or-later

/// All connections of a controller: what comes in goes to the right one, what goes out waits for the controller's
/// buffers, and each ends in time.
struct Connections: Sendable {
  /// One reading that is over.
  struct Reading: Hashable, Sendable {
    var peer: BluetoothAddress
    var startSlot: Slot
    /// nil when the connection was lost or took too long.
    var outcome: GATTReader.Outcome?
  }

  private var table: [UInt16: Connection] = [:]
  /// Being ended: the command was sent, the event not yet come.
  private var ending: Set<UInt16> = []
  private var refused: [UInt16] = []
  /// For the owner to take and empty.
  var readings: [Reading] = []

  var count: Int { table.count }
  func count(_ role: LERole) -> Int { table.values.reduce(0) { $0 + ($1.role == role ? 1 : 0) } }
  func isConnected(to peer: BluetoothAddress) -> Bool { table.values.contains { $0.peer == peer } }

  mutating func opened(
    _ complete: LEConnectionComplete, startSlot: Slot?, id: BluezoneID?, dataPacketBytes: Int,
    profile: BluezoneProfile, at now: MonotonicTime, deadline: MonotonicTime
  ) {
    guard table.count < TracerLimits.connections else {
      if refused.count < TracerLimits.connections { refused.append(complete.handle) }
      if let startSlot { readings.append(.init(peer: complete.peer, startSlot: startSlot)) }
      return
    }
    // A handle that is still known was lost without an event.
    if let old = table[complete.handle] { note(old) }
    ending.remove(complete.handle)
    table[complete.handle] = Connection(
      complete, startSlot: startSlot, id: id, dataPacketBytes: dataPacketBytes, profile: profile,
      at: now, deadline: deadline)
  }

  mutating func closed(_ handle: UInt16) {
    refused.removeAll { $0 == handle }
    ending.remove(handle)
    if let connection = table.removeValue(forKey: handle) { note(connection) }
  }

  mutating func receive(_ packet: Span<UInt8>, at now: MonotonicTime) throws(ParseError) {
    let acl = try ACLData(packet: packet)
    table[acl.handle]?.receive(acl, in: packet, at: now)
  }

  /// Takes in how many packets of which connections the controller has sent.
  ///
  /// Source: Core 5.4, vol. 4, part E, 7.7.19. As with reports, controllers send handle and count side by side.
  mutating func completed(_ bytes: Span<UInt8>, _ counts: Range<Int>) throws(ParseError) {
    var cursor = ByteCursor(bytes, in: counts)
    let number = try cursor.uint8(bytes, "Num_Handles")
    for _ in 0..<number {
      let handle = try cursor.uint16(bytes, "Connection_Handle") & 0x0FFF
      let count = try cursor.uint16(bytes, "Num_Completed_Packets")
      table[handle]?.completed(Int(count))
    }
    try cursor.finish(after: "Num_Completed_Packets")
  }

  mutating func serve(_ id: BluezoneID?) { for handle in table.keys { table[handle]?.serve(id) } }

  /// Packets for the controller, as many as its buffers still hold, a round of one each at a time.
  mutating func takePackets(buffers: Int) -> [[UInt8]] {
    guard !table.isEmpty else { return [] }
    var free = buffers - table.values.reduce(0) { $0 + $1.packetsInController }
    var packets: [[UInt8]] = []
    let handles = table.keys.sorted()
    var tookOne = true
    while free > 0, tookOne {
      tookOne = false
      for handle in handles where free > 0 && !ending.contains(handle) {
        guard let packet = table[handle]?.takePacket() else { continue }
        packets.append(packet)
        free -= 1
        tookOne = true
      }
    }
    return packets
  }

  /// The next connection to be ended, which then counts as being ended.
  mutating func nextToEnd() -> UInt16? {
    if let handle = refused.popLast() { return handle }
    guard !table.isEmpty else { return nil }
    guard let handle = table.first(where: { $0.value.isOver && !ending.contains($0.key) })?.key else { return nil }
    ending.insert(handle)
    return handle
  }

  var nextDeadline: MonotonicTime? { table.isEmpty ? nil : table.values.compactMap(\.nextDeadline).min() }

  mutating func tick(at now: MonotonicTime) { for handle in table.keys { table[handle]?.tick(at: now) } }

  /// The controller is gone, and with it every connection.
  mutating func forgetAll() { self = Self() }

  private mutating func note(_ connection: Connection) {
    guard let startSlot = connection.startSlot else { return }
    readings.append(Reading(peer: connection.peer, startSlot: startSlot, outcome: connection.outcome))
  }
}
