// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Who is connected to next, and when") struct InitiatorTests {
  private let slot = Slot(day: 0, index: 0)

  private func connected(_ handle: UInt8) throws -> LEConnectionComplete {
    let bytes: [UInt8] = [0, handle, 0, 0, 1, handle, 2, 3, 4, 5, 0xC6, 0x18, 0, 0, 0, 0x48, 0, 0]
    var cursor = ByteCursor(bytes.span, in: 0..<bytes.count)
    return try LEConnectionComplete(bytes.span, &cursor, isEnhanced: false)
  }

  /// Fuzzing found it: with a debt to pay off and every connection taken it asked to be woken each millisecond.
  @Test("While every connection is taken, the time is not waited for") func full() throws {
    var configuration = HCIHostConfiguration()
    configuration.connectionsAtOnce = 1
    var initiator = Initiator(configuration: configuration)
    var scheduler = ReadScheduler(configuration: configuration.reading)
    var connections = Connections()
    let start = MonotonicTime(milliseconds: 0)
    let peer = BluetoothAddress(bits: 7, isRandom: true)
    initiator.begin(with: ControllerInformation(), at: start)
    scheduler.heard(peer, hint: .foreground, rssiDBm: -50, slot: slot, at: start)

    // Nothing is saved up yet: it waits for that.
    initiator.plan(from: &scheduler, slot: slot, connections: connections, at: start)
    #expect(initiator.nextDeadline(of: scheduler, after: start) == MonotonicTime(milliseconds: 1))
    connections.opened(
      try connected(1), startSlot: nil, id: nil, dataPacketBytes: 27, profile: .standard, at: start,
      deadline: MonotonicTime(milliseconds: 60_000))
    initiator.plan(from: &scheduler, slot: slot, connections: connections, at: start)
    #expect(initiator.nextDeadline(of: scheduler, after: start) == nil)

    connections.closed(1)
    let later = MonotonicTime(milliseconds: 100)
    initiator.plan(from: &scheduler, slot: slot, connections: connections, at: later)
    #expect(initiator.start(slot: slot, at: later) == peer)
  }
}
