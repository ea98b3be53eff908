// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the clocks of a kiosk do over weeks, by seed, with the true time beside it: power, boots, and the wall clock, which
/// is right, steps either way by seconds to years, is not synchronised (with a battery's right time, or the time of the
/// last stop), or wrong from the first boot on.
///
/// Its bounds are what any kiosk needs to tell right from wrong:
/// - A synchronised clock is wrong for at most 23 h of running, and right for at least 49 h between two such spells,
///   and before the first that is not in the first boot.
/// - In each boot it is right in one piece for longer than it is wrong; or the boot is wrong as a whole, and then either
///   behind what was shown before, or ahead by more than the time without power that follows.
/// - Right after a start it is not ahead by less than 25 h: that looks like a longer night without power.
/// - A clock that is not synchronised is right or behind, but for the first ten minutes after a wrong one.
public struct ClockHistory: Sendable {
  /// How the wall clock stands to the true time.
  public enum Clock: Hashable, Sendable {
    case right
    /// Called synchronised, and wrong by so many milliseconds; above 0 is ahead.
    case wrong(Int64)
    /// Not synchronised, with a right clock chip.
    case chip
    /// Not synchronised; it goes on from the time of the last stop.
    case saved(Int64)

    public var isWrong: Bool { if case .wrong = self { true } else { false } }
    /// Whether the kiosk could know the true time.
    public var isKnown: Bool { self == .right || self == .chip }
  }

  /// A spell of running with one clock. Boots are numbered from 0.
  public struct Spell: Hashable, Sendable {
    public var boot: Int
    /// True time of its beginning, milliseconds from the first.
    public var start: Int64
    public var milliseconds: Int64
    public var clock: Clock
    public var end: Int64 { start + milliseconds }
  }

  public let seed: UInt64
  public private(set) var spells: [Spell] = []
  /// Whether the clock was always right and synchronised, and power never off for a day: the clock never leapt.
  public private(set) var isPlain = true

  /// True time of the first boot.
  public static let origin = UTCTime(seconds: 1_763_683_200)
  private static let hour: Int64 = 3_600_000
  private static let minute: Int64 = 60_000

  private var random: SplitMix64
  private var now: Int64 = 0
  private var boot = 0
  /// Running with a right clock since the last spell with a wrong one.
  private var goodRun: Int64 = 0
  /// Wall clock at the last stop, and how far it was from the true time.
  private var savedError: Int64 = 0

  /// - Parameter days: its length in true time. The clock is right for its last 60 h of running.
  public init(seed: UInt64, days: Int64 = 45) {
    self.seed = seed
    random = SplitMix64(seed: seed &* 0x9E37_79B9 &+ 7)
    let isPlain = Int64.random(in: 0..<5, using: &random) == 0
    let isOffice = Bool.random(using: &random)
    var unsynchronisedDays: Int64 = 0
    while now < days * 24 * Self.hour {
      let run = isOffice ? pick(9 * Self.hour, 11 * Self.hour) : logPick(20 * Self.minute, 100 * Self.hour)
      if !isPlain, unsynchronisedDays == 0, chance(12) { unsynchronisedDays = pick(1, 8) }
      var off = isOffice ? pick(12 * Self.hour, 15 * Self.hour) : logPick(Self.minute, 20 * Self.hour)
      if !isPlain, chance(15) { off = pick(25 * Self.hour, 20 * 24 * Self.hour) }
      if unsynchronisedDays > 0 {
        unsynchronisedDays -= 1
        add(run, Bool.random(using: &random) ? .chip : .saved(min(savedError, 0)))
      } else if !isPlain, goodRun >= 49 * Self.hour || boot == 0, chance(boot == 0 ? 2 : 3) {
        addWrong(run, &off)
      } else {
        // Before the first exchange with a time server.
        if !isPlain, chance(3) { add(min(pick(5000, 10 * Self.minute), run / 2), .saved(savedError)) }
        add(run, .right)
      }
      stop(for: off)
    }
    for _ in 0..<(isOffice ? 6 : 1) {
      add(isOffice ? 10 * Self.hour : 60 * Self.hour, .right)
      stop(for: 14 * Self.hour)
    }
  }

  // MARK: Spells

  private mutating func add(_ milliseconds: Int64, _ clock: Clock) {
    guard milliseconds > 0 else { return }
    if clock != .right { isPlain = false }
    if clock == .right { goodRun += milliseconds }
    if clock.isWrong { goodRun = 0 }
    spells.append(Spell(boot: boot, start: now, milliseconds: milliseconds, clock: clock))
    now += milliseconds
    switch clock {
    case .right, .chip: savedError = 0
    case .wrong(let error), .saved(let error): savedError = error
    }
  }

  private mutating func stop(for milliseconds: Int64) {
    if milliseconds > 23 * Self.hour { isPlain = false }
    now += milliseconds
    boot += 1
    savedError -= milliseconds
  }

  /// A boot in which the clock is wrong for a while.
  private mutating func addWrong(_ run: Int64, _ off: inout Int64) {
    let long = min(run / 2 - 20 * Self.minute, 23 * Self.hour)
    let error = error()
    switch Int64.random(in: 0..<4, using: &random) {
    case 0 where long > 0:
      // From the start on, and right for longer afterwards. With the first boot this is a first boot with a wrong clock.
      add(logPick(5000, max(long, 6000)), .wrong(fromStart(error)))
      add(run / 2 + 20 * Self.minute, .right)
    case 1 where long > 0:
      // In between.
      let wrong = logPick(5000, max(long, 6000))
      add(pick(1000, run / 3), .right)
      add(wrong, .wrong(error))
      add(wrong + pick(20 * Self.minute, 2 * Self.hour), .right)
    case 2:
      // Until the stop.
      let right = pick(run / 3, run)
      add(right, .right)
      add(min(logPick(5000, max(right - Self.minute, 6000)), 23 * Self.hour), .wrong(error))
    default:
      // For the whole boot.
      let before = spells.last.map { now - $0.end } ?? 0
      if error > 0, boot > 0 {
        off = min(off, 20 * Self.hour)
        add(min(run, 23 * Self.hour), .wrong(max(error, off + 48 * Self.hour)))
      } else if boot > 0 {
        add(min(run, 23 * Self.hour), .wrong(-max(-error, before + 10 * Self.minute)))
      } else {
        add(run, .right)
      }
    }
  }

  private func fromStart(_ error: Int64) -> Int64 {
    error > Self.minute / 2 ? max(error, 25 * Self.hour) : error
  }

  /// Two seconds to ten years, either way.
  private mutating func error() -> Int64 {
    let size = logPick(2000, 10 * 365 * 24 * Self.hour)
    return Bool.random(using: &random) ? size : -size
  }

  // MARK: Chance

  private mutating func chance(_ oneIn: Int64) -> Bool { Int64.random(in: 0..<oneIn, using: &random) == 0 }

  private mutating func pick(_ low: Int64, _ high: Int64) -> Int64 {
    Int64.random(in: low...max(low, high), using: &random)
  }

  /// Short ones as often as long ones.
  private mutating func logPick(_ low: Int64, _ high: Int64) -> Int64 {
    var high = high
    while high / 2 > low, Bool.random(using: &random) { high /= 2 }
    return pick(max(low, high / 2), max(low, high))
  }
}

extension ClockHistory.Spell {
  /// The kiosk's clocks, so long after the spell's beginning. `bootStart`: when its boot began.
  public func moment(after milliseconds: Int64, bootStart: Int64) -> Moment {
    let time = start + milliseconds
    let error: Int64
    switch clock {
    case .right, .chip: error = 0
    case .wrong(let by), .saved(let by): error = by
    }
    let isSynchronised: Bool
    switch clock {
    case .right, .wrong: isSynchronised = true
    case .chip, .saved: isSynchronised = false
    }
    return Moment(
      monotonic: MonotonicTime(milliseconds: time - bootStart + 5000),
      utc: ClockHistory.origin.adding(milliseconds: time + error), isSynchronised: isSynchronised)
  }
}
