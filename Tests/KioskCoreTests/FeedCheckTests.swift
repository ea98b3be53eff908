// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("Whether a feed may be used") struct FeedCheckTests {
  private let root = FeedSamples.key(1)
  private let other = FeedSamples.key(2)

  private func envelope(_ manifest: FeedManifest, by keys: [FeedKey]) -> FeedEnvelope {
    FeedEnvelope(signatures: keys.map { FeedSamples.signature($0) }, manifest: manifest.json)
  }

  private func held(_ manifest: FeedManifest) -> FeedState {
    FeedState(manifest, sha256: FeedSamples.hash(UInt8(manifest.version)), lastSync: nil)
  }

  private func result(
    _ check: FeedCheck, _ envelope: FeedEnvelope, sha256: [UInt8] = FeedSamples.hash(5),
    at moment: Moment = FeedSamples.moment()
  ) -> FeedRefusal? {
    do throws(FeedRefusal) {
      _ = try check.open(envelope, sha256: sha256, at: moment, verify: FeedSamples.verify)
      return nil
    } catch {
      return error
    }
  }

  private func check(_ held: FeedState? = nil) -> FeedCheck { FeedCheck(region: "VN-HN", roots: [root], held: held) }

  @Test("One good signature of a trusted key is enough") func signatures() {
    let manifest = FeedSamples.manifest()
    #expect(result(check(), envelope(manifest, by: [root])) == nil)
    #expect(result(check(), envelope(manifest, by: [other, root])) == nil)
    #expect(result(check(), envelope(manifest, by: [other])) == .unknownKey(signedBy: [other.id]))
    var forged = envelope(manifest, by: [root])
    forged.signatures[0].bytes[63] ^= 1
    #expect(result(check(), forged) == .wrongSignature(key: root.id))
    forged.signatures.append(FeedSamples.signature(root))
    #expect(result(check(), forged) == nil)
  }

  @Test("A key whose first digits are a trusted one's is not that key") func alikeKey() throws {
    let alike = try #require(FeedKey(Array(root.bytes.dropLast() + [99])))
    #expect(alike.id == root.id)
    #expect(result(check(), envelope(FeedSamples.manifest(), by: [alike])) == .wrongSignature(key: root.id))
  }

  @Test("Signature, format, region, version and expiry are looked at in this order") func order() {
    var manifest = FeedSamples.manifest(version: 4, region: "VN-SG")
    let late = FeedSamples.moment(days: 30)
    let check = check(held(FeedSamples.manifest(version: 5)))
    let unreadable = FeedEnvelope(
      signatures: [FeedSamples.signature(root)], manifest: Array("{\"format\":2,\"region\":\"VN-SG\"}".utf8))
    #expect(result(check, envelope(manifest, by: [other]), at: late) == .unknownKey(signedBy: [other.id]))
    #expect(result(check, unreadable, at: late) == .unknownFormat(2))
    #expect(result(check, envelope(manifest, by: [root]), at: late) == .wrongRegion("VN-SG", expected: "VN-HN"))
    manifest.region = "VN-HN"
    #expect(result(check, envelope(manifest, by: [root]), at: late) == .rollback(version: 4, held: 5))
    manifest.version = 6
    #expect(result(check, envelope(manifest, by: [root]), at: late) == .expired(manifest.expires))
    #expect(result(check, envelope(manifest, by: [root])) == nil)
  }

  @Test("The version that is held is good only with the content that is held") func sameVersion() {
    let manifest = FeedSamples.manifest(version: 5)
    let check = check(held(manifest))
    #expect(result(check, envelope(manifest, by: [root])) == nil)
    #expect(result(check, envelope(manifest, by: [root]), sha256: FeedSamples.hash(6)) == .otherContent(version: 5))
  }

  @Test("What another region's feed said does not matter") func otherRegion() {
    let check = check(held(FeedSamples.manifest(version: 9, region: "VN-SG")))
    #expect(result(check, envelope(FeedSamples.manifest(version: 5), by: [root])) == nil)
  }

  @Test("It expires at its second, and never by a clock that is not synchronised") func expiry() {
    let manifest = FeedSamples.manifest()
    let envelope = envelope(manifest, by: [root])
    var moment = FeedSamples.moment(days: 7)
    #expect(result(check(), envelope, at: moment) == .expired(manifest.expires))
    moment.utc = manifest.expires.adding(milliseconds: -1)
    #expect(result(check(), envelope, at: moment) == nil)
    #expect(result(check(), envelope, at: FeedSamples.moment(days: 400, isSynchronised: false)) == nil)
    let state = held(manifest)
    #expect(state.freshness(at: FeedSamples.moment()) == .fresh)
    #expect(state.freshness(at: FeedSamples.moment(days: 7)) == .expired)
    #expect(state.freshness(at: FeedSamples.moment(isSynchronised: false)) == .unknown)
  }

  @Test("Keys rotate: listed ones are trusted beside the settings', retired ones never again") func rotation() {
    var overlap = FeedSamples.manifest(version: 5)
    overlap.keys = [root, other]
    let next = FeedSamples.manifest(version: 6)
    #expect(result(check(), envelope(next, by: [other])) != nil)
    #expect(result(check(held(overlap)), envelope(next, by: [other])) == nil)
    #expect(result(check(held(overlap)), envelope(next, by: [root])) == nil)
    var after = FeedSamples.manifest(version: 6)
    after.keys = [other]
    after.retiredKeys = [root]
    let last = FeedSamples.manifest(version: 7)
    #expect(check(held(after)).trustedKeys == [other])
    #expect(result(check(held(after)), envelope(last, by: [root])) == .unknownKey(signedBy: [root.id]))
    #expect(result(check(held(after)), envelope(last, by: [other])) == nil)
  }
}
