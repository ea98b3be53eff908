// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// The publisher as a health officer runs it, and a kiosk without a network that reads what it made.
@Suite("Publishing and importing a feed", .serialized) struct FeedCommandTests {
  private let folder: Folder
  private let key: String
  private let feed: String

  init() throws {
    folder = try Folder()
    key = folder.path + "/office.key"
    feed = folder.path + "/feed"
    #expect(try Program.run("feed", "keygen", "-o", key).code == 0)
  }

  private func entry(_ n: UInt8, start: Int64? = nil) -> String {
    let start = start ?? Int64(Date().timeIntervalSince1970) - 86_400
    let key = String(repeating: Hex.string([n]), count: 32)
    return "{\"daily_key\":\"\(key)\",\"time_start\":\(start),\"max\":96,\"time_end\":\(start + 3600)}"
  }

  private func cases(_ name: String, _ entries: String...) throws -> String {
    try folder.write(name, "{\"data\":[\(entries.joined(separator: ","))]}")
  }

  private func publish(_ arguments: String..., key: String? = nil) throws -> Program.Result {
    try Program.start(["feed", "publish", feed, "--key", key ?? self.key] + arguments).finish()
  }

  private func manifest() throws -> FeedManifest {
    let bytes = try Files.read(feed + "/manifest.signed", limit: CoreLimits.feedManifestBytes)
    return try FeedManifest(json: try FeedEnvelope(bytes).manifest)
  }

  private func mode(_ path: String) -> mode_t {
    var attributes = stat()
    stat(path, &attributes)
    return attributes.st_mode & 0o777
  }

  @Test("A key is made once, for its owner alone, and refused where others could read it") func keygen() throws {
    #expect(mode(key) == 0o600 && mode(key + ".pub") == 0o644)
    let text = try String(contentsOfFile: key, encoding: .utf8)
    let again = try Program.run("feed", "keygen", "-o", key)
    #expect(again.code == 1 && again.messages.contains("never overwritten"))
    #expect(try String(contentsOfFile: key, encoding: .utf8) == text)
    chmod(key, 0o640)
    let refused = try publish("--region", "VN-HN")
    #expect(refused.code == 1 && refused.messages.contains("chmod 600"))
    #expect(!refused.messages.contains(text.split(separator: "\n")[1]))
    chmod(key, 0o600)
    let file = try folder.write("other", "hello\n")
    chmod(file, 0o600)
    #expect(try publish("--region", "VN-HN", key: file).messages.contains("no private key"))
  }

  @Test("What OpenSSL says of a signature is what we say") func openssl() throws {
    #expect(try publish("--region", "VN-HN", try cases("a.json", entry(1))).code == 0)
    let bytes = try Files.read(feed + "/manifest.signed", limit: CoreLimits.feedManifestBytes)
    let envelope = try FeedEnvelope(bytes)
    let publicKey = try #require(
      FeedKey(hex: try String(contentsOfFile: key + ".pub", encoding: .utf8).dropLast()))
    // Source: RFC 8410, 4: the algorithm's identifier before a key of 32 bytes.
    let der = (Hex.bytes("302a300506032b6570032100") ?? []) + publicKey.bytes
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/" + name))
      return folder.path + "/" + name
    }
    func verify(_ message: [UInt8]) throws -> Int32 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
      process.arguments = [
        "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", try file("key.der", der), "-sigfile",
        try file("signature", envelope.signatures[0].bytes), "-in", try file("message", message),
      ]
      process.standardOutput = Pipe()
      process.standardError = Pipe()
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    #expect(try verify(envelope.manifest) == 0)
    #expect(try verify(envelope.manifest + [10]) != 0)
  }

  @Test("Published is what is new, once, for the web server to read; a dry run changes nothing") func publishing()
    throws
  {
    let file = try cases("a.json", entry(1), entry(2), entry(1))
    let dry = try publish("--region", "VN-HN", "--dry-run", file)
    #expect(dry.code == 0 && dry.output.hasPrefix("would publish VN-HN version 1"))
    #expect(!Files.isThere(feed))
    let first = try publish("--region", "VN-HN", "--community-total", "23000000", file)
    #expect(first.code == 0 && first.output.contains("new          2 entries in 1 batches; 1 were there already"))
    let batch = try #require(try manifest().batches.first)
    #expect(mode(feed) == 0o755 && mode(feed + "/" + batch.path) == 0o644 && mode(feed + "/manifest.signed") == 0o644)
    let bytes = try Files.read(feed + "/" + batch.path, limit: 1 << 20)
    #expect(FeedSignature.sha256(bytes) == batch.sha256 && bytes.count == batch.bytes)
    let second = try publish(file, try cases("b.json", entry(3)))
    #expect(second.output.contains("new          1 entries in 1 batches; 3 were there already"))
    #expect(try manifest().version == 2 && manifest().communityTotal == 23_000_000)
    let dryAgain = try publish("--dry-run", try cases("c.json", entry(4)))
    #expect(
      dryAgain.output.hasPrefix("would publish VN-HN version 3") && dryAgain.output.contains("new          1 entries"))
    #expect(try manifest().version == 2 && Files.names(in: feed + "/batches").count == 2)
    let verified = try Program.run("feed", "verify", feed, "--key", key + ".pub", "--region", "VN-HN")
    #expect(verified.code == 0 && verified.output.contains("all 2 batches"))
  }

  @Test("A wrong entry is named, and nothing is published") func wrongEntry() throws {
    for (text, words) in [
      (entry(1).replacingOccurrences(of: "96", with: "0"), "entry 2: max is 0"),
      (entry(1, start: Int64(Date().timeIntervalSince1970) + 90_000), "entry 2: time_start lies in the future"),
      ("{}", "entry 2: daily_key is missing"),
    ] {
      let result = try publish("--region", "VN-HN", try cases("a.json", entry(2), text))
      #expect(
        result.code == 1 && result.messages.contains(words) && result.messages.contains("a.json"), "\(result.messages)")
      #expect(!Files.isThere(feed + "/manifest.signed"))
    }
  }

  @Test(
    "Wrong options are usage errors",
    arguments: [
      ["--region", "hanoi"], ["--valid-days", "0"], ["--valid-days", "32"], ["--notice-vi", "x"],
      ["--community-total", "many"], ["--withdraw", "abc"], ["--trust", "abc"],
      ["--no-notices", "--notice-vi", "a", "--notice-en", "b"],
    ])
  func usage(arguments: [String]) throws {
    let result = try Program.start(["feed", "publish", feed, "--key", key] + arguments).finish()
    #expect(result.code == 64, "\(result.messages)")
  }

  @Test("What somebody has put into the folder is not signed on") func tampered() throws {
    let file = try cases("a.json", entry(1))
    #expect(try publish("--region", "VN-HN", file).code == 0)
    let other = folder.path + "/other.key"
    #expect(try Program.run("feed", "keygen", "-o", other).code == 0)
    let stranger = try publish(key: other)
    #expect(stranger.code == 1 && stranger.messages.contains("not signed by the key"))
    let batch = feed + "/" + (try manifest().batches[0].path)
    try Data("{\"data\":[]}".utf8).write(to: URL(fileURLWithPath: batch))
    let changed = try publish()
    #expect(changed.code == 1 && changed.messages.contains("not what was published"))
    #expect(try Program.run("feed", "verify", feed, "--key", key + ".pub").messages.contains("batch 1 has"))
  }

  @Test("Keys rotate by three publications, and a kiosk that follows is never without") func rotation() throws {
    let next = folder.path + "/next.key"
    #expect(try Program.run("feed", "keygen", "-o", next).code == 0)
    #expect(try publish("--region", "VN-HN").code == 0)
    #expect(try publish(key: next).code == 1)
    #expect(try publish("--trust", next + ".pub").code == 0)
    #expect(try publish("--key", next).code == 0)
    #expect(try publish("--retire", key + ".pub", key: next).code == 0)
    #expect(try publish(key: next).code == 0)
    #expect(try publish().code == 1)
    let manifest = try manifest()
    #expect(manifest.version == 5 && manifest.keys.count == 1 && manifest.retiredKeys.count == 1)
  }

  @Test("A kiosk without a network imports the same folder, and unsigned files by who answers for them") func stick()
    throws
  {
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8).dropLast()
    let data = folder.path + "/data"
    _ = try Store(
      dataFolder: {
        try Files.createFolder(data); return data
      }(), access: .create)
    let configuration = try folder.write(
      "kiosk.toml",
      "data_folder = \"\(data)\"\n[clock]\ntrust = \"always\"\n[feed]\nregion = \"VN-HN\"\nkeys = [\"\(publicKey)\"]\n")
    func kiosk(_ arguments: String...) throws -> Program.Result {
      try Program.start(arguments + ["--config", configuration]).finish()
    }
    let file = try cases("a.json", entry(1), entry(2))
    #expect(try publish("--region", "VN-HN", file).code == 0)
    let first = try kiosk("f0", "import", feed)
    #expect(
      first.code == 0 && first.output.contains("version 1 applied: 1 batches, 2 new entries"), "\(first.messages)")
    #expect(try kiosk("f0", "import", feed + "/manifest.signed").output.contains("version 1 is current"))
    #expect(try publish(try cases("b.json", entry(3))).code == 0)
    #expect(try kiosk("f0", "import", feed + "/manifest.signed").output.contains("version 2 applied"))
    let unsigned = try cases("c.json", entry(4))
    let refused = try kiosk("f0", "import", unsigned)
    #expect(refused.code == 64 && refused.messages.contains("--operator and --reason"))
    #expect(try kiosk("f0", "import", unsigned, "--operator", " ", "--reason", "x").code == 64)
    #expect(try kiosk("f0", "import", unsigned, "--operator", "An", "--reason", "Fax of 21/11").code == 0)
    let list = try kiosk("f0", "list").output
    #expect(list.contains("unsigned, by An: Fax of 21/11") && list.contains("signed, feed VN-HN"))
    let other = try folder.write(
      "other.toml", "data_folder = \"\(data)\"\n[feed]\nregion = \"VN-SG\"\nkeys = [\"\(publicKey)\"]\n")
    let region = try Program.run("f0", "import", feed, "--config", other)
    #expect(region.code == 1 && region.messages.contains("for region VN-HN"))
    let sync = try kiosk("f0", "sync")
    #expect(sync.code == 1 && sync.messages.contains("feed.url"))
  }
}
