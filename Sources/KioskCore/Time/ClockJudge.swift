// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Says whether the wall clock may be believed, and by what time rows are deleted.
///
/// It compares each moment with operating time, the milliseconds that the kiosk has run in all. The difference (an offset)
/// never changes within a boot, and grows from boot to boot by the time without power. Two offsets are kept: the last of
/// `lines`, by which rows are dated, and `purge`, by which they are deleted. A clock that fits is believed at once. One that
/// does not fit must be shown for as long as all that it contradicts was shown; before anything is deleted by it, for 48 h.
public struct ClockJudge: Sendable {
  public enum Verdict: Hashable, Sendable {
    /// The record of earlier runs has not been read.
    case waiting
    case unsynchronised
    case trusted
    /// It is called synchronised, and contradicts what is known.
    case doubtful
  }

  /// What follows from a judgement for rows that were written before.
  public enum Order: Equatable, Sendable {
    /// Rows of this boot were dated by a clock that was wrong.
    case redate(from: UTCTime, through: UTCTime, byMilliseconds: Int64)
    /// Rows of other boots were dated by a clock that was wrong; nobody knows their time, but they were written at an
    /// operating time of their date less `offset`.
    case setAside(from: UTCTime, through: UTCTime, offset: Int64)
    case tell(ClockNews)
  }

  public private(set) var verdict: Verdict
  public private(set) var record: ClockRecord
  /// Changes with each judgement that must not be forgotten at a power cut.
  public private(set) var revision = 0
  private let begun: MonotonicTime
  private var monotonic: MonotonicTime
  private var orders: [Order] = []
  /// The clock at the last look.
  private var shown: (offset: Int64, isSynchronised: Bool)?

  /// - Parameter boot: the kernel's id of this boot; nil where there are no earlier runs to wait for.
  public init(boot: String?, at time: MonotonicTime) {
    record = ClockRecord(boot: boot ?? "")
    verdict = boot == nil ? .unsynchronised : .waiting
    begun = time
    monotonic = time
    record.operating = time.milliseconds
  }

  public mutating func takeOrders() -> [Order] {
    defer { orders.removeAll() }
    return orders
  }

  public func operating(at time: MonotonicTime) -> Int64 { record.operatingAtZero + clamped(time.milliseconds) }

  /// What earlier runs have left; nil if there were none.
  public mutating func take(_ read: ClockRecord?, at time: MonotonicTime) {
    if verdict == .waiting { verdict = .unsynchronised }
    revision += 1
    guard var read, read.isSound else { return }
    let now = clamped(time.milliseconds)
    if read.boot != record.boot {
      // The newest row of a log without a record may be of this very boot: its time has not gone on since the boot began.
      read.begin(record.boot, operatingAtZero: read.boot.isEmpty ? read.operating - now : read.operating)
    } else if read.operatingAtZero + now < read.operating {
      read.operatingAtZero = read.operating - now
    }
    // Without the record a clock may have been believed for a while.
    if let datedBy = record.datedBy, read.datedBy == nil {
      read.datedBy = datedBy + record.operatingAtZero - read.operatingAtZero
    }
    read.signed = read.signed ?? record.signed.map { $0 + record.operatingAtZero - read.operatingAtZero }
    record = read
    verdict = .unsynchronised
    shown = nil
    monotonic = time
    record.operating = operating(at: time)
  }

  /// Looks at the clocks. Call it with every moment, in order.
  ///
  /// - Returns: the moment as it can be believed: `isSynchronised` is off while the wall clock is in doubt, and the time is
  ///   then the one that is believed, if this boot has one.
  public mutating func judge(_ raw: Moment) -> Moment {
    if verdict == .waiting, raw.monotonic.milliseconds(since: begun) < CoreLimits.clockWaitMilliseconds {
      var moment = raw
      moment.isSynchronised = false
      return moment
    }
    pass(to: raw.monotonic)
    let offset = clamped(raw.utc.milliseconds) - record.operating
    if raw.isSynchronised { look(at: offset) } else { lookUnsynchronised(at: offset) }
    shown = (offset, raw.isSynchronised)
    guard verdict == .doubtful else { return raw }
    var moment = raw
    moment.isSynchronised = false
    if record.lines.isOfThisBoot, let line = record.lines.last {
      moment.utc = UTCTime(milliseconds: record.operating + line.offset)
    }
    return moment
  }

  /// The time by which rows are old: never later than the true one, as far as can be known. nil while nothing is known.
  public func purgeTime(at raw: Moment) -> UTCTime? {
    guard verdict != .waiting, let purge = record.purge else { return nil }
    let time = UTCTime(milliseconds: operating(at: raw.monotonic) + purge)
    return raw.isSynchronised ? min(time, raw.utc) : time
  }

  /// Rows that clocks dated which are ahead of the time of deletion. Where those were wrong, and none comes that says so, or
  /// the time of deletion stands behind, the rows would stay for long: they end by operating time.
  public func datedAhead(at raw: Moment) -> [UndatedPurge.Ahead] {
    guard let time = purgeTime(at: raw) else { return [] }
    return record.lines.ahead(of: clamped(time.milliseconds) - operating(at: raw.monotonic)).map {
      .init(from: UTCTime(milliseconds: $0.since + $0.offset), offset: $0.offset)
    }
  }

  /// A signed time is held: it is later now.
  ///
  /// - Parameter isNew: it came in now. Where it is near the time that was believed before a leap ahead, it speaks against it.
  public mutating func learn(signed issued: UTCTime, isNew: Bool) {
    let offset = clamped(issued.milliseconds) - record.operating
    record.signed = max(record.signed ?? offset, offset)
    guard isNew, let line = record.lines.last,
      (offset - line.offset).magnitude <= UInt64(CoreLimits.clockNightMilliseconds)
    else { return }
    let isLeap: (Int64) -> Bool = { $0 - max(offset, line.offset) > CoreLimits.clockNightMilliseconds }
    record.challengers.restart(where: isLeap)
    record.candidates.restart(where: isLeap)
  }

  // MARK: Looking

  /// Running time has passed with the clock as it was shown last.
  private mutating func pass(to time: MonotonicTime) {
    let elapsed = min(max(time.milliseconds(since: monotonic), 0), CoreLimits.clockLookMilliseconds)
    monotonic = max(monotonic, time)
    record.operating = max(record.operating, operating(at: time))
    guard elapsed > 0, let shown else { return }
    if verdict == .trusted {
      record.lines.stand(elapsed)
      slew(elapsed)
    }
    if verdict == .doubtful {
      record.challengers.stand(elapsed) { ClockLines.agree($0, shown.offset) }
    }
    guard !record.candidates.isEmpty else { return }
    // The true offset never falls: a clock further ahead speaks for this one, too.
    let isAnything = record.purge == nil && !shown.isSynchronised
    record.candidates.stand(elapsed) {
      isAnything || shown.offset >= $0 - CoreLimits.clockAgreementMilliseconds
    }
    for candidate in record.candidates.all where candidate.stood >= CoreLimits.clockStandingMilliseconds {
      raisePurge(to: candidate.offset)
    }
  }

  private mutating func slew(_ elapsed: Int64) {
    guard let purge = record.purge, let line = record.lines.last, purge < line.offset else { return }
    record.slewRest += elapsed
    let gain = record.slewRest / CoreLimits.clockSlewShare
    record.slewRest -= gain * CoreLimits.clockSlewShare
    record.purge = min(purge + gain, line.offset)
  }

  private mutating func look(at offset: Int64) {
    let isFirst = !record.hasShownSynchronised
    record.hasShownSynchronised = true
    if let signed = record.signed, offset < signed - CoreLimits.clockFutureMilliseconds {
      return doubt(offset, isFirst: isFirst)
    }
    guard let line = record.lines.last else { return begin(offset) }
    if ClockLines.agree(offset, line.offset) {
      trust(offset, isFirst: isFirst)
    } else if offset > line.offset, !record.lines.isOfThisBoot {
      // The kiosk was off.
      let before = record.purge ?? line.offset
      record.lines.append(offset, stood: 0, since: record.operatingAtZero, operating: record.operating)
      if ClockLines.isNight(from: before, to: offset) {
        raisePurge(to: offset)
      } else if record.candidates.add(offset, isFirstOfBoot: isFirst) {
        tellLeap(to: offset, from: before)
      }
      trust(offset, isFirst: isFirst)
    } else {
      doubt(offset, isFirst: isFirst)
    }
  }

  /// The first clock of all.
  private mutating func begin(_ offset: Int64) {
    record.lines.append(offset, stood: 0, since: record.operatingAtZero, operating: record.operating)
    raisePurge(to: offset)
    trust(offset, isFirst: true)
  }

  private mutating func trust(_ offset: Int64, isFirst: Bool) {
    if verdict != .trusted { revision += 1 }
    verdict = .trusted
    if let datedBy = record.datedBy, !ClockLines.agree(datedBy, offset) { redate(from: datedBy, to: offset) }
    record.datedBy = offset
    record.lines.follow(offset, operating: record.operating)
    if !record.challengers.isEmpty { record.challengers.remove { _ in true } }
    if let purge = record.purge, purge > offset { record.purge = offset }
    if offset - (record.purge ?? .min / 2) > CoreLimits.clockAgreementMilliseconds {
      record.candidates.add(offset, isFirstOfBoot: isFirst)
    }
    if !record.candidates.isEmpty {
      record.candidates.remove { $0 > offset && !ClockLines.agree($0, offset) }
    }
    endLeap(at: offset)
  }

  private mutating func doubt(_ offset: Int64, isFirst: Bool) {
    if verdict != .doubtful { revision += 1 }
    verdict = .doubtful
    let line = record.lines.last?.offset ?? record.signed ?? offset
    if record.challengers.add(offset, isFirstOfBoot: isFirst) {
      revision += 1
      tellLeap(to: offset, from: line)
    }
    if let purge = record.purge, offset - purge > CoreLimits.clockAgreementMilliseconds {
      record.candidates.add(offset, isFirstOfBoot: isFirst)
    }
    let stood = record.challengers.stood(at: offset) ?? 0
    if stood >= neededStanding(of: offset) { believe(offset, stood: stood, isFirst: isFirst) }
  }

  /// Running time for which a clock that does not fit must be shown before rows are dated by it.
  private func neededStanding(of offset: Int64) -> Int64 {
    if let signed = record.signed, offset < signed - CoreLimits.clockFutureMilliseconds {
      return CoreLimits.clockStandingMilliseconds
    }
    return min(
      max(record.lines.standing(against: offset), CoreLimits.clockShortestStandingMilliseconds),
      CoreLimits.clockStandingMilliseconds)
  }

  /// It has stood for as long as what it contradicts: that was wrong.
  private mutating func believe(_ offset: Int64, stood: Int64, isFirst: Bool) {
    for line in record.lines.removeContradicted(by: offset)
    where line.since < record.operatingAtZero && line.stood < CoreLimits.clockStandingMilliseconds {
      orders.append(
        .setAside(
          from: UTCTime(milliseconds: line.since + line.offset),
          through: UTCTime(milliseconds: min(line.through, record.operatingAtZero - 1) + line.offset),
          offset: line.offset))
    }
    if let signed = record.signed, offset < signed - CoreLimits.clockFutureMilliseconds { record.signed = nil }
    record.lines.append(offset, stood: stood, since: record.operatingAtZero, operating: record.operating)
    trust(offset, isFirst: isFirst)
  }

  /// One boot has one true offset. Its rows stand alone in their time as long as no earlier boot reaches there.
  private mutating func redate(from old: Int64, to new: Int64) {
    if let before = record.lines.all.dropLast().last, !before.isHere, old < before.offset,
      !ClockLines.agree(old, before.offset)
    {
      return
    }
    orders.append(
      .redate(
        from: UTCTime(milliseconds: record.operatingAtZero + old),
        through: UTCTime(milliseconds: record.operating + old), byMilliseconds: new - old))
  }

  /// Nobody says that it is right; but where it stands for long enough, it is so late.
  private mutating func lookUnsynchronised(at offset: Int64) {
    if verdict != .unsynchronised { revision += 1 }
    verdict = .unsynchronised
    let isFirst = !record.hasShownUnsynchronised
    record.hasShownUnsynchronised = true
    guard let known = record.purge ?? record.lines.last?.offset,
      offset - known > CoreLimits.clockAgreementMilliseconds
    else { return }
    if record.candidates.add(offset, isFirstOfBoot: isFirst), offset - known > CoreLimits.clockNightMilliseconds {
      tellLeap(to: offset, from: known)
    }
  }

  private mutating func raisePurge(to offset: Int64) {
    let purge = max(record.purge ?? offset, offset)
    if record.purge != purge { revision += 1 }
    record.purge = purge
    record.candidates.remove { $0 <= purge }
  }

  // MARK: Telling

  private mutating func tellLeap(to offset: Int64, from line: Int64) {
    guard record.leap == nil else { return }
    let isTold = record.toldAt.map { record.operating - $0 >= CoreLimits.clockNewsMilliseconds } ?? true
    record.leap = .init(offset: offset, byMilliseconds: offset - line, isTold: isTold)
    if isTold { record.toldAt = record.operating }
    tell(.leapt)
  }

  /// The clock is believed: a leap elsewhere is over, and one to here once rows are deleted by it, too.
  private mutating func endLeap(at offset: Int64) {
    guard let leap = record.leap else { return }
    if !ClockLines.agree(leap.offset, offset), leap.offset > offset || leap.byMilliseconds < 0 {
      tell(.takenBack)
    } else if let purge = record.purge, purge >= leap.offset || ClockLines.agree(purge, leap.offset) {
      tell(.believed)
    } else {
      return
    }
    record.leap = nil
    revision += 1
  }

  private mutating func tell(_ kind: ClockNews.Kind) {
    guard let leap = record.leap, leap.isTold else { return }
    orders.append(.tell(ClockNews(kind: kind, byMilliseconds: leap.byMilliseconds, offset: leap.offset)))
  }

  /// How long the clock that leapt has been shown, and for how long it must be.
  public var leapStanding: (stood: Int64, needed: Int64)? {
    guard let leap = record.leap else { return nil }
    if let stood = record.candidates.stood(at: leap.offset) { return (stood, CoreLimits.clockStandingMilliseconds) }
    return (record.challengers.stood(at: leap.offset) ?? 0, neededStanding(of: leap.offset))
  }

  private func clamped(_ milliseconds: Int64) -> Int64 {
    min(max(milliseconds, -ClockLines.limit / 2), ClockLines.limit / 2)
  }
}
