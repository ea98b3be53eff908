// SPDX-License-Identifier: GPL-3.0-or-later

/// Writes the bytes of a btsnoop recording, as `BtsnoopReader`, btmon and Wireshark read them. Source: RFC 1761 for
/// the frame of the format, btsnoop(4) of BlueZ (doc/btsnoop.txt) for data link types, flags and the epoch.
public enum BtsnoopWriter {
  /// Bytes of a record before its packet.
  public static let recordHeaderBytes = 24

  /// What the file begins with, 16 bytes: the name, version 1, data link 1002 (HCI UART, packets with their H4
  /// indicator).
  public static let fileHeader: [UInt8] = {
    var bytes = BtsnoopReader.magic
    appendBigEndian(UInt32(1), to: &bytes)
    appendBigEndian(UInt32(1002), to: &bytes)
    return bytes
  }()

  /// Whether a packet can be a record: it has its indicator, and is not longer than what readers take.
  ///
  /// btmon reads the indicator without looking at the length, so an empty record would put it out of step. It also
  /// stops at a record of more than 1490 bytes (BTSNOOP_MAX_PACKET_SIZE), which no LE controller sends; Wireshark
  /// goes on.
  public static func takes(_ packet: [UInt8]) -> Bool {
    !packet.isEmpty && packet.count <= TracerLimits.recordBytes
  }

  /// Appends one record. A packet is never cut: btmon takes the original length for that of what is there.
  ///
  /// - Parameters:
  ///   - packet: one whole packet with its H4 indicator.
  ///   - microseconds: since 1970-01-01T00:00:00Z; saturates where the format's own epoch is too far away.
  ///   - isReceived: whether the controller sent it.
  ///   - drops: packets lost between the file's first record and this one.
  /// - Returns: false, with nothing appended, when the format does not take the packet.
  public static func append(
    _ packet: [UInt8], microseconds: Int64, isReceived: Bool, drops: UInt32, to bytes: inout [UInt8]
  ) -> Bool {
    guard takes(packet), let length = UInt32(exactly: packet.count) else { return false }
    // Bit 0: from the controller. Bit 1: a command or an event, not data.
    var flags: UInt32 = isReceived ? 1 : 0
    switch HCIPacketType(rawValue: packet[0]) {
    case .command, .event: flags |= 2
    case .aclData, .synchronousData, nil: break
    }
    let (time, overflow) = microseconds.addingReportingOverflow(BtsnoopReader.epochOffset)
    appendBigEndian(length, to: &bytes)
    appendBigEndian(length, to: &bytes)
    appendBigEndian(flags, to: &bytes)
    appendBigEndian(drops, to: &bytes)
    appendBigEndian(overflow ? Int64.max : time, to: &bytes)
    bytes.append(contentsOf: packet)
    return true
  }

  static func appendBigEndian(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    var shift = value.bitWidth
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
