// SPDX-License-Identifier: GPL-3.0-or-later

/// What a controller says of itself when it is started.
public struct ControllerInformation: Hashable, Sendable {
  /// HCI version number as assigned: 6 is Bluetooth 4.0, 13 is 5.4.
  public var hciVersion: UInt8 = 0
  /// Company identifier of its maker.
  public var manufacturer: UInt16 = 0
  /// LMP features, page 0, bit n for feature n.
  public var lmpFeatures: UInt64 = 0
  /// LE features, page 0, bit n for feature n. Source: Core 5.4, vol. 6, part B, 4.6.
  public var leFeatures: UInt64 = 0
  /// Supported commands, 64 octets; empty when the controller does not tell. Source: Core 5.4, vol. 4, part E, 6.27.
  public var supportedCommands: [UInt8] = []
  /// The public address. It stays in memory: it is an identifier.
  public var address: BluetoothAddress?
  /// LE data packets the controller holds, 0 when it shares the BR/EDR buffers.
  public var leDataPackets: UInt8 = 0

  public init() {}

  public var supportsLowEnergy: Bool { lmpFeatures & 1 << 38 != 0 }
  public var supportsClassic: Bool { lmpFeatures & 1 << 37 == 0 }

  func supportsCommand(octet: Int, bit: UInt8) -> Bool {
    octet < supportedCommands.count && supportedCommands[octet] & 1 << bit != 0
  }
}
