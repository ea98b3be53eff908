// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads JSON strictly from pieces of any length, value by value, and holds one piece at a time: neither the length of the
/// text nor that of any value in it costs memory. Source: RFC 8259.
///
/// What is wrong is told by its place: bytes that are no UTF-8 count from where they stand.
struct JSONReader: ~Copyable {
  /// Gives the next piece; an empty one at the end.
  private let next: () throws -> [UInt8]
  /// Of the piece, what is valid UTF-8.
  private var window: [UInt8] = []
  /// Where the next byte stands in it.
  private var place = 0
  /// The beginning of a character whose end the next piece has.
  private var cut: [UInt8] = []
  private var isBroken = false
  private var isAtEnd = false
  private var depth = 0

  /// The bytes are no JSON, or are nested more than `CoreLimits.jsonDepth` deep.
  struct NotJSON: Error {}

  enum Kind { case object, array, string, number, other }

  /// A member's name as it stands there, escapes and all, so that one written with escapes is no name that is known.
  struct Name: Equatable {
    /// Its last 16 bytes; with `count`, a name of at most 16 is told from every other.
    private var tail: UInt128 = 0
    private var count = 0

    init() {}

    init(_ word: String) {
      for byte in word.utf8 { append(byte) }
    }

    fileprivate mutating func append(_ byte: UInt8) {
      tail = tail << 8 | UInt128(byte)
      count &+= 1
    }
  }

  init(_ next: @escaping () throws -> [UInt8]) { self.next = next }

  /// What comes next, without taking it.
  mutating func kind() throws -> Kind {
    guard let byte = try visible() else { throw NotJSON() }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), Self.digits: return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .other
    default: throw NotJSON()
    }
  }

  /// Begins an object or an array.
  ///
  /// - Parameter opening: `{` or `[`; it comes next.
  mutating func open(_ opening: Unicode.Scalar) throws {
    depth += 1
    guard depth <= CoreLimits.jsonDepth else { throw NotJSON() }
    try take(opening)
  }

  /// Whether another member comes, at the start (`isFirst`) or after one; takes the comma, or the closing.
  mutating func another(isFirst: Bool, closing: Unicode.Scalar) throws -> Bool {
    guard let byte = try visible() else { throw NotJSON() }
    if byte == UInt8(ascii: closing) {
      place += 1
      depth -= 1
      return false
    }
    if !isFirst { try take(",") }
    return true
  }

  /// A member's name and the colon.
  mutating func name() throws -> Name {
    var name = Name()
    try take("\"")
    while true {
      let byte = try inString()
      if byte == UInt8(ascii: "\"") { break }
      name.append(byte)
      // What an escape stands for is not needed: with its backslash it is no name that is known.
      if byte == UInt8(ascii: "\\") { try escape() }
    }
    try take(":")
    return name
  }

  /// A string of a known length without escapes, read where it stands.
  ///
  /// - Parameter read: gets the bytes between the quotes, if there are `count` of them; whether they hold escapes it finds
  ///   out by the backslash.
  /// - Returns: what `read` made of it; nil for a string of another length.
  mutating func string<Value>(of count: Int, _ read: (Span<UInt8>, Range<Int>) -> Value?) throws -> Value? {
    try take("\"")
    if window.count - place > count, window[place + count] == UInt8(ascii: "\"") {
      // Most of them lie in one piece; a control character, quote or backslash within is left to the slow way.
      let range = place..<place + count
      if let value = read(window.span, range) {
        place = range.upperBound + 1
        return value
      }
    }
    var bytes: [UInt8] = []
    var isLonger = false
    while true {
      let byte = try inString()
      if byte == UInt8(ascii: "\"") { break }
      if bytes.count < count { bytes.append(byte) } else { isLonger = true }
      if byte == UInt8(ascii: "\\") {
        try escape()
        isLonger = true
      }
    }
    return isLonger || bytes.count < count ? nil : read(bytes.span, 0..<count)
  }

  /// A number; nil when it is not whole as it is written, or does not fit.
  mutating func wholeNumber() throws -> Int64? {
    let isNegative = try visible() == UInt8(ascii: "-")
    if isNegative { place += 1 }
    guard let first = try peek(), case Self.digits = first else { throw NotJSON() }
    var value: Int64? = 0
    var digits = 0
    while let byte = try peek(), case Self.digits = byte {
      if digits == 1, first == UInt8(ascii: "0") { throw NotJSON() }
      value = value.flatMap { Self.appending(Int64(byte - UInt8(ascii: "0")), to: $0, isNegative) }
      digits = min(digits + 1, 2)
      place += 1
    }
    if try peek() == UInt8(ascii: ".") {
      value = nil
      place += 1
      try someDigits()
    }
    if let byte = try peek(), byte | 0x20 == UInt8(ascii: "e") {
      value = nil
      place += 1
      if let sign = try peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { place += 1 }
      try someDigits()
    }
    return value
  }

  /// Passes over a value of any kind. Its depth is bounded, and so is this recursion.
  mutating func skip() throws {
    switch try kind() {
    case .object:
      try open("{")
      var isFirst = true
      while try another(isFirst: isFirst, closing: "}") {
        isFirst = false
        _ = try name()
        try skip()
      }
    case .array:
      try open("[")
      var isFirst = true
      while try another(isFirst: isFirst, closing: "]") {
        isFirst = false
        try skip()
      }
    case .string:
      try take("\"")
      while true {
        let byte = try inString()
        if byte == UInt8(ascii: "\"") { break }
        if byte == UInt8(ascii: "\\") { try escape() }
      }
    case .number: _ = try wholeNumber()
    case .other: try word()
    }
  }

  /// Nothing but space is left.
  mutating func end() throws {
    guard try visible() == nil else { throw NotJSON() }
  }

  // MARK: Bytes

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  /// The next byte, which stays; nil at the end.
  @inline(__always)
  private mutating func peek() throws -> UInt8? {
    if place < window.count { return window[place] }
    return try fill() ? window[place] : nil
  }

  /// The next byte that is no space, which stays.
  @inline(__always)
  private mutating func visible() throws -> UInt8? {
    while let byte = try peek() {
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      place += 1
    }
    return nil
  }

  /// Takes the next byte of a string: its closing quote, a backslash, or one of the text.
  @inline(__always)
  private mutating func inString() throws -> UInt8 {
    guard let byte = try peek(), byte >= 0x20 else { throw NotJSON() }
    place += 1
    return byte
  }

  /// Goes on to the next piece.
  ///
  /// - Returns: whether there is a byte.
  @inline(never)
  private mutating func fill() throws -> Bool {
    while !isAtEnd {
      guard !isBroken else { throw NotJSON() }
      let piece = try next()
      isAtEnd = piece.isEmpty
      window = cut.isEmpty ? piece : cut + piece
      place = 0
      cut = []
      if let wrong = Self.firstWrong(window.span) {
        if wrong.isCutOff, !isAtEnd { cut = Array(window[wrong.place...]) } else { isBroken = true }
        window.removeSubrange(wrong.place...)
      }
      if !window.isEmpty { return true }
    }
    guard !isBroken else { throw NotJSON() }
    return false
  }

  /// Where bytes stop to be UTF-8, and whether only their end is missing.
  private static func firstWrong(_ bytes: Span<UInt8>) -> (place: Int, isCutOff: Bool)? {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes)
      return nil
    } catch {
      let range = error.byteOffsets
      return (range.lowerBound, error.kind == .truncatedScalar && range.upperBound == bytes.count)
    }
  }

  @inline(__always)
  private mutating func take(_ expected: Unicode.Scalar) throws {
    guard try visible() == UInt8(ascii: expected) else { throw NotJSON() }
    place += 1
  }

  /// What stands behind a backslash.
  private mutating func escape() throws {
    guard let byte = try peek() else { throw NotJSON() }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return
    case UInt8(ascii: "u"):
      for _ in 0..<4 {
        guard let digit = try peek() else { throw NotJSON() }
        switch digit {
        case Self.digits, UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): place += 1
        default: throw NotJSON()
        }
      }
    default: throw NotJSON()
    }
  }

  private static func appending(_ digit: Int64, to value: Int64, _ isNegative: Bool) -> Int64? {
    let (ten, over) = value.multipliedReportingOverflow(by: 10)
    let (sum, overToo) = isNegative ? ten.subtractingReportingOverflow(digit) : ten.addingReportingOverflow(digit)
    return over || overToo ? nil : sum
  }

  private mutating func someDigits() throws {
    var hasOne = false
    while let byte = try peek(), case Self.digits = byte {
      hasOne = true
      place += 1
    }
    guard hasOne else { throw NotJSON() }
  }

  private mutating func word() throws {
    let word =
      switch try peek() {
      case UInt8(ascii: "t"): "true"
      case UInt8(ascii: "f"): "false"
      default: "null"
      }
    for expected in word.utf8 {
      guard try peek() == expected else { throw NotJSON() }
      place += 1
    }
  }
}
