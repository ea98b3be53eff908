// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

/// A host and a software controller with a wire between them, and a clock that is moved by hand.
///
/// After every packet it notes what goes out on the air, and after every tick it checks that the host's next
/// deadline has moved on.
struct HostLink {
  /// What becomes of an order to open the transport.
  enum Opening {
    case works
    case fails(TransportFault)
    /// Neither opens nor fails.
    case silent
  }

  var host: HCIHost
  var controller = SoftwareController()
  var now = MonotonicTime(milliseconds: 1000)
  var opening = Opening.works
  /// The controller's answer to a command, where the test wants another than the software controller's: nil
  /// leaves the command to that one, an empty list swallows it.
  var answer: (HCICommand) -> [[UInt8]]? = { _ in nil }
  /// What the wire makes of a packet on its way to the host.
  var wire: ([UInt8]) -> [[UInt8]] = { [$0] }
  /// The transport fails when the host sends its command of this number in the present opening, counted
  /// from 0.
  var failsAtCommand: Int?

  /// The generation of the transport that is open.
  private(set) var openGeneration: Int?
  /// Commands in the order in which they were sent, of all openings.
  private(set) var commands: [HCICommand] = []
  /// ACL packets for the peers of connections.
  private(set) var dataPackets: [[UInt8]] = []
  /// Commands since the transport was opened.
  private(set) var commandsSinceOpening = 0
  /// When the transport was told to open.
  private(set) var openings: [MonotonicTime] = []
  private(set) var closings = 0
  /// The steps outside that the host has asked for, with their times. They end at once, unless told otherwise.
  private(set) var steps: [(at: MonotonicTime, step: RecoveryStep)] = []
  var stepsEnd = true
  /// Every pair of address and data that was ever on the air, in order, repeated ones once.
  private(set) var transmissions: [SoftwareController.Transmission] = []
  /// The faults that the host has found, in order.
  private(set) var faults: [RadioFault] = []
  /// The states that the host was in, in order, repeated ones once.
  private(set) var states: [HCIHost.State] = [.closed]

  init(configuration: HCIHostConfiguration = HCIHostConfiguration()) {
    host = HCIHost(configuration: configuration)
  }

  /// A host that runs with `advertisement`.
  static func running(_ advertisement: HCIHost.Advertisement) -> Self {
    var link = Self()
    link.start(advertisement)
    return link
  }

  mutating func start(_ advertisement: HCIHost.Advertisement?) {
    if let advertisement { host.advertise(advertisement, at: now) }
    host.start(at: now)
    settle()
  }

  mutating func advertise(_ advertisement: HCIHost.Advertisement) {
    host.advertise(advertisement, at: now)
    settle()
  }

  mutating func stop() {
    host.stop(at: now)
    settle()
  }

  /// A packet from the controller that it did not send by itself.
  mutating func deliver(_ packet: [UInt8]) {
    host.receive(packet, generation: openGeneration ?? -1, at: now)
    settle()
  }

  mutating func failTransport(_ fault: TransportFault = .closed) {
    guard let generation = openGeneration else { return }
    openGeneration = nil
    host.transportFailed(fault, generation: generation, at: now)
    settle()
  }

  /// Lets time pass, stopping at each of the host's deadlines.
  mutating func advance(milliseconds: Int64) {
    let end = now.adding(milliseconds: milliseconds)
    while let deadline = host.nextDeadline, deadline < end || deadline == end {
      if now < deadline { now = deadline }
      host.tick(at: now)
      settle()
      if let next = host.nextDeadline {
        guard now < next else {
          Issue.record(
            "the host asks again for \(next.milliseconds) at \(now.milliseconds), in \(host.state)")
          return
        }
      }
    }
    now = end
    host.tick(at: now)
    settle()
  }

  /// Moves packets both ways until there are none.
  mutating func settle() {
    note()
    for _ in 0..<10_000 {
      let effects = host.takeEffects()
      if effects.isEmpty, controller.output.isEmpty { return }
      for effect in effects { apply(effect) }
      let packets = controller.output
      controller.output.removeAll()
      for packet in packets {
        guard let openGeneration else { break }
        for heard in wire(packet) { host.receive(heard, generation: openGeneration, at: now) }
        note()
      }
    }
    Issue.record("host and controller never come to rest")
  }

  private mutating func apply(_ effect: HCIHost.Effect) {
    switch effect {
    case .open(let generation):
      #expect(openGeneration == nil, "opened twice")
      openings.append(now)
      commandsSinceOpening = 0
      controller.output.removeAll()
      switch opening {
      case .works:
        openGeneration = generation
        host.transportOpened(generation: generation, at: now)
      case .fails(let fault): host.transportFailed(fault, generation: generation, at: now)
      case .silent: break
      }
    case .close:
      closings += 1
      openGeneration = nil
      // A controller that is closed is reset by the kernel.
      controller.receive(HCICommand.reset.packet)
      controller.output.removeAll()
    case .recover(let step):
      #expect(openGeneration == nil, "a step is taken while the transport is open")
      steps.append((now, step))
      if stepsEnd { host.recovered(step, at: now) }
    case .send(let packet) where packet.first == HCIPacketType.aclData.rawValue: dataPackets.append(packet)
    case .send(let packet):
      guard openGeneration != nil, let command = try? HCICommand(packet: packet.span) else {
        Issue.record("the host sent something that is no command, or to a closed transport")
        return
      }
      commands.append(command)
      // The alive check: an intact controller refuses to set its address while it is on the air.
      if let sent = controller.transmission, command == .leSetRandomAddress(sent.address), !controller.isHung,
        answer(command) == nil
      {
        commandsSinceOpening += 1
        controller.output.append(Events.commandComplete(.leSetRandomAddress, [0x0C]))
        return
      }
      commandsSinceOpening += 1
      if let failsAtCommand, commandsSinceOpening > failsAtCommand {
        self.failsAtCommand = nil
        let generation = openGeneration ?? -1
        openGeneration = nil
        host.transportFailed(.closed, generation: generation, at: now)
      } else if let packets = answer(command) {
        controller.output += packets
      } else {
        controller.receive(packet)
      }
    }
    note()
  }

  private mutating func note() {
    if let transmission = controller.transmission, transmissions.last != transmission {
      transmissions.append(transmission)
    }
    if host.counters.faults > faults.count, let fault = host.lastFault { faults.append(fault) }
    if states.last != host.state { states.append(host.state) }
  }
}

extension HostLink {
  var isRunning: Bool {
    host.state == .running && host.isScanning && controller.isScanning
      && host.isAdvertising == controller.isAdvertising
  }

  /// Whether the controller was reset because of `fault`, over the transport as it was.
  func wasReset(_ fault: RadioFault) -> Bool {
    host.lastFault == fault && host.lastStep == .reset && closings == 0 && openings.count == 1
  }

  /// Whether the fault that took the radio down is `fault`.
  func isDown(_ fault: RadioFault) -> Bool {
    if case .down(fault, _) = host.state { return host.lastFault == fault }
    return false
  }
}

/// Events as a controller writes them.
enum Events {
  static func commandComplete(_ opcode: HCIOpcode, credits: UInt8 = 1, _ parameters: [UInt8] = [0]) -> [UInt8] {
    let raw = opcode.rawValue
    return [0x04, 0x0E, UInt8(3 + parameters.count), credits, UInt8(raw & 0xFF), UInt8(raw >> 8)] + parameters
  }

  static func commandStatus(_ opcode: HCIOpcode, credits: UInt8 = 1, status: HCIStatus = .success) -> [UInt8] {
    [0x04, 0x0F, 4, status.rawValue, credits, UInt8(opcode.rawValue & 0xFF), UInt8(opcode.rawValue >> 8)]
  }

  /// For no command: it only tells how many may be sent.
  static func credits(_ count: UInt8) -> [UInt8] { [0x04, 0x0E, 3, count, 0, 0] }

  static func hardwareError(_ code: UInt8) -> [UInt8] { [0x04, 0x10, 1, code] }

  static func connected(_ handle: UInt16) -> [UInt8] {
    [0x04, 0x3E, 19, 0x01, 0, UInt8(handle & 0xFF), UInt8(handle >> 8), 1, 1]
      + [1, 2, 3, 4, 5, 6, 0x18, 0, 0, 0, 0x48, 0, 0]
  }

  /// A connection as central that was not made.
  static func notConnected(_ status: UInt8, _ peer: BluetoothAddress) -> [UInt8] {
    [0x04, 0x3E, 19, 0x01, status, 0, 0, 0, peer.isRandom ? 1 : 0] + peer.bytes + [0, 0, 0, 0, 0, 0, 0]
  }

  static func disconnected(_ handle: UInt16) -> [UInt8] {
    [0x04, 0x05, 4, 0, UInt8(handle & 0xFF), UInt8(handle >> 8), 0x16]
  }
}

/// Advertisements with an address and an id told apart by `number`.
func advertisement(_ number: UInt8) -> HCIHost.Advertisement {
  HCIHost.Advertisement(
    address: .resolvableForm(random: UInt64(number) * 0x0101),
    id: BluezoneID([UInt8](repeating: number, count: 12)))
}

/// What `advertisement(number)` sends.
func transmission(_ number: UInt8) -> SoftwareController.Transmission? {
  var controller = SoftwareController()
  guard let id = advertisement(number).id else { return nil }
  for command: HCICommand in [
    .leSetRandomAddress(advertisement(number).address),
    .leSetAdvertisingData(BluezoneAdvertisement.data(for: id)),
    .leSetAdvertisingParameters(intervalMin: 0xA0, intervalMax: 0xA0), .leSetAdvertisingEnable(true),
  ] {
    controller.receive(command.packet)
  }
  return controller.transmission
}
