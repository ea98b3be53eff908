// SPDX-License-Identifier: GPL-3.0-or-later

/// An event packet, read as far as this host acts on it. Source: Core 5.4, vol. 4, part E, 7.7.
///
/// Ranges are places in the packet's bytes, so that a report costs no copy.
public enum HCIEvent: Equatable, Sendable {
  /// `parameters`: the return parameters after the status.
  case commandComplete(credits: UInt8, opcode: HCIOpcode, status: HCIStatus, parameters: Range<Int>)
  case commandStatus(credits: UInt8, opcode: HCIOpcode, status: HCIStatus)
  case disconnectionComplete(status: HCIStatus, handle: UInt16, reason: HCIStatus)
  case hardwareError(code: UInt8)
  /// From LE Connection Complete or LE Enhanced Connection Complete.
  case leConnectionComplete(LEConnectionComplete)
  /// `counts`: from the number of handles to the end.
  case numberOfCompletedPackets(counts: Range<Int>)
  /// `reports`: from the number of reports to the end.
  case leExtendedAdvertisingReport(reports: Range<Int>)
  /// A set stopped, because of a connection when the status is success.
  case leAdvertisingSetTerminated(status: HCIStatus)
  /// `reports`: from the number of reports to the end.
  case leAdvertisingReport(reports: Range<Int>)
  /// An event that this host has no use for.
  case other(code: UInt8)

  /// Event codes and LE subevent codes.
  public enum Code {
    public static let disconnectionComplete: UInt8 = 0x05
    public static let commandComplete: UInt8 = 0x0E
    public static let commandStatus: UInt8 = 0x0F
    public static let hardwareError: UInt8 = 0x10
    public static let numberOfCompletedPackets: UInt8 = 0x13
    public static let leMeta: UInt8 = 0x3E
    public static let leConnectionComplete: UInt8 = 0x01
    public static let leAdvertisingReport: UInt8 = 0x02
    public static let leEnhancedConnectionComplete: UInt8 = 0x0A
    public static let leExtendedAdvertisingReport: UInt8 = 0x0D
    public static let leAdvertisingSetTerminated: UInt8 = 0x12
  }

  /// Reads a whole packet that starts with the event indicator.
  ///
  /// - Throws: what was cut off, left over or not allowed. Nothing was acted on then.
  public init(packet: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(packet)
    guard try cursor.uint8(packet, "packet indicator") == HCIPacketType.event.rawValue else {
      throw ParseError(.invalid, field: "packet indicator", offset: 0)
    }
    let code = try cursor.uint8(packet, "event code")
    let count = Int(try cursor.uint8(packet, "parameter total length"))
    guard cursor.remaining >= count else {
      throw ParseError(.truncated, field: "event parameters", offset: cursor.offset)
    }
    guard cursor.remaining == count else {
      throw ParseError(.trailing, field: "event parameters", offset: cursor.offset + count)
    }
    switch code {
    case Code.commandComplete:
      let credits = try cursor.uint8(packet, "Num_HCI_Command_Packets")
      let opcode = HCIOpcode(rawValue: try cursor.uint16(packet, "Command_Opcode"))
      if opcode == .none {
        self = .commandComplete(
          credits: credits, opcode: opcode, status: .success, parameters: cursor.offset..<cursor.end)
        return
      }
      let status = HCIStatus(rawValue: try cursor.uint8(packet, "Status"))
      self = .commandComplete(
        credits: credits, opcode: opcode, status: status, parameters: cursor.offset..<cursor.end)
    case Code.commandStatus:
      let status = HCIStatus(rawValue: try cursor.uint8(packet, "Status"))
      let credits = try cursor.uint8(packet, "Num_HCI_Command_Packets")
      let opcode = HCIOpcode(rawValue: try cursor.uint16(packet, "Command_Opcode"))
      try cursor.finish(after: "Command_Opcode")
      self = .commandStatus(credits: credits, opcode: opcode, status: status)
    case Code.disconnectionComplete:
      let status = HCIStatus(rawValue: try cursor.uint8(packet, "Status"))
      let handle = try cursor.uint16(packet, "Connection_Handle") & 0x0FFF
      let reason = HCIStatus(rawValue: try cursor.uint8(packet, "Reason"))
      try cursor.finish(after: "Reason")
      self = .disconnectionComplete(status: status, handle: handle, reason: reason)
    case Code.numberOfCompletedPackets:
      self = .numberOfCompletedPackets(counts: cursor.offset..<cursor.end)
    case Code.hardwareError:
      let hardwareCode = try cursor.uint8(packet, "Hardware_Code")
      try cursor.finish(after: "Hardware_Code")
      self = .hardwareError(code: hardwareCode)
    case Code.leMeta:
      let subevent = try cursor.uint8(packet, "Subevent_Code")
      switch subevent {
      case Code.leAdvertisingReport:
        self = .leAdvertisingReport(reports: cursor.offset..<cursor.end)
      case Code.leExtendedAdvertisingReport:
        self = .leExtendedAdvertisingReport(reports: cursor.offset..<cursor.end)
      case Code.leConnectionComplete, Code.leEnhancedConnectionComplete:
        self = .leConnectionComplete(
          try LEConnectionComplete(packet, &cursor, isEnhanced: subevent == Code.leEnhancedConnectionComplete))
      case Code.leAdvertisingSetTerminated:
        let status = HCIStatus(rawValue: try cursor.uint8(packet, "Status"))
        _ = try cursor.range(4, "Advertising_Handle to Num_Completed_Extended_Advertising_Events")
        try cursor.finish(after: "Num_Completed_Extended_Advertising_Events")
        self = .leAdvertisingSetTerminated(status: status)
      default: self = .other(code: code)
      }
    default: self = .other(code: code)
    }
  }
}
