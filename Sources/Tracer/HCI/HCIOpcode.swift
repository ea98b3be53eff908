// SPDX-License-Identifier: GPL-3.0-or-later

/// A command's opcode: group in the upper 6 bits, command in the lower 10. Source: Core 5.4, vol. 4, part E, 7.
public struct HCIOpcode: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  private init(group: UInt16, command: UInt16) { rawValue = group << 10 | command }

  /// Answers to no command: it only grants credits.
  public static let none = Self(rawValue: 0)

  public static let disconnect = Self(group: 0x01, command: 0x0006)
  public static let setEventMask = Self(group: 0x03, command: 0x0001)
  public static let reset = Self(group: 0x03, command: 0x0003)
  public static let writeLEHostSupport = Self(group: 0x03, command: 0x006D)
  public static let readLocalVersionInformation = Self(group: 0x04, command: 0x0001)
  public static let readLocalSupportedCommands = Self(group: 0x04, command: 0x0002)
  public static let readLocalSupportedFeatures = Self(group: 0x04, command: 0x0003)
  public static let readBufferSize = Self(group: 0x04, command: 0x0005)
  public static let readBDADDR = Self(group: 0x04, command: 0x0009)
  public static let leSetEventMask = Self(group: 0x08, command: 0x0001)
  public static let leReadBufferSize = Self(group: 0x08, command: 0x0002)
  public static let leReadLocalSupportedFeatures = Self(group: 0x08, command: 0x0003)
  public static let leSetRandomAddress = Self(group: 0x08, command: 0x0005)
  public static let leSetAdvertisingParameters = Self(group: 0x08, command: 0x0006)
  public static let leSetAdvertisingData = Self(group: 0x08, command: 0x0008)
  public static let leSetAdvertisingEnable = Self(group: 0x08, command: 0x000A)
  public static let leSetScanParameters = Self(group: 0x08, command: 0x000B)
  public static let leSetScanEnable = Self(group: 0x08, command: 0x000C)
  public static let leCreateConnection = Self(group: 0x08, command: 0x000D)
  public static let leCreateConnectionCancel = Self(group: 0x08, command: 0x000E)
  public static let leReadSupportedStates = Self(group: 0x08, command: 0x001C)
  public static let leSetAdvertisingSetRandomAddress = Self(group: 0x08, command: 0x0035)
  public static let leSetExtendedAdvertisingParameters = Self(group: 0x08, command: 0x0036)
  public static let leSetExtendedAdvertisingData = Self(group: 0x08, command: 0x0037)
  public static let leSetExtendedAdvertisingEnable = Self(group: 0x08, command: 0x0039)
  public static let leSetExtendedScanParameters = Self(group: 0x08, command: 0x0041)
  public static let leSetExtendedScanEnable = Self(group: 0x08, command: 0x0042)
  public static let leExtendedCreateConnection = Self(group: 0x08, command: 0x0043)
}

extension HCIOpcode: CustomStringConvertible {
  public var description: String {
    switch self {
    case .none: "no command"
    case .disconnect: "Disconnect"
    case .setEventMask: "Set Event Mask"
    case .reset: "Reset"
    case .writeLEHostSupport: "Write LE Host Support"
    case .readLocalVersionInformation: "Read Local Version Information"
    case .readLocalSupportedCommands: "Read Local Supported Commands"
    case .readLocalSupportedFeatures: "Read Local Supported Features"
    case .readBufferSize: "Read Buffer Size"
    case .readBDADDR: "Read BD_ADDR"
    case .leSetEventMask: "LE Set Event Mask"
    case .leReadBufferSize: "LE Read Buffer Size"
    case .leReadLocalSupportedFeatures: "LE Read Local Supported Features"
    case .leSetRandomAddress: "LE Set Random Address"
    case .leSetAdvertisingParameters: "LE Set Advertising Parameters"
    case .leSetAdvertisingData: "LE Set Advertising Data"
    case .leSetAdvertisingEnable: "LE Set Advertising Enable"
    case .leSetScanParameters: "LE Set Scan Parameters"
    case .leSetScanEnable: "LE Set Scan Enable"
    case .leCreateConnection: "LE Create Connection"
    case .leCreateConnectionCancel: "LE Create Connection Cancel"
    case .leReadSupportedStates: "LE Read Supported States"
    case .leSetAdvertisingSetRandomAddress: "LE Set Advertising Set Random Address"
    case .leSetExtendedAdvertisingParameters: "LE Set Extended Advertising Parameters"
    case .leSetExtendedAdvertisingData: "LE Set Extended Advertising Data"
    case .leSetExtendedAdvertisingEnable: "LE Set Extended Advertising Enable"
    case .leSetExtendedScanParameters: "LE Set Extended Scan Parameters"
    case .leSetExtendedScanEnable: "LE Set Extended Scan Enable"
    case .leExtendedCreateConnection: "LE Extended Create Connection"
    default: "command 0x" + Hex.string([UInt8(rawValue >> 8), UInt8(rawValue & 0xFF)])
    }
  }
}
