// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
import KioskCore
import Simulator
import Testing
import Tracer

/// Days of people who come and go. With SOAK in the environment (scripts/soak) 30 days of 2,000 devices, otherwise
/// three hours of 120.
@Suite("A soak in simulated time") struct SoakTests {
  struct Plan {
    var days = 1
    var devicesADay = 120
    var dayMilliseconds: Int64 = 3 * 3_600_000
    /// When people come, within a day.
    var open: Range<Int64> = 900_000..<9_000_000
    /// One of so many advertisements is sent.
    var thinning: Int64 = 10
    var seed: UInt64 = 2020

    /// What scripts/soak asks for: SOAK is "DAYS DEVICES THINNING SEED". nil if it is something else.
    static let asked: Self? = {
      guard let words = ProcessInfo.processInfo.environment["SOAK"]?.split(separator: " ") else { return Self() }
      let numbers = words.compactMap { Int64($0) }
      guard words.count == 4, numbers.count == 4, numbers[0] > 0, numbers[1] > 0 else { return nil }
      return Self(
        days: Int(numbers[0]), devicesADay: Int(numbers[1]), dayMilliseconds: SlotScheme.dayMilliseconds,
        // An office day from 8 to 17.
        open: 28_800_000..<61_200_000, thinning: max(numbers[2], 1), seed: UInt64(clamping: numbers[3]))
    }()
  }

  @Test("Tables stay bounded, memory flat, and every contact is accounted for") func soak() throws {
    let plan = try #require(Plan.asked, "SOAK is not \"DAYS DEVICES THINNING SEED\"")
    var soak = Soak(plan)
    for _ in 0..<plan.days { soak.runDay() }
    let figures = soak.figures
    print(figures.line(plan))
    let kiosk = soak.harness.kiosk
    let seed = plan.seed
    #expect(figures.expected > 0 && figures.read > 0, "seed \(seed)")
    #expect(figures.missing == 0 && figures.wrong == 0, "seed \(seed)")
    #expect(figures.unheard == 0 && figures.unwritten == 0, "seed \(seed)")
    #expect(soak.harness.repeatedRows == 0 && soak.harness.crossingRows == 0, "seed \(seed)")
    #expect(figures.askedShare >= 0.24, "seed \(seed)")
    for (name, count) in soak.tables.most { #expect(count <= Self.largestTable, "\(name), seed \(seed)") }
    #expect(kiosk.contacts.lost == 0 && kiosk.people.turnedAway == 0, "seed \(seed)")
    #expect(kiosk.host.counters.faults == 0 && kiosk.host.counters.malformedPackets == 0, "seed \(seed)")
    #expect(soak.harness.air.controller.connectionCount == 0, "seed \(seed)")
    #expect(soak.harness.air.controller.droppedPackets == 0, "seed \(seed)")
    #expect(soak.harness.air.devices.count < plan.devicesADay, "seed \(seed)")
    #expect(figures.scanningShare >= 0.8, "seed \(seed)")
    #expect(figures.served > 0 && figures.served == figures.readers, "seed \(seed)")
    if let settled = figures.settledBytes, plan.days > 2 {
      #expect(figures.endBytes <= settled + settled / 10, "seed \(seed)")
    }
  }

  /// The largest limit of what is kept of others. `pendingContacts` is higher, for a disk that refuses; here none does.
  static let largestTable = 4096
}

/// A simulated house with its people, day after day, and what is counted meanwhile.
private struct Soak {
  struct Figures {
    /// Contacts that had to be written: who was there for long enough.
    var expected = 0
    var missing = 0
    /// Rows of nobody who was there in that slot.
    var wrong = 0
    /// Ids that the controller reported in a slot and that were not written there, and the reverse.
    var unwritten = 0
    var unheard = 0
    /// Rows of phones that were read.
    var read = 0
    var rows = 0
    /// Devices, and those of them that hint at an id to be read.
    var devices = 0
    var asking = 0
    /// Phones that came to read the kiosk, and those that left with the right id.
    var readers = 0
    var served = 0
    var mostDevices = 0
    var mostConnections = 0
    var largestTable = (name: "", count: 0)
    var packets = 0
    var scanningShare = 0.0
    /// Resident memory after two days and at the end.
    var settledBytes: Int?
    var endBytes = 0

    var askedShare: Double { Double(asking) / Double(max(devices, 1)) }

    func line(_ plan: SoakTests.Plan) -> String {
      func mebibytes(_ bytes: Int) -> String { "\(bytes / 1_048_576).\(bytes % 1_048_576 * 10 / 1_048_576) MiB" }
      return
        "soak: \(plan.days) days of \(plan.devicesADay) devices, "
        + (plan.thinning > 1 ? "one advert in \(plan.thinning)" : "every advert") + ", seed \(plan.seed): "
        + "\(packets) packets; \(expected) contacts expected, \(missing) missing; \(rows) rows, \(read) of them "
        + "read over GATT, \(wrong) wrong, \(unwritten) lost, \(unheard) unheard; \(served) of \(readers) readers "
        + "served; at most \(mostDevices) devices, \(mostConnections) connections, largest table \(largestTable.name) "
        + "\(largestTable.count); resident \(settledBytes.map(mebibytes) ?? "?") after 2 days, \(mebibytes(endBytes)) "
        + "at the end; scanning \(Int(scanningShare * 1000)) of 1000"
    }
  }

  /// One of sixteen kinds of device. A quarter hint at an id: two kinds that have one, one that has not, and one
  /// that has one and cannot be read.
  private static let kinds: [VirtualDevice.Kind] = [
    .androidBluezoner, .iPhoneBluezonerForeground, .iPhone, .androidPhone, .androidBluezoner,
    .iPhoneBluezonerBackground, .iPhone, .androidPhone, .androidBluezoner, .iPhoneOtherBackgroundApp, .iPhone,
    .androidPhone, .androidBluezoner, .iPhoneBluezonerBackground, .computer, .androidBluezoner,
  ]
  /// The place of those that cannot be read.
  private static let unreadable = 13
  private static let behaviours: [VirtualPeer.Behaviour] = [
    .silent, .wrongLength(11), .wrongLength(13), .goesAway(afterRequests: 0), .goesAway(afterRequests: 3),
  ]
  /// Who is there for so long in a slot is heard, and read.
  private static let enoughMilliseconds: Int64 = 90_000
  private static let readerMilliseconds: Int64 = 600_000

  let plan: SoakTests.Plan
  var harness: CrowdHarness
  var tables = TableCensus()
  private(set) var figures = Figures()
  private var random: SplitMix64
  private let log = Log()
  private let heard = HeardIDs()
  private var day = 0
  private var scanBefore: SoftwareController.ScanTime?

  init(_ plan: SoakTests.Plan) {
    self.plan = plan
    random = SplitMix64(seed: plan.seed)
    harness = CrowdHarness(startingAt: 0, seed: plan.seed)
    harness.air.thinning = plan.thinning
    harness.air.controller.countsConnections = false
    harness.keepsRows = false
    let (log, heard) = (log, heard)
    harness.onRow = { log.write($0, $1) }
    harness.onPackets = { heard.hear($0, at: $1) }
    // What a house has: the air is silent nowhere, and ten minutes without a report would count as a fault.
    for kind: VirtualDevice.Kind in [.beacon, .computer] {
      harness.air.add(
        VirtualDevice(kind, nearDBm: -75, visit: nil, baseDay: CrowdHarness.baseDay, random: &random))
    }
    harness.start()
  }

  mutating func runDay() {
    let start = harness.now
    let phones = comeAndGo()
    scanBefore = scanBefore ?? harness.air.controller.scanTime
    while harness.now.monotonic.milliseconds(since: start.monotonic) < plan.dayMilliseconds {
      let elapsed = harness.now.monotonic.milliseconds(since: start.monotonic)
      let served = harness.air.controller.servedOutcomes.count
      if plan.open.contains(elapsed), elapsed % Self.readerMilliseconds == 0, readKiosk() { figures.readers += 1 }
      harness.run(for: 60_000)
      figures.served += harness.air.controller.servedOutcomes.dropFirst(served).count(where: isID)
      figures.mostDevices = max(figures.mostDevices, harness.kiosk.people.counts.devices)
      figures.mostConnections = max(figures.mostConnections, harness.air.controller.connectionCount)
      if elapsed % 3_600_000 == 0 { tables.look(into: harness.kiosk) }
    }
    // What is pending is written within ten seconds, and who came last has left.
    account(for: phones, since: start)
    day += 1
    figures.largestTable = tables.largest
    if let scanBefore { figures.scanningShare = (harness.air.controller.scanTime - scanBefore).share }
    figures.endBytes = Self.residentBytes
    if day == 2 { figures.settledBytes = figures.endBytes }
  }

  private mutating func comeAndGo() -> [VirtualDevice] {
    (0..<plan.devicesADay).map { i in
      let place = i % Self.kinds.count
      let kind = Self.kinds[place]
      figures.devices += 1
      if kind.isConnectable, kind != .androidBluezoner { figures.asking += 1 }
      return harness.arrive(
        kind, after: Int64.random(in: plan.open, using: &random),
        staying: Int64.random(in: 120_000...600_000, using: &random),
        nearDBm: Int.random(in: -80 ... -50, using: &random),
        behaviour: place == Self.unreadable
          ? Self.behaviours[i / Self.kinds.count % Self.behaviours.count] : .answers,
        random: &random)
    }
  }

  private mutating func readKiosk() -> Bool {
    harness.air.controller.accept(.reader, from: .resolvableForm(random: random.next()))
  }

  private func isID(_ outcome: GATTReader.Outcome) -> Bool {
    if case .id = outcome { true } else { false }
  }

  /// Whose id must stand in which slot, and whose may.
  private mutating func account(for phones: [VirtualDevice], since start: Moment) {
    var must: Set<CrowdHarness.Key> = []
    var may: Set<CrowdHarness.Key> = []
    for phone in phones where phone.kind.isBluezoner {
      guard let presence = phone.presence else { continue }
      let (from, until) = (start.utc(at: presence.lowerBound), start.utc(at: presence.upperBound))
      for slot in LogSlot.number(at: from)...LogSlot.number(at: until) {
        guard let id = phone.bluezoneID(at: LogSlot.start(of: slot)) else { continue }
        let begin = max(from, LogSlot.start(of: slot))
        let end = min(until, LogSlot.start(of: slot + 1))
        guard phone.behaviour == .answers else { continue }
        may.insert(.init(id: id, slot: slot))
        if end.milliseconds - begin.milliseconds >= Self.enoughMilliseconds { must.insert(.init(id: id, slot: slot)) }
      }
    }
    let written = Set(log.rows.keys)
    figures.expected += must.count
    figures.missing += must.subtracting(written).count
    figures.wrong += written.subtracting(may).count
    figures.rows += written.count
    figures.read += log.rows.values.count { $0 == .ios }
    let advertised = Set(log.rows.filter { $0.value == .android }.keys)
    figures.unwritten += heard.ids.subtracting(advertised).count
    figures.unheard += advertised.subtracting(heard.ids).count
    figures.packets += heard.packets
    log.removeAll()
    heard.removeAll()
  }

  /// Source: proc(5), /proc/pid/status: VmRSS, in kB of 1024 bytes.
  private static var residentBytes: Int {
    guard let data = try? Data(contentsOf: URL(filePath: "/proc/self/status")) else { return 0 }
    let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(whereSeparator: { !$0.isNumber }).first).flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }

  /// What the kiosk wrote, filled by a closure.
  private final class Log {
    private(set) var rows: [CrowdHarness.Key: Platform?] = [:]

    func write(_ key: CrowdHarness.Key, _ platform: Platform?) { rows[key] = platform }

    func removeAll() { rows.removeAll(keepingCapacity: true) }
  }
}
