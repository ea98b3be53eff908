// SPDX-License-Identifier: GPL-3.0-or-later

/// On which of the three advertising channels a report was heard, told from when it came: no controller says it.
///
/// A scanner listens on one channel for a scan interval, on the next one for the next, so the channel depends on the time
/// within three intervals, once it is known where they begin. That is found from what channels do: what a device sends
/// within a second is heard alike on the same channel, and differently on another. Where nothing of the kind shows,
/// because a controller goes its own ways or the host is called late, no report has a channel.
///
/// Source: Core 5.4, vol. 6, part B, 4.4.3 (a scan window uses one channel, the next one another).
struct ScanChannels: Sendable {
  /// Three intervals are cut into so many parts.
  static let parts = 18
  private static let partsOfInterval = 6
  /// Of each part: which channel it is of, for each phase. Beyond the phases it is one channel that is always on.
  /// Not static: that would be asked for with each report whether it has been made.
  private let channelsByPhase = InlineArray<18, SIMD8<Int32>> { part in
    var channels = SIMD8<Int32>()
    for phase in 0..<partsOfInterval { channels[phase] = Int32((part - phase + parts) % parts / partsOfInterval) }
    return channels
  }
  /// A place beyond the phases: what is there is of all reports.
  private static let all = partsOfInterval

  /// Reports of one device tell something if they are not further apart.
  static let togetherMilliseconds: Int64 = 1000

  private let periodMicroseconds: UInt64
  /// For each phase: how often two reports of one device were of the same channel, and the squares of their difference,
  /// dB². Older ones weigh less and less.
  private var numbers = SIMD8<Float>()
  private var squares = SIMD8<Float>()
  /// Of each part, -1 where it is not known.
  private var channels = InlineArray<18, Int8>(repeating: -1)
  /// The part in which the first of the three begins; nil while it is not known.
  private(set) var phase: Int?

  /// At each step what came before weighs so much; more while there are few, since a controller's clock goes wrong by less
  /// than a part in a minute (50 parts per million, vol. 6, part B, 4.2.1).
  private static let kept: Float = 0.9
  private static let keptOfFew: Float = 0.985
  private static let few: Float = 300
  /// Nats by which two variances must explain better what was heard than one does.
  private static let leastGain: Float = 8
  /// A greater difference counts as this, dB²: it is a turn or a step of whoever carries the phone.
  private static let greatestSquare: Float = 225
  /// Variances are not smaller than this, dB²: RSSI comes in whole dB.
  private static let leastVariance: Float = 0.5

  /// `intervalMicroseconds`: of scanning.
  init(intervalMicroseconds: Int64) { periodMicroseconds = UInt64(max(3 * intervalMicroseconds, 1)) }

  /// Which part of the three intervals a time is in; 0 up to `parts`. After thirty thousand years it begins anew.
  func part(at milliseconds: Int64) -> Int {
    let microseconds = UInt64(clamping: milliseconds) &* 1000
    return Int(microseconds &* UInt64(Self.parts) / periodMicroseconds % UInt64(Self.parts))
  }

  /// 0, 1 or 2, whichever of 37, 38 and 39 each may be; nil while it is not known.
  func channel(of part: Int) -> Int? {
    let channel = channels[part]
    return channel < 0 ? nil : Int(channel)
  }

  /// Two reports of one device, one soon after the other.
  mutating func add(_ a: Int, _ b: Int, differenceDB: Float) {
    let isSame = channelsByPhase[a] .== channelsByPhase[b]
    numbers.replace(with: numbers + 1, where: isSame)
    squares.replace(with: squares + min(differenceDB * differenceDB, Self.greatestSquare), where: isSame)
  }

  /// The controller began to scan anew: what was known of its intervals is over.
  mutating func restart() {
    self = Self(keeping: self)
  }

  private init(keeping other: Self) { periodMicroseconds = other.periodMicroseconds }

  /// Looks anew where the channels begin. Called once a step.
  mutating func advance() {
    let gains = (0..<Self.partsOfInterval).map(gain)
    var best = 0
    for phase in gains.indices where gains[phase] > gains[best] { best = phase }
    let kept = numbers[Self.all] > Self.few ? Self.kept : Self.keptOfFew
    numbers *= kept
    squares *= kept
    guard gains[best] >= Self.leastGain else { return settle(nil, mixed: 0) }
    // The channels have no names: of three phases that are an interval apart, the one nearest to the last goes on.
    let turns = ((phase ?? best) - best + Self.parts + Self.partsOfInterval / 2) / Self.partsOfInterval
    // One channel ends and the next begins somewhere within a part: the one on whose side the neighbour explains more.
    let before = gains[(best + Self.partsOfInterval - 1) % Self.partsOfInterval]
    let after = gains[(best + 1) % Self.partsOfInterval]
    settle(
      (best + turns * Self.partsOfInterval) % Self.parts, mixed: after > before ? 0 : Self.partsOfInterval - 1)
  }

  /// `mixed`: the part of each interval in which both channels are heard.
  private mutating func settle(_ phase: Int?, mixed: Int) {
    guard phase != nil || self.phase != nil else { return }
    self.phase = phase
    for part in channels.indices {
      guard let phase else {
        channels[part] = -1
        continue
      }
      let place = (part - phase + Self.parts) % Self.parts
      channels[part] = place % Self.partsOfInterval == mixed ? -1 : Int8(place / Self.partsOfInterval)
    }
  }

  /// How much better two variances, one of the same channel and a greater one of others, explain what was heard than one
  /// does if the channels begin at `phase`; nats.
  private func gain(_ phase: Int) -> Float {
    let (same, sameSquares) = (numbers[phase], squares[phase])
    let (other, otherSquares) = (numbers[Self.all] - same, squares[Self.all] - sameSquares)
    guard same > 4, other > 4 else { return 0 }
    let first = max(sameSquares / same, Self.leastVariance)
    let second = max(otherSquares / other, Self.leastVariance)
    let all = max((sameSquares + otherSquares) / (same + other), Self.leastVariance)
    guard first < second else { return 0 }
    return 0.5
      * ((same + other) * LinkModel.log(all) - same * LinkModel.log(first) - other * LinkModel.log(second))
  }
}
