// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import Tracer

/// One round of the feed, from the question to what is applied; matching is another's (`Store.matchF0`). Blocks. Whatever ends it, what was held before is still held,
/// and what has come of batches is continued by the next round.
struct FeedRound {
  var region: String
  var roots: [FeedKey]
  /// Whose word an ETag is: the feed's URL; nil for a folder, which has none.
  var sourceName: String?
  var source: any FeedSource
  var store: Store
  var downloads: FeedDownloads
  var clock: SystemClock
  /// How long entries are kept: older ones are not missing.
  var retentionDays = Settings().contactRetentionDays
  var onProgress: (FeedProgress) -> Void = { _ in }

  struct Result: Equatable, Sendable {
    var outcome: FeedReport.Outcome
    var version: Int64
    var freshness: FeedState.Freshness
  }

  func run() throws(FeedFault) -> Result {
    onProgress(.asking)
    let held = try stored { store throws(StoreError) in try store.feed(region: region) }
    let check = FeedCheck(region: region, roots: roots, held: held?.state)
    // Where entries are missing the manifest is asked for unconditionally: an unchanged one must be applied again.
    let isWhole = try held.map { held throws(FeedFault) in try missing(held.manifest).isEmpty } ?? true
    let known = isWhole && held?.source == sourceName ? held?.validators : nil
    let answer: FeedAnswer
    do throws(FeedFault) { answer = try source.manifest(unless: known) } catch {
      // A server that says so unasked: what it lists is what is held, and that is fetched.
      guard case .unexpectedNotModified = error, held != nil, !isWhole else { throw error }
      answer = .notModified
    }
    switch answer {
    case .notModified:
      guard let held else { throw .unexpectedNotModified }
      try refusable { () throws(FeedRefusal) in try check.checkExpiry(held.state.expires, at: clock.now()) }
      guard isWhole else { return try apply(held.manifest, held.json, held.validators) }
      return try isCurrent(held.state, validators: known)
    case .manifest(let bytes, let validators):
      let (manifest, json) = try refusable { () throws(FeedRefusal) in
        let envelope = try FeedEnvelope(bytes)
        let manifest = try check.open(
          envelope, sha256: FeedSignature.sha256(envelope.manifest), at: clock.now(), verify: FeedSignature.isValid)
        return (manifest, envelope.manifest)
      }
      if let held, isWhole, held.state.version == manifest.version {
        return try isCurrent(held.state, validators: validators)
      }
      return try apply(manifest, json, validators)
    }
  }

  private func isCurrent(_ state: FeedState, validators: FeedValidators?) throws(FeedFault) -> Result {
    let now = clock.now()
    try stored { store throws(StoreError) in
      try store.feedIsCurrent(region: region, source: sourceName, validators: validators, at: now)
    }
    return Result(
      outcome: .unchanged, version: state.version, freshness: state.freshness(at: now))
  }

  private func apply(
    _ manifest: FeedManifest, _ json: [UInt8], _ validators: FeedValidators?
  ) throws(FeedFault) -> Result {
    let missing = try missing(manifest)
    downloads.keep(only: missing)
    let numbers = Dictionary(uniqueKeysWithValues: manifest.batches.enumerated().map { ($1.sha256, $0 + 1) })
    let numbered = missing.map { (number: numbers[$0.sha256] ?? 0, batch: $0) }
    try fetch(numbered)
    onProgress(.applying)
    let now = clock.now()
    do throws(FeedFault) {
      let change = try store.apply(
        manifest, json: json, source: sourceName, validators: validators, at: now, batches: numbered
      ) { batch, number throws(FeedFault) in try downloads.read(batch, number: number) }
      downloads.remove(missing)
      return Result(
        outcome: .applied(
          batches: missing.count, newEntries: change.newEntries, withdrawnEntries: change.withdrawnEntries),
        version: manifest.version, freshness: FeedState(manifest, sha256: [], lastSync: nil).freshness(at: now))
    } catch {
      // A batch that has its hash and cannot be read never can be: the health office must publish another.
      if case .refused = error { downloads.remove(missing) }
      throw error
    }
  }

  private func missing(_ manifest: FeedManifest) throws(FeedFault) -> [FeedManifest.Batch] {
    let now = clock.now()
    return try stored { store throws(StoreError) in
      let since = try store.expectedSince(retentionDays: retentionDays, issued: manifest.issued, at: now)
      return try store.missingBatches(manifest, since: since)
    }
  }

  private func fetch(_ batches: [(number: Int, batch: FeedManifest.Batch)]) throws(FeedFault) {
    for (index, (number, batch)) in batches.enumerated() where !downloads.isComplete(batch) {
      onProgress(.fetching(batch: index + 1, of: batches.count, bytes: batch.bytes))
      let download = try downloads.resume(batch)
      try source.batch(batch, what: "batch \(number)", into: download)
      try downloads.finish(download, as: batch, number: number)
    }
  }

  private func stored<T>(_ body: (Store) throws(StoreError) -> T) throws(FeedFault) -> T {
    do throws(StoreError) { return try body(store) } catch { throw .store(error) }
  }

  private func refusable<T>(_ body: () throws(FeedRefusal) -> T) throws(FeedFault) -> T {
    do throws(FeedRefusal) { return try body() } catch { throw .refused(error) }
  }
}
