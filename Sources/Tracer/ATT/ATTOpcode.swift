// SPDX-License-Identifier: GPL-3.0-or-later

/// The first byte of an attribute PDU. Source: Core 5.4, vol. 3, part F, 3.4.8.
public struct ATTOpcode: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let errorResponse = Self(rawValue: 0x01)
  public static let exchangeMTURequest = Self(rawValue: 0x02)
  public static let exchangeMTUResponse = Self(rawValue: 0x03)
  public static let findInformationRequest = Self(rawValue: 0x04)
  public static let findInformationResponse = Self(rawValue: 0x05)
  public static let findByTypeValueRequest = Self(rawValue: 0x06)
  public static let findByTypeValueResponse = Self(rawValue: 0x07)
  public static let readByTypeRequest = Self(rawValue: 0x08)
  public static let readByTypeResponse = Self(rawValue: 0x09)
  public static let readRequest = Self(rawValue: 0x0A)
  public static let readResponse = Self(rawValue: 0x0B)
  public static let readBlobRequest = Self(rawValue: 0x0C)
  public static let readBlobResponse = Self(rawValue: 0x0D)
  public static let readMultipleRequest = Self(rawValue: 0x0E)
  public static let readMultipleResponse = Self(rawValue: 0x0F)
  public static let readByGroupTypeRequest = Self(rawValue: 0x10)
  public static let readByGroupTypeResponse = Self(rawValue: 0x11)
  public static let writeRequest = Self(rawValue: 0x12)
  public static let writeResponse = Self(rawValue: 0x13)
  public static let prepareWriteRequest = Self(rawValue: 0x16)
  public static let prepareWriteResponse = Self(rawValue: 0x17)
  public static let executeWriteRequest = Self(rawValue: 0x18)
  public static let executeWriteResponse = Self(rawValue: 0x19)
  public static let handleValueNotification = Self(rawValue: 0x1B)
  public static let handleValueIndication = Self(rawValue: 0x1D)
  public static let handleValueConfirmation = Self(rawValue: 0x1E)
  public static let readMultipleVariableRequest = Self(rawValue: 0x20)
  public static let readMultipleVariableResponse = Self(rawValue: 0x21)
  public static let multipleHandleValueNotification = Self(rawValue: 0x23)
  public static let writeCommand = Self(rawValue: 0x52)
  public static let signedWriteCommand = Self(rawValue: 0xD2)

  /// The six types of attribute PDU. Source: the same, 3.3, table 3.1.
  public enum Kind: Sendable {
    // To a server.
    case request, command, confirmation
    // To a client.
    case response, notification, indication
  }

  /// An opcode that nobody has defined is a command if it has the command flag, else a request: that is how a
  /// server must treat it.
  public var kind: Kind {
    if rawValue & 0x40 != 0 { return .command }
    switch self {
    case .errorResponse, .exchangeMTUResponse, .findInformationResponse, .findByTypeValueResponse,
      .readByTypeResponse, .readResponse, .readBlobResponse, .readMultipleResponse, .readByGroupTypeResponse,
      .writeResponse, .prepareWriteResponse, .executeWriteResponse, .readMultipleVariableResponse:
      return .response
    case .handleValueNotification, .multipleHandleValueNotification: return .notification
    case .handleValueIndication: return .indication
    case .handleValueConfirmation: return .confirmation
    default: return .request
    }
  }
}
