// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

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
    harness.hear(phone(2), from: 3, rssiDBm: -50)
    harness.hearBluezoner(2, rssiDBm: -95)
    harness.run(for: 700)
    harness.hearBluezoner(1, rssiDBm: -55)
    harness.run(for: 1000)
    let status = harness.status
    #expect([status.peopleAround, status.bluezonersAround, status.peopleNear, status.bluezonersNear] == [4, 2, 2, 1])
    let page = harness.page?.figures
    #expect([page?.peopleAround, page?.bluezonersAround, page?.peopleNear, page?.bluezonersNear] == [4, 2, 2, 1])
    #expect(status.radio.reports == 7 && status.addressesAround == 5)
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
