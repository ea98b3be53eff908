// SPDX-License-Identifier: GPL-3.0-or-later

/// What was wrong with bytes from outside, and where. Says nothing of their content.
public struct ParseError: Error, Equatable, CustomStringConvertible {
  public enum Problem: Sendable, Equatable {
    /// The bytes end inside the field.
    case truncated
    /// Bytes are left over after the last field.
    case trailing
    /// The field's value is not one of those allowed.
    case invalid
  }
  public var problem: Problem
  /// The field's name, as in the specification.
  public var field: String
  /// Where the field starts, bytes from the start of the whole.
  public var offset: Int

  public init(_ problem: Problem, field: String, offset: Int) {
    self.problem = problem
    self.field = field
    self.offset = offset
  }

  public var description: String {
    switch problem {
    case .truncated: "\(field) at byte \(offset) is cut off"
    case .trailing: "bytes left over at byte \(offset) after \(field)"
    case .invalid: "\(field) at byte \(offset) has a value that is not allowed"
    }
  }
}

/// A place in borrowed bytes; every read is checked and moves it on. The bytes are passed to each read, so that
/// the cursor holds no pointer to them.
struct ByteCursor {
  private(set) var offset: Int
  let end: Int

  init(_ bytes: Span<UInt8>, from offset: Int = 0) {
    self.offset = min(max(offset, 0), bytes.count)
    end = bytes.count
  }

  init(_ bytes: Span<UInt8>, in range: Range<Int>) {
    offset = min(max(range.lowerBound, 0), bytes.count)
    end = min(max(range.upperBound, offset), bytes.count)
  }

  var remaining: Int { end - offset }

  /// Takes `count` bytes and gives their range.
  mutating func range(_ count: Int, _ field: StaticString) throws(ParseError) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw cutOff(field) }
    let start = offset
    offset += count
    return start..<offset
  }

  mutating func uint8(_ bytes: Span<UInt8>, _ field: StaticString) throws(ParseError) -> UInt8 {
    guard offset < end else { throw cutOff(field) }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// Apart from the reads, so that they stay small.
  @inline(never)
  private func cutOff(_ field: StaticString) -> ParseError {
    ParseError(.truncated, field: "\(field)", offset: offset)
  }

  /// Little-endian, as everything in Bluetooth.
  mutating func uint16(_ bytes: Span<UInt8>, _ field: StaticString) throws(ParseError) -> UInt16 {
    let start = try range(2, field).lowerBound
    return UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
  }

  /// Little-endian.
  mutating func uint64(_ bytes: Span<UInt8>, _ field: StaticString) throws(ParseError) -> UInt64 {
    let start = try range(8, field).lowerBound
    var value: UInt64 = 0
    for i in 0..<8 { value |= UInt64(bytes[start + i]) << (8 * UInt64(i)) }
    return value
  }

  /// Refuses bytes left over.
  func finish(after field: StaticString) throws(ParseError) {
    guard remaining == 0 else { throw ParseError(.trailing, field: "\(field)", offset: offset) }
  }
}
