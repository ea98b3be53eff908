// SPDX-License-Identifier: GPL-3.0-or-later

/// Cuts a stream of bytes into HCI packets. Source: Core 5.4, vol. 4, part A, 2.
///
/// H4 has no way to find the next packet after an error; the transport must be closed then.
public struct H4Framer: Sendable {
  private var buffer: [UInt8] = []

  public init() {}

  public enum Failure: Error, Equatable {
    /// The indicator of a packet is none that a controller may send.
    case unknownPacketType(UInt8)
    /// A data packet longer than `TracerLimits.aclPayloadBytes`.
    case oversizedPacket(bytes: Int)
  }

  /// Bytes held back until their packet is whole.
  public var pendingBytes: Int { buffer.count }

  /// Takes the next bytes and gives the packets that are now whole.
  ///
  /// - Throws: once out of step; packets before that point are lost with the connection.
  public mutating func append(_ bytes: some Sequence<UInt8>) throws(Failure) -> [[UInt8]] {
    buffer.append(contentsOf: bytes)
    var packets: [[UInt8]] = []
    var start = 0
    while let length = try packetLength(at: start), start + length <= buffer.count {
      packets.append(Array(buffer[start..<start + length]))
      start += length
    }
    buffer.removeFirst(start)
    return packets
  }

  /// nil while the header is not whole.
  private func packetLength(at start: Int) throws(Failure) -> Int? {
    let available = buffer.count - start
    guard available >= 1 else { return nil }
    switch HCIPacketType(rawValue: buffer[start]) {
    case .event:
      return available < 3 ? nil : 3 + Int(buffer[start + 2])
    case .synchronousData:
      return available < 4 ? nil : 4 + Int(buffer[start + 3])
    case .aclData:
      guard available >= 5 else { return nil }
      let payload = Int(buffer[start + 3]) | Int(buffer[start + 4]) << 8
      guard payload <= TracerLimits.aclPayloadBytes else { throw .oversizedPacket(bytes: payload) }
      return 5 + payload
    case .command:
      // Only a controller's side reads commands; the simulator uses the same framer.
      return available < 4 ? nil : 4 + Int(buffer[start + 3])
    case nil:
      throw .unknownPacketType(buffer[start])
    }
  }
}
