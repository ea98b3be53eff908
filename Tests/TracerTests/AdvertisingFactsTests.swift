// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("What an advertisement says") struct AdvertisingFactsTests {
  private let id = BluezoneID(bytes(SamplePackets.id))

  private func facts(_ data: [UInt8]) -> AdvertisingFacts { AdvertisingFacts(data.span, in: 0..<data.count) }
  private func facts(_ text: String) -> AdvertisingFacts { facts(bytes(text)) }
  private func facts(report packet: [UInt8]) throws -> AdvertisingFacts {
    var cursor = ByteCursor(packet.span, from: 5)
    let report = try LEAdvertisingReport(packet.span, &cursor)
    return AdvertisingFacts(packet.span, in: report.data)
  }

  // MARK: Bluezone

  @Test("The Android form gives the id, in any order of its parts") func androidForm() {
    #expect(facts(SamplePackets.androidForm).bluezoneID == id)
    #expect(facts("0fffb522\(SamplePackets.id) 0303564e 020106").bluezoneID == id)
    #expect(facts("0302564e 0fffb522\(SamplePackets.id)").bluezoneID == id)
    #expect(facts("0503 0f18 564e 0fffb522\(SamplePackets.id)").bluezoneID == id)
  }

  @Test("An id of 11 or 13 bytes is wrong data, no id", arguments: [0, 1, 11, 13, 15]) func wrongLength(
    count: Int
  ) {
    let data = bytes("0303564e") + [UInt8(3 + count), 0xFF, 0xB5, 0x22] + [UInt8](repeating: 5, count: count)
    #expect(facts(data).bluezoneID == nil)
    #expect(facts(data).hasWrongBluezoneData)
    #expect(!facts(data).isTruncated)
  }

  @Test("Without the service the manufacturer data is somebody else's") func noService() {
    for text in ["020106 0fffb522\(SamplePackets.id)", "0303574e 0fffb522\(SamplePackets.id)", "04ffb52201"] {
      #expect(facts(text).bluezoneID == nil && !facts(text).hasWrongBluezoneData)
      #expect(facts(text).companyID == 0x22B5)
    }
    // Service data is no service offered.
    #expect(facts("0316564e 0fffb522\(SamplePackets.id)").bluezoneID == nil)
  }

  @Test("The service alone has no id and nothing wrong") func serviceAlone() {
    #expect(facts("020106 0303564e").bluezoneID == nil)
    #expect(!facts("020106 0303564e").hasWrongBluezoneData)
    #expect(facts("020106 0303564e").hasService(0x4E56))
  }

  @Test("Another company's data beside the service is no id") func otherCompany() {
    let other = facts("0303564e 0fffb622\(SamplePackets.id)")
    #expect(other.bluezoneID == nil && !other.hasWrongBluezoneData && other.companyID == 0x22B6)
  }

  @Test("The same id said twice counts, two ids do not") func repeated() {
    let one = "0fffb522\(SamplePackets.id)"
    let other = "0fffb522\(String(SamplePackets.id.reversed()))"
    #expect(facts("0303564e \(one)\(one)").bluezoneID == id)
    #expect(facts("0303564e \(one)\(other)").bluezoneID == nil)
    #expect(facts("0303564e \(one)\(other)").hasWrongBluezoneData)
    #expect(facts("0303564e \(one) 04ffb52200").bluezoneID == nil)
    #expect(facts("04ffb52200 0303564e \(one)").hasWrongBluezoneData)
  }

  @Test("Another company before or after leaves the id, and the first company is the one remembered")
  func secondCompany() {
    let first = facts("0303564e 0fffb522\(SamplePackets.id) 05ff4c001000")
    #expect(first.bluezoneID == id && first.companyID == 0x22B5)
    let second = facts("05ff4c001000 0303564e 0fffb522\(SamplePackets.id)")
    #expect(second.bluezoneID == id && second.companyID == 0x004C && second.hasAppleType(0x10))
  }

  @Test("An iPhone in the foreground is known by its 128-bit service") func iosForm() {
    let service = Hex.string(BluezoneAdvertisement.iosServiceUUID)
    for type in ["06", "07"] {
      let heard = facts("02011a 11\(type)\(service)")
      #expect(heard.hasIOSBluezoneService && heard.bluezoneID == nil && !heard.isTruncated)
    }
    let other = String(repeating: "11", count: 16)
    #expect(facts("2107 \(other)\(service)").hasIOSBluezoneService)
    #expect(!facts("1107 \(other)").hasIOSBluezoneService)
    // A byte short, and the same bytes under another type.
    #expect(!facts("1007 \(service.dropLast(2))").hasIOSBluezoneService)
    #expect(!facts("1121 \(service)").hasIOSBluezoneService)
    for i in 0..<16 {
      var wrong = bytes("1107 \(service)")
      wrong[2 + i] ^= 0x10
      #expect(!facts(wrong).hasIOSBluezoneService, "byte \(i)")
    }
  }

  // MARK: Everything else

  @Test("Services of 16 bits are remembered from every structure that names them") func services() {
    let heard = facts("0302aafe 0303f3fe 0516 1c18 0000")
    #expect(heard.hasService(0xFEAA) && heard.hasService(0xFEF3) && heard.hasService(0x181C))
    #expect(!heard.hasService(0x0000) && !heard.hasService(0xFFFF))
  }

  @Test("Four services are remembered, a fifth is looked through for Bluezone's only") func fifthService() {
    let five = facts("0d03 0100 0200 0200 0300 0400 0500")
    #expect((1...4).allSatisfy { five.hasService($0) } && !five.hasService(5))
    #expect(TracerLimits.rememberedServices == 4)
    let crowded = facts("0b03 0100 0200 0300 0400 564e 0fffb522\(SamplePackets.id)")
    #expect(crowded.bluezoneID == id)
  }

  @Test("Half a service, or service data too short for one, is passed over") func halfService() {
    #expect(facts("0403 aafe 56 020106").hasService(0xFEAA))
    #expect(facts("0203 aa 0216 aa 0116 0103 0107 01ff 02ff4c") == AdvertisingFacts())
  }

  @Test("TX power is read as a signed number, and only from one byte") func txPower() {
    #expect(facts("020a08").txPowerDBm == 8)
    #expect(facts("020aeb").txPowerDBm == -21)
    #expect(facts("010a").txPowerDBm == nil)
    #expect(facts("030a0800").txPowerDBm == nil)
  }

  @Test("A length of zero ends the data") func zeroLength() {
    #expect(facts("00 0303564e 0fffb522\(SamplePackets.id)") == AdvertisingFacts())
    let padded = facts(SamplePackets.androidForm + [UInt8](repeating: 0, count: 8))
    #expect(padded.bluezoneID == id && !padded.isTruncated)
  }

  @Test("Cut at any byte, what came before counts, and nothing is read past the end") func everyTruncation() {
    let whole = SamplePackets.androidForm + bytes("020a08")
    let ends: Set = [0, 3, 7, 23, 26]
    for count in 0...whole.count {
      let heard = facts(Array(whole.prefix(count)))
      #expect(heard.isTruncated == !ends.contains(count), "cut at \(count)")
      #expect((heard.bluezoneID != nil) == (count >= 23), "cut at \(count)")
      #expect(heard.hasService(0x4E56) == (count >= 7))
      #expect((heard.txPowerDBm != nil) == (count >= 26))
      #expect(!heard.hasWrongBluezoneData)
      // The same within a longer packet: the range ends it, not the packet.
      #expect(AdvertisingFacts((whole + whole).span, in: 0..<count) == heard)
    }
  }

  @Test("Every length byte too large for what follows is a truncation", arguments: 3...255) func overrun(
    length: Int
  ) {
    #expect(facts([UInt8(length), 0xFF, 0xB5]).isTruncated)
    #expect(facts([2, 0xFF, 0xB5]).isTruncated == false)
  }

  @Test("A range outside the bytes is drawn into them") func range() {
    let data = SamplePackets.androidForm
    #expect(AdvertisingFacts(data.span, in: -3..<99).bluezoneID == id)
    #expect(AdvertisingFacts(data.span, in: 50..<60) == AdvertisingFacts())
    #expect(AdvertisingFacts(data.span, in: 5..<5) == AdvertisingFacts())
  }

  // MARK: Apple

  @Test("Continuity messages are told by type, one after the other") func continuity() {
    let heard = facts("11ff4c00 0c03aabbcc 1002aabb 0700 0e01aa")
    #expect(heard.companyID == AppleContinuity.companyID)
    for type in [AppleContinuity.handoff, AppleContinuity.nearbyInfo, AppleContinuity.proximityPairing] {
      #expect(heard.hasAppleType(type))
    }
    #expect(heard.hasAppleType(AppleContinuity.tetheringSource))
    #expect(!heard.hasAppleType(AppleContinuity.iBeacon) && !heard.hasAppleType(AppleContinuity.findMy))
    #expect(!heard.hasAppleType(0x0A))
  }

  @Test("The area of apps in the background has no length byte") func overflowArea() {
    let mask = "08" + String(repeating: "0", count: 30)
    #expect(facts("14ff4c0001\(mask)").appleTypes == 1 << 1)
    // Were the mask's first byte taken for a length, Nearby Info would be missed.
    #expect(facts("17ff4c0001\(mask) 1001aa").appleTypes == 1 << 1 | 1 << 0x10)
    // A mask cut short ends the reading.
    #expect(facts("07ff4c0001100210").appleTypes == 1 << 1)
  }

  @Test("A message that runs past the end counts, and ends the reading") func overrunMessage() {
    #expect(facts("06ff4c0010 ff0c").appleTypes == 1 << 0x10)
    #expect(facts("04ff4c0012").appleTypes == 1 << 0x12)
    #expect(facts("03ff4c00").appleTypes == 0)
  }

  @Test("Types of 32 and above are passed over, 31 is not", arguments: [31, 32, 0xFF] as [UInt8])
  func highTypes(type: UInt8) {
    let heard = facts([7, 0xFF, 0x4C, 0x00, type, 0, 0x10, 0])
    #expect(heard.hasAppleType(0x10) && heard.hasAppleType(type) == (type < 32))
    #expect(heard.appleTypes.nonzeroBitCount == (type < 32 ? 2 : 1))
  }

  @Test("Another company's bytes are no continuity messages") func notApple() {
    #expect(facts("05ff06001000").appleTypes == 0)
  }

  // MARK: Recorded

  @Test("Recorded: an iPhone with Nearby Info") func recordedNearbyInfo() throws {
    let heard = try facts(report: SamplePackets.Recorded.nearbyInfo)
    #expect(heard.companyID == 0x004C && heard.appleTypes == 1 << 0x10 && heard.txPowerDBm == 8)
    #expect(!heard.isTruncated && heard.bluezoneID == nil)
  }

  @Test("Recorded: an iPhone with Handoff and Nearby Info") func recordedHandoff() throws {
    #expect(try facts(report: SamplePackets.Recorded.handoff).appleTypes == 1 << 0x0C | 1 << 0x10)
  }

  @Test("Recorded: an iPhone with Nearby Action and Nearby Info") func recordedNearbyAction() throws {
    #expect(try facts(report: SamplePackets.Recorded.nearbyAction).appleTypes == 1 << 0x0F | 1 << 0x10)
  }

  @Test("Recorded: a 16-bit service, a Windows computer and an empty scan response") func recordedOthers()
    throws
  {
    #expect(try facts(report: SamplePackets.Recorded.service).hasService(0x181C))
    let computer = try facts(report: SamplePackets.Recorded.computer)
    #expect(computer.companyID == 0x0006 && computer.appleTypes == 0 && !computer.isTruncated)
    #expect(try facts(report: SamplePackets.Recorded.emptyScanResponse) == AdvertisingFacts())
  }
}
