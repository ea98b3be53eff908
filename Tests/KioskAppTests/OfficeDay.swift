// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Simulator
import Synchronization
import Testing
import Tracer

@testable import KioskApp

/// A simulated office through the real core, store and journal, on a real file system: devices come and go so that always
/// so many are there.
struct OfficeDay {
  private var kiosk: Kiosk
  private var air: SimulatedAir
  /// True time, by which the phones go.
  private(set) var now: Moment
  /// How far the kiosk's wall clock is ahead of it.
  var clockErrorMilliseconds: Int64 = 0
  /// Whether rounds of the feed fail.
  var isFeedDead = false
  /// Who has come, and from when to when.
  private(set) var came: [(device: VirtualDevice, presence: Range<MonotonicTime>)] = []
  private var generation: Int?
  private var random = SplitMix64(seed: 20)
  private let disk: StoreHandle
  private let storage: StorageQueue
  private let answers = Answers()
  private let devices: Int
  private(set) var contacts = 0
  private(set) var visits = 0
  /// Longest time from one append to the next while something is heard.
  private(set) var appends = 0

  private final class Answers: Sendable {
    let events = Mutex<[Kiosk.Event]>([])
    let problems = Mutex<[String]>([])
  }

  private static let midnight = UTCTime(seconds: 1_763_683_200)
  private static let baseDay = midnight.milliseconds / SlotScheme.dayMilliseconds - 1

  init(folder: String, devices: Int, thinning: Int64, settings: Settings = Settings()) throws {
    self.devices = devices
    // 08:00 in Vietnam.
    now = Moment(
      monotonic: MonotonicTime(milliseconds: 5000), utc: Self.midnight.adding(milliseconds: 3_600_000),
      utcOffsetSeconds: 7 * 3600)
    air = SimulatedAir(devices: [], seed: 20, startingAt: now.monotonic, abilities: .init())
    air.thinning = thinning
    air.controller.countsConnections = false
    let identity = BluezoneKey([UInt8](repeating: 9, count: BluezoneKey.byteCount)).map {
      BluezoneIdentity(baseKey: $0, baseDay: Self.baseDay)
    }
    let bits = Mutex(SplitMix64(seed: 21))
    kiosk = Kiosk(
      settings: settings, identity: identity, boot: Boot.id(), startingAt: now,
      randomBits: { bits.withLock { $0.next() } })
    let answers = answers
    let post: @Sendable (Kiosk.Event) -> Void = { event in
      if case .problem(let words) = event { answers.problems.withLock { $0.append(words) } }
      answers.events.withLock { $0.append(event) }
    }
    disk = StoreHandle(DataFolder(folder), clock: SystemClock(trust: .always), post: post)
    let storage = StorageQueue(disk, post: post)
    self.storage = storage
    disk.start(onOpening: { storage.opened($0) }, onTick: {})
    _ = storage.drain()
    // Half are there when the doors open; all stay for 5 to 15 minutes, 10 in the mean.
    handle(.start)
  }

  var problems: [String] { answers.problems.withLock { $0 } }

  /// Pages of the journal that were written.
  func pagesWritten() -> Int { storage.drain() }

  mutating func run(minutes: Int) {
    for _ in 0..<minutes {
      // A tenth of them goes each minute, and as many come.
      let coming = air.devices.isEmpty ? devices : devices / 10
      for _ in 0..<coming {
        var device = VirtualDevice(
          .androidBluezoner, nearDBm: Int.random(in: -85 ... -55, using: &random), visit: nil, baseDay: Self.baseDay,
          random: &random)
        let start = now.monotonic.adding(milliseconds: Int64.random(in: 0..<60_000, using: &random))
        let presence = start..<start.adding(milliseconds: Int64.random(in: 300_000...900_000, using: &random))
        device.presence = presence
        air.add(device)
        came.append((device, presence))
      }
      pass(60_000)
    }
  }

  /// Nobody comes, and those who are there leave.
  mutating func rest(minutes: Int) { for _ in 0..<minutes { pass(60_000) } }

  /// Contacts that must be in the log of those who came since this was asked last: an id was there for a minute and a half
  /// of a slot, or longer.
  mutating func takeExpected() -> [(slot: Int64, id: BluezoneID)] {
    var expected: [(slot: Int64, id: BluezoneID)] = []
    for (device, presence) in came {
      let (start, end) = (now.utc(at: presence.lowerBound), now.utc(at: presence.upperBound))
      for slot in LogSlot.number(at: start)...LogSlot.number(at: end) {
        let first = max(start, LogSlot.start(of: slot))
        let last = min(end, LogSlot.start(of: slot + 1))
        guard last.milliseconds - first.milliseconds >= 90_000, let id = device.bluezoneID(at: first) else { continue }
        expected.append((slot, id))
      }
    }
    came.removeAll()
    return expected
  }

  /// What the kiosk tells of itself.
  var status: Status { kiosk.status(at: moment) }

  /// As the kiosk's clocks show it.
  private var moment: Moment {
    var moment = now
    moment.utc = now.utc.adding(milliseconds: clockErrorMilliseconds)
    return moment
  }

  mutating func stop() async -> Bool {
    handle(.stop)
    pass(2000)
    return await storage.finish() == nil
  }

  private mutating func pass(_ milliseconds: Int64) {
    let end = now.monotonic.adding(milliseconds: milliseconds)
    while now.monotonic < end {
      if air.thinning > 1 { air.advance(to: now) }
      let next = max(min(kiosk.nextDeadline, air.nextDeadline ?? end, end), now.monotonic.adding(milliseconds: 1))
      now.utc = now.utc(at: next)
      now.monotonic = next
      air.advance(to: now)
      deliver()
      if kiosk.nextDeadline <= now.monotonic { handle(.tick) }
    }
  }

  private mutating func deliver() {
    let packets = air.controller.output
    air.controller.output.removeAll(keepingCapacity: true)
    if let generation, !packets.isEmpty { handle(.packets(packets, generation: generation)) }
  }

  private mutating func handle(_ event: Kiosk.Event) {
    kiosk.handle(event, at: moment)
    var wrote = false
    for _ in 0..<1000 {
      let effects = kiosk.takeEffects()
      for effect in effects { wrote = apply(effect) || wrote }
      storage.commit(at: moment)
      // The disk answers in its own time, which here is none.
      if wrote { _ = storage.drain() }
      for answer in answers.events.withLock({ events in
        defer { events.removeAll() }
        return events
      }) {
        kiosk.handle(answer, at: moment)
      }
      guard !effects.isEmpty || !air.controller.output.isEmpty else { break }
      let packets = air.controller.output
      air.controller.output.removeAll(keepingCapacity: true)
      if let generation, !packets.isEmpty { kiosk.handle(.packets(packets, generation: generation), at: moment) }
    }
  }

  /// - Returns: whether something was to be written.
  private mutating func apply(_ effect: Kiosk.Effect) -> Bool {
    switch effect {
    case .radio(.open(let generation)):
      self.generation = generation
      kiosk.handle(.radioOpened(generation: generation), at: moment)
    case .radio(.close): generation = nil
    case .radio(.recover(let step)): kiosk.handle(.radioRecovered(step, fault: nil), at: moment)
    case .radio(.send(let packet)): air.controller.receive(packet)
    case .write(let updates):
      contacts += updates.count
      appends += 1
      storage.write(updates)
      return true
    case .writeVisits(let updates):
      visits += updates.count
      storage.write(updates)
      return true
    case .dateContacts(let bootTime): storage.date(bootTime: bootTime)
    case .purge(let contacts, let visits): storage.purge(contactsBefore: contacts, visitsBefore: visits)
    case .purgeUndated(let undated):
      storage.purge(undated)
      return true
    case .saveClock(let record):
      storage.save(record)
      return true
    case .packContacts(let time):
      storage.pack(before: time)
      return true
    case .redate(let from, let through, let shift):
      storage.redate(from: from, through: through, byMilliseconds: shift)
      return true
    case .setAside(let from, let through, let offset):
      storage.setAside(from: from, through: through, offset: offset)
      return true
    case .syncFeed:
      let outcome: FeedReport.Outcome =
        isFeedDead ? .failed(reason: "the feed's server cannot be reached", retryAfterMilliseconds: nil) : .unchanged
      kiosk.handle(.feedEnded(FeedReport(outcome, state: nil)), at: moment)
    case .stopped, .lines, .show, .forgetOwnKeys, .identityFromFuture, .clockNews: break
    }
    return false
  }
}
