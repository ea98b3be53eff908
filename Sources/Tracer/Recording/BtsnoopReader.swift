// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads a btsnoop recording held in memory. Source: RFC 1761 for the frame of the format, btsnoop(4) of BlueZ
/// (doc/btsnoop.txt) for data link types and the epoch.
public struct BtsnoopReader: Sendable {
  /// One recorded packet with its H4 indicator.
  public struct Record: Sendable, Equatable {
    public var packet: [UInt8]
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var microseconds: Int64
    /// Whether the controller sent it.
    public var isReceived: Bool
  }

  public enum Failure: Error, Equatable, CustomStringConvertible {
    case notBtsnoop
    case unsupportedVersion(UInt32)
    /// Only 1002 (HCI UART, packets with their indicator) is read.
    case unsupportedDataLink(UInt32)
    /// `record` counts from 1.
    case damagedRecord(record: Int, offset: Int, reason: String)

    public var description: String {
      switch self {
      case .notBtsnoop: "this is not a btsnoop file: its first 8 bytes are not \"btsnoop\" and a zero"
      case .unsupportedVersion(let version): "btsnoop version \(version) is not supported, only version 1"
      case .unsupportedDataLink(let type):
        "btsnoop data link type \(type) is not supported, only 1002 (HCI UART)"
      case .damagedRecord(let record, let offset, let reason):
        "record \(record) at byte \(offset) is damaged: \(reason)"
      }
    }
  }

  /// Microseconds from the format's epoch (the year 0 as its authors count) to 1970-01-01T00:00:00Z.
  static let epochOffset: Int64 = 0x00DC_DDB3_0F2F_8000

  private let bytes: [UInt8]
  private var offset: Int
  /// Records read so far.
  private var record = 0

  /// Reads the header.
  public init(_ bytes: [UInt8]) throws(Failure) {
    self.bytes = bytes
    guard bytes.count >= 16, bytes.starts(with: Self.magic) else { throw .notBtsnoop }
    let version = Self.uint32(bytes, 8)
    guard version == 1 else { throw .unsupportedVersion(version) }
    let dataLink = Self.uint32(bytes, 12)
    guard dataLink == 1002 else { throw .unsupportedDataLink(dataLink) }
    offset = 16
  }

  /// The next record, nil after the last.
  public mutating func next() throws(Failure) -> Record? {
    guard offset < bytes.count else { return nil }
    let start = offset
    guard bytes.count - start >= 24 else { throw damaged(start, "its header is cut off") }
    let original = Self.uint32(bytes, start)
    let included = Int(Self.uint32(bytes, start + 4))
    let flags = Self.uint32(bytes, start + 8)
    let time = UInt64(Self.uint32(bytes, start + 16)) << 32 | UInt64(Self.uint32(bytes, start + 20))
    guard included <= TracerLimits.recordBytes else { throw damaged(start, "it claims \(included) bytes") }
    guard included <= Int(original) else { throw damaged(start, "it holds more bytes than the packet had") }
    guard bytes.count - start - 24 >= included else { throw damaged(start, "its packet is cut off") }
    let (microseconds, overflow) = Int64(bitPattern: time).subtractingReportingOverflow(Self.epochOffset)
    guard !overflow else { throw damaged(start, "its time is out of range") }
    record += 1
    offset = start + 24 + included
    return Record(
      packet: Array(bytes[start + 24..<offset]), microseconds: microseconds, isReceived: flags & 1 == 1)
  }

  private func damaged(_ offset: Int, _ reason: String) -> Failure {
    .damagedRecord(record: record + 1, offset: offset, reason: reason)
  }

  static let magic: [UInt8] = Array("btsnoop".utf8) + [0]

  /// Big-endian; the caller has checked the length.
  private static func uint32(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
  }
}
