// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore

struct FeedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "feed", abstract: "Publishes F0 data to every kiosk of a region: for the health office.",
    discussion: "docs/health-office.md leads through it.",
    subcommands: [FeedKeygenCommand.self, FeedPublishCommand.self, FeedVerifyCommand.self])
}

/// A public key as people give it: its digits, or the file that `keygen` made.
struct FeedKeyArgument: ExpressibleByArgument {
  var key: FeedKey

  init?(argument: String) {
    if let key = FeedKey(hex: argument) {
      self.key = key
    } else if let bytes = try? Files.read(argument, limit: 1024),
      let key = FeedKey(hex: String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    {
      self.key = key
    } else {
      return nil
    }
  }
}

struct FeedKeygenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen", abstract: "Make a key to sign with.",
    discussion: """
      Whoever has FILE can speak for the health office to every kiosk: keep it on a machine of your own, never on the \
      web server, with one copy in a safe. FILE.pub holds the public half, which every kiosk gets in feed.keys.
      """)

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("The new key.", valueName: "file"))
  var output: String

  func run() throws {
    do {
      let file = try FeedKeyFile.create(output)
      Exit.message("The private key is in \(output); the public key, for feed.keys of every kiosk, in \(output).pub:")
      print(file.publicKey.hex)
    } catch {
      throw Exit.failure(error)
    }
  }
}
