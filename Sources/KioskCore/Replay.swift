// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A recording run through the real pipeline at its own times.
public struct Replay: Sendable {
  public struct Second: Hashable, Sendable {
    /// Seconds from the first record.
    public var t: Int
    public var counts: People.Counts
  }

  public struct Result: Hashable, Sendable {
    public var records = 0
    public var reports = 0
    public var malformedPackets = 0
    /// Distinct addresses heard.
    public var addresses = 0
    /// Distinct Bluezone ids heard.
    public var bluezoneIDs = 0
    /// Visits by the recording's clock, the oldest first. One that lasted to its end is over then.
    public var visits: [LoggedVisit] = []
    /// One for each second, after everything up to its end was heard. Those of a pause longer than
    /// `CoreLimits.replayGapSeconds` are left out.
    public var seconds: [Second] = []
  }

  /// Hears the recording too, if there is one.
  public var calibration: NearCalibration?
  private var kiosk: Kiosk
  private var result = Result()
  private var addresses: Set<BluetoothAddress> = []
  private var ids: Set<BluezoneID> = []
  private var start: Int64?

  public init(settings: Settings) {
    let zero = Moment(monotonic: MonotonicTime(milliseconds: 0), utc: UTCTime(milliseconds: 0))
    kiosk = Kiosk(settings: settings, identity: nil, startingAt: zero) { 0 }
    kiosk.handle(.start, at: zero)
  }

  /// Takes one record. A recording's clock may step back; time then stands still.
  public mutating func add(_ record: BtsnoopReader.Record) {
    let start = self.start ?? record.microseconds
    self.start = start
    let (elapsed, overflow) = record.microseconds.subtractingReportingOverflow(start)
    lastMilliseconds = max(lastMilliseconds, overflow ? 0 : elapsed / 1000)
    finishSeconds(before: lastMilliseconds / 1000)
    result.records += 1
    guard record.isReceived else { return }
    let moment = Moment(
      monotonic: MonotonicTime(milliseconds: lastMilliseconds),
      utc: UTCTime(milliseconds: record.microseconds / 1000))
    kiosk.handle(.packets([record.packet], generation: 0), at: moment)
    takeVisits()
    for sighting in kiosk.heard {
      addresses.insert(sighting.address)
      calibration?.hear(sighting, at: moment.monotonic)
      if let id = sighting.bluezoneID { ids.insert(id) }
    }
  }
  private var lastMilliseconds: Int64 = 0
  /// The second that is finished next.
  private var nextSecond: Int64 = 0

  /// The result, with the last second.
  public mutating func finish() -> Result {
    if start != nil { finishSeconds(before: lastMilliseconds / 1000 + 1) }
    kiosk.handle(.stop, at: moment(at: MonotonicTime(milliseconds: lastMilliseconds)))
    takeVisits()
    result.visits = visits.values.sorted { ($0.start, $0.id) < ($1.start, $1.id) }
    result.reports = kiosk.host.counters.reports
    result.malformedPackets = kiosk.host.counters.malformedPackets
    result.addresses = addresses.count
    result.bluezoneIDs = ids.count
    return result
  }

  private mutating func finishSeconds(before second: Int64) {
    if second - nextSecond > CoreLimits.replayGapSeconds {
      finishSecond()
      nextSecond = second
      pass(to: second)
    }
    while nextSecond < second { finishSecond() }
  }

  private mutating func finishSecond() {
    pass(to: nextSecond + 1)
    result.seconds.append(Second(t: Int(nextSecond), counts: kiosk.people.counts))
    nextSecond += 1
  }

  /// Lets time pass to the start of a second.
  private mutating func pass(to second: Int64) {
    let time = MonotonicTime(milliseconds: second * 1000)
    kiosk.handle(.tick, at: moment(at: time))
    takeVisits()
  }

  private func moment(at time: MonotonicTime) -> Moment {
    let utc = UTCTime(milliseconds: (start ?? 0) / 1000)
    return Moment(monotonic: time, utc: utc.adding(milliseconds: time.milliseconds))
  }

  private var visits: [Int: LoggedVisit] = [:]

  private mutating func takeVisits() {
    for effect in kiosk.takeEffects() {
      guard case .writeVisits(let updates) = effect else { continue }
      for update in updates {
        visits[update.visit.number] = update.isWithdrawn ? nil : LoggedVisit(update)
      }
    }
  }
}
