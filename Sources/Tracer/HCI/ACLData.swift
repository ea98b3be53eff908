// SPDX-License-Identifier: GPL-3.0-or-later

/// An ACL data packet: a piece of an L2CAP frame on one connection. Source: Core 5.4, vol. 4, part E, 5.4.2.
public struct ACLData: Equatable, Sendable {
  /// 0x0000 to 0x0EFF.
  public var handle: UInt16
  public var boundary: PacketBoundary
  /// Where the piece lies in the packet.
  public var data: Range<Int>

  /// The Packet_Boundary_Flag. 0b11, a whole frame in one packet, is not allowed on LE and refused.
  public enum PacketBoundary: UInt8, Sendable {
    /// The start of a frame, as a host sends it.
    case firstNonFlushable = 0b00
    case continuation = 0b01
    /// The start of a frame, as a controller sends it.
    case firstFlushable = 0b10

    public var isFirst: Bool { self != .continuation }
  }

  public static let largestHandle: UInt16 = 0x0EFF

  /// Reads a whole packet that starts with the ACL data indicator. A start may be of either kind: some
  /// controllers do not keep to theirs.
  public init(packet: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(packet)
    guard try cursor.uint8(packet, "packet indicator") == HCIPacketType.aclData.rawValue else {
      throw ParseError(.invalid, field: "packet indicator", offset: 0)
    }
    let head = try cursor.uint16(packet, "Connection_Handle")
    handle = head & 0x0FFF
    guard handle <= Self.largestHandle else {
      throw ParseError(.invalid, field: "Connection_Handle", offset: 1)
    }
    guard let boundary = PacketBoundary(rawValue: UInt8(head >> 12 & 0b11)) else {
      throw ParseError(.invalid, field: "PB_Flag", offset: 1)
    }
    self.boundary = boundary
    guard head >> 14 == 0 else { throw ParseError(.invalid, field: "BC_Flag", offset: 1) }
    let count = Int(try cursor.uint16(packet, "Data_Total_Length"))
    data = try cursor.range(count, "Data")
    try cursor.finish(after: "Data")
  }

  /// Cuts an L2CAP frame into packets from the host, each with at most `largestData` bytes of it (the
  /// controller's LE_ACL_Data_Packet_Length). An empty frame gives no packet.
  public static func packets(handle: UInt16, frame: [UInt8], largestData: Int) -> [[UInt8]] {
    let size = min(max(largestData, TracerLimits.leastACLDataBytes), 0xFFFF)
    return stride(from: 0, to: frame.count, by: size).map { start in
      let data = frame[start..<min(start + size, frame.count)]
      let boundary: PacketBoundary = start == 0 ? .firstNonFlushable : .continuation
      let head = handle & 0x0FFF | UInt16(boundary.rawValue) << 12
      return [HCIPacketType.aclData.rawValue] + head.littleEndianBytes
        + UInt16(data.count).littleEndianBytes + data
    }
  }
}
