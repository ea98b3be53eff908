// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// The feed on a thread of its own: the core says when, and hears how it went.
final class FeedSync: Sendable {
  private let settings: Settings
  private let disk: StoreHandle
  private let clock: SystemClock
  private let post: @Sendable (Kiosk.Event) -> Void
  private let queue = DispatchQueue(label: "feed")
  private let progress = Mutex<FeedProgress?>(nil)
  private let isEnding = Mutex(false)
  private let lastState = Mutex<FeedState?>(nil)
  /// The last round failed because of the disk.
  private let isDiskAwaited = Mutex(false)

  init(settings: Settings, disk: StoreHandle, clock: SystemClock, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.settings = settings
    self.disk = disk
    self.clock = clock
    self.post = post
  }

  /// What the round that runs is doing; nil when none does.
  var words: String? { progress.withLock { $0?.words } }

  /// Tells the core what is held. A round that the disk has failed is made again.
  func read() {
    queue.async { [self] in
      post(.feedRead(state))
      guard (try? disk.store()) != nil else { return }
      let isAwaited = isDiskAwaited.withLock { isAwaited in
        defer { isAwaited = false }
        return isAwaited
      }
      if isAwaited { post(.syncFeed) }
    }
  }

  /// Makes a round, and tells the core how it ended.
  func sync() {
    queue.async { [self] in
      let report: FeedReport
      do throws(FeedFault) {
        report = FeedReport(try round().outcome, state: state)
      } catch {
        if case .store(let error) = error {
          isDiskAwaited.withLock { $0 = true }
          disk.failed(error)
        }
        let wait = error.retryAfterSeconds
        report = FeedReport(
          .failed(reason: error.description, retryAfterMilliseconds: wait > 0 ? wait * 1000 : nil), state: state)
      }
      progress.withLock { $0 = nil }
      post(.feedEnded(report))
    }
  }

  /// Breaks off what is on its way, and waits for it: a second or so.
  func finish() async {
    isEnding.withLock { $0 = true }
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  /// As last read, while the disk does not let it be read.
  private var state: FeedState? {
    do throws(StoreError) {
      let held = try disk.readable().feedState(settings, at: clock.now())
      lastState.withLock { $0 = held }
      return held
    } catch {
      return lastState.withLock { $0 }
    }
  }

  private func round() throws(FeedFault) -> FeedRound.Result {
    let store: Store
    do throws(StoreError) { store = try disk.store() } catch { throw .store(error) }
    let source = try CurlFeedSource(settings: settings.feed) { [self] in isEnding.withLock { $0 } }
    return try FeedRound(
      settings: settings, source: source, sourceName: settings.feed.url, store: store, clock: clock
    ) { [self] step in progress.withLock { $0 = step } }.run()
  }
}

extension Store {
  /// What is held of the feed, and how much of what it lists is missing; nil where nothing is.
  func feedState(_ settings: Settings, at now: Moment) throws(StoreError) -> FeedState? {
    guard let held = try feed(region: settings.feed.region) else { return nil }
    var state = held.state
    let since = try expectedSince(
      retentionDays: settings.contactRetentionDays, issued: held.manifest.issued, at: now)
    let lacks = try lacks(held.manifest, since: since)
    state.missingBatches = lacks.count
    state.missingEntries = held.manifest.batches.reduce(0) { sum, batch in
      sum + (lacks[batch.sha256].map { $0.isUnknown ? batch.entries : $0.missing } ?? 0)
    }
    return state
  }
}

extension FeedRound {
  /// As the settings say.
  init(
    settings: Settings, source: any FeedSource, sourceName: String?, store: Store, clock: SystemClock,
    onProgress: @escaping (FeedProgress) -> Void
  ) throws(FeedFault) {
    guard !settings.feed.region.isEmpty, !settings.feed.keys.isEmpty else {
      throw .notConfigured(
        "no feed can be checked: set feed.region and feed.keys in the configuration, as the health office says")
    }
    self.init(
      region: settings.feed.region, roots: settings.feed.keys, sourceName: sourceName, source: source, store: store,
      downloads: try FeedDownloads(dataFolder: settings.dataFolder), clock: clock,
      retentionDays: settings.contactRetentionDays, onProgress: onProgress)
  }
}
