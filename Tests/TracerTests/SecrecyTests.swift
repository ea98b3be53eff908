// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

/// Values chosen so that their bytes are easy to find, in hexadecimal and in decimal.
@Suite("Ids, keys and addresses do not slip into text") struct SecrecyTests {
  private static let id = BluezoneID([UInt8](repeating: 0xAB, count: 12))
  private static let key = BluezoneKey([UInt8](repeating: 0xAB, count: 32))
  private static let address = BluetoothAddress(bits: 0xABAB_ABAB_ABAB, isRandom: true)
  private static let identity = key.map { BluezoneIdentity(baseKey: $0, baseDay: 1) }

  private struct Holder {
    var id = SecrecyTests.id
    var key = SecrecyTests.key
    var address: BluetoothAddress? = SecrecyTests.address
    var list = [SecrecyTests.address]
    var pair = (SecrecyTests.key, SecrecyTests.address)
    var table = [SecrecyTests.address: SecrecyTests.id]
  }

  private static func sighting() -> Sighting {
    Sighting(
      address: address, rssiDBm: -60, facts: AdvertisingFacts(advertisement.span, in: 0..<advertisement.count)
    )
  }
  private static let advertisement = id.map(BluezoneAdvertisement.data) ?? []

  /// All ways in which Swift makes text of a value.
  private func texts(_ value: some Any) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    return [
      "\(value)", String(describing: value), String(reflecting: value), String(describing: Optional(value)),
      String(reflecting: Optional(value)), String(describing: [value]), dumped,
    ]
  }

  /// 171 is 0xAB; longer runs are the packed integers.
  private func reveals(_ text: String) -> Bool {
    let packed: [String] = [
      "171", "abab", String(UInt64(0xABAB_ABAB_ABAB_ABAB)), String(UInt32(0xABAB_ABAB)),
      String(UInt64(0xABAB_ABAB_ABAB)), String(UInt64(0xABAB_ABAB_ABAB) | 1 << 63),
    ]
    return packed.contains { text.lowercased().contains($0) }
  }

  @Test("An id, a key and an address print as what they are, not what they say") func alone() throws {
    let id = try #require(Self.id)
    let key = try #require(Self.key)
    #expect("\(id)" == "<BLID>" && String(reflecting: id) == "<BLID>")
    #expect("\(key)" == "<key>" && String(reflecting: key) == "<key>")
    #expect("\(Self.address)" == "<address>" && String(reflecting: Self.address) == "<address>")
    for text in texts(id) + texts(key) + texts(Self.address) { #expect(!reveals(text)) }
  }

  @Test("Whatever holds them reveals nothing either") func held() throws {
    let identity = try #require(Self.identity)
    let advertisement = HCIHost.Advertisement(address: Self.address, id: Self.id)
    var information = ControllerInformation()
    information.address = Self.address
    let all =
      texts(Holder()) + texts(identity) + texts(advertisement) + texts(Self.sighting()) + texts(information)
      + texts(Self.sighting().facts)
    for text in all { #expect(!reveals(text), "revealed by: \(text.prefix(400))") }
  }

  @Test("Their mirrors have no children") func mirrors() throws {
    #expect(Mirror(reflecting: try #require(Self.id)).children.isEmpty)
    #expect(Mirror(reflecting: try #require(Self.key)).children.isEmpty)
    #expect(Mirror(reflecting: Self.address).children.isEmpty)
  }

  @Test("The canary: the same bytes in the open are found") func canary() {
    #expect(texts([UInt8](repeating: 0xAB, count: 12)).allSatisfy(reveals))
    #expect(texts(UInt64(0xABAB_ABAB_ABAB)).allSatisfy(reveals))
    #expect(reveals(Self.id?.hex ?? ""))
  }
}
