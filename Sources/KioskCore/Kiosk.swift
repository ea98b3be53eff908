// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The whole appliance without its edges: it takes an event and the moment it happened, and collects what is to be done.
///
/// It sees no clock, file, socket or thread, so that the appliance, a replay and every test are the same code.
public struct Kiosk: Sendable {
  public enum Event: Sendable {
    case start
    /// The transport of that generation is open.
    case radioOpened(generation: Int)
    case radioFailed(TransportFault, generation: Int)
    /// A step that the effect `radio(.recover)` asked for has ended; `fault` says in words why it failed.
    case radioRecovered(RecoveryStep, fault: String?)
    /// Whole packets from the controller, in order.
    case packets([[UInt8]], generation: Int)
    /// Time has passed.
    case tick
    case contactsWritten
    /// The disk refused them; `reason` is for people.
    case contactsNotWritten([ContactUpdate], reason: String)
    case visitsWritten
    case visitsNotWritten([VisitUpdate], reason: String)
    /// The log's newest days, read when the run begins: totals go on from them.
    case visitsRead([LoggedVisit])
    /// People without a phone whom staff have counted; they stand in the log already.
    case peopleAdded(Int, at: UTCTime)
    /// Staff have taken so many of them back; they stand in the log no more.
    case peopleTakenBack(Int, at: UTCTime)
    /// Somebody without a phone touches the screen's button. Guarded by `TouchCheckIn`; may be sent at every touch.
    case checkIn
    /// Listen for the near thresholds; a run that is on its way ends.
    case calibrate(seconds: Int, floorDBm: Double)
    case calibrationEnd
    /// When F0 data last came in; nil if it never did.
    case f0Synced(UTCTime?)
    /// What is held of the feed, when the run begins or after another process has changed it.
    case feedRead(FeedState?)
    /// Somebody asks for a round of the feed.
    case syncFeed
    /// The round that `syncFeed` began has ended.
    case feedEnded(FeedReport)
    /// How many exposures staff have not looked at. Sent at the start and whenever it may have changed; when there are
    /// more, the staff's line shows it until they acknowledge, or until there are none.
    case exposures(unseen: Int)
    /// An input line has changed, for good.
    case input(InputChange)
    /// Somebody has touched the screen.
    case touched(ScreenAction)
    /// This node's own key has been read from the disk.
    case identityRead(BluezoneIdentity)
    /// Whether the log is open and the identity read; sent with each change.
    case disk(DiskState)
    /// Work on the disk failed for a reason, and is tried again; nil: it was done.
    case diskWork(DiskWork, fault: String?)
    /// What earlier runs knew of the clock, once the store is open; nil for a new store.
    case clockRead(ClockRecord?)
    /// What would be deleted if the clock that leapt were believed.
    case clockCounted(contacts: Int, visits: Int)
    /// A part outside the core fails; the words for it.
    case problem(String)
    /// What was told in these words is over.
    case problemEnded(String)
    /// End the run: switch everything off, write what is pending.
    case stop
  }

  public enum Effect: Equatable, Sendable {
    case radio(HCIHost.Effect)
    /// Add these to the log.
    case write([ContactUpdate])
    /// Add these to the entry log.
    case writeVisits([VisitUpdate])
    /// The wall clock is now believed: rows of this boot that are kept by monotonic time get their date.
    /// `bootTime`: the UTC time at which the monotonic clock stood at zero.
    case dateContacts(bootTime: UTCTime)
    /// What the lines are to do from now on, without further word.
    case lines(LineProgram)
    case show(ScreenState)
    /// Make a round of the feed; `feedEnded` follows.
    case syncFeed
    /// Rows of this boot in that time were dated by a clock that turned out to be wrong. Comes before `dateContacts`.
    case redate(from: UTCTime, through: UTCTime, byMilliseconds: Int64)
    /// Nobody knows the time of rows that are dated so: they lose their date, are evidence of nothing, and end by their age.
    /// `offset`: they were written at an operating time of their date less this, milliseconds; nil where that is not known.
    case setAside(from: UTCTime, through: UTCTime, offset: Int64?)
    /// Keep this. It is the end of the effects of an event that writes.
    case saveClock(ClockRecord)
    /// Put it on record; the times are those before which rows would be deleted by a clock that leapt ahead.
    case clockNews(ClockNews, contactsBefore: UTCTime?, visitsBefore: UTCTime?)
    /// By a clock that is settled, the base key's day is later than this one.
    case identityFromFuture(day: Int64)
    /// An hour of running has begun, or the run has: forget what is older than the retention.
    case purge(contactsBefore: UTCTime, visitsBefore: UTCTime)
    /// At the same times, and without any date: forget rows that are too old by the time that the kiosk has run.
    case purgeUndated(UndatedPurge)
    /// At the same times: forget this node's own keys of days before this one, since 1970-01-01.
    case forgetOwnKeys(before: Int64)
    /// At the same times: keep contacts of slots that were over by then in little room.
    case packContacts(before: UTCTime)
    /// Everything is switched off; nothing follows.
    case stopped
  }

  public internal(set) var people: People
  public internal(set) var host: HCIHost
  public internal(set) var contacts = ContactLedger()
  public internal(set) var visits = VisitBook()
  /// nil where none is configured.
  public internal(set) var feed: FeedFollower?
  public internal(set) var checkIns = TouchCheckIn()
  /// When `tick` next has something to do; at most a second away while there is a page to keep alive.
  public private(set) var nextDeadline: MonotonicTime

  let settings: Settings
  let isDemo: Bool
  let randomBits: @Sendable () -> UInt64
  /// Hears a recording and sends nothing.
  let isReplay: Bool
  /// nil in a replay, and until it was read: meanwhile it scans, and no id is sent or given out.
  var identity: BluezoneIdentity?
  var prompts: PromptSchedule
  var sensor: SensorVisits
  var calibration: CalibrationRun?

  var effects: [Effect] = []
  var startedAt: MonotonicTime?
  var isStopping = false
  private var isStopped = false
  /// Whether what was pending when the stop was asked for has been handed over.
  private var hasHandedOver = false
  var wasSynchronised = false
  /// The UTC time at which the monotonic clock stood at zero, by the last event.
  var bootTime: UTCTime?
  var sentSlot: Slot?
  public internal(set) var clock: ClockJudge
  /// The moment as the machine's clocks showed it.
  var rawMoment: Moment
  var clockUpkeep = ClockUpkeep()
  /// Of the host, when packets last came in.
  private var scanStarts = 0
  var identityFailure: BluezoneIdentity.Failure?
  var lines = LineProgram.dark
  let site: ScreenState.Site
  var shown: ScreenState?
  /// From which it was made; nil when it is to be made anew.
  var pageInputs: PageInputs?
  var rotation: PageRotation
  var writeFault: String?
  var visitWriteFault: String?
  /// Why the last step that was taken outside against a fault of the radio failed.
  var stepFault: String?
  var lastF0Sync: UTCTime?
  var unseenExposures = 0
  var problems: [String] = []
  var disk = DiskState()
  var diskWorkFaults: [DiskWork: String] = [:]
  /// Why something is not written or read that should be; nil while the disk serves. It ends when the fault does.
  public internal(set) var diskFault: String?
  /// Whether staff are to be told of a disk that does not serve, or an identity that waits.
  var hasDiskFault = false
  var now: Moment

  /// - Parameters:
  ///   - identity: nil for a replay, which sends nothing, and where it is not read yet.
  ///   - awaitsIdentity: whether the event `identityRead` will bring it.
  ///   - boot: the kernel's id of this boot; the clock is in doubt until `clockRead` comes. nil where it never comes.
  ///   - randomBits: 64 fresh random bits, for addresses.
  public init(
    settings: Settings, identity: BluezoneIdentity?, awaitsIdentity: Bool = false, isDemo: Bool = false,
    boot: String? = nil,
    startingAt moment: Moment, randomBits: @escaping @Sendable () -> UInt64
  ) {
    self.settings = settings
    self.identity = identity
    isReplay = identity == nil && !awaitsIdentity
    if !awaitsIdentity {
      disk.log = nil
      disk.identity = nil
    }
    self.isDemo = isDemo
    self.randomBits = randomBits
    var people = settings.people
    people.scanIntervalMicroseconds = settings.host.scanIntervalMicroseconds
    self.people = People(settings: people)
    host = HCIHost(configuration: settings.host)
    prompts = PromptSchedule(settings: settings.prompt, at: moment.monotonic)
    sensor = SensorVisits(settings: settings.inputs.visits)
    site = settings.site
    rotation = PageRotation(
      settings: settings.screen.pages, firstLanguage: settings.screen.language, appParts: site.appParts.count,
      at: moment.monotonic)
    if !settings.feed.region.isEmpty, !isReplay, !isDemo {
      feed = FeedFollower(settings: settings.feed, at: moment.monotonic, randomBits: randomBits())
    }
    now = moment
    rawMoment = moment
    clock = ClockJudge(boot: boot, at: moment.monotonic)
    clockUpkeep.isSaved = boot != nil
    nextDeadline = moment.monotonic
    findNextDeadline()
  }

  /// The effects since the last call, in order.
  public mutating func takeEffects() -> [Effect] {
    guard !effects.isEmpty else { return [] }
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  /// - Parameter moment: as the machine's clocks show it; what can be believed of it is decided here.
  public mutating func handle(_ event: Event, at moment: Moment) {
    guard !isStopped else { return }
    let moment = judge(event, at: moment)
    now = moment
    let time = moment.monotonic
    // What comes in now is of the slot that is now.
    if startedAt != nil { followClock(at: moment) }
    host.sightings.removeAll(keepingCapacity: true)
    // Packets change what is on the page only by what `PageInputs` holds.
    if case .packets = event {} else { pageInputs = nil }
    switch event {
    case .start:
      startedAt = time
      if isReplay { host.listenOnly() } else { host.start(at: time) }
    case .radioOpened(let generation): host.transportOpened(generation: generation, at: time)
    case .radioFailed(let fault, let generation):
      host.transportFailed(fault, generation: generation, at: time)
    case .radioRecovered(let step, let fault):
      stepFault = fault
      host.recovered(step, at: time)
    case .packets(let packets, let generation):
      for packet in packets { host.receive(packet, generation: generation, at: time) }
    case .tick: host.tick(at: time)
    case .contactsWritten: writeFault = nil
    case .contactsNotWritten(let updates, let reason):
      contacts.putBack(updates, at: time)
      // They may have been handed over before the clock was synchronised: `dateContacts` will not come again.
      if moment.isSynchronised { contacts.date(at: moment) }
      writeFault = reason
    case .visitsWritten: visitWriteFault = nil
    case .visitsNotWritten(let updates, let reason):
      visits.putBack(updates, at: moment)
      visitWriteFault = reason
    case .visitsRead(let logged): visits.read(logged, at: moment)
    case .peopleAdded(let count, let time): visits.added(withoutPhone: count, at: time, moment)
    case .peopleTakenBack(let count, let time): visits.takenBack(withoutPhone: count, at: time, moment)
    case .checkIn: checkIn(at: moment)
    case .calibrate(let seconds, let floor):
      calibration = CalibrationRun(settings: settings.people, floorDBm: floor, seconds: seconds, at: time)
    case .calibrationEnd: calibration?.stop()
    case .f0Synced(let when): lastF0Sync = when
    case .feedRead(let state):
      feed?.state = state
      if let state { clock.learn(signed: state.issued, isNew: false) }
      rotateNotices(at: time)
    case .syncFeed: feed?.request(at: time)
    case .feedEnded(let report):
      feed?.ended(report, at: moment, randomBits: randomBits())
      learn(report)
      rotateNotices(at: time)
    case .exposures(let unseen): noticeExposures(unseen, at: time)
    case .input(let change): take(change, at: moment)
    case .touched(let action): touch(action, at: moment)
    case .identityRead(let identity): read(identity)
    case .disk(let state): hear(state)
    case .diskWork(let work, let fault): diskWorkFaults[work] = fault
    case .clockRead: break  // `judge` has taken it.
    case .clockCounted(let contacts, let visits): clockUpkeep.atStake = (contacts, visits)
    case .problem(let words): note(words)
    case .problemEnded(let words): problems.removeAll { $0 == words }
    case .stop:
      isStopping = true
      host.stop(at: time)
    }
    if case .packets = event {} else { findDiskFault() }
    hear(at: moment)
    proceed(at: moment)
    findNextDeadline()
  }

  /// What was heard with the last event, until the next comes.
  public var heard: [Sighting] { host.sightings }

  /// Said anew after each event. Not a computed property: a kiosk is large, and reading one copies it.
  private mutating func findNextDeadline() {
    let time = now.monotonic
    // The clock on the page turns with the wall clock's second, and pages with it.
    let toNextSecond = 1000 - (now.utc.milliseconds % 1000 + 1000) % 1000
    var next = time.adding(milliseconds: toNextSecond)
    func consider(_ deadline: MonotonicTime?) {
      if let deadline { next = min(next, deadline) }
    }
    consider(host.nextDeadline)
    consider(contacts.nextDeadline)
    consider(people.nextDeadline)
    consider(visits.nextDeadline)
    consider(prompts.nextDeadline(after: time))
    consider(sensor.nextDeadline)
    consider(checkIns.nextDeadline)
    if !isStopping, startedAt != nil { consider(feed?.nextDeadline) }
    nextDeadline = next
  }

  // MARK: Hearing

  private mutating func hear(at moment: Moment) {
    if host.scanStarts != scanStarts {
      scanStarts = host.scanStarts
      people.scanBegan()
    }
    for sighting in host.sightings {
      // By a clock that cannot be believed nobody knows when a slot ends: an id counts when it is heard or read, not
      // for as long as it is remembered.
      if let id = sighting.bluezoneID, moment.isSynchronised || !sighting.isRemembered {
        contacts.hear(id, rssiDBm: sighting.rssiDBm, platform: sighting.platform, at: moment)
      }
      people.hear(sighting, at: moment)
      calibration?.hear(sighting, at: moment.monotonic)
    }
  }

  /// What has become of people since the last event.
  private mutating func follow(_ event: People.Event, at moment: Moment) {
    pageInputs = nil
    switch event {
    case .bluezonerNear:
      prompts.show(.accepted, at: moment)
      rotation.welcome(at: moment.monotonic)
    case .prompt:
      prompts.show(.noApp, at: moment)
      rotation.callToInstall(at: moment.monotonic)
    case .visitOpened, .visitClosed, .visitWithdrawn: visits.hear(event, at: moment)
    }
  }

  /// On the staff's line alone: nothing else that anybody sees or hears depends on it.
  private mutating func rotateNotices(at time: MonotonicTime) {
    rotation.setNotices(feed?.state?.notices.count ?? 0, at: time)
    // The words may have changed under the page that is shown.
    pageInputs = nil
  }

  private mutating func noticeExposures(_ unseen: Int, at time: MonotonicTime) {
    if unseen > unseenExposures { prompts.notifyStaff(at: time) }
    if unseen == 0 { prompts.endNotice() }
    unseenExposures = max(unseen, 0)
  }

  mutating func note(_ problem: String) {
    if problems.count < 16, !problems.contains(problem) { problems.append(problem) }
  }

  // MARK: Going on

  /// Whether visitors can rely on the kiosk: the radio runs, the clock is right, the disk serves, and F0 data is current.
  /// While the radio starts it is given the benefit of the doubt.
  ///
  /// Inlined, as what follows of that kind: a call would copy the whole kiosk.
  @inline(__always)
  private func isDegraded(at moment: Moment) -> Bool {
    guard startedAt != nil else { return false }
    switch host.state {
    case .down, .recovering: return true
    case .closed, .opening, .starting, .running, .stopping:
      return !moment.isSynchronised || hasDiskFault || feed?.isStale(at: moment) ?? false
    }
  }

  private mutating func proceed(at moment: Moment) {
    let time = moment.monotonic
    for event in people.advance(to: moment) { follow(event, at: moment) }
    count(sensor.phones(areNear: people.counts.nearPeople > 0, at: time), at: moment)
    prompts.setDegraded(isDegraded(at: moment), at: time)
    prompts.advance(at: time)
    checkIns.advance(at: time)
    calibration?.advance(at: time)
    followClock(at: moment)
    if isStopping {
      // Once at once and once at the end: a disk that refuses is not asked again and again in between.
      if !hasHandedOver || host.state == .closed {
        hasHandedOver = true
        let updates = contacts.takeAll()
        if !updates.isEmpty { effects.append(.write(updates)) }
        count(sensor.finish(at: time), at: moment)
        let visitUpdates = visits.takeAll(closing: people.openVisits, at: moment)
        if !visitUpdates.isEmpty { effects.append(.writeVisits(visitUpdates)) }
      }
    } else {
      // Together, so that the disk is written to once in 10 s and not twice.
      if contacts.isDue(at: time) || visits.isDue(at: time) {
        let updates = contacts.takeAll()
        if !updates.isEmpty { effects.append(.write(updates)) }
        let visitUpdates = visits.takeAll(open: people.openVisits, at: moment)
        if !visitUpdates.isEmpty { effects.append(.writeVisits(visitUpdates)) }
      }
      if startedAt != nil, feed?.takeDue(at: time) ?? false { effects.append(.syncFeed) }
    }
    for effect in host.takeEffects() { effects.append(.radio(effect)) }
    show(at: moment)
    if isStopping, host.state == .closed {
      isStopped = true
      saveClock(always: true)
      effects.append(.stopped)
    } else {
      saveClock(always: false)
    }
  }

  private mutating func show(at moment: Moment) {
    // Before the start nothing is known, and after the stop nothing is to be seen.
    let isDark = isStopping || startedAt == nil
    if prompts.hasNewProgram || isDark {
      prompts.hasNewProgram = isDark
      let lines = isDark ? .dark : prompts.program
      if lines != self.lines {
        self.lines = lines
        effects.append(.lines(lines))
      }
    }
    guard startedAt != nil, !isStopping else { return }
    rotation.advance(to: moment.monotonic)
    let inputs = inputsOfPage(at: moment)
    guard inputs != pageInputs else { return }
    pageInputs = inputs
    let state = screenState(at: moment)
    if state != shown {
      shown = state
      effects.append(.show(state))
    }
  }
}
