// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// A signed manifest's file: the envelope, and behind it, as if the signature were right, the manifest.
  static let feed = FuzzTarget(name: "feed", seeds: feedSeeds) { input in
    do throws(FeedRefusal) {
      let envelope = try FeedEnvelope(input)
      hold((1...CoreLimits.feedSignatures).contains(envelope.signatures.count), "signatures are bounded")
      hold(envelope.signatures.allSatisfy { $0.bytes.count == 64 }, "a signature is whole")
      hold(envelope.signatures.allSatisfy { Hex.bytes($0.keyID)?.count == 8 }, "a key's name is whole")
      hold(input.suffix(envelope.manifest.count).elementsEqual(envelope.manifest), "what was signed is as it came")
      hold((try? FeedEnvelope(envelope.bytes)) == envelope, "a file is read as it was written")
      check(try FeedManifest(json: envelope.manifest))
    } catch {
      check(error)
    }
    // The fuzzer finds no way past the lines before it: the manifest by itself as well.
    do throws(FeedRefusal) { check(try FeedManifest(json: input)) } catch { check(error) }
  }

  private static func check(_ manifest: FeedManifest) {
    hold(FeedManifest.isRegion(manifest.region), "a region is a region")
    hold((1...CoreLimits.feedVersion).contains(manifest.version), "a version is bounded")
    let life = manifest.expires.seconds - manifest.issued.seconds
    hold(life > 0 && life <= CoreLimits.feedLifetimeDays * 86_400, "a manifest's life is bounded")
    hold(manifest.batches.count <= CoreLimits.feedBatches, "batches are bounded")
    hold(manifest.batches.reduce(0) { $0 + $1.bytes } <= CoreLimits.feedBytes, "their bytes are bounded")
    hold(Set(manifest.batches.map(\.sha256)).count == manifest.batches.count, "no batch comes twice")
    for batch in manifest.batches {
      let name = batch.path.utf8.dropFirst("batches/".utf8.count).dropLast(".json".utf8.count)
      hold(name.count == 64 && name.allSatisfy { $0 != UInt8(ascii: "/") }, "a path stays in its folder")
      hold((1...CoreLimits.feedBatchBytes).contains(batch.bytes), "a batch's bytes are bounded")
      hold((0...CoreLimits.feedBatchEntries).contains(batch.entries), "a batch's entries are bounded")
    }
    hold(Set(manifest.keys).isDisjoint(with: manifest.retiredKeys), "no key is both trusted and retired")
    for notice in manifest.notices {
      hold(FeedManifest.isNotice(notice.vietnamese) && FeedManifest.isNotice(notice.english), "notices can be shown")
    }
    hold((try? FeedManifest(json: manifest.json)) == manifest, "a manifest is read as it was written")
  }

  private static func check(_ refusal: FeedRefusal) {
    hold((1...300).contains(refusal.description.utf8.count), "a refusal is one short sentence")
    hold(!refusal.description.utf8.contains { $0 < 0x20 }, "a refusal is one line")
  }

  private static let feedSeeds: [[UInt8]] = {
    let key = String(repeating: "0123456789abcdef", count: 4)
    let signature = "signature 0123456789abcdef \(key)\(key)\n"
    let batch = #"{"path":"batches/\#(key).json","sha256":"\#(key)","bytes":150,"entries":1,"added":1763683200}"#
    let start = #"{"format":1,"region":"VN-HN","version":1,"issued":1763683200,"expires":1763769600"#
    let least = #"\#(start),"batches":[],"keys":[]}"#
    let most =
      #"\#(start),"batches":[\#(batch)],"keys":["\#(key)"],"retired_keys":[],"withdrawn":[],"#
      + #""community_total":23000000,"notices":[{"vi":"Đeo","en":"Wear"}],"more":[{}]}"#
    return [
      "bluezone-feed 1\n\(signature)\n\(least)", "bluezone-feed 1\n\(signature)\(signature)\n\(most)", least, most,
      "bluezone-feed 2\n", "bluezone-feed 1\n\n{}", #"{"format":2}"#, #"{"format":1,"region":5}"#,
    ].map { Array($0.utf8) }
  }()
}
