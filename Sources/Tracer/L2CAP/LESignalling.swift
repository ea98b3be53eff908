// SPDX-License-Identifier: GPL-3.0-or-later

/// The signalling channel of LE, as far as a device without channels of its own must answer on it.
/// Source: Core 5.4, vol. 3, part A, 4.
public enum LESignalling {
  /// Command codes. Source: the same, table 4.2.
  public enum Code {
    public static let commandReject: UInt8 = 0x01
    public static let connectionParameterUpdateRequest: UInt8 = 0x12
    public static let connectionParameterUpdateResponse: UInt8 = 0x13
    public static let flowControlCredit: UInt8 = 0x16
  }

  /// What is to be sent back for the payload of one signalling frame, nil for nothing.
  ///
  /// A central accepts a Connection Parameter Update Request if `acceptsParameterUpdate` and its values are
  /// allowed, and rejects it otherwise; after an acceptance the owner carries it out
  /// (`L2CAPConnectionParameterUpdateRequest` reads it). Every other request is rejected as not understood:
  /// there are no channels here to open or close. Responses, and frames whose length is not the one they
  /// declare, are ignored.
  public static func answer(
    _ payload: [UInt8], role: LERole, acceptsParameterUpdate: Bool = false
  ) -> [UInt8]? {
    let bytes = payload.span
    guard let command = try? Command(bytes), command.isRequest, command.identifier != 0 else { return nil }
    guard payload.count <= TracerLimits.leSignallingBytes else {
      let limit = UInt16(clamping: TracerLimits.leSignallingBytes)
      return reject(command, reason: signallingMTUExceeded, data: limit.littleEndianBytes)
    }
    guard command.code == Code.connectionParameterUpdateRequest, role == .central,
      let request = try? L2CAPConnectionParameterUpdateRequest(bytes)
    else {
      return reject(command, reason: commandNotUnderstood)
    }
    let result: UInt16 = acceptsParameterUpdate && request.isAllowed ? 0x0000 : 0x0001
    return response(Code.connectionParameterUpdateResponse, command.identifier, result.littleEndianBytes)
  }

  // Source: Core 5.4, vol. 3, part A, 4.1.
  private static let commandNotUnderstood: UInt16 = 0x0000
  private static let signallingMTUExceeded: UInt16 = 0x0001

  private static func reject(_ command: Command, reason: UInt16, data: [UInt8] = []) -> [UInt8] {
    response(Code.commandReject, command.identifier, reason.littleEndianBytes + data)
  }

  private static func response(_ code: UInt8, _ identifier: UInt8, _ data: [UInt8]) -> [UInt8] {
    [code, identifier] + UInt16(data.count).littleEndianBytes + data
  }

  /// The head of a command; on LE a frame holds exactly one.
  struct Command {
    var code: UInt8
    /// Never 0 in a correct command.
    var identifier: UInt8
    var data: Range<Int>

    init(_ bytes: Span<UInt8>) throws(ParseError) {
      var cursor = ByteCursor(bytes)
      code = try cursor.uint8(bytes, "Code")
      identifier = try cursor.uint8(bytes, "Identifier")
      let count = Int(try cursor.uint16(bytes, "Data Length"))
      data = try cursor.range(count, "Data")
      try cursor.finish(after: "Data")
    }

    /// Whether an answer is owed. Codes that nobody has defined yet count as requests.
    var isRequest: Bool {
      switch code {
      // Responses, those of BR/EDR too.
      case Code.commandReject, 0x03, 0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x15, 0x18, 0x1A: false
      // It has no response.
      case Code.flowControlCredit: false
      default: true
      }
    }
  }
}

/// A peripheral's wish for other connection parameters. Source: Core 5.4, vol. 3, part A, 4.20.
public struct L2CAPConnectionParameterUpdateRequest: Equatable, Sendable {
  /// 1.25 ms each, 6 to 3200.
  public var intervalMin: UInt16
  public var intervalMax: UInt16
  /// Connection events, 0 to 499.
  public var latency: UInt16
  /// 10 ms each, 10 to 3200.
  public var timeout: UInt16

  /// Reads the payload of a signalling frame.
  public init(_ payload: Span<UInt8>) throws(ParseError) {
    let command = try LESignalling.Command(payload)
    guard command.code == LESignalling.Code.connectionParameterUpdateRequest else {
      throw ParseError(.invalid, field: "Code", offset: 0)
    }
    var cursor = ByteCursor(payload, in: command.data)
    intervalMin = try cursor.uint16(payload, "Interval Min")
    intervalMax = try cursor.uint16(payload, "Interval Max")
    latency = try cursor.uint16(payload, "Latency")
    timeout = try cursor.uint16(payload, "Timeout")
    try cursor.finish(after: "Timeout")
  }

  /// Whether a controller may be asked for these values: each in its range, and the supervision timeout
  /// longer than two intervals of a peripheral that uses its latency. Source: Core 5.4, vol. 4, part E,
  /// 7.8.18.
  public var isAllowed: Bool {
    guard (6...3200).contains(intervalMin), (6...3200).contains(intervalMax), intervalMin <= intervalMax,
      latency <= 499, (10...3200).contains(timeout)
    else { return false }
    // In units of 1.25 ms, 10 ms being 8 of them; all are below 4,000,000.
    return Int(timeout) * 8 > (1 + Int(latency)) * Int(intervalMax) * 2
  }
}
