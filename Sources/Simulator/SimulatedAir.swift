// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A software controller with virtual devices around it. Time is told to it; by the same seed and times it always
/// does the same.
public struct SimulatedAir: Sendable {
  public var controller: SoftwareController
  /// One of so many advertisements is sent, for long simulations. A device that the controller looks for is heard at
  /// its full rate all the same.
  public var thinning: Int64 = 1

  private struct Station: Sendable {
    var device: VirtualDevice
    /// What it sends in the slot it last sent in.
    var sent: (slot: Slot, transmission: SoftwareController.Transmission)?
  }

  private var random: SplitMix64
  private var stations: [Station?] = []
  private var vacant: [Int] = []
  /// When which station sends next.
  private var sendings = Heap()
  /// The station that the controller looks for, while others are thinned out.
  private var sought: (peer: BluetoothAddress, station: Int, next: MonotonicTime)?
  private var now: MonotonicTime

  public init(
    devices: [VirtualDevice], seed: UInt64, startingAt start: MonotonicTime,
    abilities: SoftwareController.Abilities = .init()
  ) {
    random = SplitMix64(seed: seed)
    controller = SoftwareController(abilities: abilities, seed: ~seed)
    now = start
    for device in devices { add(device) }
  }

  /// Those that are here or will come back.
  public var devices: [VirtualDevice] { stations.compactMap { $0?.device } }

  /// One more comes.
  public mutating func add(_ device: VirtualDevice) {
    let station: Int
    if let free = vacant.popLast() {
      station = free
      stations[free] = Station(device: device)
    } else {
      station = stations.count
      stations.append(Station(device: device))
    }
    let start = max(now, device.presence?.lowerBound ?? now)
    sendings.insert(
      .init(
        time: start.adding(
          milliseconds: Int64.random(in: 0..<device.intervalMilliseconds * thinning, using: &random)),
        station: station))
  }

  /// The demo's handful: three Bluezoners and two phones without the app that come and go, a computer and a beacon.
  public static func demo(seed: UInt64, startingAt moment: Moment) -> Self {
    var random = SplitMix64(seed: seed)
    let day = SlotScheme.standard.slot(at: moment.utc).day
    func visit(_ offset: Int64, _ away: Int64, _ stay: Int64) -> VirtualDevice.Visit {
      // Rounds count from the start, so that somebody comes within seconds.
      let start = away - offset - moment.monotonic.milliseconds
      let round = away + 8000 + stay
      return .init(startOffset: (start % round + round) % round, away: away, walk: 4000, stay: stay)
    }
    let devices = [
      VirtualDevice(
        .androidBluezoner, nearDBm: -52, visit: visit(1000, 30_000, 40_000), baseDay: day, random: &random),
      VirtualDevice(
        .androidBluezoner, nearDBm: -55, visit: visit(14_000, 45_000, 35_000), baseDay: day, random: &random),
      VirtualDevice(.androidBluezoner, nearDBm: -76, visit: nil, baseDay: day, random: &random),
      VirtualDevice(.iPhone, nearDBm: -54, visit: visit(6000, 40_000, 20_000), baseDay: day, random: &random),
      VirtualDevice(
        .androidPhone, nearDBm: -57, visit: visit(24_000, 50_000, 18_000), baseDay: day, random: &random),
      VirtualDevice(.computer, nearDBm: -70, visit: nil, baseDay: day, random: &random),
      VirtualDevice(.beacon, nearDBm: -74, visit: nil, baseDay: day, random: &random),
    ]
    return Self(devices: devices, seed: seed, startingAt: moment.monotonic)
  }

  /// Lets time pass up to `moment`; what was sent until then is on its way to the host.
  public mutating func advance(to moment: Moment) {
    while true {
      seek()
      let connection = controller.nextDeadline
      let due = [sendings.first?.time, sought?.next, connection].compactMap(\.self).min()
      guard let due, due <= moment.monotonic else { break }
      now = max(now, due)
      let utc = moment.utc(at: now)
      controller.advance(to: now, utc: utc)
      if let sought = sought, sought.next <= now {
        send(sought.station, at: now, utc)
        let next = nextTime(of: sought.station, thinning: 1)
        self.sought?.next = next
      }
      while let first = sendings.first, first.time <= now {
        sendings.removeFirst()
        guard let device = stations[first.station]?.device else { continue }
        if let presence = device.presence, now >= presence.upperBound {
          stations[first.station] = nil
          vacant.append(first.station)
          continue
        }
        if sought?.station != first.station { send(first.station, at: now, utc) }
        sendings.insert(.init(time: nextTime(of: first.station, thinning: thinning), station: first.station))
      }
    }
    now = max(now, moment.monotonic)
    controller.advance(to: now, utc: moment.utc)
  }

  /// When something is next sent, or a connection has something to do.
  public var nextDeadline: MonotonicTime? {
    [sendings.first?.time, sought?.next, controller.nextDeadline].compactMap(\.self).min()
  }

  /// Advertisers add up to 10 ms to every interval. Source: Core 5.4, vol. 6, part B, 4.4.2.2.
  private mutating func nextTime(of station: Int, thinning: Int64) -> MonotonicTime {
    let interval = (stations[station]?.device.intervalMilliseconds ?? 1000) * thinning
    return now.adding(milliseconds: interval + Int64.random(in: 0...10, using: &random))
  }

  /// Notes whom the controller looks for.
  private mutating func seek() {
    guard thinning > 1, sought?.peer != controller.initiatingPeer else { return }
    sought = nil
    guard let peer = controller.initiatingPeer,
      let station = stations.firstIndex(where: { $0?.sent?.transmission.address == peer }),
      let interval = stations[station]?.device.intervalMilliseconds
    else { return }
    sought = (peer, station, now.adding(milliseconds: Int64.random(in: 1...interval, using: &random)))
  }

  private mutating func send(_ i: Int, at time: MonotonicTime, _ utc: UTCTime) {
    guard var station = stations[i] else { return }
    let device = station.device
    guard device.isSending(at: time), let mean = device.meanDBm(at: time) else { return }
    // A sum of three dice is near enough to the bell of shadowing.
    let fading = (0..<3).reduce(0) { sum, _ in sum + Int.random(in: -2...2, using: &random) }
    let rssi = mean + fading
    guard rssi > -100 else { return }
    let slot = SlotScheme.standard.slot(at: utc)
    if station.sent?.slot != slot {
      station.sent = (slot, device.transmission(at: utc))
      stations[i] = station
    }
    guard let sent = station.sent else { return }
    controller.hear(
      sent.transmission, rssiDBm: Int8(clamping: min(rssi, -20)), eventType: device.kind.isConnectable ? 0 : 3,
      peer: VirtualPeer(device))
  }

  /// A binary heap, earliest first, ties by station.
  private struct Heap {
    struct Sending {
      var time: MonotonicTime
      var station: Int
      static func < (a: Self, b: Self) -> Bool { (a.time, a.station) < (b.time, b.station) }
    }

    private var items: [Sending] = []
    var first: Sending? { items.first }

    mutating func insert(_ sending: Sending) {
      items.append(sending)
      var at = items.count - 1
      while at > 0, items[at] < items[(at - 1) / 2] {
        items.swapAt(at, (at - 1) / 2)
        at = (at - 1) / 2
      }
    }

    mutating func removeFirst() {
      guard let last = items.popLast(), !items.isEmpty else { return }
      items[0] = last
      var at = 0
      while true {
        var least = at
        for child in [2 * at + 1, 2 * at + 2] where child < items.count && items[child] < items[least] { least = child }
        if least == at { return }
        items.swapAt(at, least)
        at = least
      }
    }
  }
}
