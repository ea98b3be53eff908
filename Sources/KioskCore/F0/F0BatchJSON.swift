// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

extension F0Batch {
  /// Reads `{"data": [{"daily_key", "time_start", "max", "time_end"}, …]}`, with fields of later versions passed over.
  ///
  /// - Throws: the first thing that is wrong, with its entry. No key is named in it.
  public init(json: [UInt8]) throws(Refusal) {
    guard json.count <= CoreLimits.f0FileBytes else {
      throw Refusal(reason: "the file is larger than \(CoreLimits.f0FileBytes) bytes")
    }
    var entries: [F0Entry] = []
    // A little less than the shortest entry that is usual.
    entries.reserveCapacity(min(json.count / 128, CoreLimits.f0Entries))
    var isGiven = false
    let whole = { () -> [UInt8] in
      defer { isGiven = true }
      return isGiven ? [] : json
    }
    do {
      try Self.read(whole) { entry in
        guard entries.count < CoreLimits.f0Entries else {
          throw Refusal(reason: "it has more than \(CoreLimits.f0Entries) entries")
        }
        entries.append(entry)
      }
    } catch {
      throw error as? Refusal ?? Self.notJSON
    }
    self.init(entries: entries)
  }

  /// Reads the same from pieces and gives the entries one by one, as they stand there: a file of any length in the memory of
  /// one piece. What was given counts only if this returns, since the file may be wrong further on.
  ///
  /// - Parameters:
  ///   - next: gives the next piece, of any length; an empty one at the end.
  ///   - each: takes an entry.
  /// - Throws: `Refusal`, the first thing that is wrong wherever the pieces end; what `next` and `each` throw.
  public static func read(_ next: @escaping () throws -> [UInt8], each: (F0Entry) throws -> Void) throws {
    var reader = JSONReader(next)
    do {
      try read(&reader, each)
    } catch is JSONReader.NotJSON {
      throw notJSON
    }
  }

  private static let notJSON = Refusal(reason: "it is not JSON")

  private static func read(_ reader: inout JSONReader, _ each: (F0Entry) throws -> Void) throws {
    guard try reader.kind() == .object else {
      // Text that is no JSON at all is told from JSON of another kind.
      try reader.skip()
      try reader.end()
      throw Refusal(reason: "it has the wrong type")
    }
    try reader.open("{")
    let data = JSONReader.Name("data")
    var (isFirst, hasData) = (true, false)
    while try reader.another(isFirst: isFirst, closing: "}") {
      isFirst = false
      guard try reader.name() == data else {
        try reader.skip()
        continue
      }
      guard !hasData else { throw Refusal(reason: "data stands there twice") }
      hasData = true
      guard try reader.kind() == .array else { throw Refusal(reason: "data has the wrong type") }
      try entries(&reader, each)
    }
    try reader.end()
    guard hasData else { throw Refusal(reason: "data is missing") }
  }

  private static func entries(_ reader: inout JSONReader, _ each: (F0Entry) throws -> Void) throws {
    try reader.open("[")
    let names = Names()
    var number = 0
    while try reader.another(isFirst: number == 0, closing: "]") {
      number += 1
      let entry: F0Entry
      do {
        entry = try Fields(&reader, names).checked()
      } catch let refusal as Refusal {
        throw Refusal(entry: number, reason: refusal.reason)
      }
      try each(entry)
    }
  }

  private struct Names {
    let dailyKey = JSONReader.Name("daily_key")
    let start = JSONReader.Name("time_start")
    let max = JSONReader.Name("max")
    let end = JSONReader.Name("time_end")
  }

  /// One entry's fields as they stand there.
  private struct Fields {
    var dailyKey: BluezoneKey?
    var start: Int64?
    var max: Int64?
    var end: Int64?

    init(_ reader: inout JSONReader, _ names: Names) throws {
      guard try reader.kind() == .object else { throw Refusal(reason: "it has the wrong type") }
      try reader.open("{")
      var isFirst = true
      while try reader.another(isFirst: isFirst, closing: "}") {
        isFirst = false
        let name = try reader.name()
        if name == names.dailyKey {
          guard dailyKey == nil else { throw Refusal(reason: "daily_key stands there twice") }
          guard try reader.kind() == .string else { throw Refusal(reason: "daily_key has the wrong type") }
          dailyKey = try reader.string(of: 2 * BluezoneKey.byteCount) { BluezoneKey(hex: $0, $1) }
          guard dailyKey != nil else { throw Refusal(reason: "daily_key is not 64 hexadecimal digits") }
        } else if name == names.start {
          try Self.number(&reader, &start, "time_start")
        } else if name == names.max {
          try Self.number(&reader, &max, "max")
        } else if name == names.end {
          try Self.number(&reader, &end, "time_end")
        } else {
          try reader.skip()
        }
      }
    }

    private static func number(_ reader: inout JSONReader, _ field: inout Int64?, _ name: String) throws {
      guard field == nil else { throw Refusal(reason: "\(name) stands there twice") }
      guard try reader.kind() == .number else { throw Refusal(reason: "\(name) has the wrong type") }
      field = try reader.wholeNumber()
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
