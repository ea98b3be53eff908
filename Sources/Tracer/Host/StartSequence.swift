// SPDX-License-Identifier: GPL-3.0-or-later

/// The commands that every controller gets first, and what is done when the first of them is not heard.
struct StartSequence: Sendable {
  private static let opcodes: [HCIOpcode] = [
    .reset, .readLocalVersionInformation, .readLocalSupportedCommands, .readLocalSupportedFeatures, .readBDADDR,
    .setEventMask, .writeLEHostSupport, .leReadBufferSize, .readBufferSize, .leReadLocalSupportedFeatures,
    .leReadSupportedStates, .leSetEventMask,
  ]

  private var index = 0
  private var resetsTried = 0

  /// Whether Reset has not been answered yet.
  var isAtReset: Bool { index == 0 }

  /// The next command, nil when all have been answered or left out.
  mutating func next(for controller: ControllerInformation) -> HCICommand? {
    while index < Self.opcodes.count {
      if let command = Self.command(Self.opcodes[index], for: controller) { return command }
      index += 1
    }
    return nil
  }

  /// A command of the start was answered. The answer to one that was only to fill a hole starts over with Reset.
  mutating func answered(_ opcode: HCIOpcode) {
    if index > 0 || opcode == .reset { index += 1 }
  }

  /// What to send when `command` was not answered, nil to give up.
  ///
  /// What is left of a packet that was cut off when its controller died swallows answers until it is full. A command
  /// with a long answer (71 bytes) fills it, then Reset is heard again.
  mutating func retry(after command: HCICommand, attempts: Int) -> HCICommand? {
    guard index == 0, resetsTried < attempts else { return nil }
    guard command.opcode == .reset else { return .reset }
    resetsTried += 1
    return HCICommand(.readLocalSupportedCommands)
  }

  /// nil to leave the step out.
  private static func command(_ opcode: HCIOpcode, for controller: ControllerInformation) -> HCICommand? {
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

  /// What a controller may leave out and still serve.
  static func mayBeRefused(_ opcode: HCIOpcode) -> Bool {
    switch opcode {
    case .readLocalSupportedCommands, .writeLEHostSupport, .leReadSupportedStates, .readBufferSize: true
    default: false
    }
  }
}
