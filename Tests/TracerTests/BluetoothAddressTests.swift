// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("A device address") struct BluetoothAddressTests {
  @Test("Its bytes travel least significant first") func byteOrder() {
    let address = BluetoothAddress(bits: 0x7442_C094_26BB, isRandom: true)
    #expect(address.bytes == bytes("bb2694c04274"))
    #expect(BluetoothAddress(bytes("00bb2694c0427400").span, at: 1, isRandom: true) == address)
    #expect(address.bits == 0x7442_C094_26BB)
  }

  @Test("The same bits, public and random, are two addresses") func kinds() {
    let random = BluetoothAddress(bits: 1, isRandom: true)
    let fixed = BluetoothAddress(bits: 1, isRandom: false)
    #expect(random != fixed && random.isRandom && !fixed.isRandom)
    #expect(random.bits == fixed.bits)
  }

  @Test("More than 48 bits are cut off, and cannot make it random") func excess() {
    let address = BluetoothAddress(bits: .max, isRandom: false)
    #expect(address.bits == 0xFFFF_FFFF_FFFF && !address.isRandom)
  }

  @Test("The two highest bits tell the kind of a random address") func randomKinds() {
    func kind(_ top: UInt64) -> BluetoothAddress.RandomKind? {
      BluetoothAddress(bits: top << 46 | 1, isRandom: true).randomKind
    }
    #expect(kind(0b00) == .nonResolvable)
    #expect(kind(0b01) == .resolvable)
    #expect(kind(0b10) == .reserved)
    #expect(kind(0b11) == .isStatic)
    #expect(BluetoothAddress(bits: 0b01 << 46, isRandom: false).randomKind == nil)
  }

  @Test(
    "An address made from any random bits looks resolvable", arguments: [UInt64.min, .max, 1 << 47, 0xABCD])
  func resolvableForm(random: UInt64) {
    let address = BluetoothAddress.resolvableForm(random: random)
    #expect(address.randomKind == .resolvable)
    #expect(address.bits & 0x3FFF_FFFF_FFFF == random & 0x3FFF_FFFF_FFFF)
  }
}
