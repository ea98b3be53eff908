// SPDX-License-Identifier: GPL-3.0-or-later

import Crypto
import Glibc
import KioskCore
import Tracer

/// The health office's private key on the disk: two lines of text, mode 0600.
struct FeedKeyFile {
  let publicKey: FeedKey
  private let key: Curve25519.Signing.PrivateKey

  private static let firstLine = "bluezone-feed private key 1"
  private static let longestFile = 1024

  /// Makes a key in a new file, and its public half beside it in `PATH.pub`.
  static func create(_ path: String) throws(FileError) -> Self {
    let key = Curve25519.Signing.PrivateKey()
    let file = try Self(key, path: path)
    try Files.create(path, Array("\(firstLine)\n\(Hex.string(key.rawRepresentation))\n".utf8))
    do {
      try Files.create(path + ".pub", Array("\(file.publicKey.hex)\n".utf8), mode: 0o644)
    } catch {
      throw FileError("the key is in \(path), but its public half could not be written: \(error)")
    }
    return file
  }

  /// Reads one. A file that others may read or write is refused: the key may be known to them.
  init(path: String) throws(FileError) {
    var attributes = stat()
    guard stat(path, &attributes) == 0 else { throw FileError("cannot open the key", path: path, errno: errno) }
    guard attributes.st_mode & S_IFMT == S_IFREG else { throw FileError("the key \(path) is no file") }
    guard attributes.st_mode & 0o077 == 0 else {
      throw FileError(
        "the key \(path) may be read or written by others: chmod 600 it, and if anybody could have read it, rotate it")
    }
    let bytes = try Files.read(path, limit: Self.longestFile)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard lines.count == 2, lines[0] == Self.firstLine, let seed = Hex.bytes(lines[1]),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    else { throw FileError("\(path) is no private key of a feed; kiosk feed keygen makes one") }
    try self.init(key, path: path)
  }

  private init(_ key: Curve25519.Signing.PrivateKey, path: String) throws(FileError) {
    guard let publicKey = FeedKey(Array(key.publicKey.rawRepresentation)) else {
      throw FileError("the key \(path) has no public half")
    }
    self.key = key
    self.publicKey = publicKey
  }

  func sign(_ message: [UInt8]) throws(FileError) -> FeedEnvelope.Signature {
    guard let signature = try? key.signature(for: message) else { throw FileError("signing failed") }
    return .init(keyID: publicKey.id, bytes: Array(signature))
  }
}
