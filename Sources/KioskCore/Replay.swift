// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A recording run through the real pipeline at its own times.
public struct Replay: Sendable {
  public struct Second: Hashable, Sendable {
    /// Seconds from the first record.
    public var t: Int
    public var counts: Presence.Counts
  }

  public struct Result: Hashable, Sendable {
    public var records = 0
    public var reports = 0
    public var malformedPackets = 0
    /// Distinct addresses heard.
    public var addresses = 0
    /// Distinct Bluezone ids heard.
    public var bluezoneIDs = 0
    /// One for each second, after everything up to its end was heard.
    public var seconds: [Second] = []
  }

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
    let milliseconds = overflow ? 0 : elapsed / 1000
    finishSeconds(before: milliseconds / 1000)
    result.records += 1
    guard record.isReceived else { return }
    let moment = Moment(
      monotonic: MonotonicTime(milliseconds: max(milliseconds, lastMilliseconds)),
      utc: UTCTime(milliseconds: record.microseconds / 1000))
    lastMilliseconds = moment.monotonic.milliseconds
    kiosk.handle(.packets([record.packet], generation: 0), at: moment)
    _ = kiosk.takeEffects()
    for sighting in kiosk.heard {
      addresses.insert(sighting.address)
      if let id = sighting.facts.bluezoneID { ids.insert(id) }
    }
  }
  private var lastMilliseconds: Int64 = 0

  /// The result, with the last second.
  public mutating func finish() -> Result {
    if start != nil { finishSeconds(before: lastMilliseconds / 1000 + 1) }
    result.reports = kiosk.host.counters.reports
    result.malformedPackets = kiosk.host.counters.malformedPackets
    result.addresses = addresses.count
    result.bluezoneIDs = ids.count
    return result
  }

  private mutating func finishSeconds(before second: Int64) {
    // A gap of more than a day in a recording is not worth a line a second.
    let last = min(second, Int64(result.seconds.count) + 86_400)
    while Int64(result.seconds.count) < last {
      let t = result.seconds.count
      let end = MonotonicTime(milliseconds: Int64(t + 1) * 1000)
      kiosk.handle(.tick, at: Moment(monotonic: end, utc: UTCTime(milliseconds: 0)))
      _ = kiosk.takeEffects()
      result.seconds.append(Second(t: t, counts: kiosk.presence.counts))
    }
  }
}
