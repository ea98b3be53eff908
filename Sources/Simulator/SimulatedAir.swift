// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A software controller with virtual devices around it. Time is told to it; by the same seed and times it always
/// does the same.
public struct SimulatedAir: Sendable {
  public var controller = SoftwareController()
  public let devices: [VirtualDevice]

  private var random: SplitMix64
  private var nextSending: [MonotonicTime]

  public init(devices: [VirtualDevice], seed: UInt64, startingAt start: MonotonicTime) {
    self.devices = devices
    random = SplitMix64(seed: seed)
    nextSending = []
    for device in devices {
      nextSending.append(
        start.adding(milliseconds: Int64.random(in: 0..<device.intervalMilliseconds, using: &random)))
    }
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
    for i in devices.indices {
      while nextSending[i] <= moment.monotonic {
        send(i, at: nextSending[i], moment)
        // Advertisers add up to 10 ms to every interval. Source: Core 5.4, vol. 6, part B, 4.4.2.2.
        nextSending[i] = nextSending[i].adding(
          milliseconds: devices[i].intervalMilliseconds + Int64.random(in: 0...10, using: &random))
      }
    }
  }

  /// When something is next sent.
  public var nextDeadline: MonotonicTime? { nextSending.min() }

  private mutating func send(_ i: Int, at time: MonotonicTime, _ moment: Moment) {
    let device = devices[i]
    guard device.isSending(at: time), let mean = device.meanDBm(at: time) else { return }
    // A sum of three dice is near enough to the bell of shadowing.
    let fading = (0..<3).reduce(0) { sum, _ in sum + Int.random(in: -2...2, using: &random) }
    let rssi = mean + fading
    guard rssi > -100 else { return }
    controller.hear(
      device.transmission(at: moment.utc(at: time)), rssiDBm: Int8(clamping: min(rssi, -20)),
      eventType: device.kind == .androidBluezoner ? 0 : 3)
  }
}
