// SPDX-License-Identifier: GPL-3.0-or-later

/// The number of an attribute on its server. Source: Core 5.4, vol. 3, part F, 3.2.2.
public struct ATTHandle: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// No attribute has it.
  public static let none = Self(rawValue: 0x0000)
  public static let first = Self(rawValue: 0x0001)
  public static let last = Self(rawValue: 0xFFFF)

  /// nil after the last.
  public var next: Self? { self == .last ? nil : Self(rawValue: rawValue + 1) }

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Handles as a request or response names them: both ends belong to it. Not checked until `isValid` is asked.
public struct ATTHandleRange: Hashable, Sendable {
  public var start: ATTHandle
  public var end: ATTHandle

  public init(_ start: ATTHandle, _ end: ATTHandle) {
    self.start = start
    self.end = end
  }

  public static let all = Self(.first, .last)

  /// Whether it starts with a handle that can be, and does not end before.
  public var isValid: Bool { start != .none && start <= end }

  public func contains(_ handle: ATTHandle) -> Bool { start <= handle && handle <= end }

  var bytes: [UInt8] { start.rawValue.littleEndianBytes + end.rawValue.littleEndianBytes }
}

extension ByteCursor {
  mutating func handle(_ bytes: Span<UInt8>, _ field: StaticString) throws(ParseError) -> ATTHandle {
    ATTHandle(rawValue: try uint16(bytes, field))
  }

  /// Refuses another opcode than `opcode`.
  mutating func opcode(_ bytes: Span<UInt8>, _ opcode: ATTOpcode) throws(ParseError) {
    let start = offset
    guard try uint8(bytes, "Attribute Opcode") == opcode.rawValue else {
      throw ParseError(.invalid, field: "Attribute Opcode", offset: start)
    }
  }
}
