// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("A signed manifest's file") struct FeedEnvelopeTests {
  private let manifest = Array("{\"a\":1}\n".utf8)
  private var envelope: FeedEnvelope {
    FeedEnvelope(signatures: [FeedSamples.signature(FeedSamples.key(0xAB))], manifest: manifest)
  }

  private func refusal(_ text: String) -> String {
    do throws(FeedRefusal) {
      _ = try FeedEnvelope(Array(text.utf8))
      return "read"
    } catch {
      return error.description
    }
  }

  @Test("is written as the format says, and read as it was written") func form() throws {
    let text = String(decoding: envelope.bytes, as: UTF8.self)
    let signature = String(repeating: "ab", count: 64)
    #expect(text == "bluezone-feed 1\nsignature abababababababab \(signature)\n\n{\"a\":1}\n")
    #expect(try FeedEnvelope(envelope.bytes) == envelope)
    var two = envelope
    two.signatures.append(FeedSamples.signature(FeedSamples.key(2)))
    #expect(try FeedEnvelope(two.bytes) == two)
  }

  @Test("holds any bytes as its manifest, also an empty line and none") func anyManifest() throws {
    for manifest in [[], [10, 10, 0, 255], Array("bluezone-feed 1\n\n".utf8)] as [[UInt8]] {
      let envelope = FeedEnvelope(signatures: envelope.signatures, manifest: manifest)
      #expect(try FeedEnvelope(envelope.bytes).manifest == manifest)
    }
  }

  @Test("cut off anywhere before the manifest is refused") func truncation() throws {
    for count in 0..<(envelope.bytes.count - manifest.count) {
      #expect(throws: FeedRefusal.self) { try FeedEnvelope(Array(envelope.bytes.prefix(count))) }
    }
  }

  @Test("of another form is refused, with where")
  func malformed() {
    let good = "signature abababababababab \(String(repeating: "ab", count: 64))\n"
    #expect(refusal("{\"data\": []}").contains("does not begin with"))
    #expect(refusal("<html>").contains("does not begin with"))
    #expect(refusal("bluezone-feed x\n\(good)\n").contains("first line"))
    #expect(refusal("bluezone-feed 2\n\(good)\n").contains("format 2"))
    #expect(refusal("bluezone-feed 1\n\n{}").contains("no signature"))
    #expect(refusal("bluezone-feed 1\n\(good){}").contains("do not end"))
    #expect(refusal("bluezone-feed 1\n\(good)signature ab cd\n\n").contains("signature 2"))
    #expect(refusal("bluezone-feed 1\n\(good.replacing("signature ", with: "signed "))\n").contains("signature 1"))
    #expect(refusal("bluezone-feed 1\n\(good.replacing("\n", with: " \n"))\n").contains("signature 1"))
    #expect(refusal("bluezone-feed 1\n\(String(repeating: "s", count: 300))\n\n").contains("do not end"))
  }

  @Test("has at most so many signatures and bytes") func limits() throws {
    var many = envelope
    many.signatures = Array(repeating: envelope.signatures[0], count: CoreLimits.feedSignatures)
    #expect(try FeedEnvelope(many.bytes) == many)
    many.signatures += envelope.signatures
    #expect(throws: FeedRefusal.self) { try FeedEnvelope(many.bytes) }
    var large = envelope
    large.manifest = [UInt8](repeating: 32, count: CoreLimits.feedManifestBytes - envelope.bytes.count + manifest.count)
    #expect(try FeedEnvelope(large.bytes) == large)
    large.manifest.append(32)
    #expect(throws: FeedRefusal.manifestTooLarge) { try FeedEnvelope(large.bytes) }
  }
}
