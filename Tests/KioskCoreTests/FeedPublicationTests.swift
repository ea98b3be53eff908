// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The next publication of a feed") struct FeedPublicationTests {
  private let now = FeedSamples.now
  private let old = FeedSamples.key(1)
  private let new = FeedSamples.key(2)

  private func publication(_ change: (inout FeedPublication) -> Void = { _ in }) -> FeedPublication {
    var publication = FeedPublication(signers: [old])
    change(&publication)
    return publication
  }

  private func refusal(_ publication: FeedPublication, after previous: FeedManifest?) -> String {
    do throws(FeedPublication.Refusal) {
      _ = try publication.manifest(after: previous, at: now)
      return "published"
    } catch {
      return error.description
    }
  }

  @Test("The first needs a region, lists its key, and is version 1") func first() throws {
    #expect(refusal(publication(), after: nil).contains("region"))
    let manifest = try publication { $0.region = "VN-HN" }.manifest(after: nil, at: now).manifest
    #expect(manifest.version == 1 && manifest.keys == [old] && manifest.batches.isEmpty)
    #expect(manifest.expires.seconds - manifest.issued.seconds == 7 * 86_400)
  }

  @Test("What is not named goes on; what is named is set or cleared") func carriesOn() throws {
    var previous = FeedSamples.manifest(batches: [FeedSamples.batch(1)])
    previous.communityTotal = 5
    previous.notices = [.init(vietnamese: "a", english: "b")]
    let same = try publication().manifest(after: previous, at: now).manifest
    #expect(same.version == 6 && same.communityTotal == 5 && same.notices == previous.notices)
    #expect(same.batches == previous.batches && same.region == "VN-HN")
    let cleared = try publication {
      $0.communityTotal = .clear
      $0.notices = .clear
    }.manifest(after: previous, at: now).manifest
    #expect(cleared.communityTotal == nil && cleared.notices.isEmpty)
    #expect(
      try publication { $0.communityTotal = .set(7) }.manifest(after: previous, at: now).manifest.communityTotal == 7)
    #expect(refusal(publication { $0.region = "VN-SG" }, after: previous).contains("VN-HN"))
  }

  @Test("Batches are listed for 21 days, each once") func aging() throws {
    let previous = FeedSamples.manifest(batches: [FeedSamples.batch(1, days: 22), FeedSamples.batch(2, days: 21)])
    let result = try publication { $0.added = [FeedSamples.batch(2), FeedSamples.batch(3)] }
      .manifest(after: previous, at: now)
    #expect(result.manifest.batches == [FeedSamples.batch(2, days: 21), FeedSamples.batch(3)])
    #expect(result.aged == [FeedSamples.batch(1, days: 22)])
  }

  @Test("A batch that was wrong is withdrawn, stays so, and cannot come back") func withdrawal() throws {
    let previous = FeedSamples.manifest(batches: [FeedSamples.batch(1), FeedSamples.batch(2)])
    let after = try publication { $0.withdraw = [FeedSamples.hash(1)] }.manifest(after: previous, at: now).manifest
    #expect(after.batches == [FeedSamples.batch(2)] && after.withdrawn == [FeedSamples.hash(1)])
    let later = try publication().manifest(after: after, at: now).manifest
    #expect(later.withdrawn == [FeedSamples.hash(1)])
    #expect(refusal(publication { $0.added = [FeedSamples.batch(1)] }, after: after).contains("withdrawn"))
    #expect(refusal(publication { $0.withdraw = [FeedSamples.hash(8)] }, after: previous).contains("not in the feed"))
  }

  @Test("The version grows by one, or jumps ahead, and never back") func version() throws {
    let previous = FeedSamples.manifest(version: 5)
    #expect(try publication { $0.version = 100 }.manifest(after: previous, at: now).manifest.version == 100)
    for version in [Int64(5), 1, -1] {
      #expect(refusal(publication { $0.version = version }, after: previous).contains("higher than 5"))
    }
    #expect(refusal(publication { $0.version = CoreLimits.feedVersion + 1 }, after: previous).contains("version"))
  }

  @Test("Keys rotate with an overlap; a step that would lock kiosks out is refused") func rotation() throws {
    let start = FeedSamples.manifest()
    #expect(refusal(publication { $0.signers = [new] }, after: start).contains("--trust \(new.hex)"))
    let overlap = try publication { $0.trust = [new] }.manifest(after: start, at: now).manifest
    #expect(overlap.keys == [old, new])
    let both = try publication { $0.signers = [old, new] }.manifest(after: start, at: now).manifest
    #expect(both.keys == [old, new])
    #expect(refusal(publication { $0.retire = [old] }, after: overlap).contains("key that signs"))
    let done = try publication {
      $0.signers = [new]
      $0.retire = [old]
    }.manifest(after: overlap, at: now).manifest
    #expect(done.keys == [new] && done.retiredKeys == [old])
    #expect(refusal(publication(), after: done).contains("retired"))
    #expect(
      refusal(
        publication {
          $0.signers = [new]
          $0.trust = [old]
        }, after: done
      ).contains("cannot be trusted again"))
  }
}
