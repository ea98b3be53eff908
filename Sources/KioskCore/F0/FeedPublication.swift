// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the health office changes with one publication; what it does not name goes on as it was.
public struct FeedPublication: Sendable {
  public enum Change<Value: Sendable>: Sendable {
    case keep
    case set(Value)
    case clear
  }

  /// Needed for the first publication, and never changed.
  public var region: String?
  /// One more than before, unless it is named: for a folder that was lost.
  public var version: Int64?
  public var lifetimeDays: Int64 = 7
  public var added: [FeedManifest.Batch] = []
  public var withdraw: [[UInt8]] = []
  public var communityTotal = Change<Int>.keep
  public var notices = Change<[FeedManifest.Notice]>.keep
  /// The keys that sign.
  public var signers: [FeedKey]
  /// Further keys to be trusted, and keys to be trusted no more.
  public var trust: [FeedKey] = []
  public var retire: [FeedKey] = []

  public init(signers: [FeedKey]) { self.signers = signers }

  /// Why nothing was published.
  public struct Refusal: Error, Hashable, CustomStringConvertible {
    public var description: String
  }

  public struct Result: Hashable, Sendable {
    public var manifest: FeedManifest
    /// Batches that the feed no longer lists, because they are old.
    public var aged: [FeedManifest.Batch]
  }

  /// The next manifest.
  public func manifest(after previous: FeedManifest?, at now: UTCTime) throws(Refusal) -> Result {
    guard let region = previous?.region ?? region else {
      throw Refusal(description: "there is no feed yet: name its region, such as --region VN-HN")
    }
    guard self.region == nil || self.region == region else {
      throw Refusal(description: "this feed is of region \(region); another region needs another folder")
    }
    try checkSigners(previous)
    let issued = UTCTime(seconds: now.seconds)
    var manifest = FeedManifest(
      region: region, version: try nextVersion(previous), issued: issued,
      expires: issued.adding(milliseconds: lifetimeDays * SlotScheme.dayMilliseconds))
    let aged = try setBatches(&manifest, previous, at: now)
    manifest.communityTotal = communityTotal.applied(to: previous?.communityTotal)
    manifest.notices = notices.applied(to: previous?.notices) ?? []
    manifest.retiredKeys = Self.union(previous?.retiredKeys ?? [], retire)
    manifest.keys = Self.union(Self.union(previous?.keys ?? [], signers), trust)
      .filter { !manifest.retiredKeys.contains($0) }
    do {
      // What no kiosk would read must not be published.
      guard try FeedManifest(json: manifest.json) == manifest else {
        throw Refusal(description: "the manifest would not be read as it was written")
      }
    } catch let refusal as FeedRefusal {
      throw Refusal(description: refusal.description)
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Refusal(description: "\(error)")
    }
    return Result(manifest: manifest, aged: aged)
  }

  private func checkSigners(_ previous: FeedManifest?) throws(Refusal) {
    guard !signers.isEmpty else { throw Refusal(description: "there is no key to sign with") }
    guard let previous else { return }
    if let key = signers.first(where: { previous.retiredKeys.contains($0) }) {
      throw Refusal(description: "key \(key.id) was retired: no kiosk believes it any more")
    }
    guard signers.contains(where: { previous.keys.contains($0) }) else {
      throw Refusal(
        description: "no kiosk knows this key yet: first publish with the old key and --trust \(signers[0].hex)")
    }
    guard trust.allSatisfy({ !previous.retiredKeys.contains($0) && !retire.contains($0) }) else {
      throw Refusal(description: "a key that is retired cannot be trusted again: make a new one")
    }
    guard signers.contains(where: { !retire.contains($0) }) else {
      throw Refusal(description: "the key that signs would be retired: sign with the new key, or with both")
    }
  }

  private func nextVersion(_ previous: FeedManifest?) throws(Refusal) -> Int64 {
    let held = previous?.version ?? 0
    guard let version else { return held + 1 }
    guard version > held else { throw Refusal(description: "the version must be higher than \(held)") }
    return version
  }

  /// - Returns: batches that are too old to be listed.
  private func setBatches(
    _ manifest: inout FeedManifest, _ previous: FeedManifest?, at now: UTCTime
  ) throws(Refusal) -> [FeedManifest.Batch] {
    let listed = previous?.batches ?? []
    let withdrawnBefore = previous?.withdrawn ?? []
    for sha256 in withdraw where !listed.contains(where: { $0.sha256 == sha256 }) {
      throw Refusal(description: "batch \(Hex.string(sha256)) is not in the feed")
    }
    for batch in added where (withdrawnBefore + withdraw).contains(batch.sha256) {
      throw Refusal(description: "this very batch was withdrawn; publish what is right of it")
    }
    let oldest = now.adding(milliseconds: -CoreLimits.feedBatchDays * SlotScheme.dayMilliseconds)
    let staying = listed.filter { !withdraw.contains($0.sha256) }
    manifest.batches = staying.filter { $0.added >= oldest }
    for batch in added where !manifest.batches.contains(where: { $0.sha256 == batch.sha256 }) {
      manifest.batches.append(batch)
    }
    manifest.withdrawn = (withdrawnBefore + withdraw).suffix(CoreLimits.feedWithdrawn)
    return staying.filter { $0.added < oldest }
  }

  private static func union(_ first: [FeedKey], _ second: [FeedKey]) -> [FeedKey] {
    var all: [FeedKey] = []
    for key in first + second where !all.contains(key) { all.append(key) }
    return all
  }
}

extension FeedPublication.Change {
  func applied(to before: Value?) -> Value? {
    switch self {
    case .keep: before
    case .set(let value): value
    case .clear: nil
    }
  }
}
