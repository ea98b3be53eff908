// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// Whole packets into the parsers, and a conversation into a host that runs.
  static let hciEvents = FuzzTarget(name: "hci-events", seeds: hciSeeds) { input in
    checkPackets(input)
    var input = FuzzInput(input)
    var conversation = HostConversation(kind: input.uint8())
    for _ in 0..<64 where !input.isAtEnd { conversation.step(&input) }
  }

  private static func checkPackets(_ packet: [UInt8]) {
    if let event = try? HCIEvent(packet: packet.span) {
      hold(packet[0] == 4 && packet.count == 3 + Int(packet[2]), "an event is as long as it says")
      hold((try? HCIEvent(packet: Array(packet.dropLast()).span)) == nil, "a cut event is refused")
      hold((try? HCIEvent(packet: (packet + [0]).span)) == nil, "an event with a byte too many is refused")
      switch event {
      case .commandComplete(_, _, _, let range), .leAdvertisingReport(let range):
        hold(range.lowerBound >= 3 && range.upperBound == packet.count, "a range lies inside its packet")
      default: break
      }
    }
    if let command = try? HCICommand(packet: packet.span) {
      hold(command.packet == packet, "a command is written as it was read")
    }
  }

  private static let hciSeeds: [[UInt8]] = {
    let connected = bytes("043e13 01 00 4000 01 01 c04b43f2a1e5 1800 0000 4800 00")
    let packets = [
      "043e2a02010001bb2694c042741e 02011a 020a08 0b095465737450686f6e6534 0bff4c001006671e5cfadbd3 bf",
      "043e23 02 01 00 01 a0b1c2d3e475 17 020106 0303564e 0fffb522 d56342c09af6bdddc9e79108 c8",
      "043e1e 02 02 00 01 010203040506 03 020106 c4 04 00 060504030201 05 04095a5a5a 7f",
      "043e21 02 01 00 01 a0b1c2d3e475 15 020106 1107 67a607add1172fa1c44bf573564e0000 c8",
      "040e04 01 030c 00", "040f04 00 01 0604", "040504 00 4000 13", "041001 42", "04130501 4000 0100",
      "043e13 01 00 4000 00 01 c04b43f2a1e5 1800 0000 4800 00",
      "0240 20 0700 0300 0400 02 0002",
    ].map { bytes($0) }
    var seeds = packets
    // As steps of a conversation: a connection to the host, and a request over it.
    for kind: UInt8 in 0...3 {
      seeds += packets.map { [kind, 0] + FuzzInput.piece($0) + [4, 20, 1] }
      let spoken = [connected, bytes("024020 0700 0300 0400 02 0002"), bytes("040504 00 4000 13")]
      seeds.append([kind] + spoken.flatMap { [0] + FuzzInput.piece($0) })
      seeds.append([kind, 3, 0, 2, 7, 1, 0x0C, 0, 4, 255, 4, 255, 5, 1])
    }
    return seeds
  }()
}

/// A host at the wire of a controller that says whatever the input has it say.
private struct HostConversation {
  private var host: HCIHost
  private var now = MonotonicTime(milliseconds: 1_000_000)
  private var generation = 1
  /// Whether commands are answered as a sound controller does, or by the input alone.
  private var isSound: Bool
  private let isExtended: Bool
  private var lastCommand: HCICommand?
  private var isOpen: Bool

  /// Bit 0: an extended controller. Bit 1: the input alone answers. Bit 2: before the start. Bit 3: a recording.
  init(kind: UInt8) {
    isExtended = kind & 1 != 0
    isSound = kind & 2 == 0
    if kind & 8 != 0 {
      host = HCIHost()
      host.listenOnly()
      generation = 0
      isOpen = true
    } else if kind & 4 != 0 {
      var configuration = HCIHostConfiguration()
      configuration.recovery.outsideSteps = [.powerCycle, .rebind, .reboot]
      host = HCIHost(configuration: configuration)
      isOpen = false
      host.advertise(Self.advertisement(1), at: now)
      host.start(at: now)
      settle()
    } else {
      let running = isExtended ? Self.extendedRunning : Self.legacyRunning
      host = running.host
      now = running.now
      generation = running.generation
      lastCommand = running.lastCommand
      isOpen = true
    }
  }

  private static let legacyRunning = started(isExtended: false)
  private static let extendedRunning = started(isExtended: true)

  private static func started(isExtended: Bool) -> Self {
    let conversation = Self(kind: isExtended ? 5 : 4)
    guard conversation.host.state == .running, conversation.host.isScanning, conversation.host.isAdvertising else {
      fail("the host does not come up with a sound controller: \(conversation.host.state)")
    }
    return conversation
  }

  private static func advertisement(_ number: UInt8) -> HCIHost.Advertisement {
    HCIHost.Advertisement(
      address: .resolvableForm(random: UInt64(number)),
      id: number == 0 ? nil : BluezoneID([UInt8](repeating: number, count: 12)))
  }

  mutating func step(_ input: inout FuzzInput) {
    let choice = input.uint8() % 8
    // A recording has no transport that could fail, stop or start.
    switch generation == 0 ? choice % 2 * 4 : choice {
    case 0, 1: deliver(input.piece())
    case 2:
      // An answer to what was asked last, so that nobody must guess an opcode.
      guard let opcode = lastCommand?.opcode.rawValue else { return }
      let payload = [input.uint8(), UInt8(opcode & 0xFF), UInt8(opcode >> 8)] + input.piece().prefix(252)
      deliver([0x04, 0x0E, UInt8(payload.count)] + payload)
    case 3:
      guard let opcode = lastCommand?.opcode.rawValue else { return }
      deliver([0x04, 0x0F, 4, input.uint8(), input.uint8(), UInt8(opcode & 0xFF), UInt8(opcode >> 8)])
    case 4: pass(milliseconds: Int64(input.uint8()) * 50)
    case 5: host.advertise(Self.advertisement(input.uint8()), at: now)
    case 6: isSound.toggle()
    default:
      switch input.uint8() % 4 {
      case 0: host.stop(at: now)
      case 1: host.start(at: now)
      case 2:
        isOpen = false
        host.transportFailed(.closed, generation: generation, at: now)
      default: now = now.adding(milliseconds: 3_600_000)
      }
    }
    settle()
  }

  private mutating func deliver(_ packet: [UInt8]) {
    let before = host.counters.reports
    host.receive(packet, generation: generation, at: now)
    // At most 25 reports an event; some readings may end with it.
    hold(host.counters.reports - before <= 25, "one event holds at most 25 reports")
    hold(host.sightings.count <= 50, "one packet gives few sightings")
  }

  /// To the next deadline that lies within `milliseconds`, or that far.
  private mutating func pass(milliseconds: Int64) {
    let end = now.adding(milliseconds: milliseconds)
    var ticks = 0
    while let deadline = host.nextDeadline, deadline <= end {
      now = max(now, deadline)
      host.tick(at: now)
      settle()
      ticks += 1
      hold(ticks < 2000, "deadlines move on: \(host.state) asks for the same time again and again")
    }
    now = end
    host.tick(at: now)
  }

  /// Moves packets both ways until there are none.
  private mutating func settle() {
    for round in 0... {
      hold(round < 500, "host and controller come to rest")
      let effects = host.takeEffects()
      if effects.isEmpty { break }
      for effect in effects { apply(effect) }
    }
    host.sightings.removeAll(keepingCapacity: true)
    if host.state != .closed, generation != 0 {
      hold(host.nextDeadline != nil, "something wakes the host in \(host.state)")
    }
  }

  private mutating func apply(_ effect: HCIHost.Effect) {
    switch effect {
    case .open(let generation):
      hold(generation > self.generation || lastCommand == nil, "generations go up")
      self.generation = generation
      isOpen = true
      host.transportOpened(generation: generation, at: now)
    case .close: isOpen = false
    case .recover(let step):
      hold(!isOpen && step.isOutside, "the transport is closed while a step is taken outside")
      // Otherwise its end never comes.
      if isSound { host.recovered(step, at: now) }
    case .send(let packet):
      hold(generation != 0, "nothing is sent to a recording")
      switch packet.first {
      case 0x01:
        guard let command = try? HCICommand(packet: packet.span) else { fail("the host sends whole commands") }
        lastCommand = command
        if isSound, isOpen { host.receive(answer(to: command), generation: generation, at: now) }
      case 0x02:
        guard let acl = try? ACLData(packet: packet.span) else { fail("the host sends whole data packets") }
        if isSound, isOpen {
          let completed = [0x04, 0x13, 5, 1] + acl.handle.littleEndianBytes + [1, 0]
          host.receive(completed, generation: generation, at: now)
        }
      default: fail("the host sends commands and data alone")
      }
    }
  }

  private func answer(to command: HCICommand) -> [UInt8] {
    let opcode = command.opcode.rawValue.littleEndianBytes
    var parameters: [UInt8] = []
    switch command.opcode {
    case .readLocalVersionInformation: parameters = [8, 0, 0, 8, 0xFF, 0xFF, 0, 0]
    case .readLocalSupportedCommands: parameters = [UInt8](repeating: isExtended ? 0xFF : 0, count: 64)
    // LE, and no BR/EDR.
    case .readLocalSupportedFeatures: parameters = [0, 0, 0, 0, 0x60, 0, 0, 0]
    case .leReadLocalSupportedFeatures: parameters = [UInt8](repeating: isExtended ? 0xFF : 0, count: 8)
    case .readBDADDR: parameters = [1, 0, 0, 0, 0, 2]
    case .leReadBufferSize: parameters = [27, 0, 8]
    case .disconnect: return [0x04, 0x0F, 4, 0, 1] + opcode
    // Create Connection of either kind: its event follows, or not.
    case HCIOpcode(rawValue: 0x200D), HCIOpcode(rawValue: 0x2043): return [0x04, 0x0F, 4, 0, 1] + opcode
    // Read Supported States: every combination.
    case HCIOpcode(rawValue: 0x201C): parameters = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03, 0, 0]
    default: parameters = [0, 0, 0, 0, 0, 0, 0, 0]
    }
    return [0x04, 0x0E, UInt8(4 + parameters.count), 1] + opcode + [0] + parameters
  }
}
