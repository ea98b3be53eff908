// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Tracer

/// A thousand addresses in reach at once, a quarter of them Android phones with the app, the others Android phones and
/// iPhones without: more than a hall holds, and every bound of `People` at work. At a quarter hour all take new addresses.
struct Throng {
  private struct Sender {
    var facts: AdvertisingFacts
    /// dBm, about which it sways.
    var level: Float
    var phase: Int64
  }

  static let devices = 1000
  static let seconds: Int64 = 180
  /// Milliseconds between two advertisements of one.
  private static let interval: Int64 = 500
  /// 2025-11-21T02:00:00Z less the first half: a quarter hour lies in the middle.
  private static let start = UTCTime(seconds: 1_763_690_400 - seconds / 2)

  private var senders: [Sender] = []
  private var random = SplitMix64(seed: 7)

  init() {
    for n in 0..<Self.devices {
      senders.append(
        Sender(
          facts: Self.facts(n), level: .random(in: -80 ... -45, using: &random),
          phase: .random(in: 0..<Self.interval, using: &random)))
    }
  }

  private static func facts(_ n: Int) -> AdvertisingFacts {
    let bytes: [UInt8] =
      switch n % 4 {
      case 0: [2, 1, 2, 3, 3, 0x56, 0x4E, 15, 0xFF, 0xB5, 0x22] + (0..<12).map { UInt8(truncatingIfNeeded: n >> $0) }
      case 1: [3, 3, 0xF3, 0xFE, 8, 0x16, 0xF3, 0xFE, 1, 2, 3, 4, 5]
      case 2: [6, 0xFF, 0x75, 0x00, 0x42, 0x04, 0x01]
      default: [2, 1, 0x1A, 11, 0xFF, 0x4C, 0, 0x10, 6, 0x03, 0x1A, UInt8(truncatingIfNeeded: n), 1, 2, 3]
      }
    return AdvertisingFacts(bytes.span, in: 0..<bytes.count)
  }

  /// Processor time of each second that begins with `clock`, nanoseconds.
  mutating func run(clock: () -> Int64) -> [Int64] {
    var people = People()
    var spent: [Int64] = []
    var last = clock()
    for time in stride(from: Int64(0), to: Self.seconds * 1000, by: 10) {
      let moment = Moment(
        monotonic: MonotonicTime(milliseconds: 100_000 + time), utc: Self.start.adding(milliseconds: time),
        isSynchronised: true)
      let half: UInt64 = time < Self.seconds * 500 ? 0 : 1
      for (n, sender) in senders.enumerated() where (time + sender.phase) % Self.interval < 10 {
        let rssi = sender.level + .random(in: -3...3, using: &random)
        people.hear(
          Sighting(
            address: .resolvableForm(random: UInt64(n) << 8 | half), rssiDBm: Int8(rssi), facts: sender.facts),
          at: moment)
      }
      _ = people.advance(to: moment)
      guard time % 1000 == 990 else { continue }
      let now = clock()
      spent.append(now - last)
      last = now
    }
    return spent
  }
}
