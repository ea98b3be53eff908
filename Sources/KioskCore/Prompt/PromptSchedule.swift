// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Turns outcomes and time into the program of the lines: who is shown before whom, how often the kiosk is heard, and
/// when it is silent.
public struct PromptSchedule: Sendable {
  /// The lamp's pattern for one outcome.
  private struct Showing: Hashable, Sendable {
    var run: LineProgram.Run
    /// Newcomers wanted it longer than it may be: it rests afterwards.
    var isCutShort = false
  }

  private let settings: PromptSettings
  private var showings: [Outcome: Showing] = [:] { didSet { hasNewProgram = true } }
  private var restsUntil: [Outcome: MonotonicTime] = [:]
  private var beep: LineProgram.Run? { didSet { hasNewProgram = true } }
  private var allowance: BeepAllowance
  private var permanent: LineProgram.Run? { didSet { hasNewProgram = true } }
  /// Whether `program` may differ from what it was when this was last set to false.
  var hasNewProgram = true
  private var notice: LineProgram.Run? { didSet { hasNewProgram = true } }
  public private(set) var isDegraded = false
  /// When it is heard again; nil when it is not muted.
  public private(set) var mutedUntil: MonotonicTime?

  public init(settings: PromptSettings = PromptSettings(), at now: MonotonicTime) {
    self.settings = settings
    allowance = BeepAllowance(gapMilliseconds: settings.beepGapMilliseconds, aMinute: settings.beepsAMinute)
    permanent = Self.run(settings.idle, from: now)
  }

  // MARK: What happens

  /// Shows an outcome. One that is shown already is prolonged, in its rhythm.
  public mutating func show(_ outcome: Outcome, at moment: Moment) {
    let now = moment.monotonic
    advance(at: now)
    let signal = settings[outcome]
    if let lamp = signal.lamp, !light(lamp, for: outcome, at: now) { return }
    // In this order: what is silenced takes nothing of the allowance.
    guard let pattern = signal.buzzer, mutedUntil == nil, !isQuiet(at: moment),
      allowance.take(keeping: outcome.beepsLeft, at: now)
    else { return }
    beep = LineProgram.Run(pattern, start: now)
  }

  /// What it was shown for is over.
  public mutating func end(_ outcome: Outcome) { showings[outcome] = nil }

  /// Whether something is missing that the kiosk needs: feed, clock or radio.
  public mutating func setDegraded(_ isDegraded: Bool, at now: MonotonicTime) {
    guard isDegraded != self.isDegraded else { return }
    self.isDegraded = isDegraded
    permanent = Self.run(isDegraded ? settings.degraded : settings.idle, from: now)
  }

  /// There is something that staff alone should see: their line shows it until they acknowledge.
  public mutating func notifyStaff(at now: MonotonicTime) {
    guard notice == nil else { return }
    notice = settings.notice.map { LineProgram.Run($0, start: now) }
  }

  /// There is nothing any more.
  public mutating func endNotice() { notice = nil }

  /// Staff have seen it: what is being shown ends, their notice too, and the buzzer is muted for the configured time.
  public mutating func acknowledge(at now: MonotonicTime) {
    showings = [:]
    notice = nil
    mute(milliseconds: settings.muteMilliseconds, at: now)
  }

  /// No sound for so long, at most `CoreLimits.longestMuteMilliseconds`; 0 ends it.
  public mutating func mute(milliseconds: Int64, at now: MonotonicTime) {
    let span = min(max(milliseconds, 0), CoreLimits.longestMuteMilliseconds)
    mutedUntil = span > 0 ? now.adding(milliseconds: span) : nil
    if span > 0 { beep = nil }
  }

  /// Forgets what is over. Times must not go back.
  public mutating func advance(at now: MonotonicTime) {
    for (outcome, showing) in showings {
      guard let end = showing.run.end, now >= end else { continue }
      showings[outcome] = nil
      if showing.isCutShort { restsUntil[outcome] = end.adding(milliseconds: settings.promptRestMilliseconds) }
    }
    if !restsUntil.isEmpty { restsUntil = restsUntil.filter { now < $0.value } }
    if let end = beep?.end, now >= end { beep = nil }
    if let end = mutedUntil, now >= end { mutedUntil = nil }
  }

  // MARK: What is to be seen and heard

  /// The lines from now on. It changes only when something happens, not with every blink.
  public var program: LineProgram {
    let temporary = showings.sorted { $0.key.priority > $1.key.priority }.map(\.value.run)
    return LineProgram(
      wiring: settings.wiring, lamp: temporary + (permanent.map { [$0] } ?? []), buzzer: beep.map { [$0] } ?? [],
      staff: notice.map { [$0] } ?? [])
  }

  public func lines(at now: MonotonicTime) -> LineStates { program.states(at: now) }

  /// The outcome that is being shown, for the screen; pauses of its pattern included.
  public func outcome(at now: MonotonicTime) -> Outcome? {
    showings.filter { $0.value.run.isRunning(at: now) }.keys.max { $0.priority < $1.priority }
  }

  /// Whether the hour forbids sound. While the clock cannot be believed the hour is not known, and silence does less
  /// harm than noise at night: lamp and screen go on.
  public func isQuiet(at moment: Moment) -> Bool {
    guard !settings.quietHours.isEmpty, moment.isSynchronised else { return !settings.quietHours.isEmpty }
    let time = LocalTime(moment.utc, offsetSeconds: moment.utcOffsetSeconds)
    return settings.quietHours.contains { $0.contains(time) }
  }

  /// When something ends by itself; blinking needs nobody.
  public func nextDeadline(after now: MonotonicTime) -> MonotonicTime? {
    var next: MonotonicTime?
    func consider(_ time: MonotonicTime?) {
      if let time, time > now { next = next.map { min($0, time) } ?? time }
    }
    for showing in showings.values { consider(showing.run.end) }
    consider(beep?.end)
    consider(mutedUntil)
    return next
  }

  // MARK: The lamp

  /// False while the outcome rests.
  private mutating func light(_ lamp: LampPattern, for outcome: Outcome, at now: MonotonicTime) -> Bool {
    // A temporary pattern ends, whatever it was given as.
    let pattern = lamp.pattern.isEndless ? lamp.pattern.repeated(1) : lamp.pattern
    guard var showing = showings[outcome] else {
      guard restsUntil[outcome] == nil else { return false }
      showings[outcome] = Showing(run: LineProgram.Run(pattern, colour: lamp.colour, start: now))
      return true
    }
    // Whole periods, so that the rhythm goes on and the newcomer sees no less than the first.
    let period = pattern.periodMilliseconds
    let gone = (now.milliseconds(since: showing.run.start) + period - 1) / period
    let longest = max(settings.longestPromptMilliseconds / period, Int64(pattern.count))
    let wanted = gone + Int64(pattern.count)
    showing.isCutShort = showing.isCutShort || wanted > longest
    showing.run.pattern = pattern.repeated(UInt8(clamping: min(wanted, longest)))
    showings[outcome] = showing
    return true
  }

  private static func run(_ lamp: LampPattern?, from now: MonotonicTime) -> LineProgram.Run? {
    lamp.map { LineProgram.Run($0.pattern, colour: $0.colour, start: now) }
  }
}
