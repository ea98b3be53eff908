// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Which rows are too old of which the date says nothing, or that have none.
public struct UndatedPurge: Hashable, Sendable {
  /// Rows that are dated from `from` on, by a clock ahead of the time of deletion. Nobody knows how old they are, but none
  /// was written at a later operating time than its date less `offset`.
  public struct Ahead: Hashable, Sendable {
    public var from: UTCTime
    /// That clock minus operating time, milliseconds.
    public var offset: Int64

    public init(from: UTCTime, offset: Int64) {
      self.from = from
      self.offset = offset
    }
  }

  /// Those that were written at a lower operating time, milliseconds.
  public var contactsBefore: Int64
  public var visitsBefore: Int64
  /// Operating time now: that of boots of which nothing is known.
  public var operating: Int64
  /// Those that cannot be of a later time; nil while there is no date.
  public var contactsDatedBefore: UTCTime?
  public var visitsDatedBefore: UTCTime?
  public var datedAhead: [Ahead]

  public init(
    contactsBefore: Int64, visitsBefore: Int64, operating: Int64 = 0, contactsDatedBefore: UTCTime? = nil,
    visitsDatedBefore: UTCTime? = nil, datedAhead: [Ahead] = []
  ) {
    self.operating = operating
    self.contactsBefore = contactsBefore
    self.visitsBefore = visitsBefore
    self.contactsDatedBefore = contactsDatedBefore
    self.visitsDatedBefore = visitsDatedBefore
    self.datedAhead = datedAhead
  }
}

/// What the kiosk has last done by its clock.
struct ClockUpkeep: Sendable {
  /// Whether there is a store that keeps the record, and whether it was read: before that nothing is deleted or kept, as
  /// earlier runs may know better.
  var isSaved = false
  var hasRead = false
  var savedRevision: Int?
  var savedAt: Int64 = 0
  /// Operating time of the last purge, and the offset by which it deleted.
  var purgedAt: Int64?
  var purgedBy: Int64?
  /// What would be deleted if the clock that leapt were believed.
  var atStake: (contacts: Int, visits: Int)?
  /// Operating time at which the base key's day was last found to lie in the future.
  var toldIdentityAt: Int64?
}

/// The kiosk follows its clock.
extension Kiosk {
  /// The moment as it can be believed. What follows from it for rows that were written before comes first.
  mutating func judge(_ event: Event, at raw: Moment) -> Moment {
    rawMoment = raw
    guard !isReplay else { return raw }
    if case .clockRead(let record) = event {
      clock.take(record, at: raw.monotonic)
      clockUpkeep.hasRead = true
    }
    let moment = clock.judge(raw)
    for order in clock.takeOrders() {
      switch order {
      case .redate(let from, let through, let by):
        contacts.redate(from: from, through: through, byMilliseconds: by)
        visits.redate(from: from, through: through, byMilliseconds: by)
        effects.append(.redate(from: from, through: through, byMilliseconds: by))
      case .setAside(let from, let through, let offset):
        effects.append(.setAside(from: from, through: through, offset: offset))
      case .tell(let news): tell(news)
      }
    }
    return moment
  }

  /// A moment of the machine's clocks with what is believed of them now.
  func believed(_ raw: Moment) -> Moment {
    guard !isReplay, clock.verdict == .doubtful || clock.verdict == .waiting else { return raw }
    var moment = raw
    moment.isSynchronised = false
    if clock.verdict == .doubtful { moment.utc = now.utc(at: raw.monotonic) }
    return moment
  }

  mutating func learn(_ report: FeedReport) {
    guard let state = report.state else { return }
    let isNew = if case .applied = report.outcome { true } else { false }
    clock.learn(signed: state.issued, isNew: isNew)
  }

  private mutating func tell(_ news: ClockNews) {
    clockUpkeep.atStake = nil
    let isAhead = news.byMilliseconds > 0
    let time = UTCTime(milliseconds: clock.record.operating + news.offset)
    effects.append(
      .clockNews(
        news, contactsBefore: isAhead ? time.adding(days: -settings.contactRetentionDays) : nil,
        visitsBefore: isAhead ? time.adding(days: -settings.visitRetentionDays) : nil))
  }

  /// Slot boundaries, the hour's purge, and the moment at which the clock can first be believed.
  mutating func followClock(at moment: Moment) {
    // Where the wall clock is set, an id read before may be of another slot, even if the slot has the same number.
    let bootTime = moment.utc(at: MonotonicTime(milliseconds: 0))
    let step = bootTime.milliseconds.subtractingReportingOverflow((self.bootTime ?? bootTime).milliseconds)
    if step.overflow || step.partialValue.magnitude > CoreLimits.clockStepMilliseconds { host.forgetReadIDs() }
    self.bootTime = bootTime
    if moment.isSynchronised, !wasSynchronised {
      contacts.date(at: moment)
      visits.date(at: moment)
      effects.append(.dateContacts(bootTime: bootTime))
    }
    wasSynchronised = moment.isSynchronised
    guard !isReplay, !isStopping else { return }
    let slot = SlotScheme.standard.slot(at: moment.utc)
    if sentSlot != slot {
      sentSlot = slot
      host.advertise(
        .init(address: .resolvableForm(random: randomBits()), id: ownID(in: slot), slot: slot),
        at: moment.monotonic)
    }
    // Again each hour, as the disk may refuse.
    if let identity, slot.day < identity.baseDay, moment.isSynchronised, clock.record.isSettled,
      clockUpkeep.toldIdentityAt.map({ clock.record.operating - $0 >= CoreLimits.purgeMilliseconds }) ?? true
    {
      clockUpkeep.toldIdentityAt = clock.record.operating
      effects.append(.identityFromFuture(day: slot.day))
    }
    purge(at: moment)
  }

  /// Each hour of running, so that nothing outlives its days by more than that, and when the time of deletion has risen.
  private mutating func purge(at moment: Moment) {
    guard clock.verdict != .waiting, clockUpkeep.hasRead || !clockUpkeep.isSaved else { return }
    let operating = clock.record.operating
    if let last = clockUpkeep.purgedAt, operating - last < CoreLimits.purgeMilliseconds, !hasPurgeRisen { return }
    clockUpkeep.purgedAt = operating
    clockUpkeep.purgedBy = clock.record.purge
    if moment.isSynchronised, clock.record.isSettled {
      let future = moment.utc.adding(milliseconds: CoreLimits.clockFutureMilliseconds)
      effects.append(.setAside(from: future, through: UTCTime(milliseconds: .max), offset: nil))
    }
    let time = clock.purgeTime(at: rawMoment)
    let contactsBefore = time?.adding(days: -settings.contactRetentionDays)
    let visitsBefore = time?.adding(days: -settings.visitRetentionDays)
    if let contactsBefore, let visitsBefore {
      effects.append(.purge(contactsBefore: contactsBefore, visitsBefore: visitsBefore))
      forgetOwnKeys(contactsBefore: contactsBefore)
    }
    effects.append(
      .purgeUndated(
        UndatedPurge(
          contactsBefore: operating - Int64(settings.contactRetentionDays) * SlotScheme.dayMilliseconds,
          visitsBefore: operating - Int64(settings.visitRetentionDays) * SlotScheme.dayMilliseconds,
          operating: operating, contactsDatedBefore: contactsBefore, visitsDatedBefore: visitsBefore,
          datedAhead: clock.datedAhead(at: rawMoment))))
    if moment.isSynchronised {
      effects.append(.packContacts(before: moment.utc.adding(milliseconds: -CoreLimits.unpackedMilliseconds)))
    }
  }

  private var hasPurgeRisen: Bool {
    guard let purge = clock.record.purge else { return false }
    return clockUpkeep.purgedBy.map { purge - $0 > CoreLimits.clockAgreementMilliseconds } ?? true
  }

  /// With each write, with each judgement that must not be forgotten, and after some minutes, so that a power cut costs
  /// little operating time.
  mutating func saveClock(always: Bool) {
    guard clockUpkeep.isSaved, clockUpkeep.hasRead, clock.verdict != .waiting else { return }
    let record = clock.record
    let isDue =
      always || clockUpkeep.savedRevision != clock.revision
      || record.operating - clockUpkeep.savedAt >= CoreLimits.clockSaveMilliseconds
      || effects.contains {
        switch $0 {
        case .write, .writeVisits: true
        default: false
        }
      }
    guard isDue else { return }
    clockUpkeep.savedRevision = clock.revision
    clockUpkeep.savedAt = record.operating
    effects.append(.saveClock(record))
  }

  /// nil while the clock stands where this node has no key.
  private mutating func ownID(in slot: Slot) -> BluezoneID? {
    do {
      let id = try identity?.bluezoneID(in: slot)
      identityFailure = nil
      return id
    } catch {
      identityFailure = error
      return nil
    }
  }

  func clockStatus() -> Status.Clock {
    var status = Status.Clock()
    status.isDoubtful = clock.verdict == .doubtful
    status.isWaiting = clock.verdict == .waiting
    status.operatingSeconds = clock.record.operating / 1000
    if let leap = clock.record.leap, let (stood, needed) = clock.leapStanding {
      status.leapSeconds = leap.byMilliseconds / 1000
      status.stoodSeconds = stood / 1000
      status.neededSeconds = needed / 1000
      status.contactsAtStake = clockUpkeep.atStake?.contacts
      status.visitsAtStake = clockUpkeep.atStake?.visits
    }
    return status
  }
}

extension UTCTime {
  fileprivate func adding(days: Int) -> Self { adding(milliseconds: Int64(days) * SlotScheme.dayMilliseconds) }
}
