// SPDX-License-Identifier: GPL-3.0-or-later

/// The kinds of packet between host and controller. A packet is its indicator byte and what follows, whatever the
/// transport. Source: Core 5.4, vol. 4, part A, 2 (H4) and hci.h of libbluetooth (HCI_COMMAND_PKT …).
public enum HCIPacketType: UInt8, Sendable {
  case command = 0x01
  case aclData = 0x02
  case synchronousData = 0x03
  case event = 0x04
}

/// Status and error codes that this host acts on or names. Source: Core 5.4, vol. 1, part F, 1.3.
public struct HCIStatus: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let success = Self(rawValue: 0x00)
  public static let unknownCommand = Self(rawValue: 0x01)
  public static let unknownConnection = Self(rawValue: 0x02)
  public static let connectionTimeout = Self(rawValue: 0x08)
  public static let connectionLimitExceeded = Self(rawValue: 0x09)
  public static let alreadyConnected = Self(rawValue: 0x0B)
  public static let limitedResources = Self(rawValue: 0x0D)
  public static let commandDisallowed = Self(rawValue: 0x0C)
  public static let unsupportedFeature = Self(rawValue: 0x11)
  public static let remoteUserTerminated = Self(rawValue: 0x13)
}

extension HCIStatus: CustomStringConvertible {
  public var description: String {
    switch self {
    case .success: "success"
    case .unknownCommand: "unknown command"
    case .unknownConnection: "unknown connection"
    case .connectionTimeout: "connection timeout"
    case .connectionLimitExceeded: "connection limit exceeded"
    case .alreadyConnected: "connection already exists"
    case .limitedResources: "limited resources"
    case .commandDisallowed: "command disallowed"
    case .unsupportedFeature: "unsupported feature or parameter value"
    default: "error 0x" + Hex.string([rawValue])
    }
  }
}
