// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The kind of a device")
struct DeviceKindTests {
  private func kind(_ data: [UInt8]) -> DeviceKind { DeviceKind(CoreSamples.facts(data)) }

  private func apple(_ messages: [UInt8]) -> [UInt8] {
    [UInt8(messages.count + 3), 0xFF, 0x4C, 0x00] + messages
  }

  private func service(_ uuid: UInt16) -> [UInt8] { [3, 0x03, UInt8(uuid & 0xFF), UInt8(uuid >> 8)] }

  @Test(
    "follows from Apple's message",
    arguments: [
      (0x02, DeviceKind.fixture), (0x07, .accessory), (0x09, .fixture), (0x0C, .phone), (0x0E, .phone),
      (0x0F, .phone), (0x10, .phone), (0x12, .accessory), (0x05, .phone), (0x1F, .unknown),
      (0x20, .unknown),
    ] as [(UInt8, DeviceKind)])
  func appleMessages(type: UInt8, expected: DeviceKind) {
    #expect(kind(apple([type, 2, 0, 0])) == expected)
  }

  @Test("is a phone for Apple's background area alone: one with an app in the background")
  func overflowArea() {
    #expect(kind(apple([0x01, 0x08] + [UInt8](repeating: 0, count: 15))) == .phone)
  }

  @Test("follows from the first row that fits")
  func firstRow() {
    #expect(kind(apple([0x12, 2, 0, 0, 0x10, 1, 0])) == .phone)
    #expect(kind(apple([0x10, 1, 0, 0x12, 2, 0, 0])) == .phone)
    #expect(kind(apple([0x07, 1, 0, 0x10, 1, 0])) == .accessory)
    #expect(kind(service(0xFD6F) + service(0xFEAA)) == .phone)
    #expect(kind(service(0xFEAA) + [3, 0xFF, 0x06, 0x00]) == .fixture)
  }

  @Test(
    "follows from a service, advertised or with data",
    arguments: [
      (0xFD6F, DeviceKind.phone), (0xFEF3, .phone), (0xFE2C, .accessory), (0xFEED, .accessory),
      (0xFD5A, .accessory), (0xFEAA, .fixture), (0x180D, .accessory), (0x180F, .unknown),
    ] as [(UInt16, DeviceKind)])
  func services(uuid: UInt16, expected: DeviceKind) {
    #expect(kind(service(uuid)) == expected)
    #expect(kind([4, 0x16, UInt8(uuid & 0xFF), UInt8(uuid >> 8), 0]) == expected)
  }

  @Test("follows from a company identifier")
  func companies() {
    #expect(kind([4, 0xFF, 0x06, 0x00, 1]) == .computer)
    #expect(kind([4, 0xFF, 0x00, 0x06, 1]) == .unknown)
    #expect(kind([4, 0xFF, 0x75, 0x00, 1]) == .phone)
    #expect(kind([4, 0xFF, 0x76, 0x00, 1]) == .unknown)
  }

  @Test("is Bluezoner only with a whole Bluezone advertisement")
  func bluezoner() {
    let whole = BluezoneAdvertisement.data(for: CoreSamples.id(1))
    #expect(kind(whole) == .bluezoner)
    #expect(kind(Array(whole.dropLast())) == .unknown)
    #expect(kind(service(BluezoneAdvertisement.serviceUUID)) == .unknown)
    #expect(kind(Array(whole.suffix(16))) == .unknown)
  }

  @Test("is phone with the app for the iOS form, whatever else is sent with it")
  func iOSForm() {
    #expect(kind(CoreSamples.iPhoneWithApp) == .phoneWithApp)
    #expect(kind(apple([0x10, 1, 0]) + CoreSamples.iPhoneWithApp) == .phoneWithApp)
  }

  @Test("is unknown for nothing at all")
  func nothing() {
    #expect(kind([]) == .unknown)
    #expect(kind([2, 0x01, 0x06]) == .unknown)
  }
}
