// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

extension F0Batch {
  /// Reads `{"data": [{"daily_key", "time_start", "max", "time_end"}, …]}`, with fields of later versions passed over.
  ///
  /// - Throws: the first thing that is wrong, with its entry. No key is named in it.
  public init(json: [UInt8]) throws(Refusal) {
    var entries: [F0Entry] = []
    // A little less than the shortest entry that is usual.
    entries.reserveCapacity(min(json.count / 128, CoreLimits.f0Entries))
    try Self.read(json: json) { entry throws(Refusal) in entries.append(entry) }
    self.init(entries: entries)
  }

  /// Gives the entries one by one, as they stand in the file. What was given counts only if this returns: the file may
  /// be wrong further on.
  public static func read(json: [UInt8], each: (F0Entry) throws(Refusal) -> Void) throws(Refusal) {
    guard json.count <= CoreLimits.f0FileBytes else {
      throw Refusal(reason: "the file is larger than \(CoreLimits.f0FileBytes) bytes")
    }
    let bytes = json.span
    guard (try? UTF8Span(validating: bytes)) != nil else { throw Self.notJSON }
    var reader = JSONReader()
    do {
      try read(bytes, &reader, each)
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Self.notJSON
    }
  }

  private static let notJSON = Refusal(reason: "it is not JSON")

  private static func read(
    _ bytes: Span<UInt8>, _ reader: inout JSONReader, _ each: (F0Entry) throws(Refusal) -> Void
  ) throws {
    guard try reader.kind(bytes) == .object else {
      // Text that is no JSON at all is told from JSON of another kind.
      try reader.skip(bytes)
      try reader.end(bytes)
      throw Refusal(reason: "it has the wrong type")
    }
    try reader.open(bytes, "{")
    var (isFirst, hasData) = (true, false)
    while try reader.another(bytes, isFirst: isFirst, closing: "}") {
      isFirst = false
      guard bytes.matches("data", at: try reader.name(bytes)) else {
        try reader.skip(bytes)
        continue
      }
      guard !hasData else { throw Refusal(reason: "data stands there twice") }
      hasData = true
      guard try reader.kind(bytes) == .array else { throw Refusal(reason: "data has the wrong type") }
      try entries(bytes, &reader, each)
    }
    try reader.end(bytes)
    guard hasData else { throw Refusal(reason: "data is missing") }
  }

  private static func entries(
    _ bytes: Span<UInt8>, _ reader: inout JSONReader, _ each: (F0Entry) throws(Refusal) -> Void
  ) throws {
    try reader.open(bytes, "[")
    var number = 0
    while try reader.another(bytes, isFirst: number == 0, closing: "]") {
      number += 1
      guard number <= CoreLimits.f0Entries else {
        throw Refusal(reason: "it has more than \(CoreLimits.f0Entries) entries")
      }
      do throws(Refusal) {
        try each(try Fields(bytes, &reader).checked())
      } catch {
        guard error != Self.notJSON else { throw error }
        throw Refusal(entry: number, reason: error.reason)
      }
    }
  }

  /// One entry's fields as they stand there.
  private struct Fields {
    var dailyKey: BluezoneKey?
    var start: Int64?
    var max: Int64?
    var end: Int64?

    init(_ bytes: Span<UInt8>, _ reader: inout JSONReader) throws(Refusal) {
      do {
        try read(bytes, &reader)
      } catch let refusal as Refusal {
        throw refusal
      } catch {
        throw F0Batch.notJSON
      }
    }

    private mutating func read(_ bytes: Span<UInt8>, _ reader: inout JSONReader) throws {
      guard try reader.kind(bytes) == .object else { throw Refusal(reason: "it has the wrong type") }
      try reader.open(bytes, "{")
      var isFirst = true
      while try reader.another(bytes, isFirst: isFirst, closing: "}") {
        isFirst = false
        let name = try reader.name(bytes)
        if bytes.matches("daily_key", at: name) {
          guard dailyKey == nil else { throw Refusal(reason: "daily_key stands there twice") }
          guard try reader.kind(bytes) == .string else { throw Refusal(reason: "daily_key has the wrong type") }
          dailyKey = BluezoneKey(hex: bytes, try reader.string(bytes))
          guard dailyKey != nil else { throw Refusal(reason: "daily_key is not 64 hexadecimal digits") }
        } else if bytes.matches("time_start", at: name) {
          try Self.number(bytes, &reader, &start, "time_start")
        } else if bytes.matches("max", at: name) {
          try Self.number(bytes, &reader, &max, "max")
        } else if bytes.matches("time_end", at: name) {
          try Self.number(bytes, &reader, &end, "time_end")
        } else {
          try reader.skip(bytes)
        }
      }
    }

    private static func number(
      _ bytes: Span<UInt8>, _ reader: inout JSONReader, _ field: inout Int64?, _ name: String
    ) throws {
      guard field == nil else { throw Refusal(reason: "\(name) stands there twice") }
      guard try reader.kind(bytes) == .number else { throw Refusal(reason: "\(name) has the wrong type") }
      field = try reader.wholeNumber(bytes)
      guard field != nil else { throw Refusal(reason: "\(name) is no whole number of 64 bits") }
    }

    func checked() throws(Refusal) -> F0Entry {
      guard let dailyKey else { throw Refusal(reason: "daily_key is missing") }
      guard let start else { throw Refusal(reason: "time_start is missing") }
      guard let max else { throw Refusal(reason: "max is missing") }
      guard let end else { throw Refusal(reason: "time_end is missing") }
      guard let scheme = Int(exactly: max).flatMap(SlotScheme.init(slotsPerDay:)) else {
        let allowed = SlotScheme.allowedSlotsPerDay
        throw Refusal(reason: "max is \(max); it must be \(allowed.lowerBound) to \(allowed.upperBound)")
      }
      // Up to the year 9999: milliseconds could come in by mistake.
      guard (0...253_402_300_799).contains(start) else {
        throw Refusal(reason: "time_start is not a time in seconds since 1970")
      }
      guard end >= start else { throw Refusal(reason: "time_end lies before time_start") }
      guard end - start <= CoreLimits.f0EntryDays * 86_400 else {
        throw Refusal(reason: "it spans more than \(CoreLimits.f0EntryDays) days")
      }
      return F0Entry(
        dailyKey: dailyKey, start: UTCTime(seconds: start), end: UTCTime(seconds: end), scheme: scheme)
    }
  }
}
