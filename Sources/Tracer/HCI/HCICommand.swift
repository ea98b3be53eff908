// SPDX-License-Identifier: GPL-3.0-or-later

/// A command with its parameters, as the host sends it. Source of every layout: Core 5.4, vol. 4, part E, 7.
public struct HCICommand: Hashable, Sendable {
  public var opcode: HCIOpcode
  /// At most 255 bytes.
  public let parameters: [UInt8]

  public init(_ opcode: HCIOpcode, _ parameters: [UInt8] = []) {
    self.opcode = opcode
    self.parameters = Array(parameters.prefix(255))
  }

  /// The whole packet.
  public var packet: [UInt8] {
    [HCIPacketType.command.rawValue, UInt8(opcode.rawValue & 0xFF), UInt8(opcode.rawValue >> 8)]
      + [UInt8(parameters.count)] + parameters
  }

  /// Reads a whole command packet, as a controller does.
  public init(packet: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(packet)
    guard try cursor.uint8(packet, "packet indicator") == HCIPacketType.command.rawValue else {
      throw ParseError(.invalid, field: "packet indicator", offset: 0)
    }
    opcode = HCIOpcode(rawValue: try cursor.uint16(packet, "opcode"))
    let count = Int(try cursor.uint8(packet, "parameter total length"))
    let range = try cursor.range(count, "parameters")
    try cursor.finish(after: "parameters")
    parameters = range.map { packet[$0] }
  }
}

extension HCICommand {
  public static let reset = Self(.reset)

  /// The events this host reads: disconnection complete, hardware error, LE meta and those every controller sends.
  public static let setEventMask = Self(.setEventMask, littleEndian(EventMask.wanted))

  /// LE Connection Complete and LE Advertising Report.
  public static let leSetEventMask = Self(.leSetEventMask, littleEndian(0x03))

  public static func leSetRandomAddress(_ address: BluetoothAddress) -> Self {
    Self(.leSetRandomAddress, address.bytes)
  }

  /// Connectable and scannable undirected advertising under the random address, on all three channels, to anyone.
  /// Intervals in units of 0.625 ms, 0x0020 to 0x4000.
  public static func leSetAdvertisingParameters(intervalMin: UInt16, intervalMax: UInt16) -> Self {
    Self(
      .leSetAdvertisingParameters,
      bytes(intervalMin) + bytes(intervalMax) + [0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0x07, 0x00])
  }

  /// At most 31 bytes; the rest of the field is zero.
  public static func leSetAdvertisingData(_ data: [UInt8]) -> Self {
    let data = data.prefix(31)
    return Self(
      .leSetAdvertisingData,
      [UInt8(data.count)] + data + [UInt8](repeating: 0, count: 31 - data.count))
  }

  public static func leSetAdvertisingEnable(_ enable: Bool) -> Self {
    Self(.leSetAdvertisingEnable, [enable ? 1 : 0])
  }

  /// Under the random address, all advertisers. Interval and window in units of 0.625 ms, 0x0004 to 0x4000; equal
  /// ones scan without a pause.
  public static func leSetScanParameters(active: Bool, interval: UInt16, window: UInt16) -> Self {
    Self(.leSetScanParameters, [active ? 1 : 0] + bytes(interval) + bytes(window) + [0x01, 0x00])
  }

  /// Duplicates are always reported: presence lives from them.
  public static func leSetScanEnable(_ enable: Bool) -> Self {
    Self(.leSetScanEnable, [enable ? 1 : 0, 0x00])
  }

  /// LE supported by the host, on a controller that also does BR/EDR.
  public static let writeLEHostSupport = Self(.writeLEHostSupport, [0x01, 0x00])

  public static func disconnect(handle: UInt16, reason: HCIStatus) -> Self {
    Self(.disconnect, bytes(handle) + [reason.rawValue])
  }

  private static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  /// Bit n enables the event of code n + 1. Source: Core 5.4, vol. 4, part E, 7.3.1.
  private enum EventMask {
    static let disconnectionComplete: UInt64 = 1 << 4
    static let hardwareError: UInt64 = 1 << 15
    static let dataBufferOverflow: UInt64 = 1 << 25
    static let leMeta: UInt64 = 1 << 61
    static let wanted = disconnectionComplete | hardwareError | dataBufferOverflow | leMeta
  }
}
