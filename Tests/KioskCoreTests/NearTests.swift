// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite("Near")
struct NearTests {
  @Test(
    "An iPhone's threshold moves with the power it tells, within bounds",
    arguments: [(8, 0), (12, 4), (4, -4), (20, 6), (-40, -6)])
  func power(told: Int8, shift: Double) {
    let rule = NearRule()
    #expect(rule.thresholdDBm(.ios, txPowerDBm: told) == rule.iosDBm + shift)
    #expect(rule.thresholdDBm(.android, txPowerDBm: told) == rule.androidDBm)
    #expect(rule.thresholdDBm(nil, txPowerDBm: nil) == rule.otherDBm)
  }
}

@Suite("What a device is")
struct DeviceSignsTests {
  private let random = BluetoothAddress(bits: 0x4000_0000_0001, isRandom: true)
  private let fixed = BluetoothAddress(bits: 0x0012_3456_789A, isRandom: false)

  @Test("Macs and watches are told from iPhones by their nearby information")
  func apple() {
    #expect(DeviceKind(Room.iPhone(1)) == .phone)
    #expect(DeviceKind(Room.facts([2, 1, 6, 10, 0xFF, 0x4C, 0, 0x10, 5, 0x0C, 0x18, 1, 2, 3])) == .computer)
    #expect(DeviceKind(Room.facts([2, 1, 0x1A, 10, 0xFF, 0x4C, 0, 0x10, 5, 0x1B, 0x98, 1, 2, 3])) == .accessory)
    // An older iPhone sends five bytes as well.
    #expect(DeviceKind(Room.facts([2, 1, 0x1A, 10, 0xFF, 0x4C, 0, 0x10, 5, 0x0B, 0x1C, 1, 2, 3])) == .phone)
  }

  @Test("A television does not hide its address, a telephone of the same maker does")
  func maker() {
    #expect(DeviceSigns(Room.samsung, from: random).kind == .phone)
    #expect(DeviceSigns(Room.samsung, from: fixed).kind == .accessory)
    #expect(DeviceSigns(AdvertisingFacts(), from: random).kind == .unknown)
    #expect(DeviceSigns(AdvertisingFacts(), from: fixed).kind == .accessory)
    // What the payload says comes first.
    #expect(DeviceSigns(Room.bluezone(1), from: fixed).kind == .bluezoner)
  }

  @Test("The sign of a background app is a phone that must be asked")
  func background() {
    let signs = DeviceSigns(Room.background, from: random)
    #expect(signs.kind == .phone)
    #expect(signs.platform == .ios)
    #expect(signs.stream == .bluezone)
  }
}
