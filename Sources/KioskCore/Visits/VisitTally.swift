// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Totals of visits by hour and by day, in local time.
public struct VisitTally: Hashable, Sendable {
  /// The totals of one hour, one day, or any other span.
  public struct Figures: Hashable, Sendable {
    public var visits = 0
    public var bluezoners = 0
    public var withoutApp = 0
    public var withoutPhone = 0
    public var prompted = 0
    public var installedHere = 0

    public init() {}

    /// How far `visits` may be off, to either side: what the simulations of docs/counting.md show at most.
    /// At least 1 as soon as phones were counted; people without a phone were counted one by one.
    public var uncertainty: Int {
      let byPhone = visits - withoutPhone
      return byPhone > 0 ? max(1, (byPhone * Self.uncertaintyPercent + 99) / 100) : 0
    }

    static let uncertaintyPercent = 15

    public mutating func add(_ visit: Visit) { add(visit, times: 1) }

    mutating func add(_ visit: Visit, times: Int) {
      visits += times
      switch visit.kind {
      case .bluezoner: bluezoners += times
      case .noApp: withoutApp += times
      case .noPhone: withoutPhone += times
      }
      if visit.isPrompted { prompted += times }
      if visit.isInstalledHere { installedHere += times }
    }

    static func + (a: Self, b: Self) -> Self {
      var sum = a
      sum.visits += b.visits
      sum.bluezoners += b.bluezoners
      sum.withoutApp += b.withoutApp
      sum.withoutPhone += b.withoutPhone
      sum.prompted += b.prompted
      sum.installedHere += b.installedHere
      return sum
    }
  }

  /// By local hours since 1970.
  private var hours: [Int64: Figures] = [:]

  public init() {}

  /// Counts a visit by its start. `offsetSeconds`: local time's lead of UTC.
  public mutating func add(_ visit: Visit, start: UTCTime, offsetSeconds: Int32) {
    let hour = Self.hour(start, offsetSeconds)
    guard hours[hour] != nil || hours.count < CoreLimits.tallyHours else { return }
    hours[hour, default: Figures()].add(visit)
  }

  /// Takes back what was added.
  public mutating func remove(_ visit: Visit, start: UTCTime, offsetSeconds: Int32) {
    let hour = Self.hour(start, offsetSeconds)
    guard let figures = hours[hour], figures.visits > 0 else { return }
    hours[hour]?.add(visit, times: -1)
  }

  /// The 24 hours of the local day in which `moment` lies, from midnight on.
  public func hours(ofDay time: UTCTime, offsetSeconds: Int32) -> [Figures] {
    let hour = Self.hour(time, offsetSeconds)
    let midnight = hour - ((hour % 24) + 24) % 24
    return (midnight..<midnight + 24).map { hours[$0] ?? Figures() }
  }

  public func day(_ time: UTCTime, offsetSeconds: Int32) -> Figures {
    hours(ofDay: time, offsetSeconds: offsetSeconds).reduce(Figures(), +)
  }

  private static func hour(_ time: UTCTime, _ offsetSeconds: Int32) -> Int64 {
    let local = time.adding(milliseconds: Int64(offsetSeconds) * 1000).milliseconds
    let (hour, rest) = local.quotientAndRemainder(dividingBy: 3_600_000)
    return rest < 0 ? hour - 1 : hour
  }
}
