// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

/// Against Core 5.4, vol. 4, part E: 3.1.1, 7.1.6, 7.7.65.1, 7.7.65.10, 7.8.4, 7.8.12, 7.8.13, 7.8.66.
@Suite("A controller in software makes connections") struct SoftwareControllerConnectionTests {
  private let peer = BluetoothAddress.resolvableForm(random: 0x0605_0403_0201)
  private let other = BluetoothAddress.resolvableForm(random: 99)

  /// A controller under a clock, with everything it needs to advertise, scan and connect.
  private struct Bench {
    var controller: SoftwareController
    var now = MonotonicTime(milliseconds: 1000)
    let isExtended: Bool

    init(_ abilities: SoftwareController.Abilities = .init(), seed: UInt64 = 1) {
      controller = SoftwareController(abilities: abilities, seed: seed)
      isExtended = abilities.isExtended
      controller.advance(to: now, utc: UTCTime(milliseconds: 0))
      _ = send(.leSetRandomAddress(.resolvableForm(random: 7)))
      for command in isExtended ? extendedSetup : legacySetup { _ = send(command) }
      controller.output.removeAll()
    }

    private var legacySetup: [HCICommand] {
      [
        .leSetAdvertisingParameters(intervalMin: 0xA0, intervalMax: 0xA0), .leSetAdvertisingData([2, 1, 6]),
        .leSetScanParameters(active: false, interval: 0x10, window: 0x10),
      ]
    }

    private var extendedSetup: [HCICommand] {
      [
        .leSetExtendedAdvertisingParameters(intervalMin: 0xA0, intervalMax: 0xA0),
        .leSetAdvertisingSetRandomAddress(.resolvableForm(random: 7)), .leSetExtendedAdvertisingData([2, 1, 6]),
        .leSetExtendedScanParameters(active: false, interval: 0x10, window: 0x10),
      ]
    }

    /// The events that follow a packet at once.
    mutating func send(_ command: HCICommand) -> [[UInt8]] {
      controller.receive(command.packet)
      return take()
    }

    mutating func take() -> [[UInt8]] {
      defer { controller.output.removeAll() }
      return controller.output
    }

    /// The status in the answer to a command.
    mutating func status(_ command: HCICommand) -> UInt8? {
      guard let answer = send(command).first, answer.count > 6 else { return nil }
      return answer[1] == 0x0F ? answer[3] : answer[6]
    }

    mutating func connect(to peer: BluetoothAddress) -> UInt8? { status(creation(peer)) }

    func creation(_ peer: BluetoothAddress) -> HCICommand {
      isExtended
        ? .leExtendedCreateConnection(to: peer, scanInterval: 0xA0, scanWindow: 0xA0)
        : .leCreateConnection(to: peer, scanInterval: 0xA0, scanWindow: 0xA0)
    }

    mutating func scan(_ enable: Bool) -> UInt8? {
      status(isExtended ? .leSetExtendedScanEnable(enable) : .leSetScanEnable(enable))
    }

    mutating func advertise(_ enable: Bool) -> UInt8? {
      status(isExtended ? .leSetExtendedAdvertisingEnable(enable) : .leSetAdvertisingEnable(enable))
    }

    mutating func hear(_ address: BluetoothAddress, eventType: UInt8 = 0, peer: VirtualPeer? = nil) -> [[UInt8]] {
      controller.hear(.init(address: address, data: [2, 1, 6]), rssiDBm: -50, eventType: eventType, peer: peer)
      return take()
    }

    /// Events of so much time, each with when it came, counted from now.
    mutating func advance(_ milliseconds: Int64) -> [(after: Int64, event: [UInt8])] {
      var events: [(after: Int64, event: [UInt8])] = []
      for after in 1...milliseconds {
        controller.advance(to: now.adding(milliseconds: after), utc: UTCTime(milliseconds: after))
        events += take().map { (after, $0) }
      }
      now = now.adding(milliseconds: milliseconds)
      return events
    }

    /// Connected, with the handle and the interval in units of 1.25 ms.
    mutating func connected(
      to address: BluetoothAddress, peer: VirtualPeer?
    ) throws -> (handle: UInt16, interval: Int) {
      #expect(connect(to: address) == 0)
      let events = hear(address, peer: peer)
      let event = try #require(events.first)
      let interval = isExtended ? 27 : 15
      try #require(event.count > interval + 1)
      return (UInt16(event[5]) | UInt16(event[6]) << 8, Int(event[interval]) | Int(event[interval + 1]) << 8)
    }
  }

  private static func abilities(isExtended: Bool) -> SoftwareController.Abilities {
    var abilities = SoftwareController.Abilities()
    abilities.isExtended = isExtended
    return abilities
  }

  private func phone(_ behaviour: VirtualPeer.Behaviour, until end: Int64 = .max) -> VirtualPeer {
    var random = SplitMix64(seed: 4)
    var device = VirtualDevice(.iPhoneBluezonerForeground, nearDBm: -50, visit: nil, baseDay: -1, random: &random)
    device.behaviour = behaviour
    device.presence = MonotonicTime(milliseconds: 0)..<MonotonicTime(milliseconds: end)
    return VirtualPeer(device)
  }

  @Test("The search begins with a status and ends with the connection, in the bytes of the specification")
  func complete() throws {
    for isExtended in [false, true] {
      var bench = Bench(Self.abilities(isExtended: isExtended))
      let opcode: [UInt8] = isExtended ? [0x43, 0x20] : [0x0D, 0x20]
      #expect(bench.send(bench.creation(peer)) == [[0x04, 0x0F, 4, 0, 1] + opcode])
      #expect(bench.controller.initiatingPeer == peer)
      let events = bench.hear(peer, peer: phone(.answers))
      let event = try #require(events.first)
      let interval = isExtended ? 27 : 15
      let tail: [UInt8] = [event[interval], 0, 0, 0, 0x90, 0x01, 0]
      let head: [UInt8] = [0, 0x40, 0, 0, 1] + peer.bytes
      let resolvable = [UInt8](repeating: 0, count: isExtended ? 12 : 0)
      let body: [UInt8] = [isExtended ? 0x0A : 0x01] + head + resolvable + tail
      #expect(events == [[0x04, 0x3E, UInt8(body.count)] + body])
      #expect((12...24).contains(event[interval]))
      #expect(bench.controller.initiatingPeer == nil && bench.controller.connectionCount == 1)
    }
  }

  @Test("While it listens for a peer it reports nothing, and takes nobody else") func listening() {
    var bench = Bench()
    #expect(bench.scan(true) == 0 && bench.hear(other).count == 1)
    #expect(bench.connect(to: peer) == 0)
    #expect(bench.hear(other).isEmpty)
    // What cannot be connected to is no answer.
    #expect(bench.hear(peer, eventType: 3).isEmpty && bench.controller.initiatingPeer == peer)
    #expect(bench.send(.leCreateConnectionCancel).count == 2)
    #expect(bench.hear(other).count == 1)
  }

  @Test("A peer that was heard and is not there: disconnected with 0x3E after six intervals", arguments: [false, true])
  func notEstablished(isExtended: Bool) throws {
    var bench = Bench(Self.abilities(isExtended: isExtended))
    let (handle, interval) = try bench.connected(to: peer, peer: nil)
    let events = bench.advance(1000)
    #expect(events.map(\.event) == [[0x04, 0x05, 4, 0, UInt8(handle), 0, 0x3E]])
    #expect(events.first?.after == 6 * (Int64(interval) * 5 / 4))
    #expect(bench.controller.connectionCount == 0)
  }

  @Test("A peer that leaves its reach is lost with 0x08 after the supervision timeout of four seconds")
  func lost() throws {
    var bench = Bench()
    let found = try bench.connected(to: peer, peer: phone(.silent, until: 2000))
    let events = bench.advance(8000)
    #expect(events.map(\.event) == [[0x04, 0x05, 4, 0, UInt8(found.handle), 0, 0x08]])
    // It was last there a second after the start; the simulation looks twice a second.
    #expect(events.first.map { (4500...5000).contains($0.after) } == true)
  }

  @Test("It is ended by this side with 0x16 at the next event") func ended() throws {
    var bench = Bench()
    let (handle, interval) = try bench.connected(to: peer, peer: phone(.silent))
    _ = bench.advance(100)
    let disconnect = HCICommand.disconnect(handle: handle, reason: .remoteUserTerminated)
    #expect(bench.send(disconnect) == [[0x04, 0x0F, 4, 0, 1, 0x06, 0x04]])
    let events = bench.advance(100)
    #expect(events.map(\.event) == [[0x04, 0x05, 4, 0, UInt8(handle), 0, 0x16]])
    #expect(events.first.map { $0.after <= Int64(interval) * 5 / 4 } == true)
    // And what is gone, or never was, cannot be ended.
    #expect(bench.status(disconnect) == 0x02)
  }

  @Test("A search beside a search is disallowed, with 0x0C") func twoSearches() {
    for isExtended in [false, true] {
      var bench = Bench(Self.abilities(isExtended: isExtended))
      #expect(bench.connect(to: peer) == 0)
      #expect(bench.connect(to: other) == 0x0C && bench.connect(to: peer) == 0x0C)
      #expect(bench.controller.initiatingPeer == peer)
    }
  }

  @Test("Whom it is connected to it does not look for: 0x0B; and one more than it can is too many: 0x09")
  func limits() throws {
    for isExtended in [false, true] {
      var abilities = Self.abilities(isExtended: isExtended)
      abilities.connections = 2
      var bench = Bench(abilities)
      _ = try bench.connected(to: peer, peer: phone(.silent))
      #expect(bench.connect(to: peer) == 0x0B)
      let second = try bench.connected(to: other, peer: phone(.silent))
      #expect(second.handle == 0x41)
      let third = BluetoothAddress.resolvableForm(random: 5)
      #expect(bench.connect(to: third) == 0x09 && bench.connect(to: other) == 0x0B)
      _ = bench.send(.disconnect(handle: second.handle, reason: .remoteUserTerminated))
      _ = bench.advance(100)
      #expect(bench.connect(to: third) == 0)
      #expect(bench.controller.refusals.count == 3)
    }
  }

  @Test("A cancel is answered, and then the search ends with 0x02; without a search it is disallowed")
  func cancel() throws {
    for isExtended in [false, true] {
      var bench = Bench(Self.abilities(isExtended: isExtended))
      #expect(bench.status(.leCreateConnectionCancel) == 0x0C)
      #expect(bench.connect(to: peer) == 0)
      let events = bench.send(.leCreateConnectionCancel)
      #expect(events.count == 2)
      #expect(events.first == [0x04, 0x0E, 4, 1, 0x0E, 0x20, 0])
      #expect(events.last.map { Array($0[3...4]) } == [isExtended ? 0x0A : 0x01, 0x02])
      #expect(bench.controller.initiatingPeer == nil)
      // Too late: the connection was made before it came.
      _ = try bench.connected(to: peer, peer: phone(.answers))
      #expect(bench.status(.leCreateConnectionCancel) == 0x0C && bench.controller.connectionCount == 1)
    }
  }

  @Test("Without an address, or with parameters that are not allowed, there is no search: 0x12")
  func parameters() {
    var fresh = SoftwareController()
    let creation = HCICommand.leCreateConnection(to: peer, scanInterval: 0xA0, scanWindow: 0xA0)
    fresh.receive(creation.packet)
    #expect(fresh.output.last?[3] == 0x12)
    var bench = Bench()
    for (interval, window) in [(3, 3), (0x10, 0x11), (0x4001, 4), (0x10, 3)] as [(UInt16, UInt16)] {
      #expect(bench.status(.leCreateConnection(to: peer, scanInterval: interval, scanWindow: window)) == 0x12)
    }
    for length in [0, 24, 26] {
      let bytes = [UInt8]((creation.parameters + [0]).prefix(length))
      #expect(bench.status(HCICommand(.leCreateConnection, bytes)) == 0x12)
    }
    #expect(bench.status(HCICommand(.disconnect, [0x40, 0])) == 0x12)
    #expect(bench.controller.initiatingPeer == nil)
  }

  @Test("While it looks for somebody its address stays: 0x0C") func address() {
    var bench = Bench()
    #expect(bench.connect(to: peer) == 0)
    #expect(bench.status(.leSetRandomAddress(other)) == 0x0C)
    _ = bench.send(.leCreateConnectionCancel)
    #expect(bench.status(.leSetRandomAddress(other)) == 0)
  }
}
