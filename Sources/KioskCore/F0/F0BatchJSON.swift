// SPDX-License-Identifier: GPL-3.0-or-later

internal import FoundationEssentials
internal import Tracer

extension F0Batch {
  /// Reads `{"data": [{"daily_key", "time_start", "max", "time_end"}, …]}`.
  ///
  /// - Throws: the first thing that is wrong, with its entry. No key is named in it.
  public init(json: [UInt8]) throws(Refusal) {
    guard json.count <= CoreLimits.f0FileBytes else {
      throw Refusal(reason: "the file is larger than \(CoreLimits.f0FileBytes) bytes")
    }
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(json))
    } catch let error as DecodingError {
      throw Refusal(error)
    } catch {
      throw Refusal(reason: "it is not JSON")
    }
    guard document.data.count <= CoreLimits.f0Entries else {
      throw Refusal(reason: "it has more than \(CoreLimits.f0Entries) entries")
    }
    var entries: [F0Entry] = []
    entries.reserveCapacity(document.data.count)
    for (index, entry) in document.data.enumerated() {
      do {
        entries.append(try entry.checked())
      } catch {
        throw Refusal(entry: index + 1, reason: error.reason)
      }
    }
    self.init(entries: entries)
  }

  private struct Document: Decodable {
    var data: [Entry]
  }

  private struct Entry: Decodable {
    var daily_key: String
    var time_start: WholeNumber
    var max: WholeNumber
    var time_end: WholeNumber

    func checked() throws(Refusal) -> F0Entry {
      let (time_start, max, time_end) = (time_start.value, max.value, time_end.value)
      guard let dailyKey = BluezoneKey(hex: daily_key) else {
        throw Refusal(reason: "daily_key is not 64 hexadecimal digits")
      }
      guard let scheme = Int(exactly: max).flatMap(SlotScheme.init(slotsPerDay:)) else {
        let allowed = SlotScheme.allowedSlotsPerDay
        throw Refusal(reason: "max is \(max); it must be \(allowed.lowerBound) to \(allowed.upperBound)")
      }
      // Up to the year 9999: milliseconds could come in by mistake.
      guard (0...253_402_300_799).contains(time_start) else {
        throw Refusal(reason: "time_start is not a time in seconds since 1970")
      }
      guard time_end >= time_start else { throw Refusal(reason: "time_end lies before time_start") }
      guard time_end - time_start <= CoreLimits.f0EntryDays * 86_400 else {
        throw Refusal(reason: "it spans more than \(CoreLimits.f0EntryDays) days")
      }
      return F0Entry(
        dailyKey: dailyKey, start: UTCTime(seconds: time_start), end: UTCTime(seconds: time_end), scheme: scheme)
    }
  }

  /// A whole number. For one that does not fit, Foundation throws an error of its own, which ends as a fault of the
  /// whole file; here it is tied to its place.
  struct WholeNumber: Codable {
    var value: Int64

    init(_ value: Int64) { self.value = value }

    init(from decoder: any Decoder) throws {
      do {
        value = try decoder.singleValueContainer().decode(Int64.self)
      } catch let error as DecodingError {
        throw error
      } catch {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "no whole number of 64 bits"))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(value)
    }
  }
}

extension F0Batch.Refusal {
  /// Words for a decoder's error: the path of keys, and what was expected there.
  init(_ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(entry: Self.entry(context.codingPath), reason: "\(key.stringValue) is missing")
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      self.init(path: context.codingPath, reason: "has the wrong type")
    case .dataCorrupted(let context):
      if context.codingPath.isEmpty {
        self.init(reason: "it is not JSON")
      } else {
        self.init(path: context.codingPath, reason: "has a wrong value")
      }
    @unknown default: self.init(reason: "it cannot be read")
    }
  }

  private init(path: [any CodingKey], reason: String) {
    let field = path.last.flatMap { $0.intValue == nil ? $0.stringValue : nil }
    self.init(entry: Self.entry(path), reason: "\(field ?? "it") \(reason)")
  }

  private static func entry(_ path: [any CodingKey]) -> Int? {
    path.lazy.compactMap(\.intValue).first.map { $0 + 1 }
  }
}
