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
    /// A part outside the core fails; the words for it.
    case problem(String)
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
    /// A new hour has begun, or the run has: forget what is older than the retention.
    case purge(contactsBefore: UTCTime, visitsBefore: UTCTime)
    /// Everything is switched off; nothing follows.
    case stopped
  }

  public private(set) var people: People
  public private(set) var host: HCIHost
  public private(set) var contacts = ContactLedger()
  public private(set) var visits = VisitBook()
  /// nil where none is configured.
  public private(set) var feed: FeedFollower?
  public private(set) var checkIns = TouchCheckIn()

  private let settings: Settings
  private let isDemo: Bool
  private let randomBits: @Sendable () -> UInt64
  private var identity: BluezoneIdentity?
  private var prompts: PromptSchedule
  private var sensor: SensorVisits
  private var calibration: CalibrationRun?

  private var effects: [Effect] = []
  private var startedAt: MonotonicTime?
  private var isStopping = false
  private var isStopped = false
  /// Whether what was pending when the stop was asked for has been handed over.
  private var hasHandedOver = false
  private var wasSynchronised = false
  /// The UTC time at which the monotonic clock stood at zero, by the last event.
  private var bootTime: UTCTime?
  private var sentSlot: Slot?
  private var identityFailure: BluezoneIdentity.Failure?
  private var purgedHour: Int64?
  private var lines = LineProgram.dark
  private let site: ScreenState.Site
  private var shown: ScreenState?
  private var rotation: PageRotation
  private var writeFault: String?
  private var visitWriteFault: String?
  /// Why the last step that was taken outside against a fault of the radio failed.
  private var stepFault: String?
  private var lastF0Sync: UTCTime?
  private var unseenExposures = 0
  private var problems: [String] = []
  private var now: Moment

  /// - Parameters:
  ///   - identity: nil for a replay, which sends nothing.
  ///   - randomBits: 64 fresh random bits, for addresses.
  public init(
    settings: Settings, identity: BluezoneIdentity?, isDemo: Bool = false, startingAt moment: Moment,
    randomBits: @escaping @Sendable () -> UInt64
  ) {
    self.settings = settings
    self.identity = identity
    self.isDemo = isDemo
    self.randomBits = randomBits
    people = People(settings: settings.people)
    host = HCIHost(configuration: settings.host)
    prompts = PromptSchedule(settings: settings.prompt, at: moment.monotonic)
    sensor = SensorVisits(settings: settings.inputs.visits)
    site = settings.site
    rotation = PageRotation(
      settings: settings.screen.pages, firstLanguage: settings.screen.language, appParts: site.appParts.count,
      at: moment.monotonic)
    if !settings.feed.region.isEmpty, identity != nil, !isDemo {
      feed = FeedFollower(settings: settings.feed, at: moment.monotonic, randomBits: randomBits())
    }
    now = moment
  }

  /// The effects since the last call, in order.
  public mutating func takeEffects() -> [Effect] {
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  public mutating func handle(_ event: Event, at moment: Moment) {
    guard !isStopped else { return }
    now = moment
    let time = moment.monotonic
    // What comes in now is of the slot that is now.
    if startedAt != nil { followClock(at: moment) }
    host.sightings.removeAll(keepingCapacity: true)
    switch event {
    case .start:
      startedAt = time
      if identity == nil { host.listenOnly() } else { host.start(at: time) }
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
    case .checkIn: checkIn(at: moment)
    case .calibrate(let seconds, let floor):
      calibration = CalibrationRun(settings: settings.people, floorDBm: floor, seconds: seconds, at: time)
    case .calibrationEnd: calibration?.stop()
    case .f0Synced(let when): lastF0Sync = when
    case .feedRead(let state): feed?.state = state
    case .syncFeed: feed?.request(at: time)
    case .feedEnded(let report): feed?.ended(report, at: moment, randomBits: randomBits())
    case .exposures(let unseen): noticeExposures(unseen, at: time)
    case .input(let change): take(change, at: moment)
    case .touched(let action): touch(action, at: moment)
    case .problem(let words): note(words)
    case .stop:
      isStopping = true
      host.stop(at: time)
    }
    hear(at: moment)
    proceed(at: moment)
  }

  /// What was heard with the last event, until the next comes.
  public var heard: [Sighting] { host.sightings }

  /// When `tick` next has something to do; at most a second away while there is a page to keep alive.
  public var nextDeadline: MonotonicTime {
    let time = now.monotonic
    // The clock on the page turns with the wall clock's second, and pages with it.
    let toNextSecond = 1000 - (now.utc.milliseconds % 1000 + 1000) % 1000
    return [
      host.nextDeadline, contacts.nextDeadline, people.nextDeadline, visits.nextDeadline,
      prompts.nextDeadline(after: time),
      sensor.nextDeadline, checkIns.nextDeadline, isStopping || startedAt == nil ? nil : feed?.nextDeadline,
      time.adding(milliseconds: toNextSecond),
    ].compactMap(\.self).min() ?? time
  }

  // MARK: Hearing

  private mutating func hear(at moment: Moment) {
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
  private mutating func noticeExposures(_ unseen: Int, at time: MonotonicTime) {
    if unseen > unseenExposures { prompts.notifyStaff(at: time) }
    if unseen == 0 { prompts.endNotice() }
    unseenExposures = max(unseen, 0)
  }

  private mutating func note(_ problem: String) {
    if problems.count < 16, !problems.contains(problem) { problems.append(problem) }
  }

  // MARK: Inputs

  private mutating func take(_ change: InputChange, at moment: Moment) {
    switch change.role {
    case .presence: count(sensor.sensor(isActive: change.isActive, at: moment.monotonic), at: moment)
    case .acknowledge:
      guard change.isActive else { break }
      prompts.acknowledge(at: moment.monotonic)
      rotation.acknowledge(at: moment.monotonic)
    case .language: if change.isActive { rotation.toggleLanguage(at: moment.monotonic) }
    }
  }

  private mutating func touch(_ action: ScreenAction, at moment: Moment) {
    switch action {
    case .language: rotation.toggleLanguage(at: moment.monotonic)
    case .checkIn: checkIn(at: moment)
    case .nextPage: rotation.choose(at: moment.monotonic)
    case .page(let page): rotation.choose(page, at: moment.monotonic)
    }
  }

  private mutating func checkIn(at moment: Moment) {
    guard checkIns.touch(at: moment.monotonic) else { return }
    visits.checkIn(at: moment)
    count(sensor.checkedIn(at: moment.monotonic), at: moment)
    prompts.end(.noPhone)
    if prompts.outcome(at: moment.monotonic) != .noApp { rotation.acknowledge(at: moment.monotonic) }
    prompts.show(.accepted, at: moment)
  }

  private mutating func count(_ events: [SensorVisits.Event], at moment: Moment) {
    for event in events {
      switch event {
      case .opened:
        guard settings.inputs.presencePrompts else { break }
        prompts.show(.noPhone, at: moment)
        rotation.callToInstall(at: moment.monotonic)
      case .closed(let start, let end): visits.sensed(from: start, to: end, at: moment)
      case .stuck: note("the presence sensor does not come to rest: look at where it points, and at its wires")
      }
    }
  }

  /// Whether visitors can rely on the kiosk: the radio runs, the clock is right, and F0 data is current. While the radio starts it is given
  /// the benefit of the doubt.
  private func isDegraded(at moment: Moment) -> Bool {
    guard startedAt != nil else { return false }
    switch host.state {
    case .down, .recovering: return true
    case .closed, .opening, .starting, .running, .stopping:
      return !moment.isSynchronised || feed?.isStale(at: moment) ?? false
    }
  }

  // MARK: Going on

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
      if let due = contacts.takeDue(at: time) { effects.append(.write(due)) }
      if let due = visits.takeDue(open: people.openVisits, at: moment) { effects.append(.writeVisits(due)) }
      if startedAt != nil, feed?.takeDue(at: time) ?? false { effects.append(.syncFeed) }
    }
    for effect in host.takeEffects() { effects.append(.radio(effect)) }
    show(at: moment)
    if isStopping, host.state == .closed {
      isStopped = true
      effects.append(.stopped)
    }
  }

  /// Slot boundaries, the hour's purge, and the moment at which the clock can first be believed.
  private mutating func followClock(at moment: Moment) {
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
    guard identity != nil, !isStopping else { return }
    let slot = SlotScheme.standard.slot(at: moment.utc)
    if sentSlot != slot {
      sentSlot = slot
      host.advertise(
        .init(address: .resolvableForm(random: randomBits()), id: ownID(in: slot), slot: slot),
        at: moment.monotonic)
    }
    // Each hour, so that nothing outlives its days by more than that.
    let hour = slot.day * 24 + Int64(slot.index * 24 / SlotScheme.standard.slotsPerDay)
    if moment.isSynchronised, purgedHour != hour {
      purgedHour = hour
      func before(_ days: Int) -> UTCTime {
        moment.utc.adding(milliseconds: -Int64(days) * SlotScheme.dayMilliseconds)
      }
      effects.append(
        .purge(
          contactsBefore: before(settings.contactRetentionDays), visitsBefore: before(settings.visitRetentionDays)))
    }
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

  private mutating func show(at moment: Moment) {
    // Before the start nothing is known, and after the stop nothing is to be seen.
    let lines = isStopping || startedAt == nil ? .dark : prompts.program
    if lines != self.lines {
      self.lines = lines
      effects.append(.lines(lines))
    }
    guard startedAt != nil, !isStopping else { return }
    rotation.advance(to: moment.monotonic)
    let state = screenState(at: moment)
    if state != shown {
      shown = state
      effects.append(.show(state))
    }
  }

  // MARK: What people see

  private func screenState(at moment: Moment) -> ScreenState {
    let time = LocalTime(moment.utc, offsetSeconds: moment.utcOffsetSeconds)
    var state = ScreenState(
      page: rotation.page,
      clock: .init(time: time.clock, date: time.date, isSynchronised: moment.isSynchronised), site: site)
    state.takeover = rotation.takeover
    state.language = rotation.language
    state.isWelcoming = rotation.isWelcoming
    state.checkIn = checkIns.shown
    state.isDemo = isDemo
    if moment.isSynchronised, settings.screen.nightHours.contains(where: { $0.contains(time) }) {
      state.nightBrightness = settings.screen.nightBrightness
    }
    state.figures.peopleAround = people.counts.people
    state.figures.bluezonersAround = people.counts.bluezoners
    state.figures.peopleNear = people.counts.nearPeople
    state.figures.bluezonersNear = people.counts.nearBluezoners
    // Without the right day nothing can be said of today.
    if state.page == .today, moment.isSynchronised { state.today = today(hour: time.hour, at: moment) }
    state.f0 = f0Data(at: moment)
    state.communityTotal = feed?.state?.communityTotal
    state.radio =
      switch host.state {
      // Scanning pauses for some milliseconds at each change of address; the figures stay.
      case .running:
        host.isScanning || identity == nil || shown?.radio == .running ? .running : .starting
      case .closed, .opening, .starting, .stopping:
        host.lastFault.map { .down(.init($0), step: host.lastStep) } ?? .starting
      case .down(let fault, _): .down(.init(fault), step: .reopen)
      case .recovering(let fault, let step, _): .down(.init(fault), step: step)
      }
    return state
  }

  private func today(hour: Int, at moment: Moment) -> ScreenState.Today {
    let open = people.openVisits
    let figures = visits.today(open: open, at: moment)
    var today = ScreenState.Today()
    today.visits = figures.visits
    today.uncertainty = figures.uncertainty
    today.bluezoners = figures.bluezoners
    today.currentHour = hour
    today.hours = visits.hours(at: moment).map { .init(visits: $0.visits, bluezoners: $0.bluezoners) }
    // Those who are here now count to the hour that runs.
    if today.hours.indices.contains(hour) {
      today.hours[hour].visits += open.count
      today.hours[hour].bluezoners += open.count { $0.kind == .bluezoner }
    }
    return today
  }

  private func f0Data(at moment: Moment) -> ScreenState.F0Data {
    guard let lastF0Sync = [lastF0Sync, feed?.lastSync(at: moment)].compactMap(\.self).max() else { return .never }
    let words = LocalTime(lastF0Sync, offsetSeconds: moment.utcOffsetSeconds).dateAndMinute
    let limit = lastF0Sync.adding(milliseconds: Int64(settings.screen.staleF0Hours) * 3_600_000)
    return moment.isSynchronised && moment.utc > limit ? .stale(words) : .fresh(words)
  }

  /// What the calibration that runs, or the last one of this run, has measured.
  public func calibrationReport(at moment: Moment) -> CalibrationReport {
    var report = calibration?.report(at: moment.monotonic) ?? CalibrationReport()
    report.isHearing = host.state == .running
    return report
  }

  public func status(at moment: Moment) -> Status {
    var status = Status()
    status.peopleAround = people.counts.people
    status.bluezonersAround = people.counts.bluezoners
    status.peopleNear = people.counts.nearPeople
    status.bluezonersNear = people.counts.nearBluezoners
    status.addressesAround = people.counts.devices
    status.visits = .init(visits.today(open: people.openVisits, at: moment))
    status.visits.pending = visits.pendingCount
    status.visits.lost = visits.lost
    status.visits.writeFault = visitWriteFault
    status.checkIns.lastHour = checkIns.lastHour
    status.checkIns.turnedAway = checkIns.turnedAway
    status.isDemo = isDemo
    status.radio.isAdvertising = host.isAdvertising
    status.radio.isScanning = host.isScanning
    status.radio.lastFault = host.lastFault?.description
    status.radio.reports = host.counters.reports
    status.radio.malformedPackets = host.counters.malformedPackets
    status.radio.starts = host.counters.starts
    status.radio.lastStep = host.lastStep?.rawValue
    status.radio.lastStepFault = stepFault
    status.radio.steps = Dictionary(
      uniqueKeysWithValues: host.steps.map { ($0.rawValue.replacing(" ", with: "_"), $1) })
    status.radio.lastGapSeconds = host.lastGapMilliseconds.map { Double($0) / 1000 }
    status.radio.idsRead = host.reading.read
    status.radio.readFailures = host.reading.failures
    status.radio.withoutBluezone = host.reading.strangers
    status.radio.waiting = host.waitingToBeRead
    status.radio.connections = host.connectionCount
    if host.controller.hciVersion > 0 { status.radio.hciVersion = Int(host.controller.hciVersion) }
    switch host.state {
    case .closed: status.radio.state = "closed"
    case .opening: status.radio.state = "opening"
    case .starting: status.radio.state = "starting"
    case .running: status.radio.state = "running"
    case .stopping: status.radio.state = "stopping"
    case .down(let fault, _):
      status.radio.state = "down"
      status.radio.fault = fault.description
    case .recovering(let fault, _, _):
      status.radio.state = "recovering"
      status.radio.fault = fault.description
    }
    status.unseenExposures = unseenExposures
    status.language = rotation.language.rawValue
    status.clockSynchronised = moment.isSynchronised
    status.contacts.pending = contacts.pendingCount
    status.contacts.lost = contacts.lost
    status.contacts.writeFault = writeFault
    status.contacts.turnedAway = people.turnedAway
    let states = lines.states(at: moment.monotonic)
    status.lines = .init(
      green: states.green, amber: states.amber, buzzer: states.buzzer, staff: states.staff,
      shows: prompts.outcome(at: moment.monotonic)?.rawValue,
      mutedSeconds: prompts.mutedUntil.map { max($0.milliseconds(since: moment.monotonic), 0) / 1000 } ?? 0,
      isQuiet: prompts.isQuiet(at: moment))
    status.feed = feed?.status(at: moment) ?? .init()
    status.uptimeSeconds = startedAt.map { moment.monotonic.milliseconds(since: $0) / 1000 } ?? 0
    status.problems = problems + (identityFailure.map { [$0.description] } ?? [])
    return status
  }
}

extension ScreenState.Fault {
  /// What a visitor is told of a fault; the exact cause is in the status.
  init(_ fault: RadioFault) {
    self =
      switch fault {
      case .transport(.notFound), .transport(.noBluetooth), .noLowEnergy: .noAdapter
      case .transport(.switchedOff): .switchedOff
      case .transport(.notAllowed): .notAllowed
      default: .notAnswering
      }
  }
}
