// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("The kiosk hears and logs")
struct KioskLogTests {
  private func crowd(seed: UInt64) -> [VirtualDevice] {
    var random = SplitMix64(seed: seed)
    let kinds: [VirtualDevice.Kind] = [
      .androidBluezoner, .androidBluezoner, .iPhone, .androidPhone, .computer, .beacon,
    ]
    return kinds.map {
      VirtualDevice($0, nearDBm: -55, visit: nil, baseDay: KioskHarness.baseDay, random: &random)
    }
  }

  @Test("It logs exactly the Bluezoners' ids, of each slot its own", arguments: [61, 62] as [UInt64])
  func exactlyTheIDs(seed: UInt64) throws {
    let devices = crowd(seed: seed)
    var harness = KioskHarness(startingAt: 14 * 60_000, devices: devices, seed: seed)
    harness.start()
    harness.run(for: 150_000)
    harness.handle(.stop)
    var expected: Set<BluezoneID> = []
    for device in devices {
      guard var identity = device.identity else { continue }
      for slot in 0...1 {
        expected.insert(try identity.bluezoneID(in: Slot(day: KioskHarness.baseDay, index: slot)))
      }
    }
    #expect(expected.count == 4)
    #expect(Set(harness.written.map(\.id)) == expected, "seed \(seed)")
    for update in harness.written {
      guard case .dated(let first, let last) = update.span else {
        Issue.record("seed \(seed): an entry has no date")
        continue
      }
      #expect(first <= last && LogSlot.number(at: first) == LogSlot.number(at: last), "seed \(seed)")
      #expect(update.strength.count > 0, "seed \(seed)")
    }
    #expect(harness.status.contacts.lost == 0)
    #expect(harness.status.contacts.pending == 0)
  }

  @Test("It writes at most once in 10 s, and everything within 10 s", arguments: [63] as [UInt64])
  func writeInterval(seed: UInt64) {
    var harness = KioskHarness(devices: crowd(seed: seed), seed: seed)
    harness.start()
    harness.run(for: 120_000)
    let times = harness.writes.map(\.at)
    #expect(times.count >= 8)
    for (a, b) in zip(times, times.dropFirst()) { #expect(b - a >= 10_000, "seed \(seed)") }
    let offset = harness.now.utc.milliseconds - harness.now.monotonic.milliseconds
    for (at, updates) in harness.writes {
      for update in updates {
        guard case .dated(let first, _) = update.span else { continue }
        #expect(at + offset - first.milliseconds <= 10_000, "seed \(seed)")
      }
    }
  }

  @Test("Contacts and visits are handed over together, so that the disk is written to once in 10 s and not twice")
  func together() {
    var harness = KioskHarness()
    harness.start()
    // A contact first, and a visit that opens some seconds later.
    harness.hearBluezoner(1, rssiDBm: -90)
    harness.run(for: 4000)
    for _ in 0..<120 {
      harness.hearBluezoner(2)
      harness.run(for: 500)
    }
    let contacts = harness.writes.map(\.at)
    let visits = harness.effects.compactMap { at, effect in if case .writeVisits = effect { at } else { nil } }
    #expect(contacts.count >= 5 && visits.count >= 4)
    #expect(Set(visits).isSubset(of: contacts))
    for (a, b) in zip(contacts, contacts.dropFirst()) { #expect(b - a >= 10_000) }
  }

  @Test("Contacts that the disk refuses come back, are told in the status, and are not lost")
  func refused() {
    var harness = KioskHarness()
    harness.start()
    harness.disk = .refuses
    for _ in 0..<35 {
      harness.hearBluezoner(1)
      harness.hearBluezoner(2)
      harness.run(for: 1000)
    }
    #expect(harness.written.isEmpty)
    #expect(harness.status.contacts.writeFault == "the disk is full")
    #expect(harness.status.contacts.pending == 2)
    let times = harness.writes.map(\.at)
    for (a, b) in zip(times, times.dropFirst()) { #expect(b - a >= 10_000) }
    harness.disk = .works
    harness.run(for: 10_000)
    #expect(harness.writtenReports == [S.id(1): 35, S.id(2): 35])
    #expect(harness.written.count == 2)
    #expect(harness.status.contacts.writeFault == nil)
    #expect(harness.status.contacts.pending == 0)
  }

  @Test("A contact goes on being logged when the adapter is pulled out and put back")
  func radioLost() {
    var harness = KioskHarness()
    harness.start()
    harness.hearBluezoner(1)
    harness.unplug()
    harness.hearBluezoner(2)
    harness.run(for: 11_000)
    harness.hearBluezoner(1)
    harness.run(for: 11_000)
    #expect(harness.writtenReports == [S.id(1): 2])
  }

  @Test("Malformed packets are counted and disturb nothing")
  func malformed() {
    var harness = KioskHarness()
    harness.start()
    harness.hearBluezoner(1)
    let report = S.report(S.phone, from: S.address(1))
    for count in 0..<report.count {
      harness.air.controller.output.append(Array(report.prefix(count)))
    }
    harness.hearBluezoner(1)
    harness.run(for: 10_000)
    #expect(harness.writtenReports == [S.id(1): 2])
    #expect(harness.status.radio.malformedPackets > 0)
    #expect(harness.status.radio.state == "running")
    #expect(harness.status.peopleAround == 1)
  }

  // MARK: The clock

  @Test("Before the clock is synchronised contacts are undated, and then everything gets its date")
  func synchronisation() {
    // Booted with yesterday's time.
    var harness = KioskHarness(
      startingAt: -80_000_000, isSynchronised: false, baseDay: KioskHarness.baseDay - 2)
    harness.start()
    harness.hearBluezoner(1)
    harness.run(for: 10_000)
    #expect(harness.written.map(\.span) == [.undated(first: 5000, last: 5000)])
    #expect(harness.bootTimes.isEmpty)
    #expect(harness.purges.isEmpty)
    #expect(!harness.status.clockSynchronised)
    #expect(harness.page?.clock.isSynchronised == false)
    harness.hearBluezoner(2)  // 15 s after boot, not yet written
    harness.run(for: 2000)
    harness.setClock(3_650_000)  // 17 s after boot it is 01:00:50.
    harness.hearBluezoner(2)
    #expect(harness.bootTimes == [S.midnight.adding(milliseconds: 3_650_000 - 17_000)])
    harness.run(for: 10_000)
    #expect(
      harness.written.dropFirst().map(\.span) == [
        .dated(
          first: S.midnight.adding(milliseconds: 3_648_000), last: S.midnight.adding(milliseconds: 3_650_000))
      ])
    #expect(harness.writtenReports == [S.id(1): 1, S.id(2): 2])
    harness.run(for: 30_000)
    #expect(harness.bootTimes.count == 1)
    #expect(harness.status.clockSynchronised)
    #expect(harness.page?.clock.isSynchronised == true)
  }

  @Test("What was handed over undated and refused after the clock was synchronised comes back dated")
  func refusedAfterSynchronisation() {
    var harness = KioskHarness(
      startingAt: -80_000_000, isSynchronised: false, baseDay: KioskHarness.baseDay - 2)
    harness.disk = .isSilent
    harness.start()
    harness.hearBluezoner(1)
    harness.run(for: 10_000)
    #expect(harness.inFlight.map(\.span) == [.undated(first: 5000, last: 5000)])
    harness.setClock(3_600_000)  // 15 s after boot.
    harness.handle(.tick)
    #expect(harness.bootTimes.count == 1)
    harness.answerDisk(refusing: true)
    harness.disk = .works
    harness.run(for: 10_000)
    let heard = S.midnight.adding(milliseconds: 3_590_000)
    #expect(harness.written.map(\.span) == [.dated(first: heard, last: heard)])
  }

  @Test("A kiosk that starts with a good clock says at once when it was booted")
  func bootTime() {
    var harness = KioskHarness(startingAt: 60_000)
    harness.start()
    #expect(harness.bootTimes == [S.midnight.adding(milliseconds: 55_000)])
    harness.run(for: 5000)
    #expect(harness.bootTimes.count == 1)
  }

  @Test("The purge comes with the run and then with each hour of it, for what is older than the retention")
  func purge() {
    var settings = Settings()
    settings.contactRetentionDays = 3
    let begin = SlotScheme.dayMilliseconds - 30_000
    var harness = KioskHarness(startingAt: begin, settings: settings)
    harness.start()
    harness.run(for: 3_600_000)
    let first = S.midnight.adding(milliseconds: begin - 3 * SlotScheme.dayMilliseconds)
    #expect(harness.purges == [first, first.adding(milliseconds: 3_600_000)])
    // With it contacts of slots that were over an hour ago are packed.
    let packed = S.midnight.adding(milliseconds: begin - 3_600_000)
    #expect(harness.packings == [packed, packed.adding(milliseconds: 3_600_000)])
  }

  @Test(
    "Own keys are forgotten with the purge: of days before the retention, and never of the authority's days",
    arguments: [3, 14, 30])
  func ownKeys(days: Int) {
    var settings = Settings()
    settings.contactRetentionDays = days
    var harness = KioskHarness(startingAt: 60 * SlotScheme.dayMilliseconds + 5000, settings: settings)
    harness.start()
    harness.run(for: 60_000)
    let today = SlotScheme.standard.slot(at: harness.now.utc).day
    let forgotten = harness.effects.compactMap { _, effect in
      if case .forgetOwnKeys(let day) = effect { day } else { nil }
    }
    #expect(forgotten == [today - Int64(max(days, 15))])
    // In memory too: it has no id for a day before, by a clock that is set back.
    harness.setClock((60 - Int64(max(days, 15))) * SlotScheme.dayMilliseconds + 5000, isSynchronised: false)
    harness.run(for: 1000)
    #expect(harness.status.problems.isEmpty)
    harness.setClock((60 - Int64(max(days, 15))) * SlotScheme.dayMilliseconds - 5000, isSynchronised: false)
    harness.run(for: 1000)
    #expect(harness.status.problems == [BluezoneIdentity.Failure.beforeBaseDay.description])
  }

  @Test("Nothing is purged by a clock that is not believed")
  func noPurge() {
    var harness = KioskHarness(isSynchronised: false)
    harness.start()
    harness.run(for: 20_000)
    #expect(harness.purges.isEmpty && harness.packings.isEmpty)
    harness.setClock(200_000)
    harness.run(for: 1000)
    #expect(harness.purges.count == 1)
  }
}
