// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("The kiosk sends")
struct KioskAdvertisingTests {
  private func data(slot: Int) throws -> [UInt8] {
    var identity = BluezoneIdentity(baseKey: KioskHarness.baseKey, baseDay: KioskHarness.baseDay)
    let slot = Slot(day: KioskHarness.baseDay + Int64(slot / 96), index: slot % 96)
    return BluezoneAdvertisement.data(for: try identity.bluezoneID(in: slot))
  }

  @Test("Its id of the slot, under an address of the resolvable form")
  func sends() throws {
    var harness = KioskHarness(startingAt: 60_000)
    harness.start()
    harness.run(for: 1000)
    let transmission = try #require(harness.air.controller.transmission)
    #expect(transmission.data == (try data(slot: 0)))
    #expect(transmission.address.randomKind == .resolvable)
    #expect(harness.air.controller.isScanning)
    #expect(harness.status.radio.isAdvertising && harness.status.radio.isScanning)
    #expect(harness.refusalsInEarnest.isEmpty)
  }

  @Test(
    "A new id and a new address, always together, within 1 s of each slot's start", arguments: [0, 94, 95])
  func rotation(slot: Int) throws {
    var harness = KioskHarness(startingAt: Int64(slot) * 900_000 + 890_137)
    harness.start()
    harness.run(for: 9862)
    #expect(harness.clock == Int64(slot) * 900_000 + 899_999)
    #expect(harness.transmissions.map(\.data) == [try data(slot: slot)])
    harness.run(for: 1001)
    #expect(harness.air.controller.transmission?.data == (try data(slot: slot + 1)))
    harness.run(for: 900_000)
    #expect(harness.transmissions.map(\.data) == (try [slot, slot + 1, slot + 2].map(data)))
    #expect(Set(harness.transmissions.map(\.address)).count == 3)
    #expect(harness.air.controller.isScanning)
    #expect(harness.refusalsInEarnest.isEmpty)
  }

  @Test("The figures stay on the page while the address changes")
  func figuresStay() {
    var harness = KioskHarness(startingAt: 895_000)
    harness.start()
    harness.run(for: 10_000)
    let radios = harness.pages.map(\.page.radio)
    #expect(radios.contains(.running))
    #expect(!radios.drop { $0 != .running }.contains { $0 != .running })
  }

  @Test(
    "With a clock before its key's day it hears without sending, says so, and sends when the clock is right")
  func beforeBaseDay() throws {
    var harness = KioskHarness(startingAt: -86_400_000, isSynchronised: false)
    harness.start()
    harness.run(for: 5000)
    #expect(harness.air.controller.isScanning)
    #expect(harness.transmissions.isEmpty)
    #expect(!harness.status.radio.isAdvertising)
    #expect(harness.status.problems == [BluezoneIdentity.Failure.beforeBaseDay.description])
    #expect(harness.page?.radio == .running)
    harness.hearBluezoner(1)
    harness.run(for: 1000)
    #expect(harness.status.bluezonersAround == 1)
    harness.setClock(60_000)
    harness.run(for: 1000)
    #expect(harness.air.controller.transmission?.data == (try data(slot: 0)))
    #expect(harness.status.problems.isEmpty)
    harness.setClock(-60_000, isSynchronised: false)
    harness.run(for: 1000)
    #expect(harness.air.controller.transmission == nil)
    #expect(harness.air.controller.isScanning)
    #expect(harness.status.problems.count == 1)
  }
}
