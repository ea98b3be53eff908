// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("A feed's manifest") struct FeedManifestTests {
  private var full: FeedManifest {
    var manifest = FeedSamples.manifest(batches: [FeedSamples.batch(1), FeedSamples.batch(2)])
    manifest.withdrawn = [FeedSamples.hash(9)]
    manifest.communityTotal = 23_000_000
    manifest.notices = [.init(vietnamese: "Đeo khẩu trang", english: "Wear a mask")]
    manifest.keys = [FeedSamples.key(1), FeedSamples.key(2)]
    manifest.retiredKeys = [FeedSamples.key(3)]
    return manifest
  }
  private var text: String { String(decoding: full.json, as: UTF8.self) }

  private func refusal(_ text: String) -> String {
    do throws(FeedRefusal) {
      _ = try FeedManifest(json: Array(text.utf8))
      return "read"
    } catch {
      return error.description
    }
  }

  @Test("is read as it was written, and fields of later versions are passed over") func roundTrip() throws {
    #expect(try FeedManifest(json: full.json) == full)
    #expect(
      try FeedManifest(json: Array(text.replacing("{\"batches\"", with: "{\"new\":[{}],\"batches\"").utf8)) == full)
    let least = FeedSamples.manifest()
    #expect(try FeedManifest(json: least.json) == least)
  }

  @Test("of a later format is refused before anything else of it is read") func format() {
    #expect(refusal("{\"format\":2}").contains("format 2") && refusal("{\"format\":2}").contains("update"))
    #expect(refusal("{\"format\":\"1\"}").contains("format has the wrong type"))
    #expect(refusal("{}").contains("format is missing"))
    #expect(refusal("").contains("not JSON"))
    #expect(refusal(text + "x").contains("not JSON"))
  }

  @Test(
    "with a field that is not allowed is refused, and the field is named",
    arguments: [
      ("\"VN-HN\"", "\"vn\"", "region"), ("\"VN-HN\"", "\"VN-HN-VN-HN-VN-HN\"", "region"), ("\"VN-HN\"", "7", "region"),
      ("\"version\":5", "\"version\":0", "version"), ("\"version\":5", "\"version\":9007199254740992", "version"),
      ("\"version\":5", "\"version\":5.5", "version"), ("\"version\":5", "\"version\":99999999999999999999", "version"),
      ("\"issued\":1763700000", "\"issued\":-1", "issued"),
      ("\"issued\":1763700000", "\"issued\":1764304800", "expires"),
      ("\"expires\":1764304800", "\"expires\":1766378401", "days"),
      ("\"bytes\":100", "\"bytes\":0", "batches[0].bytes"), ("\"bytes\":100", "\"bytes\":16777217", "batches[0].bytes"),
      ("\"entries\":1", "\"entries\":100001", "batches[0].entries"),
      ("\"entries\":1", "\"entries\":-1", "batches[0].entries"),
      ("\"path\":\"batches/", "\"path\":\"../batches/", "batches[0].path"),
      ("\"path\":\"batches/", "\"path\":\"https://x/", "batches[0].path"),
      ("\"sha256\":\"01", "\"sha256\":\"0g", "batches[0].sha256"),
      ("\"sha256\":\"01", "\"sha256\":\"", "batches[0].sha256"),
      ("\"added\":1763700000", "\"added\":1763700000000", "batches[0].added"),
      ("23000000", "1000000001", "community_total"), ("23000000", "-1", "community_total"),
      ("\"Wear a mask\"", "\"\"", "notices[0].en"), ("\"Wear a mask\"", "\" \"", "notices[0].en"),
      ("Wear a mask", "a\\nb", "notices[0].en"), ("\"Wear a mask\"", "null", "notices[0].en"),
      ("\"keys\":[\"01", "\"keys\":[\"0", "keys[0]"), ("\"keys\":[\"", "\"key\":[\"", "keys is missing"),
      ("\"withdrawn\":[\"09", "\"withdrawn\":[\"0", "withdrawn[0]"),
    ])
  func wrongField(from: String, to: String, named: String) {
    let changed = text.replacing(from, with: to, maxReplacements: 1)
    #expect(changed != text)
    #expect(refusal(changed).contains(named), "\(refusal(changed))")
  }

  @Test("says each thing once: no batch twice, none withdrawn that is listed, no key both trusted and retired")
  func contradictions() {
    var manifest = full
    manifest.batches.append(manifest.batches[0])
    #expect(refusal(String(decoding: manifest.json, as: UTF8.self)).contains("twice"))
    manifest = full
    manifest.withdrawn = [FeedSamples.hash(1)]
    #expect(refusal(String(decoding: manifest.json, as: UTF8.self)).contains("withdrawn[0]"))
    manifest = full
    manifest.retiredKeys = [FeedSamples.key(1)]
    #expect(refusal(String(decoding: manifest.json, as: UTF8.self)).contains("retired"))
  }

  @Test("has at most so many batches, keys and notices") func limits() throws {
    func batches(_ count: Int) -> [FeedManifest.Batch] {
      (0..<count).map { n in
        let sha256 = FeedSamples.hash(0).dropLast(2) + [UInt8(n >> 8), UInt8(n & 255)]
        return .init(sha256: Array(sha256), bytes: 100, entries: 1, added: FeedSamples.now)
      }
    }
    var manifest = full
    manifest.withdrawn = []
    manifest.batches = batches(CoreLimits.feedBatches)
    #expect(try FeedManifest(json: manifest.json) == manifest)
    manifest.batches = batches(CoreLimits.feedBatches + 1)
    #expect(throws: FeedRefusal.self) { try FeedManifest(json: manifest.json) }
    manifest.batches = batches(CoreLimits.feedBytes / CoreLimits.feedBatchBytes)
    for i in manifest.batches.indices { manifest.batches[i].bytes = CoreLimits.feedBatchBytes }
    #expect(try FeedManifest(json: manifest.json) == manifest)
    manifest.batches += [FeedSamples.batch(77)]
    #expect(throws: FeedRefusal.self) { try FeedManifest(json: manifest.json) }
    manifest = full
    manifest.keys = (0..<CoreLimits.feedKeys).map { FeedSamples.key(UInt8($0 + 10)) }
    #expect(try FeedManifest(json: manifest.json) == manifest)
    manifest.keys.append(FeedSamples.key(1))
    #expect(throws: FeedRefusal.self) { try FeedManifest(json: manifest.json) }
    manifest = full
    manifest.notices = Array(
      repeating: .init(vietnamese: String(repeating: "ộ", count: CoreLimits.feedNoticeCharacters), english: "x"),
      count: CoreLimits.feedNotices)
    #expect(try FeedManifest(json: manifest.json) == manifest)
    manifest.notices.append(manifest.notices[0])
    #expect(throws: FeedRefusal.self) { try FeedManifest(json: manifest.json) }
    #expect(throws: FeedRefusal.manifestTooLarge) {
      try FeedManifest(json: [UInt8](repeating: 32, count: CoreLimits.feedManifestBytes + 1))
    }
  }

  @Test("cut off anywhere is refused") func truncation() throws {
    let json = full.json
    for count in 0..<json.count - 1 {
      #expect(throws: FeedRefusal.self) { try FeedManifest(json: Array(json.prefix(count))) }
    }
  }
}
