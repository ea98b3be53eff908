// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Whether a manifest may be used: signature, format, region, version, expiry, in this order, so that nothing of it is
/// looked at before it is known to be the health office's.
public struct FeedCheck: Sendable {
  public var region: String
  /// From the settings.
  public var roots: [FeedKey]
  /// What this kiosk holds of the region's feed, if anything.
  public var held: FeedState?

  public init(region: String, roots: [FeedKey], held: FeedState? = nil) {
    self.region = region
    self.roots = roots
    self.held = held
  }

  /// Ed25519 at the edge: whether the signature is the key's over the message.
  public typealias Verify = (_ signature: [UInt8], _ message: [UInt8], _ key: FeedKey) -> Bool

  /// The settings' keys and those that the held manifest lists, without those that it retires.
  public var trustedKeys: [FeedKey] {
    var keys: [FeedKey] = []
    for key in roots + (held?.keys ?? []) where !keys.contains(key) { keys.append(key) }
    return keys.filter { !(held?.retiredKeys.contains($0) ?? false) }
  }

  /// - Parameter sha256: of the manifest's bytes.
  /// - Returns: the manifest, also when it is the very one that is held.
  public func open(
    _ envelope: FeedEnvelope, sha256: [UInt8], at moment: Moment, verify: Verify
  ) throws(FeedRefusal) -> FeedManifest {
    try checkSignature(envelope, verify)
    let manifest = try FeedManifest(json: envelope.manifest)
    guard manifest.region == region else { throw .wrongRegion(manifest.region, expected: region) }
    if let held, held.region == region {
      guard manifest.version >= held.version else {
        throw .rollback(version: manifest.version, held: held.version)
      }
      guard manifest.version > held.version || sha256 == held.manifestSHA256 else {
        throw .otherContent(version: manifest.version)
      }
    }
    try checkExpiry(manifest.expires, at: moment)
    return manifest
  }

  /// By a clock that is not synchronised nothing is expired: freshness is unknown then.
  public func checkExpiry(_ expires: UTCTime, at moment: Moment) throws(FeedRefusal) {
    guard !moment.isSynchronised || moment.utc < expires else { throw .expired(expires) }
  }

  /// One good signature of a trusted key is enough.
  private func checkSignature(_ envelope: FeedEnvelope, _ verify: Verify) throws(FeedRefusal) {
    let keys = trustedKeys
    var wrong: String?
    for signature in envelope.signatures {
      for key in keys where key.id == signature.keyID {
        if verify(signature.bytes, envelope.manifest, key) { return }
        wrong = key.id
      }
    }
    if let wrong { throw .wrongSignature(key: wrong) }
    throw .unknownKey(signedBy: envelope.signatures.map(\.keyID))
  }
}
