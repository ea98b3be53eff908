// SPDX-License-Identifier: GPL-3.0-or-later

/// The channels that every LE connection has. Source: Core 5.4, vol. 3, part A, 2.1.
public struct L2CAPChannelID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let attributeProtocol = Self(rawValue: 0x0004)
  public static let leSignalling = Self(rawValue: 0x0005)
  public static let securityManager = Self(rawValue: 0x0006)
}

/// A basic frame: length, channel, payload. Source: Core 5.4, vol. 3, part A, 3.1.
public struct L2CAPFrame: Equatable, Sendable {
  public var channel: L2CAPChannelID
  /// At most 65,535 bytes.
  public let payload: [UInt8]

  /// Bytes of length and channel.
  public static let headerBytes = 4

  public init(channel: L2CAPChannelID, payload: [UInt8]) {
    self.channel = channel
    self.payload = Array(payload.prefix(0xFFFF))
  }

  /// The whole frame.
  public var bytes: [UInt8] {
    UInt16(payload.count).littleEndianBytes + channel.rawValue.littleEndianBytes + payload
  }

  /// Reads a whole frame.
  public init(_ bytes: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(bytes)
    let count = Int(try cursor.uint16(bytes, "PDU Length"))
    channel = L2CAPChannelID(rawValue: try cursor.uint16(bytes, "Channel ID"))
    payload = try cursor.range(count, "Information Payload").map { bytes[$0] }
    try cursor.finish(after: "Information Payload")
  }
}
