// SPDX-License-Identifier: GPL-3.0-or-later

/// Puts the frames of one connection together from ACL data packets. Source: Core 5.4, vol. 3, part A, 7.2.
///
/// What does not fit together is dropped and counted, and the next start is awaited. It never holds more than
/// a frame of `TracerLimits.l2capPayloadBytes`.
public struct L2CAPReassembler: Sendable {
  /// What was dropped since the connection began.
  public struct Drops: Hashable, Sendable {
    /// Frames whose end was missing when the next one started.
    public var interruptedFrames = 0
    /// Continuations of nothing. Those of a dropped frame are not counted again.
    public var strayContinuations = 0
    /// Frames with more bytes than they declared.
    public var overlongFrames = 0
    /// Frames that declared more than `TracerLimits.l2capPayloadBytes`.
    public var oversizedFrames = 0
  }

  public private(set) var drops = Drops()
  /// Bytes held back until their frame is whole.
  public var pendingBytes: Int { buffer.count }

  private enum State { case idle, collecting, skipping }
  private var state = State.idle
  private var buffer: [UInt8] = []

  public init() {}

  /// Takes the piece `acl` out of `packet`, from which it was read, and gives the frame that is now whole.
  public mutating func append(_ acl: ACLData, in packet: Span<UInt8>) -> L2CAPFrame? {
    if acl.boundary.isFirst {
      if state == .collecting { drops.interruptedFrames += 1 }
      buffer.removeAll(keepingCapacity: true)
      state = .collecting
    }
    switch state {
    case .collecting: return collect(packet, acl.data)
    case .skipping: return nil
    case .idle:
      drops.strayContinuations += 1
      return nil
    }
  }

  private mutating func collect(_ packet: Span<UInt8>, _ data: Range<Int>) -> L2CAPFrame? {
    var cursor = ByteCursor(packet, in: data)
    // A header may be cut as well: Core sets no least size for a piece.
    while buffer.count < L2CAPFrame.headerBytes {
      guard let byte = try? cursor.uint8(packet, "L2CAP header") else { return nil }
      buffer.append(byte)
    }
    let declared = Int(buffer[0]) | Int(buffer[1]) << 8
    guard declared <= TracerLimits.l2capPayloadBytes else {
      drops.oversizedFrames += 1
      return skip()
    }
    let missing = L2CAPFrame.headerBytes + declared - buffer.count
    guard cursor.remaining <= missing, let rest = try? cursor.rest(packet, "L2CAP payload") else {
      drops.overlongFrames += 1
      return skip()
    }
    buffer += rest
    guard rest.count == missing else { return nil }
    let channel = L2CAPChannelID(rawValue: UInt16(buffer[2]) | UInt16(buffer[3]) << 8)
    let payload = Array(buffer.dropFirst(L2CAPFrame.headerBytes))
    buffer.removeAll(keepingCapacity: true)
    state = .idle
    return L2CAPFrame(channel: channel, payload: payload)
  }

  private mutating func skip() -> L2CAPFrame? {
    buffer.removeAll(keepingCapacity: true)
    state = .skipping
    return nil
  }
}
