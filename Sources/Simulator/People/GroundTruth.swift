// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What is true of a crowd, by which a count can be judged. Times are milliseconds since the scenario began.
///
/// A visit is one person's stay near the kiosk: it opens when somebody is near for the dwell without a break, and ends
/// when they last were near before being away for a minute. A receiver can know of it only if a phone of theirs was
/// on the air for at least the dwell while they were near: `isHearable`.
public struct GroundTruth: Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case bluezoner
    case noApp = "no-app"
    case noPhone = "no-phone"
  }

  public struct Visit: Hashable, Sendable {
    /// The number of the person.
    public var person: Int
    public var role: Person.Role
    /// From coming near to having been near for the last time.
    public var span: Range<Int64>
    /// Time near in it.
    public var nearMilliseconds: Int64
    public var kind: Kind
    public var platform: Platform?
    public var phones: Int
    /// Of the time near, how long any phone of theirs was on the air, and how long Bluezone was.
    public var airMilliseconds: Int64
    public var bluezoneAirMilliseconds: Int64
    public var isHearable: Bool
    /// Whether it could be heard that they have Bluezone.
    public var isHearableAsBluezoner: Bool
    public var installedHere: Bool

    /// A visit that an Android app's pause hides: there is a Bluezoner, and no phone of theirs was long enough on air.
    public var isHiddenByPause: Bool { kind == .bluezoner && !isHearable }
  }

  /// How many there are at the end of a second, in the hall and near; staff and people in the street apart.
  public struct Counts: Hashable, Sendable {
    /// Visitors.
    public var people = 0
    public var bluezoners = 0
    public var nearPeople = 0
    public var nearBluezoners = 0
    /// Of those, with a phone that was on the air in the last 30 s or is now.
    public var hearablePeople = 0
    public var hearableNearPeople = 0
    /// Bluezoners whose Bluezone was on the air in that time.
    public var hearableBluezoners = 0
    public var hearableNearBluezoners = 0
    public var staff = 0
    public var staffBluezoners = 0
    public var passersBy = 0
  }

  public let scenario: Scenario
  /// In order of beginning.
  public let visits: [Visit]
  /// For each person, when near.
  public let near: [[Range<Int64>]]
  /// The `n`th is of the end of second `n`.
  public let seconds: [Counts]

  public init(_ crowd: Crowd) {
    scenario = crowd.scenario
    near = crowd.people.map { $0.walk.times(within: crowd.scenario.nearMetres) }
    var visits: [Visit] = []
    for person in crowd.people where person.role != .passerBy {
      visits += Self.visits(of: person, near: near[person.number], crowd.scenario)
    }
    self.visits = visits.sorted { ($0.span.lowerBound, $0.person) < ($1.span.lowerBound, $1.person) }
    seconds = Self.seconds(crowd, near)
  }

  // MARK: Visits

  private static func visits(of person: Person, near: [Range<Int64>], _ scenario: Scenario) -> [Visit] {
    var stays: [[Range<Int64>]] = []
    for range in near {
      if let last = stays.last?.last, range.lowerBound - last.upperBound < scenario.awayMilliseconds {
        stays[stays.count - 1].append(range)
      } else {
        stays.append([range])
      }
    }
    return stays.compactMap { visit(of: person, during: $0, scenario) }
  }

  private static func visit(of person: Person, during stay: [Range<Int64>], _ scenario: Scenario) -> Visit? {
    // What was too short to open it does not belong to it.
    guard let opening = stay.firstIndex(where: { $0.count >= scenario.dwellMilliseconds }) else { return nil }
    let parts = stay[opening...]
    guard let first = parts.first, let last = parts.last else { return nil }
    let span = first.lowerBound..<last.upperBound
    let since = person.bluezoneSince.flatMap { $0 < span.upperBound ? $0 : nil }
    let phones = person.phones
    let own = phones.filter { ($0.bluezoneSince ?? .max) < span.upperBound }
    let air = length(phones.flatMap { times($0.advertisers, in: parts) })
    let bluezone = length(own.flatMap { times($0.advertisers.filter(\.payload.isBluezone), in: parts) })
    return Visit(
      person: person.number, role: person.role, span: span,
      nearMilliseconds: parts.reduce(0) { $0 + Int64($1.count) },
      kind: phones.isEmpty ? .noPhone : since != nil ? .bluezoner : .noApp,
      platform: (own.first ?? phones.first)?.platform,
      phones: phones.count, airMilliseconds: air, bluezoneAirMilliseconds: bluezone,
      isHearable: air >= scenario.dwellMilliseconds, isHearableAsBluezoner: bluezone >= scenario.dwellMilliseconds,
      installedHere: since.map { $0 > span.lowerBound } ?? false)
  }

  private static func times(_ advertisers: [Advertiser], in parts: ArraySlice<Range<Int64>>) -> [Range<Int64>] {
    advertisers.flatMap { advertiser in parts.flatMap { advertiser.airTime(in: $0) } }
  }

  /// Of the union.
  private static func length(_ ranges: [Range<Int64>]) -> Int64 {
    union(ranges).reduce(0) { $0 + Int64($1.count) }
  }

  private static func union(_ ranges: [Range<Int64>]) -> [Range<Int64>] {
    var found: [Range<Int64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = found.last, range.lowerBound <= last.upperBound {
        found[found.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        found.append(range)
      }
    }
    return found
  }

  // MARK: Seconds

  private static func seconds(_ crowd: Crowd, _ near: [[Range<Int64>]]) -> [Counts] {
    var counts = [Counts](repeating: Counts(), count: Int(crowd.scenario.durationMilliseconds / 1000))
    /// Adds one wherever the end of a second lies in one of the ranges.
    func add(_ ranges: [Range<Int64>], _ field: WritableKeyPath<Counts, Int>) {
      for range in ranges {
        let first = max(Int((range.lowerBound + 999) / 1000) - 1, 0)
        let last = min(Int((range.upperBound - 1) / 1000) - 1, counts.count - 1)
        guard first <= last else { continue }
        for second in first...last { counts[second][keyPath: field] += 1 }
      }
    }
    for person in crowd.people {
      let since = person.bluezoneSince ?? .max
      switch person.role {
      case .passerBy: add([person.span], \.passersBy)
      case .staff:
        add([person.span], \.staff)
        if since < .max { add([person.span], \.staffBluezoners) }
      case .visitor:
        let phones = person.phones
        let heard = heardTimes(phones.flatMap(\.advertisers), person.span)
        let bluezone = heardTimes(phones.flatMap { $0.advertisers.filter(\.payload.isBluezone) }, person.span)
        let isNear = near[person.number]
        add([person.span], \.people)
        add(isNear, \.nearPeople)
        add(heard, \.hearablePeople)
        add(common(heard, isNear), \.hearableNearPeople)
        guard since < .max else { continue }
        add(from(since, [person.span]), \.bluezoners)
        add(from(since, isNear), \.nearBluezoners)
        add(bluezone, \.hearableBluezoners)
        add(common(bluezone, isNear), \.hearableNearBluezoners)
      }
    }
    return counts
  }

  /// On the air within the last 30 s, as long as the person is here.
  private static func heardTimes(_ advertisers: [Advertiser], _ span: Range<Int64>) -> [Range<Int64>] {
    union(
      advertisers.flatMap { $0.airTime(in: span) }
        .map { ($0.lowerBound..<$0.upperBound + 30_000).clamped(to: span) })
  }

  private static func from(_ time: Int64, _ ranges: [Range<Int64>]) -> [Range<Int64>] {
    ranges.map { max($0.lowerBound, time)..<max($0.upperBound, time) }.filter { !$0.isEmpty }
  }

  private static func common(_ a: [Range<Int64>], _ b: [Range<Int64>]) -> [Range<Int64>] {
    a.flatMap { one in b.map { $0.clamped(to: one) } }.filter { !$0.isEmpty }
  }
}

extension AdvertisingPayload {
  /// Whether it tells of Bluezone: an id, or a reason to ask for one.
  var isBluezone: Bool { self == .bluezoneAndroid || self == .bluezoneForeground || self == .bluezoneBackground }
}
