// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

@Suite("Thirty iPhones arrive within a minute") struct CrowdTests {
  /// What was measured.
  struct Figures {
    /// Milliseconds from arriving to being read, sorted.
    var waits: [Int64] = []
    var unread = 0
    /// Of scanning, in the minute of arriving.
    var share = 0.0

    var median: Int64 { waits.isEmpty ? -1 : waits[waits.count / 2] }

    func line(_ name: String, seed: UInt64) -> String {
      let percent = Int(share * 1000)
      return "\(name), seed \(seed): \(waits.count) read, \(unread) not; arrival to id median \(median) ms, "
        + "longest \(waits.last ?? -1) ms; scanning \(percent / 10).\(percent % 10) %"
    }
  }

  enum Setting: String, CaseIterable {
    case threeConnections = "3 connections"
    case extended = "3 connections, extended commands"
    case nothingMeanwhile = "neither scanning nor advertising meanwhile"
    case oneConnection = "1 connection"
    case silentAboutStates = "1 connection and tells no states"

    var abilities: SoftwareController.Abilities {
      var abilities = SoftwareController.Abilities()
      switch self {
      case .threeConnections: break
      case .extended: abilities.isExtended = true
      case .nothingMeanwhile:
        abilities.scansWhileInitiating = false
        abilities.advertisesWhileInitiating = false
      case .oneConnection: abilities.connections = 1
      case .silentAboutStates:
        abilities.connections = 1
        abilities.tellsStates = false
      }
      return abilities
    }
  }

  private static func kind(_ i: Int) -> VirtualDevice.Kind {
    i < 20 ? .iPhoneBluezonerForeground : i < 30 ? .iPhoneBluezonerBackground : .iPhoneOtherBackgroundApp
  }

  static let seeds: [UInt64] = [1, 2, 3, 5, 8, 13]

  /// The usual controller with every seed, the others with two each: a run takes seconds.
  private static let runs = Setting.allCases.flatMap { setting in
    seeds.prefix(setting == .threeConnections ? seeds.count : 2).map { (setting, $0) }
  }

  @Test("Each is read within a minute, and scanning keeps four fifths", arguments: runs)
  func crowd(setting: Setting, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var harness = CrowdHarness(seed: seed, abilities: setting.abilities)
    harness.start()
    harness.run(for: 5000)
    var phones: [VirtualDevice] = []
    for i in 0..<40 {
      phones.append(
        harness.arrive(
          Self.kind(i), after: Int64.random(in: 0..<60_000, using: &random),
          nearDBm: Int.random(in: -80 ... -50, using: &random), random: &random))
    }
    let before = harness.air.controller.scanTime
    harness.run(for: 60_000)
    var figures = Figures()
    figures.share = (harness.air.controller.scanTime - before).share
    harness.run(for: 120_000)
    for phone in phones.prefix(30) {
      if let id = phone.bluezoneID(at: harness.now.utc), let read = harness.firstRead[id] {
        figures.waits.append(read.milliseconds(since: phone.presence?.lowerBound ?? read))
      } else {
        figures.unread += 1
      }
    }
    figures.waits.sort()
    print(figures.line(setting.rawValue, seed: seed))
    #expect(figures.unread == 0, "\(setting), seed \(seed)")
    #expect(figures.share >= 0.8, "\(setting), seed \(seed)")
    if setting == .threeConnections || setting == .extended {
      #expect((figures.waits.last ?? .max) <= 60_000, "\(setting), seed \(seed)")
    }
    // Nothing is left open, and the kiosk is on the air again.
    harness.run(for: 15_000)
    let controller = harness.air.controller
    #expect(controller.connectionCount == 0 && controller.initiatingPeer == nil, "\(setting), seed \(seed)")
    #expect(controller.isScanning && controller.isAdvertising, "\(setting), seed \(seed)")
    #expect(controller.droppedPackets == 0, "\(setting), seed \(seed)")
    #expect(harness.kiosk.host.counters.faults == 0, "\(setting), seed \(seed)")
    #expect(harness.kiosk.host.counters.malformedPackets == 0, "\(setting), seed \(seed)")
    // A new address while it scans is how the host asks whether it still does.
    let refusals = controller.refusals.filter { $0 != .leSetRandomAddress }
    if setting != .silentAboutStates { #expect(refusals.isEmpty, "\(setting), seed \(seed)") }
    #expect(harness.wrongRows(phones) == 0 && harness.repeatedRows == 0, "\(setting), seed \(seed)")
    #expect(harness.rows.values.allSatisfy { $0.platform == .ios }, "\(setting), seed \(seed)")
    // Strangers were asked once and then left alone.
    for stranger in phones.suffix(10) {
      let made = controller.connectionsMade[stranger.transmission(at: harness.now.utc).address] ?? 0
      #expect(made == 1, "\(setting), seed \(seed)")
    }
  }

  /// The app's own way: whom it heard first comes first, one at a time, each given 10 s, then the end of the queue.
  /// A reading takes as long as here, about half a second.
  ///
  /// - Parameter duty: how much of the time the radio looks for the peer; the rest is left for scanning.
  private func appsOwnWay(seed: UInt64, duty: Double) -> Figures {
    var random = SplitMix64(seed: seed)
    var queue: [(arrival: Int64, interval: Int64, isBluezoner: Bool)] = []
    for i in 0..<40 {
      let interval = i < 20 ? Int64.random(in: 100...300, using: &random) : Int64.random(in: 300...1000, using: &random)
      queue.append((Int64.random(in: 0..<60_000, using: &random), interval, i < 30))
    }
    queue.sort { $0.arrival < $1.arrival }
    var figures = Figures()
    var now: Int64 = 0
    var searched: Int64 = 0
    while !queue.isEmpty {
      let phone = queue.removeFirst()
      now = max(now, phone.arrival + phone.interval / 2)
      var search = Int64.random(in: 0..<phone.interval, using: &random)
      while Double.random(in: 0..<1, using: &random) >= duty {
        search += phone.interval + Int64.random(in: 0...10, using: &random)
      }
      if now < 60_000 { searched += min(search, 10_000) }
      guard search <= 10_000 else {
        now += 10_000
        queue.append(phone)
        continue
      }
      now += search + Int64.random(in: 400...600, using: &random)
      if phone.isBluezoner { figures.waits.append(now - phone.arrival) }
    }
    figures.waits.sort()
    figures.share = 1 - Double(searched) * duty / 60_000
    return figures
  }

  @Test("The app's own way, measured beside it", arguments: seeds) func appsOwnWay(seed: UInt64) {
    for duty in [0.2, 1] {
      let figures = appsOwnWay(seed: seed, duty: duty)
      #expect(figures.waits.count == 30, "seed \(seed)")
      print(figures.line("the app's own way, looking \(Int(duty * 100)) % of the time", seed: seed))
    }
  }
}
