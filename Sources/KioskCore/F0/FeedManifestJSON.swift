// SPDX-License-Identifier: GPL-3.0-or-later

internal import FoundationEssentials
internal import Tracer

extension FeedManifest {
  /// Reads the signed bytes. Unknown fields are passed over: later versions may add some that can be missed.
  ///
  /// - Throws: the first thing that is wrong, with its field.
  public init(json: [UInt8]) throws(FeedRefusal) {
    guard json.count <= CoreLimits.feedManifestBytes else { throw .manifestTooLarge }
    let format: Int64
    do {
      format = try JSONDecoder().decode(Format.self, from: Data(json)).format.value
    } catch {
      throw FeedRefusal(error)
    }
    guard format == Self.format else { throw .unknownFormat(Int(clamping: format)) }
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(json))
    } catch {
      throw FeedRefusal(error)
    }
    self = try document.checked()
  }

  /// The bytes to sign: one line, fields in alphabetical order.
  public var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(Document(self)) else { return [] }
    return Array(data) + [UInt8(ascii: "\n")]
  }

  /// A whole number. For one that does not fit, Foundation throws an error of its own, which ends as a fault of the
  /// whole file; here it is tied to its place.
  fileprivate struct Number: Codable {
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

  /// All that is looked at before it is known which other fields there are.
  private struct Format: Decodable {
    var format: FeedManifest.Number
  }

  fileprivate struct Document: Codable {
    var format: FeedManifest.Number
    var region: String
    var version: FeedManifest.Number
    var issued: FeedManifest.Number
    var expires: FeedManifest.Number
    var batches: [File]
    var withdrawn: [String]?
    var community_total: FeedManifest.Number?
    var notices: [Words]?
    var keys: [String]
    var retired_keys: [String]?

    struct File: Codable {
      var path: String
      var sha256: String
      var bytes: FeedManifest.Number
      var entries: FeedManifest.Number
      var added: FeedManifest.Number
    }

    struct Words: Codable {
      var vi: String
      var en: String
    }

    init(_ manifest: FeedManifest) {
      format = .init(Int64(FeedManifest.format))
      region = manifest.region
      version = .init(manifest.version)
      issued = .init(manifest.issued.seconds)
      expires = .init(manifest.expires.seconds)
      batches = manifest.batches.map {
        File(
          path: $0.path, sha256: Hex.string($0.sha256), bytes: .init(Int64($0.bytes)),
          entries: .init(Int64($0.entries)), added: .init($0.added.seconds))
      }
      withdrawn = manifest.withdrawn.isEmpty ? nil : manifest.withdrawn.map { Hex.string($0) }
      community_total = manifest.communityTotal.map { .init(Int64($0)) }
      notices =
        manifest.notices.isEmpty ? nil : manifest.notices.map { Words(vi: $0.vietnamese, en: $0.english) }
      keys = manifest.keys.map(\.hex)
      retired_keys = manifest.retiredKeys.isEmpty ? nil : manifest.retiredKeys.map(\.hex)
    }
  }
}

// MARK: What is allowed

extension FeedManifest.Document {
  func checked() throws(FeedRefusal) -> FeedManifest {
    guard FeedManifest.isRegion(region) else {
      throw .wrongField("region must be 2 to \(CoreLimits.feedRegionCharacters) of A-Z, 0-9 and -")
    }
    guard (1...CoreLimits.feedVersion).contains(version.value) else {
      throw .wrongField("version must be 1 to \(CoreLimits.feedVersion)")
    }
    let (issued, expires) = (try Self.time(issued, "issued"), try Self.time(expires, "expires"))
    guard expires > issued else { throw .wrongField("expires does not lie after issued") }
    guard expires.seconds - issued.seconds <= CoreLimits.feedLifetimeDays * 86_400 else {
      throw .wrongField("expires lies more than \(CoreLimits.feedLifetimeDays) days after issued")
    }
    var manifest = FeedManifest(region: region, version: version.value, issued: issued, expires: expires)
    manifest.batches = try checkedBatches()
    manifest.withdrawn = try checkedWithdrawn(listed: manifest.batches)
    if let total = community_total?.value {
      guard (0...CoreLimits.feedCommunityTotal).contains(total) else {
        throw .wrongField("community_total must be 0 to \(CoreLimits.feedCommunityTotal)")
      }
      manifest.communityTotal = Int(total)
    }
    manifest.notices = try checkedNotices()
    manifest.keys = try Self.keys(keys, "keys")
    manifest.retiredKeys = try Self.keys(retired_keys ?? [], "retired_keys")
    guard Set(manifest.keys).isDisjoint(with: manifest.retiredKeys) else {
      throw .wrongField("a key stands both in keys and in retired_keys")
    }
    return manifest
  }

  private func checkedBatches() throws(FeedRefusal) -> [FeedManifest.Batch] {
    guard batches.count <= CoreLimits.feedBatches else {
      throw .wrongField("batches has more than \(CoreLimits.feedBatches) of them")
    }
    var checked: [FeedManifest.Batch] = []
    var seen: Set<[UInt8]> = []
    var total = 0
    for (index, file) in batches.enumerated() {
      let place = "batches[\(index)]"
      guard let sha256 = Self.hash(file.sha256) else {
        throw .wrongField("\(place).sha256 is not 64 hexadecimal digits")
      }
      guard file.path == FeedManifest.Batch.path(sha256) else {
        throw .wrongField("\(place).path is not batches/, the hash in lower case, and .json")
      }
      guard seen.insert(sha256).inserted else { throw .wrongField("\(place) is listed twice") }
      guard (1...Int64(CoreLimits.feedBatchBytes)).contains(file.bytes.value) else {
        throw .wrongField("\(place).bytes must be 1 to \(CoreLimits.feedBatchBytes)")
      }
      guard (0...Int64(CoreLimits.feedBatchEntries)).contains(file.entries.value) else {
        throw .wrongField("\(place).entries must be 0 to \(CoreLimits.feedBatchEntries)")
      }
      // At most `feedBatches` times `feedBatchBytes`: far from overflow.
      total += Int(file.bytes.value)
      guard total <= CoreLimits.feedBytes else {
        throw .wrongField("batches have more than \(CoreLimits.feedBytes) bytes")
      }
      checked.append(
        .init(
          sha256: sha256, bytes: Int(file.bytes.value), entries: Int(file.entries.value),
          added: try Self.time(file.added, "\(place).added")))
    }
    return checked
  }

  private func checkedWithdrawn(listed: [FeedManifest.Batch]) throws(FeedRefusal) -> [[UInt8]] {
    let texts = withdrawn ?? []
    guard texts.count <= CoreLimits.feedBatches else {
      throw .wrongField("withdrawn has more than \(CoreLimits.feedBatches) of them")
    }
    let listed = Set(listed.map(\.sha256))
    var checked: [[UInt8]] = []
    for (index, text) in texts.enumerated() {
      guard let sha256 = Self.hash(text) else {
        throw .wrongField("withdrawn[\(index)] is not 64 hexadecimal digits")
      }
      guard !listed.contains(sha256) else { throw .wrongField("withdrawn[\(index)] is listed in batches as well") }
      checked.append(sha256)
    }
    return checked
  }

  private func checkedNotices() throws(FeedRefusal) -> [FeedManifest.Notice] {
    let notices = notices ?? []
    guard notices.count <= CoreLimits.feedNotices else {
      throw .wrongField("notices has more than \(CoreLimits.feedNotices) of them")
    }
    for (index, notice) in notices.enumerated() {
      for (name, text) in [("vi", notice.vi), ("en", notice.en)] where !FeedManifest.isNotice(text) {
        throw .wrongField(
          "notices[\(index)].\(name) must be one line of 1 to \(CoreLimits.feedNoticeCharacters) characters")
      }
    }
    return notices.map { .init(vietnamese: $0.vi, english: $0.en) }
  }

  private static func time(_ number: FeedManifest.Number, _ name: String) throws(FeedRefusal) -> UTCTime {
    // Up to the year 9999: milliseconds could come in by mistake.
    guard (0...253_402_300_799).contains(number.value) else {
      throw .wrongField("\(name) is not a time in seconds since 1970")
    }
    return UTCTime(seconds: number.value)
  }

  private static func keys(_ texts: [String], _ name: String) throws(FeedRefusal) -> [FeedKey] {
    guard texts.count <= CoreLimits.feedKeys else {
      throw .wrongField("\(name) has more than \(CoreLimits.feedKeys) of them")
    }
    var keys: [FeedKey] = []
    for (index, text) in texts.enumerated() {
      guard let key = FeedKey(hex: text) else { throw .wrongField("\(name)[\(index)] is not 64 hexadecimal digits") }
      keys.append(key)
    }
    return keys
  }

  private static func hash(_ text: String) -> [UInt8]? { text.utf8.count == 64 ? Hex.bytes(text) : nil }
}

extension FeedManifest {
  /// Whether a text can be shown as one: a line without control characters.
  public static func isNotice(_ text: String) -> Bool {
    (1...CoreLimits.feedNoticeCharacters).contains(text.count)
      && text.utf8.count <= 8 * CoreLimits.feedNoticeCharacters
      && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
      && text.unicodeScalars.contains { !$0.properties.isWhitespace }
  }
}

extension FeedRefusal {
  /// Words for a decoder's error: the path of the field, and what was expected there.
  init(_ error: any Error) {
    guard let error = error as? DecodingError else {
      self = .wrongField("it is not JSON")
      return
    }
    switch error {
    case .keyNotFound(let key, let context):
      self = .wrongField("\(Self.path(context.codingPath + [key])) is missing")
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      self = .wrongField("\(Self.path(context.codingPath)) has the wrong type")
    case .dataCorrupted(let context):
      self = .wrongField(
        context.codingPath.isEmpty ? "it is not JSON" : "\(Self.path(context.codingPath)) has a wrong value")
    @unknown default: self = .wrongField("it cannot be read")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    var text = ""
    for key in keys {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return text.isEmpty ? "it" : text
  }
}
