// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// The file that a kiosk polls: a manifest with its signatures before it, in one file so that a reader can never have one
/// of them old and the other new. Source: docs/f0-feed.md, The file.
public struct FeedEnvelope: Hashable, Sendable {
  public struct Signature: Hashable, Sendable {
    /// `FeedKey.id` of the key that made it.
    public var keyID: String
    /// Exactly 64: Ed25519 over the manifest's bytes.
    public var bytes: [UInt8]

    public init(keyID: String, bytes: [UInt8]) {
      self.keyID = keyID
      self.bytes = bytes
    }
  }

  /// At least one.
  public var signatures: [Signature]
  /// Exactly what was signed.
  public var manifest: [UInt8]

  public static let fileName = "manifest.signed"
  /// The first line of every such file; what it begins with in any format.
  static let firstWord = "bluezone-feed "
  static let format = 1
  static let signatureBytes = 64

  public init(signatures: [Signature], manifest: [UInt8]) {
    self.signatures = signatures
    self.manifest = manifest
  }

  /// Whether bytes claim to be such a file, of whatever format.
  public static func isClaimed(by bytes: [UInt8]) -> Bool { bytes.starts(with: firstWord.utf8) }

  /// Reads lines up to the empty one; the rest is the manifest, whatever it is.
  public init(_ bytes: [UInt8]) throws(FeedRefusal) {
    guard bytes.count <= CoreLimits.feedManifestBytes else { throw .manifestTooLarge }
    guard Self.isClaimed(by: bytes) else { throw .notAFeed("it does not begin with \"bluezone-feed\"") }
    var rest = bytes[...]
    guard let first = Self.line(&rest), let format = Int(first.dropFirst(Self.firstWord.utf8.count)) else {
      throw .notAFeed("its first line is wrong")
    }
    guard format == Self.format else { throw .unknownFormat(format) }
    signatures = []
    while true {
      guard let line = Self.line(&rest) else { throw .notAFeed("its signatures do not end") }
      if line.isEmpty { break }
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 3, words[0] == "signature", words[1].utf8.count == FeedKey.idDigits,
        Hex.bytes(words[1]) != nil, let signature = Hex.bytes(words[2]), signature.count == Self.signatureBytes
      else { throw .notAFeed("signature \(signatures.count + 1) is not of the form \"signature KEY SIGNATURE\"") }
      guard signatures.count < CoreLimits.feedSignatures else {
        throw .notAFeed("it has more than \(CoreLimits.feedSignatures) signatures")
      }
      signatures.append(Signature(keyID: words[1].lowercased(), bytes: signature))
    }
    guard !signatures.isEmpty else { throw .notAFeed("it has no signature") }
    manifest = Array(rest)
  }

  /// The file.
  public var bytes: [UInt8] {
    var text = "\(Self.firstWord)\(Self.format)\n"
    for signature in signatures { text += "signature \(signature.keyID) \(Hex.string(signature.bytes))\n" }
    return Array((text + "\n").utf8) + manifest
  }

  /// Takes a line without its line feed; nil where there is none, or one that is longer than any of ours.
  private static func line(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard let end = rest.prefix(longestLine).firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(validating: rest[..<end], as: UTF8.self)
  }

  private static let longestLine = 256
}
