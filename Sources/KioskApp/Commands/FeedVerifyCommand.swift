// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct FeedVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check a feed as a kiosk does, every batch of it.",
    discussion: "Exit 0 when a kiosk that trusts the key and is of the region would use all of it.")

  @Argument(help: "The feed's folder, its manifest, or where it is served: https://…/")
  var feed: String

  @Option(help: ArgumentHelp("A public key to trust, or its file.", valueName: "key"))
  var key: [FeedKeyArgument]

  @Option(help: "The region that it must be for; any without this.")
  var region: String?

  @Option(
    help: ArgumentHelp("Certificates of the authorities that the server's must come from (PEM).", valueName: "file"))
  var caFile = ""

  func run() throws {
    guard let temporary = TemporaryFolder("bluezone-feed") else {
      throw Exit.failure("no temporary folder could be made in /tmp")
    }
    defer { temporary.remove() }
    do {
      try verify(try source(), in: try FeedDownloads(folder: temporary.path))
    } catch {
      throw Exit.failure(error)
    }
  }

  private func source() throws -> any FeedSource {
    guard feed.hasPrefix("https://") else { return FolderFeedSource(path: feed) }
    var settings = Settings.Feed()
    settings.url = feed
    settings.caFile = caFile
    return try CurlFeedSource(settings: settings)
  }

  private func verify(_ source: any FeedSource, in downloads: FeedDownloads) throws {
    guard case .manifest(let bytes, _) = try source.manifest(unless: nil) else { return }
    let envelope = try FeedEnvelope(bytes)
    // Without a region given, the feed's own is as good as any; it is read again behind the signature.
    let region = try region ?? FeedManifest(json: envelope.manifest).region
    let manifest = try FeedCheck(region: region, roots: key.map(\.key)).open(
      envelope, sha256: FeedSignature.sha256(envelope.manifest), at: SystemClock(trust: .always).now(),
      verify: FeedSignature.isValid)
    print("\(manifest.region) version \(manifest.version)")
    print("issued       \(local(manifest.issued))")
    print("expires      \(local(manifest.expires))")
    print("signed by    \(envelope.signatures.map(\.keyID).joined(separator: ", "))")
    print("trusted      \(manifest.keys.map(\.hex).joined(separator: "\n             "))")
    for key in manifest.retiredKeys { print("retired      \(key.hex)") }
    if let total = manifest.communityTotal { print("community    \(total)") }
    for notice in manifest.notices { print("notice       \(notice.vietnamese) / \(notice.english)") }
    for (index, batch) in manifest.batches.enumerated() {
      let download = try downloads.resume(batch)
      try source.batch(batch, what: "batch \(index + 1)", into: download)
      try downloads.finish(download, as: batch, number: index + 1)
      _ = try downloads.read(batch, number: index + 1)
      downloads.remove([batch])
      print(
        "batch        \(Hex.string(batch.sha256))  \(batch.entries) entries, \(batch.bytes) bytes, \(local(batch.added))"
      )
    }
    print("all \(manifest.batches.count) batches are as the manifest says")
  }

  private func local(_ time: UTCTime) -> String {
    LocalTime(time, offsetSeconds: SystemClock.utcOffsetSeconds(at: time.seconds)).rfc3339
  }
}
