// SPDX-License-Identifier: GPL-3.0-or-later
import Crypto
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// A health office in memory: it publishes with real keys, and serves what a test wants served.
final class FeedOffice: FeedSource {
  var key = Curve25519.Signing.PrivateKey()
  var manifest: FeedManifest
  /// Files by batch path.
  var files: [String: [UInt8]] = [:]
  /// What is served as the manifest, if not what was published.
  var served: [UInt8]?
  var answersNotModified = false
  /// Bytes after which each transfer of a batch breaks off.
  var cutAfter: Int?
  private(set) var asked: [FeedValidators?] = []
  private(set) var fetched: [String] = []

  init(now: UTCTime) {
    manifest = FeedManifest(
      region: "VN-HN", version: 0, issued: now, expires: now.adding(milliseconds: 7 * 86_400_000))
    manifest.keys = [publicKey]
  }

  var publicKey: FeedKey {
    guard let key = FeedKey(Array(key.publicKey.rawRepresentation)) else { preconditionFailure("32 bytes are a key") }
    return key
  }

  /// Publishes a batch, or renews.
  func publish(_ entries: [F0Entry]? = nil) {
    manifest.version += 1
    guard let entries else { return }
    let bytes = F0Batch(entries: entries).json
    add(bytes, entries: entries.count)
  }

  func add(_ bytes: [UInt8], entries: Int) {
    let batch = FeedManifest.Batch(
      sha256: FeedSignature.sha256(bytes), bytes: bytes.count, entries: entries, added: manifest.issued)
    manifest.batches.append(batch)
    files[batch.path] = bytes
  }

  var envelope: FeedEnvelope {
    let json = manifest.json
    let signature = (try? key.signature(for: json)).map { Array($0) } ?? []
    return FeedEnvelope(signatures: [.init(keyID: publicKey.id, bytes: signature)], manifest: json)
  }

  static func entries(_ count: Int, from first: UInt8 = 1, at time: UTCTime) -> [F0Entry] {
    (0..<count).compactMap { n in
      BluezoneKey([UInt8](repeating: first, count: 31) + [UInt8(n & 255)]).map {
        F0Entry(
          dailyKey: $0, start: UTCTime(seconds: time.seconds + Int64(n / 256)),
          end: time.adding(milliseconds: 86_400_000))
      }
    }
  }

  // MARK: FeedSource

  func manifest(unless known: FeedValidators?) throws(FeedFault) -> FeedAnswer {
    asked.append(known)
    if answersNotModified { return .notModified }
    let etag = FeedValidators(etag: "\"\(manifest.version)\"")
    if known == etag, served == nil { return .notModified }
    return .manifest(served ?? envelope.bytes, etag)
  }

  func batch(_ batch: FeedManifest.Batch, what: String, into download: FeedDownload) throws(FeedFault) {
    fetched.append(batch.path)
    guard let bytes = files[batch.path] else { throw .status(404, what: what, retryAfterSeconds: 0) }
    do throws(FileError) {
      let begins = download.validator == nil ? 0 : download.count
      if begins == 0 { try download.restart(validator: "\"x\"") }
      let rest = bytes[begins...]
      try download.append(Array(rest.prefix(cutAfter ?? rest.count)))
    } catch {
      throw .file(error)
    }
    if cutAfter != nil { throw .cutOff(what: what) }
  }
}
