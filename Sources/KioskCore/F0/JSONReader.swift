// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads JSON strictly from borrowed bytes, value by value, without making anything of what is passed over. The bytes are
/// passed to each call, so that the reader holds no pointer to them. Source: RFC 8259.
struct JSONReader {
  /// Bytes from the start.
  private(set) var offset = 0
  private var depth = 0

  /// The bytes are no JSON, or are nested more than `CoreLimits.jsonDepth` deep.
  struct NotJSON: Error {}

  enum Kind { case object, array, string, number, other }

  /// What comes next, without taking it.
  mutating func kind(_ bytes: Span<UInt8>) throws(NotJSON) -> Kind {
    skipSpace(bytes)
    guard offset < bytes.count else { throw NotJSON() }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), Self.digits: return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .other
    default: throw NotJSON()
    }
  }

  /// Goes through an object, or an array: `body` is told whether the first member comes, and takes it whole.
  ///
  /// - Parameter opening: `{` or `[`; it comes next.
  mutating func open(_ bytes: Span<UInt8>, _ opening: Unicode.Scalar) throws(NotJSON) {
    depth += 1
    guard depth <= CoreLimits.jsonDepth else { throw NotJSON() }
    try take(bytes, opening)
  }

  /// Whether another member comes, at the start (`isFirst`) or after one; takes the comma, or the closing.
  mutating func another(_ bytes: Span<UInt8>, isFirst: Bool, closing: Unicode.Scalar) throws(NotJSON) -> Bool {
    skipSpace(bytes)
    guard offset < bytes.count else { throw NotJSON() }
    if bytes[offset] == UInt8(ascii: closing) {
      offset += 1
      depth -= 1
      return false
    }
    if !isFirst { try take(bytes, ",") }
    return true
  }

  /// A member's name and the colon. The name's bytes as they stand: one written with escapes is no name that is known.
  mutating func name(_ bytes: Span<UInt8>) throws(NotJSON) -> Range<Int> {
    let name = try string(bytes)
    try take(bytes, ":")
    return name
  }

  /// The bytes between the quotes, escapes and all.
  mutating func string(_ bytes: Span<UInt8>) throws(NotJSON) -> Range<Int> {
    try take(bytes, "\"")
    let start = offset
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\"") { return start..<offset - 1 }
      guard byte >= 0x20 else { throw NotJSON() }
      if byte == UInt8(ascii: "\\") { try escape(bytes) }
    }
    throw NotJSON()
  }

  /// A number; nil when it is not whole as it is written, or does not fit.
  mutating func wholeNumber(_ bytes: Span<UInt8>) throws(NotJSON) -> Int64? {
    skipSpace(bytes)
    let isNegative = offset < bytes.count && bytes[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    let start = offset
    var value: Int64? = 0
    while offset < bytes.count, case Self.digits = bytes[offset] {
      let digit = Int64(bytes[offset] - UInt8(ascii: "0"))
      value = value.flatMap { value in
        let (ten, over) = value.multipliedReportingOverflow(by: 10)
        let (sum, overToo) = isNegative ? ten.subtractingReportingOverflow(digit) : ten.addingReportingOverflow(digit)
        return over || overToo ? nil : sum
      }
      offset += 1
    }
    guard offset > start, offset == start + 1 || bytes[start] != UInt8(ascii: "0") else { throw NotJSON() }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      value = nil
      offset += 1
      try someDigits(bytes)
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      value = nil
      offset += 1
      if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") { offset += 1 }
      try someDigits(bytes)
    }
    return value
  }

  /// Passes over a value of any kind. Its depth is bounded, and so is this recursion.
  mutating func skip(_ bytes: Span<UInt8>) throws(NotJSON) {
    switch try kind(bytes) {
    case .object:
      try open(bytes, "{")
      var isFirst = true
      while try another(bytes, isFirst: isFirst, closing: "}") {
        isFirst = false
        _ = try name(bytes)
        try skip(bytes)
      }
    case .array:
      try open(bytes, "[")
      var isFirst = true
      while try another(bytes, isFirst: isFirst, closing: "]") {
        isFirst = false
        try skip(bytes)
      }
    case .string: _ = try string(bytes)
    case .number: _ = try wholeNumber(bytes)
    case .other: try word(bytes)
    }
  }

  /// Nothing but space is left.
  mutating func end(_ bytes: Span<UInt8>) throws(NotJSON) {
    skipSpace(bytes)
    guard offset == bytes.count else { throw NotJSON() }
  }

  // MARK: Bytes

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  private mutating func skipSpace(_ bytes: Span<UInt8>) {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      offset += 1
    }
  }

  private mutating func take(_ bytes: Span<UInt8>, _ expected: Unicode.Scalar) throws(NotJSON) {
    skipSpace(bytes)
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: expected) else { throw NotJSON() }
    offset += 1
  }

  /// What stands behind a backslash.
  private mutating func escape(_ bytes: Span<UInt8>) throws(NotJSON) {
    guard offset < bytes.count else { throw NotJSON() }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return
    case UInt8(ascii: "u"):
      guard offset + 4 <= bytes.count else { throw NotJSON() }
      for place in offset..<offset + 4 {
        switch bytes[place] {
        case Self.digits, UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): continue
        default: throw NotJSON()
        }
      }
      offset += 4
    default: throw NotJSON()
    }
  }

  private mutating func someDigits(_ bytes: Span<UInt8>) throws(NotJSON) {
    let start = offset
    while offset < bytes.count, case Self.digits = bytes[offset] { offset += 1 }
    guard offset > start else { throw NotJSON() }
  }

  private mutating func word(_ bytes: Span<UInt8>) throws(NotJSON) {
    for word in ["true", "false", "null"] where offset + word.utf8.count <= bytes.count {
      if bytes.matches(word, at: offset..<offset + word.utf8.count) {
        offset += word.utf8.count
        return
      }
    }
    throw NotJSON()
  }
}

extension Span<UInt8> {
  /// Whether the bytes of a range, which lies inside, are those of a word.
  func matches(_ word: String, at range: Range<Int>) -> Bool {
    guard range.count == word.utf8.count else { return false }
    for (index, byte) in word.utf8.enumerated() where self[range.lowerBound + index] != byte { return false }
    return true
  }
}
