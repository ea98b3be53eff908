// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

/// The whole kiosk on the software controller, among phones, with a clock that is moved by hand.
struct CrowdHarness {
  struct Key: Hashable {
    var id: BluezoneID
    var slot: Int64
  }

  struct Row: Hashable {
    var platform: Platform?
    var strength = ContactUpdate.Strength()
  }

  var kiosk: Kiosk
  var air: SimulatedAir
  /// True time, by which the phones go.
  private(set) var now: Moment
  /// How far the kiosk's wall clock is ahead of it.
  var clockErrorMilliseconds: Int64 = 0
  /// Whether the kiosk may believe its wall clock.
  var isSynchronised = true
  /// What the disk holds: one row an id and slot.
  private(set) var rows: [Key: Row] = [:]
  /// Rows that came without a date, and have none yet.
  private(set) var undated: [ContactUpdate] = []
  /// When an id was first known by being read.
  private(set) var firstRead: [BluezoneID: MonotonicTime] = [:]
  /// A write with two rows for the same id and slot, which must not be.
  private(set) var repeatedRows = 0
  /// Rows whose last hearing was in another slot than their first, which must not be.
  private(set) var crossingRows = 0
  /// How often the kiosk woke because it had asked for it.
  private(set) var wakes = 0
  /// What was on the air, each change with its time.
  private(set) var transmissions: [(at: MonotonicTime, sent: SoftwareController.Transmission?)] = []
  var keepsRows = true
  var onRow: ((Key, Platform?) -> Void)?
  /// Sees what the controller tells the kiosk, with the true time.
  var onPackets: (([[UInt8]], UTCTime) -> Void)?
  private var generation: Int?

  static let midnight = UTCTime(seconds: 1_763_683_200)
  static let baseDay = midnight.milliseconds / SlotScheme.dayMilliseconds - 1

  init(
    startingAt milliseconds: Int64 = 3_600_000, seed: UInt64, abilities: SoftwareController.Abilities = .init(),
    host: HCIHostConfiguration = .init()
  ) {
    now = Moment(monotonic: MonotonicTime(milliseconds: 5000), utc: Self.midnight.adding(milliseconds: milliseconds))
    air = SimulatedAir(devices: [], seed: seed, startingAt: now.monotonic, abilities: abilities)
    let bits = RandomBits(seed: seed)
    var settings = Settings()
    settings.host = host
    kiosk = Kiosk(settings: settings, identity: Self.identity, startingAt: now, randomBits: { bits.next() })
  }

  private static let identity = BluezoneKey([UInt8](repeating: 9, count: BluezoneKey.byteCount)).map {
    BluezoneIdentity(baseKey: $0, baseDay: baseDay)
  }

  /// The kiosk's own id at a moment of its clock.
  static func ownID(at utc: UTCTime) -> BluezoneID? {
    var identity = identity
    return try? identity?.bluezoneID(in: SlotScheme.standard.slot(at: utc))
  }

  /// A phone that arrives after so long and stays.
  mutating func arrive(
    _ kind: VirtualDevice.Kind, after milliseconds: Int64, staying: Int64 = 10_000_000, nearDBm: Int = -60,
    behaviour: VirtualPeer.Behaviour = .answers, keepsAddress: Bool = false, random: inout SplitMix64
  ) -> VirtualDevice {
    var device = VirtualDevice(kind, nearDBm: nearDBm, visit: nil, baseDay: Self.baseDay, random: &random)
    device.behaviour = behaviour
    device.keepsAddress = keepsAddress
    let start = now.monotonic.adding(milliseconds: milliseconds)
    device.presence = start..<start.adding(milliseconds: staying)
    air.add(device)
    return device
  }

  var moment: Moment {
    Moment(
      monotonic: now.monotonic, utc: now.utc.adding(milliseconds: clockErrorMilliseconds),
      isSynchronised: isSynchronised)
  }

  mutating func start() { handle(.start) }

  mutating func stop() { handle(.stop) }

  /// Lets time pass, waking the kiosk when it asks for it or when something is heard.
  mutating func run(for milliseconds: Int64) {
    let end = now.monotonic.adding(milliseconds: milliseconds)
    while true {
      // Whoever is looked for now sends at the full rate from now on: the air has to take note of it.
      if air.thinning > 1 { air.advance(to: now) }
      let next = max(min(kiosk.nextDeadline, air.nextDeadline ?? end, end), now.monotonic)
      now.utc = now.utc(at: next)
      now.monotonic = next
      air.advance(to: now)
      deliver()
      if kiosk.nextDeadline <= now.monotonic {
        wakes += 1
        handle(.tick)
        if kiosk.nextDeadline <= now.monotonic {
          Issue.record("the driver spins at \(now.monotonic.milliseconds) ms")
          return
        }
      }
      if now.monotonic >= end { return }
    }
  }

  /// Lets time pass in steps until `condition` holds, at most for so long.
  ///
  /// - Returns: whether it came to hold.
  mutating func run(atMost milliseconds: Int64, until condition: (Self) -> Bool) -> Bool {
    let end = now.monotonic.adding(milliseconds: milliseconds)
    while !condition(self) {
      guard now.monotonic < end else { return false }
      run(for: Self.stepMilliseconds)
    }
    return true
  }

  private static let stepMilliseconds: Int64 = 10

  private mutating func handle(_ event: Kiosk.Event) {
    kiosk.handle(event, at: moment)
    note()
    settle()
  }

  private mutating func settle() {
    for _ in 0..<1000 {
      let effects = kiosk.takeEffects()
      for effect in effects { apply(effect) }
      if effects.isEmpty, air.controller.output.isEmpty { return }
      deliverOnce()
    }
    Issue.record("kiosk and controller never come to rest at \(now.monotonic.milliseconds) ms")
  }

  private mutating func deliver() {
    guard !air.controller.output.isEmpty else { return }
    deliverOnce()
    settle()
  }

  private mutating func deliverOnce() {
    let packets = air.controller.output
    air.controller.output.removeAll(keepingCapacity: true)
    guard let generation, !packets.isEmpty else { return }
    onPackets?(packets, now.utc)
    kiosk.handle(.packets(packets, generation: generation), at: moment)
    note()
  }

  private mutating func note() {
    guard keepsRows else { return }
    for sighting in kiosk.heard {
      if let id = sighting.readID, firstRead[id] == nil { firstRead[id] = now.monotonic }
    }
  }

  private mutating func apply(_ effect: Kiosk.Effect) {
    switch effect {
    case .radio(.open(let generation)):
      self.generation = generation
      kiosk.handle(.radioOpened(generation: generation), at: moment)
    case .radio(.close): generation = nil
    case .radio(.recover(let step)): kiosk.handle(.radioRecovered(step, fault: nil), at: moment)
    case .radio(.send(let packet)):
      air.controller.receive(packet)
      if keepsRows, transmissions.isEmpty || transmissions[transmissions.count - 1].sent != air.controller.transmission
      {
        transmissions.append((now.monotonic, air.controller.transmission))
      }
    case .write(let updates):
      write(updates)
      kiosk.handle(.contactsWritten, at: moment)
    case .dateContacts(let bootTime):
      let waiting = undated
      undated = []
      write(
        waiting.map { update in
          var update = update
          if case .undated(let first, let last) = update.span {
            update.span = .dated(
              first: bootTime.adding(milliseconds: first.milliseconds),
              last: bootTime.adding(milliseconds: last.milliseconds))
          }
          return update
        }, joinsRows: true)
    case .redate(let from, let through, let shift):
      let wrong = rows.filter {
        LogSlot.start(of: $0.key.slot) >= from.adding(milliseconds: -LogSlot.milliseconds)
          && LogSlot.start(of: $0.key.slot) <= through
      }
      for (key, row) in wrong {
        rows[key] = nil
        rows[Key(id: key.id, slot: LogSlot.number(at: LogSlot.start(of: key.slot).adding(milliseconds: shift)))] = row
      }
    case .stopped, .lines, .show, .purge, .packContacts, .writeVisits, .syncFeed, .setAside, .saveClock, .clockNews,
      .identityFromFuture, .purgeUndated, .forgetOwnKeys:
      break
    }
  }

  /// - Parameter joinsRows: several of `updates` may be of one row.
  private mutating func write(_ updates: [ContactUpdate], joinsRows: Bool = false) {
    var seen: Set<Key> = []
    for update in updates {
      guard case .dated(let first, let last) = update.span else {
        undated.append(update)
        continue
      }
      let key = Key(id: update.id, slot: LogSlot.number(at: first))
      if !seen.insert(key).inserted, !joinsRows { repeatedRows += 1 }
      if LogSlot.number(at: last) != key.slot { crossingRows += 1 }
      onRow?(key, update.platform)
      guard keepsRows else { continue }
      var row = rows[key] ?? Row()
      row.platform = row.platform ?? update.platform
      row.strength.count += update.strength.count
      row.strength.sumDBm += update.strength.sumDBm
      if let nearest = update.strength.nearestDBm {
        row.strength.nearestDBm = max(row.strength.nearestDBm ?? nearest, nearest)
      }
      rows[key] = row
    }
  }

  /// Slot number of a moment so long after the present.
  func slot(after milliseconds: Int64 = 0) -> Int64 { LogSlot.number(at: now.utc.adding(milliseconds: milliseconds)) }

  /// Rows whose id is not that of any of `devices` in the row's slot.
  func wrongRows(_ devices: [VirtualDevice]) -> Int {
    let slots = Set(rows.keys.map(\.slot))
    var right: Set<Key> = []
    for slot in slots {
      for device in devices {
        if let id = device.bluezoneID(at: LogSlot.start(of: slot)) { right.insert(Key(id: id, slot: slot)) }
      }
    }
    return rows.keys.count { !right.contains($0) }
  }
}
