// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("A Bluezone advertisement") struct BluezoneAdvertisementTests {
  private let id: BluezoneID

  init() throws { id = try #require(BluezoneID(bytes(SamplePackets.id))) }

  @Test("It is flags, the service and the manufacturer data with the id, as an Android phone sends them")
  func golden() {
    let data = BluezoneAdvertisement.data(for: id)
    #expect(data == bytes("02 01 06  03 03 56 4e  0f ff b5 22 d5 63 42 c0 9a f6 bd dd c9 e7 91 08"))
    #expect(data.count == 23)
  }

  @Test("What is sent is read back") func roundTrip() {
    let data = BluezoneAdvertisement.data(for: id)
    let facts = AdvertisingFacts(data.span, in: 0..<data.count)
    #expect(facts.bluezoneID == id)
    #expect(facts.hasService(0x4E56) && facts.companyID == 0x22B5)
    #expect(!facts.hasWrongBluezoneData && !facts.isTruncated && !facts.hasIOSBluezoneService)
  }

  @Test("The service of the iOS form is in the order of the air") func iosService() {
    #expect(
      Hex.string(BluezoneAdvertisement.iosServiceUUID.reversed()) == "00004e5673f54bc4a12f17d1ad07a667")
  }
}
