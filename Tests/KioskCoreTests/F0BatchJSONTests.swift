// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("A batch in the authority's JSON")
struct F0BatchJSONTests {
  private static let key = "c0ffee112233445566778899aabbccddeeff00112233445566778899aabbcc01"

  /// One entry; an argument of nil leaves the field out.
  private static func entry(
    key: String? = "\"\(key)\"", start: String? = "1763683200", max: String? = "96",
    end: String? = "1763769599"
  ) -> String {
    let fields = [("daily_key", key), ("time_start", start), ("max", max), ("time_end", end)]
    return "{"
      + fields.compactMap { name, value in value.map { "\"\(name)\": \($0)" } }.joined(separator: ", ") + "}"
  }

  private static func file(_ entries: String...) -> String {
    "{\"data\": [\(entries.joined(separator: ", "))]}"
  }

  private func read(_ text: String) throws(F0Batch.Refusal) -> F0Batch { try read(Array(text.utf8)) }

  /// Whole, and in pieces of some lengths, which must come to the same.
  private func read(_ bytes: [UInt8]) throws(F0Batch.Refusal) -> F0Batch {
    let whole = Result { () throws(F0Batch.Refusal) in try F0Batch(json: bytes) }
    for length in [1, 2, 3, 7, 64] {
      #expect(Self.inPieces(bytes, lengths: { length }) == whole, "in pieces of \(length)")
    }
    return try whole.get()
  }

  private static func inPieces(_ bytes: [UInt8], lengths: @escaping () -> Int) -> Result<F0Batch, F0Batch.Refusal> {
    var rest = bytes[...]
    var entries: [F0Entry] = []
    do {
      try F0Batch.read {
        let piece = rest.prefix(lengths())
        rest.removeFirst(piece.count)
        return Array(piece)
      } each: {
        entries.append($0)
      }
      return .success(F0Batch(entries: entries))
    } catch let refusal as F0Batch.Refusal {
      return .failure(refusal)
    } catch {
      Issue.record("\(error)")
      return .success(F0Batch(entries: []))
    }
  }

  /// The refusal of a text, whose words must name no key.
  private func refused(_ text: String, at location: SourceLocation = #_sourceLocation) -> F0Batch.Refusal? {
    do throws(F0Batch.Refusal) {
      _ = try read(text)
      Issue.record("was not refused", sourceLocation: location)
      return nil
    } catch {
      let words = "\(error) \(error.reason) \(String(reflecting: error))".lowercased()
      #expect(!words.contains("c0ffee"), sourceLocation: location)
      #expect(words.count < 300, sourceLocation: location)
      return error
    }
  }

  // MARK: Read

  @Test("is read with all its fields")
  func good() throws {
    let other = Self.entry(
      key: "\"\(String(repeating: "0f", count: 32))\"", start: "1763769600", max: "144", end: "1763769600")
    let batch = try read(Self.file(Self.entry(), other))
    let key = try #require(BluezoneKey(hex: Self.key))
    #expect(
      batch.entries == [
        F0Entry(dailyKey: key, start: UTCTime(seconds: 1_763_683_200), end: UTCTime(seconds: 1_763_769_599)),
        F0Entry(
          dailyKey: try #require(BluezoneKey([UInt8](repeating: 15, count: 32))),
          start: UTCTime(seconds: 1_763_769_600), end: UTCTime(seconds: 1_763_769_600),
          scheme: try #require(SlotScheme(slotsPerDay: 144))),
      ])
  }

  @Test("is read with upper-case digits, in any order, with white space and with fields of later versions")
  func lenient() throws {
    let plain = try read(Self.file(Self.entry()))
    #expect(try read(Self.file(Self.entry(key: "\"\(Self.key.uppercased())\""))) == plain)
    let text = """
      \u{20}{ "version" : {"a":[1,null]}, "data" : [ {"time_end":1763769599,"note":"x","max":96,
      "daily_key":"\(Self.key)","time_start":1763683200} ] }\r\n
      """
    #expect(try read(text) == plain)
  }

  @Test("may have no entries")
  func empty() throws {
    #expect(try read("{\"data\": []}").entries.isEmpty)
    #expect(try read("{\"data\":[]}\n").entries.isEmpty)
  }

  @Test("keeps an entry that comes twice")
  func duplicates() throws {
    let batch = try read(Self.file(Self.entry(), Self.entry()))
    #expect(batch.entries.count == 2)
    #expect(batch.entries[0] == batch.entries[1])
  }

  @Test(
    "is read at the limits",
    arguments: [
      entry(max: "1"), entry(max: "1440"), entry(start: "0", end: "0"),
      entry(start: "253402300799", end: "253402300799"),
      entry(start: "253402300799", end: "253407484799"),
      entry(start: "1763683200", end: "1763683200"),
      entry(start: "1763683200", end: "1768867200"),
    ])
  func limits(entry: String) throws {
    #expect(try read(Self.file(entry)).entries.count == 1)
  }

  // MARK: Refused

  @Test(
    "is refused for one wrong field, with the entry counted from 1 and the field named",
    arguments: [
      (entry(key: nil), "daily_key"), (entry(start: nil), "time_start"), (entry(max: nil), "max"),
      (entry(end: nil), "time_end"),
      (entry(key: "\"\""), "daily_key"), (entry(key: "\"c0ffee\""), "daily_key"),
      (entry(key: "\"\(key.dropLast())\""), "daily_key"), (entry(key: "\"\(key)0\""), "daily_key"),
      (entry(key: "\"\(key)00\""), "daily_key"), (entry(key: "\"\(key.dropLast())g\""), "daily_key"),
      (entry(key: "\" \(key.dropLast())\""), "daily_key"),
      (entry(key: "\"0x\(key.dropLast(2))\""), "daily_key"),
      (entry(key: "\"\(key.dropLast())\u{0661}\""), "daily_key"),
      (entry(key: "null"), "daily_key"), (entry(key: "12"), "daily_key"),
      (entry(key: "[\"\(key)\"]"), "daily_key"),
      (entry(start: "-1"), "time_start"), (entry(start: "253402300800"), "time_start"),
      (entry(start: "1763683200000", end: "1763683200000"), "time_start"),
      (entry(start: "\"1763683200\""), "time_start"), (entry(start: "null"), "time_start"),
      (entry(start: "true"), "time_start"), (entry(start: "1763683200.5"), "time_start"),
      (entry(start: "9223372036854775808"), "time_start"), (entry(start: "1e400"), "time_start"),
      (entry(start: "-9223372036854775808"), "time_start"),
      (entry(end: "1763683199"), "time_end"), (entry(end: "-9223372036854775808"), "time_end"),
      (entry(end: "{}"), "time_end"), (entry(end: "99999999999999999999999999"), "time_end"),
      (entry(end: "1768867201"), "days"), (entry(end: "9223372036854775807"), "days"),
      (entry(max: "0"), "max"), (entry(max: "1441"), "max"), (entry(max: "-96"), "max"),
      (entry(max: "96.5"), "max"), (entry(max: "\"96\""), "max"), (entry(max: "false"), "max"),
      (entry(max: "18446744073709551616"), "max"),
    ])
  func wrongField(entry: String, named: String) throws {
    for (text, number) in [
      (Self.file(entry), 1), (Self.file(Self.entry(), Self.entry(), entry), 3),
      (Self.file(Self.entry(), entry, entry), 2),
    ] {
      let refusal = try #require(refused(text))
      #expect(refusal.entry == number)
      #expect(refusal.description.hasPrefix("entry \(number): "))
      #expect(refusal.reason.contains(named), "\(refusal)")
    }
  }

  @Test("is refused when a field stands there twice; a name with escapes is no name that is known")
  func twice() throws {
    for field in ["daily_key", "time_start", "max", "time_end"] {
      let value = field == "daily_key" ? "\"\(Self.key)\"" : "1"
      let refusal = try #require(refused("{\"data\": [{\"\(field)\": \(value), \"\(field)\": \(value)}]}"))
      #expect(refusal.entry == 1 && refusal.reason == "\(field) stands there twice")
    }
    #expect(refused("{\"data\": [], \"data\": []}")?.reason == "data stands there twice")
    let escaped = Self.file(Self.entry()).replacing("\"max\"", with: "\"m\\u0061x\"")
    #expect(refused(escaped)?.reason == "max is missing")
  }

  @Test(
    "is read strictly where it is passed over, too",
    arguments: [
      "01", "1.", "1e", "-", "+1", "tru", "nul", "\"\\x\"", "\"\\u12g4\"", "\"\u{1}\"", "\"", "[1,]", "[,1]", "{\"a\"}",
      "{1:1}",
      "{\"a\":1,}", "'a'",
    ])
  func strict(value: String) throws {
    #expect(refused("{\"x\": \(value), \"data\": []}")?.reason == "it is not JSON")
    #expect(refused("{\"data\": [{\"x\": \(value)}]}")?.reason == "it is not JSON")
  }

  @Test(
    "is refused for an entry that is no object", arguments: ["null", "1", "\"\(key)\"", "[]", "[\"\(key)\"]"])
  func wrongEntry(entry: String) throws {
    let refusal = try #require(refused(Self.file(Self.entry(), entry)))
    #expect(refusal.entry == 2)
    #expect(refusal.reason == "it has the wrong type")
  }

  @Test(
    "is refused as a whole when the file is something else",
    arguments: [
      ("", "it is not JSON"), (" ", "it is not JSON"), ("\u{0}", "it is not JSON"), ("{", "it is not JSON"),
      ("{\"data\": [", "it is not JSON"), ("{\"data\": []", "it is not JSON"),
      ("{\"data\": [],,}", "it is not JSON"),
      ("{\"data\": []} x", "it is not JSON"), ("{\"data\": []}{\"data\": []}", "it is not JSON"),
      ("{\"data\": []}]", "it is not JSON"), ("\(key)", "it is not JSON"),
      ("{}", "data is missing"), ("{\"Data\": []}", "data is missing"),
      ("{\"data\": null}", "data has the wrong type"),
      ("{\"data\": {}}", "data has the wrong type"), ("{\"data\": 1}", "data has the wrong type"),
      ("[]", "it has the wrong type"), ("\"\(key)\"", "it has the wrong type"),
      ("12", "it has the wrong type"),
    ])
  func wrongFile(text: String, reason: String) throws {
    let refusal = try #require(refused(text))
    #expect(refusal.entry == nil)
    #expect(refusal.reason == reason)
    #expect(refusal.description == refusal.reason)
  }

  @Test(
    "is refused for numbers that JSON does not know",
    arguments: ["NaN", "Infinity", "-Infinity", "0x60", "+96", "096", "96."])
  func wrongNumbers(number: String) throws {
    _ = try #require(refused(Self.file(Self.entry(max: number))))
    _ = try #require(refused(Self.file(Self.entry(start: number))))
  }

  @Test("is refused for bytes that are no UTF-8")
  func notUTF8() {
    #expect(throws: F0Batch.Refusal.self) {
      try read(Array("{\"data\": [], \"\u{FF}".utf8) + [0xFF, 0xFE])
    }
    #expect(throws: F0Batch.Refusal.self) { try read([0xFF] + Array(Self.file(Self.entry()).utf8)) }
    #expect(throws: F0Batch.Refusal.self) {
      try read(Array("{\"data\": [{\"daily_key\": \"".utf8) + [0xC3])
    }
    // Each kind of wrong sequence, within a string and at the very end. Source: Unicode 16, table 3-7.
    let good = Array("{\"x\": \"é ế 😀\", \"data\": []".utf8)
    let sequences: [[UInt8]] = [
      [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE1, 0x80],
    ]
    for wrong in sequences {
      for end in [Array("\"}".utf8), []] {
        let refusal = #expect(throws: F0Batch.Refusal.self) { try read(good + Array(", \"y\": \"".utf8) + wrong + end) }
        #expect(refusal?.reason == "it is not JSON")
      }
    }
    #expect(throws: Never.self) { try read(good + [UInt8(ascii: "}")]) }
  }

  @Test("is refused for what comes first, wherever the pieces end and whatever is wrong after it")
  func firstWrong() throws {
    let bytes = Array("{\"data\": [{\"max\": true}]}".utf8) + [0xFF]
    let refusal = #expect(throws: F0Batch.Refusal.self) { try read(bytes) }
    #expect(refusal == F0Batch.Refusal(entry: 1, reason: "max has the wrong type"))
  }

  /// Files of two entries and fields of later versions, of which up to three bytes are changed, taken out or doubled.
  @Test("reads the same in pieces of every length as whole", arguments: 0..<12 as Range<UInt64>)
  func pieces(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let other = #" {"x": ["ế😀\u00e9\n", -1.5e+3, {"daily_key": null}],"#
    let good = Array("\(other)\r\n\"data\": [\(Self.entry()) , \(Self.entry(end: "1763769600"))]}\n".utf8)
    var refusals = 0
    for round in 0..<20 {
      var bytes = good
      // The first of them stays good.
      for _ in 0..<(round == 0 ? 0 : Int.random(in: 1...3, using: &random)) {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] = Array("{}[]\",:0 \\".utf8).randomElement(using: &random) ?? 0
        case 2: bytes.remove(at: place)
        default: bytes.insert(bytes[place], at: place)
        }
      }
      let whole = Result { () throws(F0Batch.Refusal) in try F0Batch(json: bytes) }
      if case .failure = whole { refusals += 1 }
      for length in 1...bytes.count where round < 2 || length <= 16 {
        #expect(Self.inPieces(bytes, lengths: { length }) == whole, "seed \(seed), round \(round), pieces of \(length)")
      }
      var lengths = SplitMix64(seed: seed &+ 1)
      let mixed = Self.inPieces(bytes) { Int.random(in: 1...40, using: &lengths) }
      #expect(mixed == whole, "seed \(seed), round \(round), pieces of random lengths")
    }
    #expect((1..<20).contains(refusals), "some are refused and some are read")
  }

  @Test("gives the entries before a wrong one, and then refuses") func entriesBefore() {
    var given = 0
    let refusal = #expect(throws: F0Batch.Refusal.self) {
      var pieces = [Self.file(Self.entry(), Self.entry(), Self.entry(max: "0")), ""]
      try F0Batch.read {
        Array(pieces.removeFirst().utf8)
      } each: { _ in
        given += 1
      }
    }
    #expect(refusal?.entry == 3)
    #expect(given == 2)
  }

  @Test("an error of the file, and of what takes the entries, comes out as it is") func otherErrors() {
    struct Full: Error {}
    #expect(throws: Full.self) {
      try F0Batch.read {
        throw Full()
      } each: { _ in
      }
    }
    let bytes = Array(Self.file(Self.entry()).utf8)
    #expect(throws: Full.self) {
      try F0Batch.read {
        bytes
      } each: { _ in
        throw Full()
      }
    }
  }

  @Test("is refused, and does no harm, when it is nested without end", arguments: [600, 100_000])
  func nesting(depth: Int) throws {
    let open = String(repeating: "[", count: depth)
    let close = String(repeating: "]", count: depth)
    _ = try #require(refused(open))
    _ = try #require(refused(open + close))
    _ = try #require(refused("{\"data\": \(open)\(close)}"))
    _ = try #require(refused(String(repeating: "{\"data\":", count: depth)))
    _ = try #require(refused("{\"x\": \(open)\(close), \"data\": []}"))
  }

  @Test("is refused for every way in which its end can be cut off")
  func truncations() throws {
    let bytes = Array(Self.file(Self.entry(), Self.entry()).utf8)
    for count in 0..<bytes.count {
      #expect(throws: F0Batch.Refusal.self) { try F0Batch(json: Array(bytes.prefix(count))) }
    }
    #expect(try F0Batch(json: bytes).entries.count == 2)
  }

  @Test("is refused without being read when it is larger than the limit")
  func oversized() throws {
    let bytes = [UInt8](repeating: 0x20, count: CoreLimits.f0FileBytes + 1)
    let error = #expect(throws: F0Batch.Refusal.self) { try F0Batch(json: bytes) }
    #expect(error?.reason.contains("\(CoreLimits.f0FileBytes)") == true)
    // One byte fewer is read, and is no JSON from its first byte on.
    let atLimit = #expect(throws: F0Batch.Refusal.self) { try F0Batch(json: [0x78] + bytes.dropLast(2)) }
    #expect(atLimit?.reason == "it is not JSON")
  }
}
