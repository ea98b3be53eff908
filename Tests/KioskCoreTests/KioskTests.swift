// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
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

  @Test("The purge comes with the run and then once an hour, for what is older than the retention")
  func purge() {
    var settings = Settings()
    settings.contactRetentionDays = 3
    var harness = KioskHarness(startingAt: 86_400_000 - 30_000, settings: settings)
    harness.start()
    harness.run(for: 60_000)
    let day = SlotScheme.dayMilliseconds
    #expect(
      harness.purges == [
        S.midnight.adding(milliseconds: day - 30_000 - 3 * day),
        S.midnight.adding(milliseconds: day - 3 * day),
      ])
    // With it contacts of slots that were over an hour ago are packed.
    #expect(
      harness.packings == [
        S.midnight.adding(milliseconds: day - 30_000 - 3_600_000), S.midnight.adding(milliseconds: day - 3_600_000),
      ])
    harness.setClock(2 * day - 5000)
    harness.run(for: 60_000)
    #expect(harness.purges.count == 4)
    #expect(harness.purges.last == S.midnight.adding(milliseconds: 2 * day - 3 * day))
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
    harness.setClock(-60_000)
    harness.run(for: 1000)
    #expect(harness.air.controller.transmission == nil)
    #expect(harness.air.controller.isScanning)
    #expect(harness.status.problems.count == 1)
  }
}

@Suite("The kiosk without its radio")
struct KioskRadioFaultTests {
  @Test(
    "says on the page and in the status what is wrong, and no more when it is put right",
    arguments: [
      (.notFound, .noAdapter), (.noBluetooth, .noAdapter), (.switchedOff, .switchedOff),
      (.notAllowed, .notAllowed), (.busy, .notAnswering), (.closed, .notAnswering),
      (.outOfStep, .notAnswering),
      (.congested, .notAnswering), (.system(errno: 5), .notAnswering),
    ] as [(TransportFault, ScreenState.Fault)])
  func down(fault: TransportFault, shown: ScreenState.Fault) {
    var harness = KioskHarness()
    harness.opening = .fails(fault)
    harness.start()
    harness.run(for: 20_000)
    #expect(harness.page?.radio == .down(shown, step: .reopen))
    #expect(harness.status.radio.fault == fault.description || harness.status.radio.state == "opening")
    #expect(harness.status.radio.lastFault == fault.description)
    #expect(fault.description.count > 10)
    harness.opening = .works
    harness.run(for: 6000)
    #expect(harness.page?.radio == .running)
    #expect(harness.status.radio.state == "running")
    #expect(harness.status.radio.fault == nil)
    #expect(harness.status.radio.lastFault == fault.description)
  }

  @Test("says which step is taken against the fault, and why it failed") func steps() {
    var settings = Settings()
    settings.host.recovery.outsideSteps = [.powerCycle]
    var harness = KioskHarness(settings: settings)
    harness.opening = .fails(.busy)
    harness.start()
    harness.run(for: 8400)
    #expect(harness.page?.radio == .down(.notAnswering, step: .reopen))
    harness.run(for: 200)
    #expect(harness.steps.map(\.step) == [.powerCycle])
    #expect(harness.page?.radio == .down(.notAnswering, step: .powerCycle))
    #expect(harness.status.radio.state == "recovering" && harness.status.radio.lastStep == "power cycle")
    harness.handle(.radioRecovered(.powerCycle, fault: "power cycle failed: a reason"))
    #expect(harness.status.radio.lastStepFault == "power cycle failed: a reason")
    #expect(harness.status.radio.steps == ["reopen": 5, "power_cycle": 1])
    harness.opening = .works
    harness.run(for: 6000)
    #expect(harness.page?.radio == .running && harness.status.radio.state == "running")
  }

  @Test("keeps its figures during a reset, and says so") func reset() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 1000)
    harness.air.controller.output.append([0x04, 0x10, 1, 7])
    harness.run(for: 1000)
    #expect(harness.pages.contains { $0.page.radio == .down(.notAnswering, step: .reset) })
    #expect(harness.page?.radio == .running && harness.status.radio.steps == ["reset": 1])
  }

  @Test("finds out that the controller hangs, and goes on when it does not any more")
  func hung() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 1000)
    #expect(harness.page?.radio == .running)
    harness.air.controller.isHung = true
    harness.run(for: 8000)
    #expect(harness.page?.radio == .down(.notAnswering, step: .reopen))
    harness.air.controller.isHung = false
    harness.run(for: 10_000)
    #expect(harness.page?.radio == .running)
    #expect(harness.air.controller.isScanning && harness.air.controller.isAdvertising)
  }

  @Test("forgets who was around in time, and does not let old lines stay on")
  func countsExpire() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.phone, from: 1)
    harness.run(for: 1000)
    #expect(harness.status.peopleAround == 1)
    harness.opening = .fails(.notFound)
    harness.unplug()
    harness.run(for: 31_000)
    #expect(harness.status.peopleAround == 0)
    #expect(harness.page?.takeover == nil)
    #expect(!harness.lines.buzzer)
  }
}

@Suite("The kiosk's page, lamps and status")
struct KioskPageTests {
  @Test("The page is shown at least once a second, on the second, and only when it has changed")
  func everySecond() {
    var harness = KioskHarness(startingAt: 60_400)
    harness.start()
    harness.run(for: 60_000)
    let pages = harness.pages
    for (a, b) in zip(pages, pages.dropFirst()) {
      #expect(a.page != b.page)
      #expect(b.at - a.at <= 1000)
    }
    #expect(Set(pages.map(\.page.clock.time)).count == 61)
    #expect(pages.last?.page.clock.time == "07:02:00")
    #expect(pages.last?.page.clock.date == "21/11/2025")
    #expect(pages.count < 70)
  }

  @Test("Reports that change nothing show nothing")
  func unchanged() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.computer, from: 1)
    let count = harness.effects.count
    for _ in 0..<100 { harness.hear(S.computer, from: 1) }
    #expect(harness.effects.count == count)
  }

  @Test("The figures on the page and in the status are those of people, and a computer is none")
  func figures() {
    var harness = KioskHarness()
    harness.start()
    // Each sends something else, as different phones do.
    func phone(_ n: UInt8) -> [UInt8] { S.phone.dropLast(3) + [n, n &* 7, n &* 13] }
    harness.hear(S.computer, from: 1, rssiDBm: -60)
    harness.hear(phone(1), from: 2, rssiDBm: -85)
    harness.run(for: 700)
    harness.hear(phone(2), from: 3, rssiDBm: -50)
    harness.run(for: 700)
    harness.hearBluezoner(1, rssiDBm: -55)
    harness.run(for: 700)
    harness.hearBluezoner(2, rssiDBm: -95)
    harness.run(for: 1000)
    let status = harness.status
    #expect([status.peopleAround, status.bluezonersAround, status.peopleNear, status.bluezonersNear] == [4, 2, 2, 1])
    let page = harness.page?.figures
    #expect([page?.peopleAround, page?.bluezonersAround, page?.peopleNear, page?.bluezonersNear] == [4, 2, 2, 1])
    #expect(status.radio.reports == 5 && status.addressesAround == 5)
    #expect(status.radio.hciVersion == 8)
  }

  @Test("A phone without the app gets amber, a beep and the way to install; then all is off again")
  func prompt() {
    var harness = KioskHarness()
    harness.start()
    let isSeen = harness.stand(S.phone, from: 1)
    #expect(isSeen)
    #expect(harness.lines == LineStates(amber: true, buzzer: true))
    #expect(harness.page?.takeover == .install)
    #expect(
      [harness.status.lines.green, harness.status.lines.amber, harness.status.lines.buzzer] == [
        false, true, true,
      ])
    #expect(harness.status.lines.shows == "no-app")
    let programs = harness.programs.count
    harness.run(for: 200)
    #expect(harness.lines == LineStates(amber: true))
    harness.run(for: 200)
    #expect(harness.lines == LineStates(amber: true, buzzer: true))
    // The rhythm needs no word from the core.
    #expect(harness.programs.count == programs)
    harness.run(for: 7600)
    // The green heartbeat may flash.
    #expect(!harness.lines.amber && !harness.lines.buzzer)
    // Scanning takes longer than the lamp blinks; then comes what follows a scan.
    #expect(harness.page?.takeover == .install)
    harness.run(for: 13_000)
    #expect(harness.page?.takeover == nil && harness.page?.page == .install(2))
  }

  @Test("A Bluezoner gets green and a welcome; a computer, and a phone with the app, get nothing")
  func welcome() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.computer, from: 1)
    harness.hear(S.iPhoneWithApp, from: 2)
    harness.hear(S.unknown, from: 3)
    // The heartbeat of an idle kiosk, and nothing more.
    #expect(harness.programs.count == 1)
    harness.run(for: 1000)
    let isSeen = harness.stand(BluezoneAdvertisement.data(for: S.id(1)), from: 1001)
    #expect(isSeen)
    #expect(harness.lines == LineStates(green: true, buzzer: true))
    #expect(harness.page?.takeover == .welcome && harness.page?.isWelcoming == true)
    harness.run(for: 100)
    #expect(harness.lines == LineStates(green: true))
    harness.run(for: 900)
    #expect(harness.lines == .allInactive)
    harness.run(for: 3000)
    #expect(harness.page?.takeover == nil && harness.page?.isWelcoming == false)
  }

  @Test("A kiosk without radio, or without a clock, blinks slowly in yellow until it is well again")
  func degraded() {
    var harness = KioskHarness(isSynchronised: false)
    harness.start()
    #expect(harness.lines == LineStates(amber: true))
    harness.setClock(61_000)
    harness.handle(.tick)
    #expect(harness.lines == LineStates(green: true))
    harness.run(for: 1000)
    harness.opening = .fails(.notFound)
    harness.unplug()
    #expect(harness.lines == LineStates(amber: true))
  }

  @Test("The staff's button mutes, the language button switches the language")
  func buttons() {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.input(InputChange(.acknowledge, isActive: true)))
    harness.handle(.input(InputChange(.acknowledge, isActive: false)))
    #expect(harness.status.lines.mutedSeconds == 1800)
    let isSeen = harness.stand(S.phone, from: 1)
    #expect(isSeen)
    #expect(harness.lines == LineStates(amber: true))
    harness.handle(.input(InputChange(.language, isActive: true)))
    harness.handle(.input(InputChange(.language, isActive: false)))
    #expect(harness.page?.language == .english)
    #expect(harness.status.language == "en")
    harness.handle(.input(InputChange(.language, isActive: true)))
    #expect(harness.page?.language == .vietnamese)
  }

  @Test("Somebody whom only the sensor sees is prompted, if that is wanted", arguments: [false, true])
  func presencePrompts(isWanted: Bool) {
    var settings = Settings()
    settings.inputs.presencePrompts = isWanted
    var harness = KioskHarness(settings: settings)
    harness.start()
    harness.handle(.input(InputChange(.presence, isActive: true)))
    harness.run(for: 4999)
    #expect(harness.page?.takeover == nil)
    harness.run(for: 1)
    #expect(harness.page?.takeover == (isWanted ? .install : nil))
  }

  @Test("When the kiosk stops, its last program is dark")
  func stopIsDark() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.phone, from: 1)
    harness.handle(.stop)
    #expect(harness.programs.last == .dark)
  }

  @Test("A phone that tells what it is only when it is near is prompted")
  func promptedLate() {
    var harness = KioskHarness()
    harness.start()
    let isSeen = harness.stand(S.unknown, from: 1)
    #expect(!isSeen)
    let isSeenNow = harness.stand(S.phone, from: 1)
    #expect(isSeenNow && harness.lines == LineStates(amber: true, buzzer: true))
  }

  @Test("A touch turns pages, switches the language, and counts somebody without a phone, who is told so")
  func touches() {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.touched(.nextPage))
    #expect(harness.page?.page == .install(1))
    harness.handle(.touched(.page(.privacy(1))))
    #expect(harness.page?.page == .privacy(1))
    harness.handle(.touched(.language))
    #expect(harness.page?.language == .english)
    harness.handle(.touched(.checkIn))
    #expect(harness.page?.checkIn?.answer == .counted)
    #expect(harness.status.visits.withoutPhone == 1)
    harness.run(for: CoreLimits.checkInMilliseconds)
    #expect(harness.page?.checkIn == nil)
  }

  @Test("The page of the day shows the visits by hour, and F0 data grows old")
  func today() {
    var settings = Settings()
    settings.screen.pages.order = [.today]
    var harness = KioskHarness(settings: settings)
    harness.start()
    harness.handle(.checkIn)
    #expect(harness.page?.today.visits == 1 && harness.page?.today.hours.count == 24)
    #expect(harness.page?.today.hours[7] == .init(visits: 1, bluezoners: 0) && harness.page?.today.currentHour == 7)
    harness.handle(.f0Synced(S.midnight.adding(milliseconds: -48 * 3_600_000)))
    guard case .stale = harness.page?.f0 else { return #expect(harness.page?.f0 == nil) }
  }

  @Test("At night the palette is dark, as the settings say")
  func night() {
    var settings = Settings()
    settings.screen.nightHours = QuietHours.list("06:00-07:02") ?? []
    var harness = KioskHarness(settings: settings)
    harness.start()
    #expect(harness.page?.nightBrightness == 60)
    harness.run(for: 60_000)
    #expect(harness.page?.nightBrightness == nil)
  }

  @Test("The time of the last F0 data is on the page in local time")
  func f0Sync() {
    var harness = KioskHarness()
    harness.start()
    #expect(harness.page?.f0 == .never)
    harness.handle(.f0Synced(S.midnight.adding(milliseconds: 45_000)))
    #expect(harness.page?.f0 == .fresh("07:00 21/11"))
    harness.handle(.f0Synced(nil))
    #expect(harness.page?.f0 == .never)
  }

  @Test("Problems of other parts are told once each, and not without end")
  func problems() {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.problem("the lamp is missing"))
    harness.handle(.problem("the lamp is missing"))
    #expect(harness.status.problems == ["the lamp is missing"])
    for n in 0..<100 { harness.handle(.problem("problem \(n)")) }
    #expect(harness.status.problems.count == 16)
  }

  @Test("Nothing in the status, on a page or in a description identifies anybody")
  func nobodyIdentified() throws {
    var harness = KioskHarness()
    harness.start()
    for n in 1...20 {
      harness.hearBluezoner(n)
      harness.hear(S.phone, from: n)
    }
    harness.run(for: 12_000)
    harness.unplug()
    harness.run(for: 2000)
    var secrets = [KioskHarness.baseKey.hex, KioskHarness.baseKey.bluezoneID.hex]
    secrets += harness.transmissions.map { Hex.string($0.data.suffix(12)) }
    for n in 1...20 {
      secrets.append(S.id(n).hex)
      secrets += [S.address(n), S.address(1000 + n)].flatMap {
        [Hex.string($0.bytes), Hex.string($0.bytes.reversed())]
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var texts = [String(decoding: try encoder.encode(harness.status), as: UTF8.self)]
    texts += harness.pages.flatMap { ["\($0.page)", String(reflecting: $0.page)] }
    texts += harness.writes.flatMap { ["\($0.updates)", String(reflecting: $0.updates)] }
    texts += [String(reflecting: harness.kiosk.people.counts)]
    for text in texts {
      let digits = text.lowercased().filter { $0.isHexDigit }
      for secret in secrets { #expect(!digits.contains(secret.lowercased())) }
    }
    #expect(!harness.writes.isEmpty)
  }
}

@Suite("The kiosk's end")
struct KioskStopTests {
  /// Runs at most 3 s until it has stopped, and checks what must be true of every end.
  private func expectStopped(_ harness: inout KioskHarness, at location: SourceLocation = #_sourceLocation) {
    harness.run(for: 3000)
    let stops = harness.effects.indices.filter { harness.effects[$0].effect == .stopped }
    #expect(stops == [harness.effects.count - 1], sourceLocation: location)
    #expect(harness.lines == .allInactive, sourceLocation: location)
    #expect(harness.kiosk.host.state == .closed, sourceLocation: location)
    // Nothing wakes it up again.
    let count = harness.effects.count
    harness.hearBluezoner(9)
    for event: Kiosk.Event in [.start, .tick, .stop, .radioOpened(generation: 1), .f0Synced(nil)] {
      harness.handle(event)
    }
    #expect(harness.effects.count == count, sourceLocation: location)
  }

  @Test("switches lamps and radio off, writes what is pending, and says so once, last")
  func stops() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 1000)
    let isSeen = harness.stand(S.phone, from: 1)
    harness.hearBluezoner(1)
    #expect(isSeen && harness.lines.amber)
    harness.handle(.stop)
    #expect(!harness.air.controller.isAdvertising)
    #expect(!harness.air.controller.isScanning)
    #expect(harness.writtenReports == [S.id(1): 1])
    #expect(harness.isStopped)
    expectStopped(&harness)
  }

  @Test("comes within two seconds although the controller hangs")
  func stopsWithHungController() {
    var harness = KioskHarness()
    harness.start()
    harness.hear(S.phone, from: 1)
    harness.hearBluezoner(1)
    harness.air.controller.isHung = true
    let stop = harness.now.monotonic.milliseconds
    harness.handle(.stop)
    #expect(!harness.isStopped)
    #expect(harness.lines == .allInactive)
    #expect(harness.writtenReports == [S.id(1): 1])
    harness.handle(.stop)
    expectStopped(&harness)
    #expect((harness.effects.last?.at ?? .max) - stop <= 2000)
  }

  @Test("comes at once before the start, while the radio opens, and while it is down")
  func stopsEarly() {
    var harness = KioskHarness()
    harness.handle(.stop)
    #expect(harness.isStopped)
    expectStopped(&harness)

    harness = KioskHarness()
    harness.opening = .hangs
    harness.start()
    harness.run(for: 1000)
    harness.handle(.stop)
    #expect(harness.isStopped)
    expectStopped(&harness)

    harness = KioskHarness()
    harness.opening = .fails(.notFound)
    harness.start()
    harness.run(for: 1100)
    harness.handle(.stop)
    #expect(harness.isStopped)
    expectStopped(&harness)
  }

  @Test("comes in the middle of the start, after every number of answers", arguments: 0..<16)
  func stopsWhileStarting(answers: Int) {
    // By hand, so that the stop comes between two packets.
    var kiosk = Kiosk(
      settings: Settings(), identity: BluezoneIdentity(baseKey: KioskHarness.baseKey, baseDay: 0),
      startingAt: Moment(monotonic: 0, utc: S.midnight)
    ) { 1 }
    var controller = SoftwareController()
    let moment = Moment(monotonic: 1, utc: S.midnight)
    kiosk.handle(.start, at: moment)
    kiosk.handle(.radioOpened(generation: 1), at: moment)
    var stops = 0
    for step in 0..<40 {
      if step == answers { kiosk.handle(.stop, at: moment) }
      for effect in kiosk.takeEffects() {
        #expect(stops == 0)
        if case .radio(.send(let packet)) = effect { controller.receive(packet) }
        if effect == .stopped { stops += 1 }
      }
      let output = controller.output
      controller.output = []
      if !output.isEmpty { kiosk.handle(.packets(output, generation: 1), at: moment) }
    }
    #expect(stops == 1)
    #expect(!controller.isScanning && !controller.isAdvertising)
  }

  @Test("asks a disk that refuses twice, not again and again")
  func diskRefuses() {
    var harness = KioskHarness()
    harness.start()
    harness.hearBluezoner(1)
    harness.air.controller.isHung = true
    harness.disk = .refuses
    harness.handle(.stop)
    expectStopped(&harness)
    #expect(harness.writes.count == 2)
    #expect(harness.writes.allSatisfy { $0.updates.map(\.id) == [S.id(1)] })
  }

  @Test("comes when the adapter is pulled out meanwhile")
  func unplugged() {
    var harness = KioskHarness()
    harness.start()
    harness.air.controller.isHung = true
    harness.handle(.stop)
    harness.unplug()
    #expect(harness.isStopped)
    expectStopped(&harness)
  }
}

@Suite("The kiosk's deadlines")
struct KioskDeadlineTests {
  @Test("A driver that only ticks at the deadline wakes up little more than once a second in an hour")
  func quietHour() {
    var harness = KioskHarness()
    harness.start()
    harness.run(for: 3_600_000)
    // 3600 seconds of the clock and a sign of life of the controller every 5 s.
    #expect((3600...4400).contains(harness.ticks))
    #expect(harness.status.radio.state == "running")
    #expect(harness.transmissions.count == 5)
    #expect(harness.refusalsInEarnest.isEmpty)
  }

  @Test("Nor does it wake up much more often with the radio down in any way")
  func radioDown() {
    for opening in [KioskHarness.Opening.fails(.notFound), .hangs] {
      var harness = KioskHarness()
      harness.opening = opening
      harness.start()
      harness.run(for: 3_600_000)
      #expect((3600...5100).contains(harness.ticks))
    }
    var harness = KioskHarness()
    harness.start()
    harness.air.controller.isHung = true
    harness.run(for: 3_600_000)
    #expect((3600...6000).contains(harness.ticks))
  }

  @Test("Nor with a crowd, a disk that refuses, and a clock that is set", arguments: [71, 72] as [UInt64])
  func crowd(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var harness = KioskHarness(isSynchronised: false, seed: seed)
    harness.start()
    harness.disk = .refuses
    for step in 0..<2400 {
      let n = Int.random(in: 0..<50, using: &random)
      if Bool.random(using: &random) {
        harness.hearBluezoner(n, rssiDBm: Int8.random(in: -90 ... -45, using: &random))
      } else {
        harness.hear(S.phone, from: n, rssiDBm: Int8.random(in: -90 ... -45, using: &random))
      }
      if step == 1000 { harness.disk = .works }
      if step == 1200 { harness.setClock(7_000_000) }
      harness.run(for: Int64.random(in: 0...500, using: &random))
    }
    // Ten minutes: seconds, prompts, expiries and writes.
    #expect(harness.ticks < 600 * 4, "seed \(seed)")
    #expect(harness.kiosk.people.counts.devices <= 100)
  }
}
