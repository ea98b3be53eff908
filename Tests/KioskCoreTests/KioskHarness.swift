// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

/// The whole kiosk with a software controller, a disk and a clock that are moved by the test. Nothing waits.
struct KioskHarness {
  enum Opening { case works, fails(TransportFault), hangs }
  enum Disk { case works, refuses, isSilent }

  var kiosk: Kiosk
  var air: SimulatedAir
  var opening = Opening.works
  var disk = Disk.works
  private(set) var now: Moment
  /// Every effect with its time.
  private(set) var effects: [(at: Int64, effect: Kiosk.Effect)] = []
  /// What the disk has taken.
  private(set) var written: [ContactUpdate] = []
  /// Visits that the disk has taken, each piece of news, and those it has neither taken nor refused.
  private(set) var writtenVisits: [VisitUpdate] = []
  private(set) var visitsInFlight: [VisitUpdate] = []
  /// What the disk has neither taken nor refused.
  private(set) var inFlight: [ContactUpdate] = []
  /// What the controller has sent, each change once.
  private(set) var transmissions: [SoftwareController.Transmission] = []
  /// The steps that the kiosk has asked for, with their times; none ends by itself.
  private(set) var steps: [(at: Int64, step: RecoveryStep)] = []
  private(set) var ticks = 0
  private(set) var isStopped = false
  private var generation: Int?

  static let midnight = CoreSamples.midnight
  static let baseDay = CoreSamples.midnight.milliseconds / SlotScheme.dayMilliseconds
  static let baseKey = CoreSamples.key(77)

  /// `milliseconds` after midnight, 5 s after boot.
  init(
    startingAt milliseconds: Int64 = 60_000, isSynchronised: Bool = true, devices: [VirtualDevice] = [],
    baseDay: Int64 = KioskHarness.baseDay, settings: Settings = Settings(), seed: UInt64 = 1
  ) {
    now = Moment(
      monotonic: 5000, utc: Self.midnight.adding(milliseconds: milliseconds), isSynchronised: isSynchronised,
      utcOffsetSeconds: 25_200)
    air = SimulatedAir(devices: devices, seed: seed, startingAt: now.monotonic)
    let bits = RandomBits(seed: seed)
    kiosk = Kiosk(
      settings: settings, identity: BluezoneIdentity(baseKey: Self.baseKey, baseDay: baseDay),
      startingAt: now, randomBits: { bits.next() })
  }

  // MARK: Time

  /// Lets time pass, waking the kiosk only when it asks for it or when something is heard.
  mutating func run(for milliseconds: Int64) {
    let end = now.monotonic.adding(milliseconds: milliseconds)
    while !isStopped {
      let next = min(kiosk.nextDeadline, air.nextDeadline ?? end, end)
      pass(to: max(next, now.monotonic))
      air.advance(to: now)
      deliver()
      if kiosk.nextDeadline <= now.monotonic {
        ticks += 1
        handle(.tick)
        if kiosk.nextDeadline <= now.monotonic, !isStopped {
          Issue.record("the driver spins at \(now.monotonic.milliseconds) ms")
          return
        }
      }
      if now.monotonic >= end { return }
    }
  }

  private mutating func pass(to time: MonotonicTime) {
    now.utc = now.utc(at: time)
    now.monotonic = time
  }

  /// Sets the wall clock to so long after midnight.
  mutating func setClock(_ milliseconds: Int64, isSynchronised: Bool = true) {
    now.utc = Self.midnight.adding(milliseconds: milliseconds)
    now.isSynchronised = isSynchronised
  }

  /// The wall clock, from midnight.
  var clock: Int64 { now.utc.milliseconds - Self.midnight.milliseconds }

  // MARK: Events

  mutating func start() { handle(.start) }

  mutating func handle(_ event: Kiosk.Event) {
    kiosk.handle(event, at: now)
    settle()
  }

  /// A report reaches the kiosk, if the controller scans.
  mutating func hear(_ data: [UInt8], from address: Int, rssiDBm: Int8 = -50, eventType: UInt8 = 0) {
    guard air.controller.isScanning, !air.controller.isHung else { return }
    air.controller.output.append(
      CoreSamples.report(data, from: CoreSamples.address(address), rssiDBm: rssiDBm, eventType: eventType))
    deliver()
  }

  mutating func hearBluezoner(_ id: Int, rssiDBm: Int8 = -50) {
    hear(BluezoneAdvertisement.data(for: CoreSamples.id(id)), from: 1000 + id, rssiDBm: rssiDBm)
  }

  /// Somebody stands at the kiosk with a phone that sends each 200 ms, until the kiosk turns to them.
  ///
  /// - Returns: whether it does within `milliseconds`.
  mutating func stand(
    _ data: [UInt8], from address: Int, rssiDBm: Int8 = -50, atMost milliseconds: Int64 = 20_000
  ) -> Bool {
    for step in 0..<milliseconds / 10 {
      if step % 20 == 0 { hear(data, from: address, rssiDBm: rssiDBm) }
      if status.lines.shows != nil { return true }
      run(for: 10)
    }
    return false
  }

  /// The adapter is pulled out.
  mutating func unplug() {
    guard let generation else { return }
    self.generation = nil
    air.controller = SoftwareController()
    handle(.radioFailed(.closed, generation: generation))
  }

  /// The disk's late answer.
  mutating func answerDisk(refusing: Bool) {
    let updates = inFlight
    inFlight = []
    if refusing {
      handle(.contactsNotWritten(updates, reason: "the disk is full"))
    } else {
      written += updates
      handle(.contactsWritten)
    }
  }

  private mutating func deliver() {
    let packets = air.controller.output
    air.controller.output = []
    guard let generation, !packets.isEmpty else { return }
    handle(.packets(packets, generation: generation))
  }

  /// Does what the kiosk asks for until it asks for nothing.
  private mutating func settle() {
    for _ in 0..<1000 {
      let next = kiosk.takeEffects()
      for effect in next {
        effects.append((now.monotonic.milliseconds, effect))
        apply(effect)
      }
      if next.isEmpty, air.controller.output.isEmpty || generation == nil { return }
      deliver()
    }
    Issue.record("the kiosk asks for more and more at \(now.monotonic.milliseconds) ms")
  }

  private mutating func apply(_ effect: Kiosk.Effect) {
    switch effect {
    case .radio(.open(let generation)):
      switch opening {
      case .works:
        self.generation = generation
        kiosk.handle(.radioOpened(generation: generation), at: now)
      case .fails(let fault): kiosk.handle(.radioFailed(fault, generation: generation), at: now)
      case .hangs: break
      }
    case .radio(.close): generation = nil
    case .radio(.recover(let step)): steps.append((now.monotonic.milliseconds, step))
    case .radio(.send(let packet)):
      air.controller.receive(packet)
      if let transmission = air.controller.transmission, transmission != transmissions.last {
        transmissions.append(transmission)
      }
    case .write(let updates):
      switch disk {
      case .works:
        written += updates
        kiosk.handle(.contactsWritten, at: now)
      case .refuses: kiosk.handle(.contactsNotWritten(updates, reason: "the disk is full"), at: now)
      case .isSilent: inFlight += updates
      }
    case .writeVisits(let updates):
      switch disk {
      case .works:
        writtenVisits += updates
        kiosk.handle(.visitsWritten, at: now)
      case .refuses: kiosk.handle(.visitsNotWritten(updates, reason: "the disk is full"), at: now)
      case .isSilent: visitsInFlight += updates
      }
    case .stopped: isStopped = true
    case .dateContacts, .lines, .show, .purge, .packContacts, .syncFeed, .redate, .setAside, .saveClock, .clockNews,
      .identityFromFuture, .purgeUndated, .forgetOwnKeys:
      break
    }
  }

  // MARK: What was done

  var status: Status { kiosk.status(at: now) }

  var pages: [(at: Int64, page: ScreenState)] {
    effects.compactMap { at, effect in if case .show(let page) = effect { (at, page) } else { nil } }
  }

  var page: ScreenState? { pages.last?.page }

  var writes: [(at: Int64, updates: [ContactUpdate])] {
    effects.compactMap { at, effect in if case .write(let updates) = effect { (at, updates) } else { nil } }
  }

  /// The programs of the lines that were given out.
  var programs: [LineProgram] {
    effects.compactMap { _, effect in if case .lines(let program) = effect { program } else { nil } }
  }

  /// What the lines do now.
  var lines: LineStates { programs.last?.states(at: now.monotonic) ?? .allInactive }

  /// Without the alive checks: setting the address while on the air is to be refused.
  var refusalsInEarnest: [HCIOpcode] { air.controller.refusals.filter { $0 != .leSetRandomAddress } }

  var purges: [UTCTime] {
    effects.compactMap { _, effect in if case .purge(let time, _) = effect { time } else { nil } }
  }

  var packings: [UTCTime] {
    effects.compactMap { _, effect in if case .packContacts(let time) = effect { time } else { nil } }
  }

  var bootTimes: [UTCTime] {
    effects.compactMap { _, effect in if case .dateContacts(let time) = effect { time } else { nil } }
  }

  /// Reports with a strength that the disk has taken, by id.
  var writtenReports: [BluezoneID: Int] {
    written.reduce(into: [:]) { $0[$1.id, default: 0] += $1.strength.count }
  }
}
