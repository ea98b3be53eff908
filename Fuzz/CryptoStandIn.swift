// SPDX-License-Identifier: GPL-3.0-or-later
// The module `Crypto` of the fuzz build, and of that build alone: the names that Tracer/Bluezone/BluezoneKey uses,
// without swift-crypto, which would have to be fetched and built first. No parser hashes anything; a target that
// comes to a hash all the same ends with a trap instead of a wrong digest.

public struct SHA256 {
  public struct Digest: Sequence {
    public func makeIterator() -> IndexingIterator<[UInt8]> { [UInt8](repeating: 0, count: 32).makeIterator() }
  }

  public init() {}

  public mutating func update(bufferPointer: UnsafeRawBufferPointer) { Self.refuse() }

  public func finalize() -> Digest { Self.refuse() }

  private static func refuse() -> Never {
    fatalError("the fuzz build has no SHA-256 (Fuzz/CryptoStandIn.swift): this target needs the real one")
  }
}
