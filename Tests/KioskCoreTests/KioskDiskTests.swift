// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import KioskCore

/// A disk that does not serve, and an identity that is not read yet.
@Suite("A kiosk whose disk does not serve") struct KioskDiskTests {
  private func awaiting() -> KioskHarness {
    var harness = KioskHarness()
    let bits = RandomBits(seed: 1)
    harness.kiosk = Kiosk(
      settings: Settings(), identity: nil, awaitsIdentity: true, startingAt: harness.now, randomBits: { bits.next() })
    harness.start()
    return harness
  }

  private static let identity = BluezoneIdentity(baseKey: KioskHarness.baseKey, baseDay: KioskHarness.baseDay)

  @Test("Without an identity it scans and counts and sends no id; with one it does") func identity() {
    var harness = awaiting()
    harness.run(for: 20_000)
    #expect(harness.status.radio.isScanning && !harness.status.radio.isAdvertising)
    harness.hearBluezoner(5)
    #expect(harness.kiosk.contacts.pendingCount == 1)
    #expect(harness.transmissions.isEmpty)
    #expect(harness.status.disk.identity == .opening)

    harness.handle(.identityRead(Self.identity))
    harness.run(for: 2000)
    #expect(harness.status.radio.isAdvertising && harness.status.radio.isScanning)
    #expect(harness.status.disk.identity == .read)
    let count = harness.transmissions.count
    #expect(count == 1)
    // The same again, as after each opening, changes nothing on the air.
    harness.handle(.identityRead(Self.identity))
    harness.run(for: 2000)
    #expect(harness.transmissions.count == count)
  }

  @Test("A replay still sends nothing and owes nobody an identity") func replay() {
    let kiosk = Kiosk(settings: Settings(), identity: nil, startingAt: KioskHarness().now) { 0 }
    #expect(kiosk.isReplay && !kiosk.hasDiskFault)
  }

  @Test("Why it waits is told, shown by lamp and strip, and ends") func told() {
    var harness = awaiting()
    harness.handle(.identityRead(Self.identity))
    harness.handle(.disk(DiskState()))
    harness.run(for: 3000)
    #expect(harness.status.disk.state == .opening && harness.status.disk.reason == nil)

    var state = DiskState()
    state.log = .disk(reason: "the disk is full; free some space")
    state.identity = nil
    harness.handle(.disk(state))
    harness.run(for: 3000)
    #expect(harness.status.disk.state == .closed && harness.status.disk.reason == "the disk is full; free some space")
    #expect(harness.kiosk.shown?.needsStaff == true)

    state.log = .person(reason: "the log is missing")
    harness.handle(.disk(state))
    #expect(harness.status.disk.state == .waiting && harness.status.disk.reason == "the log is missing")

    // What the log refused while it was not open does not outlast that.
    harness.handle(.contactsNotWritten([], reason: "there is no database"))
    harness.handle(.visitsNotWritten([], reason: "there is no database"))
    state.log = nil
    harness.handle(.disk(state))
    harness.run(for: 3000)
    #expect(harness.status.contacts.writeFault == nil && harness.status.visits.writeFault == nil)
    #expect(harness.status.disk.state == .works && harness.status.disk.reason == nil)
    #expect(harness.kiosk.shown?.needsStaff == false && harness.status.problems.isEmpty)
  }

  @Test("An identity that waits is told with its reason") func identityWaits() {
    var harness = awaiting()
    var state = DiskState()
    state.log = nil
    state.identity = .person(reason: "the key is missing")
    harness.handle(.disk(state))
    #expect(harness.status.disk.identity == .waiting && harness.status.disk.identityReason == "the key is missing")
    #expect(harness.status.disk.state == .works && harness.kiosk.hasDiskFault)
    state.identity = .disk(reason: "the key is damaged")
    harness.handle(.disk(state))
    #expect(harness.status.disk.identity == .unreadable && harness.status.disk.identityReason == "the key is damaged")
  }

  @Test("Work that fails is told until it is done", arguments: Kiosk.DiskWork.allCases)
  func work(_ work: Kiosk.DiskWork) {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.diskWork(work, fault: "the disk is full"))
    #expect(harness.status.disk.state == .refuses)
    #expect(harness.status.disk.reason == "\(work.words): the disk is full")
    harness.handle(.diskWork(work, fault: nil))
    #expect(harness.status.disk.state == .works && harness.status.disk.reason == nil)
  }

  @Test("A write that fails makes the disk refuse until one succeeds") func write() {
    var harness = KioskHarness()
    harness.start()
    harness.disk = .refuses
    harness.run(for: 2000)
    harness.hearBluezoner(5)
    harness.run(for: 12_000)
    #expect(harness.status.disk.state == .refuses && harness.status.disk.reason == "the disk is full")
    harness.disk = .works
    harness.run(for: 12_000)
    #expect(harness.status.disk.state == .works && harness.status.disk.reason == nil)
    #expect(harness.written.count == 1)
  }
}
