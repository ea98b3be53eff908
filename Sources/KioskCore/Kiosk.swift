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
  private let randomBits: @Sendable () -> UInt64
  var identity: BluezoneIdentity?
  var prompts: PromptSchedule
  var sensor: SensorVisits
  var calibration: CalibrationRun?

  var effects: [Effect] = []
  var startedAt: MonotonicTime?
  private var isStopping = false
  private var isStopped = false
  /// Whether what was pending when the stop was asked for has been handed over.
  private var hasHandedOver = false
  private var wasSynchronised = false
  /// The UTC time at which the monotonic clock stood at zero, by the last event.
  var bootTime: UTCTime?
  private var sentSlot: Slot?
  /// Of the host, when packets last came in.
  private var scanStarts = 0
  var identityFailure: BluezoneIdentity.Failure?
  private var purgedHour: Int64?
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
  var now: Moment

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
    if !settings.feed.region.isEmpty, identity != nil, !isDemo {
      feed = FeedFollower(settings: settings.feed, at: moment.monotonic, randomBits: randomBits())
    }
    now = moment
    nextDeadline = moment.monotonic
    findNextDeadline()
  }

  /// The effects since the last call, in order.
  public mutating func takeEffects() -> [Effect] {
    guard !effects.isEmpty else { return [] }
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
    // Packets change what is on the page only by what `PageInputs` holds.
    if case .packets = event {} else { pageInputs = nil }
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
    case .feedRead(let state):
      feed?.state = state
      rotateNotices(at: time)
    case .syncFeed: feed?.request(at: time)
    case .feedEnded(let report):
      feed?.ended(report, at: moment, randomBits: randomBits())
      rotateNotices(at: time)
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

  /// Whether visitors can rely on the kiosk: the radio runs, the clock is right, and F0 data is current.
  /// While the radio starts it is given the benefit of the doubt.
  ///
  /// Inlined, as what follows of that kind: a call would copy the whole kiosk.
  @inline(__always)
  private func isDegraded(at moment: Moment) -> Bool {
    guard startedAt != nil else { return false }
    switch host.state {
    case .down, .recovering: return true
    case .closed, .opening, .starting, .running, .stopping:
      return !moment.isSynchronised || feed?.isStale(at: moment) ?? false
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
      effects.append(.packContacts(before: moment.utc.adding(milliseconds: -CoreLimits.unpackedMilliseconds)))
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
