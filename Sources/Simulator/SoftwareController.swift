// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A Bluetooth LE controller in software, seen through HCI packets: it answers commands as a legacy (Bluetooth 4.2)
/// controller does and reports what is sent on its air. It refuses what a real one refuses.
public struct SoftwareController: Sendable {
  /// What goes out on the air while advertising is on.
  public struct Transmission: Hashable, Sendable {
    public var address: BluetoothAddress
    public var data: [UInt8]
  }

  /// Packets for the host, for the owner to take and empty.
  public var output: [[UInt8]] = []
  /// Answers nothing while true, as a controller whose firmware hangs.
  public var isHung = false
  public private(set) var isScanning = false
  public private(set) var isAdvertising = false
  /// Commands it has refused since it was made.
  public private(set) var refusals: [HCIOpcode] = []

  private var randomAddress: BluetoothAddress?
  private var advertisingData: [UInt8] = []
  private var hasAdvertisingParameters = false
  private var hasScanParameters = false

  public init() {}

  /// What a phone nearby would hear from the kiosk now.
  public var transmission: Transmission? {
    guard isAdvertising, let randomAddress else { return nil }
    return Transmission(address: randomAddress, data: advertisingData)
  }

  /// A packet from the host.
  public mutating func receive(_ packet: [UInt8]) {
    guard !isHung, let command = try? HCICommand(packet: packet.span) else { return }
    let (status, parameters) = execute(command)
    if status != .success { refusals.append(command.opcode) }
    let opcode = command.opcode.rawValue
    let payload = [1, UInt8(opcode & 0xFF), UInt8(opcode >> 8), status.rawValue] + parameters
    output.append(
      [HCIPacketType.event.rawValue, HCIEvent.Code.commandComplete, UInt8(payload.count)] + payload)
  }

  /// Something was sent nearby. It is reported if the controller scans.
  ///
  /// - Parameter eventType: 0 for connectable advertising, 3 for non-connectable.
  public mutating func hear(_ sent: Transmission, rssiDBm: Int8, eventType: UInt8 = 0) {
    guard isScanning, !isHung, sent.data.count <= 31 else { return }
    let report: [UInt8] =
      [HCIEvent.Code.leAdvertisingReport, 1, eventType, sent.address.isRandom ? 1 : 0] + sent.address.bytes
      + [UInt8(sent.data.count)] + sent.data + [UInt8(bitPattern: rssiDBm)]
    output.append([HCIPacketType.event.rawValue, HCIEvent.Code.leMeta, UInt8(report.count)] + report)
  }

  private mutating func execute(_ command: HCICommand) -> (HCIStatus, [UInt8]) {
    let parameters = command.parameters
    switch command.opcode {
    case .reset:
      self = Self(keeping: self)
      return (.success, [])
    case .setEventMask, .leSetEventMask:
      return parameters.count == 8 ? (.success, []) : (Self.invalidParameters, [])
    // Bluetooth 4.2, made by nobody.
    case .readLocalVersionInformation: return (.success, [8, 0, 0, 8, 0xFF, 0xFF, 0, 0])
    case .readLocalSupportedCommands: return (.success, [UInt8](repeating: 0, count: 64))
    // LE, and no BR/EDR.
    case .readLocalSupportedFeatures: return (.success, [0, 0, 0, 0, 0x60, 0, 0, 0])
    case .readBDADDR: return (.success, [1, 0, 0, 0, 0, 2])
    case .leReadBufferSize: return (.success, [27, 0, 8])
    // Every combination of states.
    case .leReadSupportedStates: return (.success, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03, 0, 0])
    case .leReadLocalSupportedFeatures: return (.success, [UInt8](repeating: 0, count: 8))
    case .leSetRandomAddress:
      guard parameters.count == 6 else { return (Self.invalidParameters, []) }
      guard !isAdvertising, !isScanning else { return (.commandDisallowed, []) }
      var bits: UInt64 = 0
      for (i, byte) in parameters.enumerated() { bits |= UInt64(byte) << (8 * UInt64(i)) }
      randomAddress = BluetoothAddress(bits: bits, isRandom: true)
    case .leSetAdvertisingParameters:
      guard parameters.count == 15 else { return (Self.invalidParameters, []) }
      guard !isAdvertising else { return (.commandDisallowed, []) }
      hasAdvertisingParameters = true
    case .leSetAdvertisingData:
      guard parameters.count == 32, parameters[0] <= 31 else { return (Self.invalidParameters, []) }
      advertisingData = Array(parameters[1..<1 + Int(parameters[0])])
    case .leSetAdvertisingEnable:
      guard let enable = parameters.first, parameters.count == 1, enable <= 1 else {
        return (Self.invalidParameters, [])
      }
      guard enable == 0 || (randomAddress != nil && hasAdvertisingParameters) else {
        return (Self.invalidParameters, [])
      }
      isAdvertising = enable == 1
    case .leSetScanParameters:
      guard parameters.count == 7 else { return (Self.invalidParameters, []) }
      guard !isScanning else { return (.commandDisallowed, []) }
      hasScanParameters = true
    case .leSetScanEnable:
      guard parameters.count == 2, parameters[0] <= 1 else { return (Self.invalidParameters, []) }
      guard parameters[0] == 0 || (randomAddress != nil && hasScanParameters) else {
        return (Self.invalidParameters, [])
      }
      isScanning = parameters[0] == 1
    default: return (.unknownCommand, [])
    }
    return (.success, [])
  }

  private init(keeping other: Self) {
    output = other.output
    refusals = other.refusals
  }

  private static let invalidParameters = HCIStatus(rawValue: 0x12)
}
