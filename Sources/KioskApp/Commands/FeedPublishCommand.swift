// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct FeedPublishCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Publish new cases, or renew the feed so that it does not expire.",
    discussion: """
      FILES hold cases in Bluezone's JSON: {"data": [{"daily_key", "time_start", "max", "time_end"}, …]}. Each is \
      published whole or not at all; what was published before is left out. Without FILES the feed is renewed: do so \
      each day. What is not named stays as it was: region, total, notices, keys.

      FOLDER is what the web server serves. A kiosk that reads it meanwhile finds the old feed or the new one, whole.
      """)

  @Argument(help: "The feed's folder; made if it is not there.")
  var folder: String

  @Argument(help: "New cases.")
  var files: [String] = []

  @Option(
    help: ArgumentHelp("The private key; twice with --key to sign with two while keys are rotated.", valueName: "file"))
  var key: [String]

  @Option(help: "Whom the feed is for, such as VN-HN. Needed the first time.")
  var region: String?

  @Option(help: ArgumentHelp("How long kiosks believe it if it is not renewed, 1 to 31.", valueName: "days"))
  var validDays: Int64 = 7

  @Option(help: ArgumentHelp("Bluezoners in the whole country; \"none\" says nothing of it.", valueName: "number"))
  var communityTotal: String?

  @Option(help: ArgumentHelp("A sentence for everybody, in Vietnamese; with --notice-en.", valueName: "text"))
  var noticeVi: [String] = []

  @Option(help: ArgumentHelp("The same in English.", valueName: "text"))
  var noticeEn: [String] = []

  @Flag(help: "No sentences any more.")
  var noNotices = false

  @Option(help: ArgumentHelp("A batch that was wrong, by its SHA-256: kiosks forget its cases.", valueName: "hash"))
  var withdraw: [String] = []

  @Option(help: ArgumentHelp("A further public key that kiosks are to trust, or its file.", valueName: "key"))
  var trust: [FeedKeyArgument] = []

  @Option(help: ArgumentHelp("A public key that kiosks are not to trust any more, for ever.", valueName: "key"))
  var retire: [FeedKeyArgument] = []

  @Option(help: ArgumentHelp("The public key that signed what is published, if no --key did.", valueName: "key"))
  var previousKey: [FeedKeyArgument] = []

  @Option(
    help: ArgumentHelp("The version, for a folder that was lost; else one more than before.", valueName: "number"))
  var feedVersion: Int64?

  @Flag(help: "Check everything and say what would be published, and change nothing.")
  var dryRun = false

  func validate() throws {
    if let region, !FeedManifest.isRegion(region) {
      throw ValidationError("--region \(region) must be capital letters, digits and -, such as VN-HN")
    }
    guard (1...CoreLimits.feedLifetimeDays).contains(validDays) else {
      throw ValidationError("--valid-days must be 1 to \(CoreLimits.feedLifetimeDays)")
    }
    guard noticeVi.count == noticeEn.count else {
      throw ValidationError("Each notice needs --notice-vi and --notice-en")
    }
    guard !(noNotices && !noticeVi.isEmpty) else { throw ValidationError("Either notices or --no-notices") }
    for text in noticeVi + noticeEn where !FeedManifest.isNotice(text) {
      throw ValidationError("A notice must be one line of 1 to \(CoreLimits.feedNoticeCharacters) characters")
    }
    if let communityTotal, communityTotal != "none", Int(communityTotal) == nil {
      throw ValidationError("--community-total must be a whole number, or none")
    }
    for hash in withdraw where hash.utf8.count != 64 || Hex.bytes(hash) == nil {
      throw ValidationError("--withdraw must be the SHA-256 of a batch; kiosk feed verify shows them")
    }
  }

  func run() throws {
    do {
      let keys = try key.map { try FeedKeyFile(path: $0) }
      if dryRun, !Files.isThere(folder) {
        try publish(into: nil, keys)
      } else {
        try publish(into: try FeedFolder(folder, makes: !dryRun), keys)
      }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  private func publish(into folder: FeedFolder?, _ keys: [FeedKeyFile]) throws {
    let now = SystemClock(trust: .always).now().utc
    let previous = try folder.flatMap { try previousManifest($0, keys) }
    let staying = (previous?.batches ?? []).filter { batch in !withdraw.contains { Hex.bytes($0) == batch.sha256 } }
    // What is damaged in the folder is found before it is signed again.
    var entries = FeedEntries(
      published: try staying.flatMap { batch in try folder.map { try $0.read(batch).entries } ?? [] }, at: now)
    for file in files { try entries.add(file: file) }
    let batches = entries.batches()
    let result = try publication(keys, batches.map(\.batch)).manifest(after: previous, at: now)
    let manifest = result.manifest
    if !dryRun, let folder {
      for (batch, bytes) in batches { try folder.write(batch.sha256, bytes) }
      let json = manifest.json
      try folder.write(FeedEnvelope(signatures: try keys.map { try $0.sign(json) }, manifest: json))
    }
    let removed = dryRun ? 0 : folder?.clean(manifest, at: now) ?? 0
    report(manifest, entries, batches: batches.count, aged: result.aged.count, removed: removed)
  }

  private func publication(_ keys: [FeedKeyFile], _ added: [FeedManifest.Batch]) -> FeedPublication {
    var publication = FeedPublication(signers: keys.map(\.publicKey))
    publication.region = region
    publication.version = feedVersion
    publication.lifetimeDays = validDays
    publication.added = added
    publication.withdraw = withdraw.compactMap { Hex.bytes($0) }
    if let communityTotal { publication.communityTotal = Int(communityTotal).map { .set($0) } ?? .clear }
    if noNotices { publication.notices = .clear }
    if !noticeVi.isEmpty {
      publication.notices = .set(zip(noticeVi, noticeEn).map { .init(vietnamese: $0, english: $1) })
    }
    publication.trust = trust.map(\.key)
    publication.retire = retire.map(\.key)
    return publication
  }

  /// What is published goes on into the next manifest, so it must be ours: whoever can write on the web server could have
  /// put another key into it.
  private func previousManifest(_ folder: FeedFolder, _ keys: [FeedKeyFile]) throws -> FeedManifest? {
    guard let envelope = try folder.envelope() else { return nil }
    let known = keys.map(\.publicKey) + previousKey.map(\.key)
    let isOurs = envelope.signatures.contains { signature in
      known.contains { $0.id == signature.keyID && FeedSignature.isValid(signature.bytes, envelope.manifest, $0) }
    }
    guard isOurs else {
      throw FileError(
        "what is published in \(folder.path) is not signed by the key given; if another of yours signed it, name that "
          + "with --previous-key, else somebody has changed it: publish into an empty folder with a higher --feed-version"
      )
    }
    return try FeedManifest(json: envelope.manifest)
  }

  private func report(_ manifest: FeedManifest, _ entries: FeedEntries, batches: Int, aged: Int, removed: Int) {
    let until = LocalTime(
      manifest.expires, offsetSeconds: SystemClock.utcOffsetSeconds(at: manifest.expires.seconds))
    let cases = manifest.batches.reduce(0) { $0 + $1.entries }
    print("\(dryRun ? "would publish" : "published") \(manifest.region) version \(manifest.version)")
    print("new          \(entries.new.count) entries in \(batches) batches; \(entries.known) were there already")
    print("listed       \(cases) entries in \(manifest.batches.count) batches")
    if !withdraw.isEmpty { print("withdrawn    \(withdraw.count) batches") }
    if aged > 0 { print("aged         \(aged) batches, older than \(CoreLimits.feedBatchDays) days") }
    if removed > 0 { print("removed      \(removed) files that nobody needs any more") }
    print("signed by    \(manifest.keys.isEmpty ? "" : key.count == 1 ? "1 key" : "\(key.count) keys")")
    print("trusted      \(manifest.keys.map(\.id).joined(separator: ", "))")
    if !manifest.retiredKeys.isEmpty { print("retired      \(manifest.retiredKeys.map(\.id).joined(separator: ", "))") }
    print("valid until  \(until.rfc3339); publish again before that")
    if entries.old > 0 {
      Exit.message("\(entries.old) entries ended more than 30 days ago: no kiosk has contacts of that time any more")
    }
  }
}
