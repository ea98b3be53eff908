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
  /// Bytes of one LE data packet, and how many the controller holds.
  public var dataPacketBytes = 27
  public var dataPackets = 1
  /// State combinations the link layer can do, bit by bit. Source: Core 5.4, vol. 4, part E, 7.8.27.
  public var supportedStates: UInt64 = 0

  public init() {}

  public var supportsLowEnergy: Bool { lmpFeatures & 1 << 38 != 0 }
  public var supportsClassic: Bool { lmpFeatures & 1 << 37 == 0 }

  /// LE feature bit 12. Such a controller is driven with the extended commands alone: the two kinds may not be mixed.
  public var supportsExtendedAdvertising: Bool { leFeatures & 1 << 12 != 0 }

  /// Scanning goes on while a connection is being made (bits 22, 23: passive, active).
  func canScanWhileInitiating(actively: Bool) -> Bool { supportedStates & 1 << (actively ? 23 : 22) != 0 }
  /// Connectable advertising goes on while a connection is being made (bit 32).
  var canAdvertiseWhileInitiating: Bool { supportedStates & 1 << 32 != 0 }
  /// A connection can be made while another one exists as central (bit 28).
  var canInitiateWhileCentral: Bool { supportedStates & 1 << 28 != 0 }
  /// ... as peripheral (bit 41).
  var canInitiateWhilePeripheral: Bool { supportedStates & 1 << 41 != 0 }

  func supportsCommand(octet: Int, bit: UInt8) -> Bool {
    octet < supportedCommands.count && supportedCommands[octet] & 1 << bit != 0
  }

  /// Takes in what the answer to a command of the start says.
  mutating func learn(
    _ opcode: HCIOpcode, _ status: HCIStatus, _ bytes: Span<UInt8>, _ parameters: Range<Int>
  ) throws(ParseError) {
    // Those it may leave out.
    guard status == .success else { return }
    var cursor = ByteCursor(bytes, in: parameters)
    switch opcode {
    case .readLocalVersionInformation:
      hciVersion = try cursor.uint8(bytes, "HCI_Version")
      _ = try cursor.uint16(bytes, "HCI_Subversion")
      _ = try cursor.uint8(bytes, "LMP_Version")
      manufacturer = try cursor.uint16(bytes, "Company_Identifier")
    case .readLocalSupportedCommands:
      supportedCommands = try cursor.range(64, "Supported_Commands").map { bytes[$0] }
    case .readLocalSupportedFeatures: lmpFeatures = try cursor.uint64(bytes, "LMP_Features")
    case .leReadLocalSupportedFeatures: leFeatures = try cursor.uint64(bytes, "LE_Features")
    case .readBDADDR:
      let start = try cursor.range(6, "BD_ADDR").lowerBound
      address = BluetoothAddress(bytes, at: start, isRandom: false)
    case .leReadBufferSize:
      dataPacketBytes = Int(try cursor.uint16(bytes, "LE_ACL_Data_Packet_Length"))
      dataPackets = Int(try cursor.uint8(bytes, "Total_Num_LE_ACL_Data_Packets"))
    case .readBufferSize:
      dataPacketBytes = Int(try cursor.uint16(bytes, "ACL_Data_Packet_Length"))
      _ = try cursor.uint8(bytes, "Synchronous_Data_Packet_Length")
      dataPackets = Int(try cursor.uint16(bytes, "Total_Num_ACL_Data_Packets"))
    case .leReadSupportedStates: supportedStates = try cursor.uint64(bytes, "LE_States")
    default: break
    }
  }
}
