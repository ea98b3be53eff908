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

  /// Parameters in pieces: a sum of as many arrays is more than a compiler can find types for in time.
  private init(_ opcode: HCIOpcode, joining pieces: [UInt8]...) {
    self.init(opcode, Array(pieces.joined()))
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

  /// LE Connection Complete, Advertising Report, Enhanced Connection Complete, Extended Advertising Report and
  /// Advertising Set Terminated: what a controller does not know it ignores. The request of a peer to change the
  /// connection's parameters stays masked: the controller answers it. Source: Core 5.4, vol. 4, part E, 7.8.1.
  public static let leSetEventMask = Self(
    .leSetEventMask, littleEndian(1 << 0 | 1 << 1 | 1 << 9 | 1 << 12 | 1 << 17))

  public static func leSetRandomAddress(_ address: BluetoothAddress) -> Self {
    Self(.leSetRandomAddress, address.bytes)
  }

  /// Connectable and scannable undirected advertising under the random address, on all three channels, to anyone.
  /// Intervals in units of 0.625 ms, 0x0020 to 0x4000.
  public static func leSetAdvertisingParameters(intervalMin: UInt16, intervalMax: UInt16) -> Self {
    Self(
      .leSetAdvertisingParameters,
      joining: bytes(intervalMin), bytes(intervalMax), [0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0x07, 0x00])
  }

  /// At most 31 bytes; the rest of the field is zero.
  public static func leSetAdvertisingData(_ data: [UInt8]) -> Self {
    let data = data.prefix(31)
    return Self(
      .leSetAdvertisingData,
      joining: [UInt8(data.count)], Array(data), [UInt8](repeating: 0, count: 31 - data.count))
  }

  public static func leSetAdvertisingEnable(_ enable: Bool) -> Self {
    Self(.leSetAdvertisingEnable, [enable ? 1 : 0])
  }

  /// Under the random address, all advertisers. Interval and window in units of 0.625 ms, 0x0004 to 0x4000; equal
  /// ones scan without a pause.
  public static func leSetScanParameters(active: Bool, interval: UInt16, window: UInt16) -> Self {
    Self(.leSetScanParameters, joining: [active ? 1 : 0], bytes(interval), bytes(window), [0x01, 0x00])
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

  // MARK: Connections

  /// Interval and window of the search in units of 0.625 ms. The connection is short and in no hurry to sleep: an
  /// interval of 15 to 30 ms, no latency, 4 s until it counts as lost.
  public static func leCreateConnection(
    to peer: BluetoothAddress, scanInterval: UInt16, scanWindow: UInt16
  ) -> Self {
    Self(
      .leCreateConnection,
      joining: bytes(scanInterval), bytes(scanWindow), [0x00, peer.isRandom ? 1 : 0], peer.bytes, [0x01],
      connectionParameters)
  }

  /// The same on LE 1M of a controller that is driven with extended commands.
  public static func leExtendedCreateConnection(
    to peer: BluetoothAddress, scanInterval: UInt16, scanWindow: UInt16
  ) -> Self {
    Self(
      .leExtendedCreateConnection,
      joining: [0x00, 0x01, peer.isRandom ? 1 : 0], peer.bytes, [0x01], bytes(scanInterval), bytes(scanWindow),
      connectionParameters)
  }

  public static let leCreateConnectionCancel = Self(.leCreateConnectionCancel)

  /// Interval 12 to 24 × 1.25 ms, latency 0, supervision timeout 400 × 10 ms, event length 0.
  private static let connectionParameters: [UInt8] = [12, 24, 0, 400, 0, 0].flatMap(bytes)

  // MARK: Extended advertising and scanning, one set

  private static let setHandle: UInt8 = 0

  public static func leSetAdvertisingSetRandomAddress(_ address: BluetoothAddress) -> Self {
    Self(.leSetAdvertisingSetRandomAddress, [setHandle] + address.bytes)
  }

  /// Connectable and scannable with legacy PDUs, which every phone hears, under the set's random address. Intervals in
  /// units of 0.625 ms. Source: Core 5.4, vol. 4, part E, 7.8.53 (properties 0x0013).
  public static func leSetExtendedAdvertisingParameters(intervalMin: UInt16, intervalMax: UInt16) -> Self {
    Self(
      .leSetExtendedAdvertisingParameters,
      joining: [setHandle], bytes(0x0013), bytes(intervalMin), [0], bytes(intervalMax), [0, 0x07, 0x01],
      [0, 0, 0, 0, 0, 0, 0], [0x00, 0x7F, 0x01, 0x00, 0x01, 0x00, 0x00])
  }

  public static func leSetExtendedAdvertisingData(_ data: [UInt8]) -> Self {
    let data = data.prefix(31)
    // 3: complete data. 1: the controller should not fragment it.
    return Self(.leSetExtendedAdvertisingData, [setHandle, 3, 1, UInt8(data.count)] + data)
  }

  public static func leSetExtendedAdvertisingEnable(_ enable: Bool) -> Self {
    Self(.leSetExtendedAdvertisingEnable, [enable ? 1 : 0, 1, setHandle, 0, 0, 0])
  }

  /// On LE 1M under the random address, all advertisers.
  public static func leSetExtendedScanParameters(active: Bool, interval: UInt16, window: UInt16) -> Self {
    Self(.leSetExtendedScanParameters, joining: [0x01, 0x00, 0x01, active ? 1 : 0], bytes(interval), bytes(window))
  }

  public static func leSetExtendedScanEnable(_ enable: Bool) -> Self {
    Self(.leSetExtendedScanEnable, [enable ? 1 : 0, 0, 0, 0, 0, 0])
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
