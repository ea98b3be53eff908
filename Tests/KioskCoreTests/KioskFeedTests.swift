// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

/// The whole kiosk, and the feed as it follows it.
@Suite("The kiosk and its feed") struct KioskFeedTests {
  private static func settings(url: String = "https://feed.example.vn/") -> Settings {
    var settings = Settings()
    settings.feed.url = url
    settings.feed.region = "VN-HN"
    settings.feed.keys = [FeedSamples.key(1)]
    return settings
  }

  private func state(_ harness: KioskHarness, version: Int64 = 5, validMinutes: Int64 = 600) -> FeedState {
    var manifest = FeedManifest(
      region: "VN-HN", version: version, issued: harness.now.utc,
      expires: harness.now.utc.adding(milliseconds: validMinutes * 60_000))
    manifest.communityTotal = 23_000_000
    manifest.notices = [.init(vietnamese: "Đeo khẩu trang", english: "Wear a mask")]
    return FeedState(manifest, sha256: [], lastSync: nil)
  }

  private func rounds(_ harness: KioskHarness) -> Int { harness.effects.count { $0.effect == .syncFeed } }

  @Test("It asks within a minute of its start, and again only after the round has ended") func polls() {
    var harness = KioskHarness(settings: Self.settings())
    harness.start()
    harness.run(for: 60_000)
    #expect(rounds(harness) == 1)
    harness.run(for: 600_000)
    #expect(rounds(harness) == 1 && harness.status.feed.isSyncing)
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state(harness))))
    #expect(!harness.status.feed.isSyncing)
    harness.run(for: 149_000)
    #expect(rounds(harness) == 1)
    harness.run(for: 302_000)
    #expect(rounds(harness) == 2)
  }

  @Test("Without a feed it never asks; with a region alone it tells what came on a stick") func notConfigured() {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.syncFeed)
    harness.run(for: 600_000)
    #expect(rounds(harness) == 0 && !harness.status.feed.isConfigured)
    harness = KioskHarness(settings: Self.settings(url: ""))
    harness.start()
    harness.handle(.syncFeed)
    harness.handle(.feedRead(state(harness)))
    harness.run(for: 600_000)
    #expect(rounds(harness) == 0 && harness.status.feed.version == 5 && !harness.status.feed.isConfigured)
    #expect(harness.page?.communityTotal == 23_000_000)
  }

  @Test("Notices of the feed have their page while they are there") func notices() {
    var settings = Self.settings()
    settings.screen.pages.order = [.notices]
    settings.screen.pages.alternates = false
    var harness = KioskHarness(settings: settings)
    harness.start()
    harness.run(for: 60_000)
    #expect(harness.page?.page == .home && harness.page?.notices == [])
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state(harness))))
    harness.run(for: 16_000)
    #expect(harness.page?.page == .notice(1))
    #expect(harness.page?.notices.map(\.english) == ["Wear a mask"])
    var changed = state(harness, version: 6)
    changed.notices = []
    harness.handle(.feedRead(changed))
    harness.run(for: 1000)
    #expect(harness.page?.page == .home && harness.page?.notices == [])
  }

  @Test("Page and status say when the feed was last current, also if that is no news") func lastSync() throws {
    var harness = KioskHarness(settings: Self.settings())
    harness.start()
    harness.run(for: 60_000)
    #expect(harness.page?.f0 == .never && harness.status.feed.version == nil)
    let first = harness.now.utc
    harness.handle(
      .feedEnded(FeedReport(.applied(batches: 1, newEntries: 2, withdrawnEntries: 0), state: state(harness))))
    harness.run(for: 2000)
    #expect(harness.page?.f0 == .fresh(LocalTime(first, offsetSeconds: 25_200).dateAndMinute))
    #expect(harness.page?.communityTotal == 23_000_000)
    let status = harness.status.feed
    #expect(status.version == 5 && status.freshness == "fresh" && status.lastFault == nil)
    #expect(status.lastSync == LocalTime(first, offsetSeconds: 25_200).rfc3339)
    #expect(status.lastChange?.newEntries == 2 && status.notices == ["Đeo khẩu trang"])
    harness.run(for: 600_000)
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state(harness))))
    let second = harness.now.utc
    harness.run(for: 2000)
    #expect(harness.page?.f0 == .fresh(LocalTime(second, offsetSeconds: 25_200).dateAndMinute))
  }

  @Test("A failure is told, changes neither version nor last sync, and is forgotten by a good round") func failure() {
    var harness = KioskHarness(settings: Self.settings())
    harness.start()
    harness.run(for: 60_000)
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state(harness))))
    let lastSync = harness.status.feed.lastSync
    harness.run(for: 460_000)
    harness.handle(
      .feedEnded(FeedReport(.failed(reason: "refused", retryAfterMilliseconds: nil), state: state(harness))))
    #expect(harness.status.feed.lastFault == "refused" && harness.status.feed.failures == 1)
    #expect(harness.status.feed.version == 5 && harness.status.feed.lastSync == lastSync)
    harness.run(for: 23_000)
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state(harness))))
    #expect(harness.status.feed.lastFault == nil && harness.status.feed.failures == 0)
  }

  @Test("A round made before the clock was right is dated by the right one") func dating() {
    var harness = KioskHarness(isSynchronised: false, settings: Self.settings())
    harness.start()
    harness.run(for: 60_000)
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state(harness))))
    #expect(harness.status.feed.freshness == "unknown")
    harness.run(for: 10_000)
    harness.setClock(50_000_000)
    harness.run(for: 1000)
    let expected = KioskHarness.midnight.adding(milliseconds: 50_000_000 - 10_000)
    #expect(harness.status.feed.lastSync == LocalTime(expected, offsetSeconds: 25_200).rfc3339)
  }

  @Test("Data that has expired, or never came, shows as slow yellow; a single failure does not") func degraded() {
    func isDegraded(_ harness: KioskHarness) -> Bool {
      let kiosk = harness.kiosk
      return kiosk.feed?.isStale(at: harness.now) ?? false
    }
    var harness = KioskHarness(settings: Self.settings())
    harness.start()
    harness.run(for: 60_000)
    #expect(!isDegraded(harness))
    harness.handle(.feedEnded(FeedReport(.failed(reason: "x", retryAfterMilliseconds: nil), state: nil)))
    #expect(isDegraded(harness))
    let state = state(harness, validMinutes: 10)
    harness.handle(.feedEnded(FeedReport(.unchanged, state: state)))
    harness.handle(.feedEnded(FeedReport(.failed(reason: "x", retryAfterMilliseconds: nil), state: state)))
    #expect(!isDegraded(harness))
    harness.run(for: 10 * 60_000)
    #expect(isDegraded(harness) && harness.status.feed.freshness == "expired")
  }

  @Test("While something is missing of what the feed lists, no page dates it and it is not fresh") func incomplete() {
    var harness = KioskHarness(settings: Self.settings())
    harness.start()
    var holed = state(harness)
    holed.lastSync = harness.now.utc
    holed.missingBatches = 1
    holed.missingEntries = 7
    harness.handle(.f0Synced(harness.now.utc))
    harness.handle(.feedRead(holed))
    harness.run(for: 2000)
    #expect(harness.page?.f0 == .never)
    let status = harness.status.feed
    #expect(status.freshness == "incomplete" && status.lastSync == nil && status.missingEntries == 7)
    #expect(harness.kiosk.feed?.isStale(at: harness.now) == true)
    harness.handle(
      .feedEnded(FeedReport(.applied(batches: 1, newEntries: 7, withdrawnEntries: 0), state: state(harness))))
    harness.run(for: 2000)
    #expect(harness.page?.f0 != .never && harness.status.feed.freshness == "fresh")
    #expect(harness.kiosk.feed?.isStale(at: harness.now) == false)
  }
}
