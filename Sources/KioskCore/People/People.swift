// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Who is around and near, as people: from sightings to tracks (one address each), from tracks to persons (one handset
/// each), from persons to visits and to whom to prompt. docs/counting.md explains the model.
///
/// A sighting costs one look-up; everything else is done in `advance`, twice a second.
public struct People: Sendable {
  public struct Settings: Hashable, Sendable {
    public var near = NearRule()
    /// Not heard for this long, a device is gone.
    public var aroundMilliseconds: Int64 = 30_000
    /// Time constant of the smoothing of RSSI.
    public var smoothingMilliseconds: Double = 2500
    /// Near for this long, a person visits.
    public var dwellMilliseconds: Int64 = 3000
    /// Not near for this long, the visit is over.
    public var awayMilliseconds: Int64 = 60_000
    /// Around for this long, a phone is the office's own: a fixture. It stays one until it is gone.
    public var fixtureMilliseconds: Int64 = 3 * 3_600_000
    /// Around for this long and lying still all the time, it is one as well, until it moves.
    public var stillMilliseconds: Int64 = 20 * 60_000
    /// A phone without the app is prompted when it has been near for this long.
    public var promptMilliseconds: Int64 = 500
    /// It must have been around for so long without a sign of the app. An Android phone with the app pauses 15 s
    /// of every 30 (docs/bluezone.md, Radio).
    public var androidListeningMilliseconds: Int64 = 15_500
    /// The same for an iPhone, which shows a sign of the app within a second and is asked then.
    public var iosListeningMilliseconds: Int64 = 3000

    /// From this score on (`LinkModel`) two streams are taken for one phone's.
    var joinScore: Float = 0.3
    /// Below this score two streams that were joined are taken apart again.
    var partScore: Float = -3
    /// A stream takes the place of a joined one if it fits better by so much.
    var swapScore: Float = 3
    /// Up to these odds a stream is not another phone's with the app, and its owner may be prompted.
    var doubtOdds: Float = 0.012
    /// How long the scanner stays on a channel.
    var scanIntervalMicroseconds: Int64 = 60_000

    public init() {}
  }

  /// Live figures. Bluezoners are included in people.
  public struct Counts: Hashable, Sendable {
    public var people = 0
    public var bluezoners = 0
    public var nearPeople = 0
    public var nearBluezoners = 0
    /// Addresses heard, for comparison.
    public var devices = 0

    /// How far `people` and `nearPeople` may be off, to either side; docs/counting.md says how often they are.
    public var uncertainty: Int { Self.uncertainty(people) }
    public var nearUncertainty: Int { Self.uncertainty(nearPeople) }

    /// At least one as soon as there is anybody.
    private static func uncertainty(_ count: Int) -> Int { count > 0 ? max(1, (count + 4) / 5) : 0 }

    public init() {}
  }

  public enum Event: Hashable, Sendable {
    /// A Bluezoner has come near and stayed for the dwell; once a visit.
    case bluezonerNear(Platform?)
    /// A person without the app stands near, or nearly: prompt. Once a stay; once more if near a minute after they were
    /// only nearly so, on coming near again a minute later, and where it is unsure that they were the one who was asked.
    case prompt(Platform?)
    case visitOpened(Visit)
    case visitClosed(Visit)
    /// The visit turned out to be part of another, or none: of a thing that has lain there all the time. It may have
    /// ended before.
    case visitWithdrawn(Visit)
  }

  public private(set) var counts = Counts()
  /// Newcomers not counted because the table was full.
  public private(set) var turnedAway = 0

  let settings: Settings
  var tracks: [Track] = []
  /// Places in `tracks` and `persons` that are free.
  var freeTracks: [Int32] = []
  var isLive: [Bool] = []
  var persons: [Person?] = []
  var freePersons: [Int32] = []
  private var index = TrackIndex()
  /// Which channel a report was heard on.
  private(set) var channels: ScanChannels
  /// Whose each id is.
  var owners: [BluezoneID: Int32] = [:]
  /// Tracks that began lately and may continue another.
  var newcomers: [Int32] = []
  var events: [Event] = []
  /// How often streams begin that continue none, and when nothing was heard at all.
  var arrivals = Arrivals()
  var silentSpells = SilentSpells()
  /// When the slot began, and with it everybody's id changed, monotonic milliseconds; long ago while nobody knows.
  var slotBegan = Int64.min
  var visitNumber = 0
  /// Streams of phones near the kiosk, of the last second.
  var streamCounts: [DeviceSigns.Stream: Int] = [:]
  /// Of streams that may be one phone's; by the serial numbers of both.
  var paired: [UInt64: PairedReports] = [:]
  /// What was reckoned of each stream in this second (`oddsOfApp`), by person.
  var appOdds: [DeviceSigns.Stream: [Int32: Float]] = [:]
  /// Tracks so far.
  private var admitted: UInt32 = 0
  /// When time was last let pass, monotonic milliseconds: between two steps `counts` and visits stay.
  private(set) var lastStep: Int64?

  /// Milliseconds from one step to the next.
  static let stepMilliseconds: Int64 = 500

  public init(settings: Settings = Settings()) {
    self.settings = settings
    channels = ScanChannels(intervalMicroseconds: settings.scanIntervalMicroseconds)
  }

  // MARK: Hearing

  public mutating func hear(_ sighting: Sighting, at moment: Moment) {
    let now = moment.monotonic.milliseconds
    silentSpells.hear(at: now)
    let known = index[sighting.address]
    guard let i = known ?? admit(sighting, at: now) else { return }
    let (near, timeConstant) = (settings.near, Float(settings.smoothingMilliseconds))
    let isChanged = tracks[Int(i)].hear(sighting, &channels, near: near, timeConstant: timeConstant, at: now)
    if isChanged || known == nil { settle(i) }
    let (person, threshold) = (tracks[Int(i)].person, tracks[Int(i)].threshold)
    if let rssi = sighting.rssiDBm, person >= 0 {
      // By a span: in an array it would be reached through a call before and a call after.
      var persons = persons.mutableSpan
      persons[Int(person)]?.nearness.hear(Float(rssi) - threshold, near, timeConstant: timeConstant, at: now)
    }
    if let id = sighting.bluezoneID, tracks[Int(i)].id != id { learn(id, sighting.platform, of: i, at: now) }
  }

  /// The controller has begun to scan, as after each change of its address.
  public mutating func scanBegan() { channels.restart() }

  private mutating func admit(_ sighting: Sighting, at now: Int64) -> Int32? {
    guard index.count < CoreLimits.devices else {
      turnedAway += 1
      return nil
    }
    var track = Track(sighting, near: settings.near, at: now)
    admitted &+= 1
    track.serial = admitted
    let i: Int32
    if let free = freeTracks.popLast() {
      i = free
      tracks[Int(i)] = track
      isLive[Int(i)] = true
    } else {
      i = Int32(tracks.count)
      tracks.append(track)
      isLive.append(true)
    }
    index.insert(sighting.address, i)
    return i
  }

  /// A device that turns out to be a phone becomes a person.
  private mutating func settle(_ i: Int32) {
    guard tracks[Int(i)].person < 0, tracks[Int(i)].signs.kind.isPhone else { return }
    tracks[Int(i)].person = add(Person(tracks: [i], firstHeard: tracks[Int(i)].firstHeard))
    newcomers.append(i)
  }

  func person(_ i: Int32) -> Person? { i >= 0 && Int(i) < persons.count ? persons[Int(i)] : nil }

  mutating func add(_ person: Person) -> Int32 {
    if let free = freePersons.popLast() {
      // What was reckoned was of whoever had this place.
      for stream in appOdds.keys { appOdds[stream]?[free] = nil }
      persons[Int(free)] = person
      return free
    }
    persons.append(person)
    return Int32(persons.count - 1)
  }

  /// An id was told by a track for the first time.
  private mutating func learn(_ id: BluezoneID, _ platform: Platform?, of i: Int32, at now: Int64) {
    // Read over a connection, it comes without an advertisement's facts.
    tracks[Int(i)].learnID(id, platform)
    settle(i)
    let own = tracks[Int(i)].person
    guard person(own) != nil else { return }
    persons[Int(own)]?.isBluezoner = true
    if persons[Int(own)]?.bluezonerSince == nil { persons[Int(own)]?.bluezonerSince = now }
    if let platform { persons[Int(own)]?.platform = platform }
    if let owner = owners[id], owner != own, person(owner) != nil { merge(own, into: owner) }
    owners[id] = tracks[Int(i)].person
  }

  // MARK: Persons

  /// Makes one person of two.
  mutating func merge(_ a: Int32, into b: Int32) {
    guard a != b, let first = person(a), let second = person(b) else { return }
    if let lost = second.visit, let kept = first.visit {
      withdraw(kept.start < lost.start ? lost : kept)
    }
    persons[Int(b)] = second.merged(with: first)
    for i in first.tracks {
      tracks[Int(i)].person = b
      if let id = tracks[Int(i)].id, owners[id] == a { owners[id] = b }
    }
    free(person: a)
  }

  mutating func free(person i: Int32) {
    persons[Int(i)] = nil
    freePersons.append(i)
  }

  private mutating func withdraw(_ visit: Visit) { events.append(.visitWithdrawn(visit)) }

  // MARK: Going on

  /// Lets time pass. Returns what has happened since the last call.
  public mutating func advance(to moment: Moment) -> [Event] {
    let now = moment.monotonic.milliseconds
    if let lastStep, now < lastStep + Self.stepMilliseconds, events.isEmpty { return [] }
    return takeSteps(to: now, moment)
  }

  private mutating func takeSteps(to now: Int64, _ moment: Moment) -> [Event] {
    let due = now - now % Self.stepMilliseconds
    if let last = lastStep {
      // After a long pause the seconds between are all alike: a few of them are enough.
      var time = max(last + Self.stepMilliseconds, due - 4 * Self.stepMilliseconds)
      while time <= due {
        step(at: time, moment)
        time += Self.stepMilliseconds
      }
      lastStep = max(last, due)
    } else {
      lastStep = due
      step(at: due, moment)
    }
    defer { events.removeAll(keepingCapacity: true) }
    return events
  }

  /// When `advance` next has something to do; nil while nobody is here.
  public var nextDeadline: MonotonicTime? {
    guard let lastStep, !index.isEmpty || persons.count > freePersons.count else { return nil }
    return MonotonicTime(milliseconds: lastStep + Self.stepMilliseconds)
  }

  /// The visits that have not ended, each as it stands.
  public var openVisits: [Visit] { persons.compactMap { $0?.visit } }

  private mutating func step(at now: Int64, _ moment: Moment) {
    let isSecond = now % 1000 == 0
    if isSecond { appOdds.removeAll(keepingCapacity: true) }
    channels.advance()
    noteSlot(at: moment)
    expire(at: now, closing: isSecond ? now / 1000 - 1 : nil)
    if isSecond { arrivals.endSecond() }
    link(at: now, moment)
    if isSecond { join(at: now, second: now / 1000 - 1) }
    count(at: now)
  }

  private mutating func noteSlot(at moment: Moment) {
    guard moment.isSynchronised else { return slotBegan = .min }
    let scheme = SlotScheme.standard
    let elapsed = moment.utc.milliseconds - scheme.start(of: scheme.slot(at: moment.utc)).milliseconds
    slotBegan = moment.monotonic.milliseconds - elapsed
  }

  /// Forgets tracks that were not heard for long, and ends a second of the trails.
  private mutating func expire(at now: Int64, closing second: Int64?) {
    for i in tracks.indices where isLive[i] {
      if now - tracks[i].lastHeard >= settings.aroundMilliseconds {
        isLive[i] = false
        index.remove(tracks[i].address)
        freeTracks.append(Int32(i))
        let p = tracks[i].person
        if p >= 0 { persons[Int(p)]?.tracks.removeAll { $0 == Int32(i) } }
        if let id = tracks[i].id, owners[id] == p, !hasOther(with: id, than: i) { owners[id] = nil }
      } else if let second {
        tracks[i].trail.close(second)
      }
    }
    forgetNewcomers(at: now)
    silentSpells.advance(to: now)
  }

  private func hasOther(with id: BluezoneID, than i: Int) -> Bool {
    guard let person = person(tracks[i].person) else { return false }
    return person.tracks.contains { tracks[Int($0)].id == id }
  }

  /// Who was not found to continue another until now has come.
  private mutating func forgetNewcomers(at now: Int64) {
    var kept: [Int32] = []
    for i in newcomers where isLive[Int(i)] {
      let track = tracks[Int(i)]
      if now - track.firstHeard <= LinkModel.newcomerMilliseconds {
        kept.append(i)
      } else if let dBm = track.settledDBm, !continues(i) {
        arrivals.add(track.signs.stream, dBm: dBm)
      }
    }
    newcomers = kept
  }

  private mutating func count(at now: Int64) {
    counts = Counts()
    counts.devices = index.count
    for i in persons.indices {
      guard var person = persons[i] else { continue }
      update(&person, at: now)
      let isOver = visit(&person, at: now)
      persons[i] = person
      if isOver, person.tracks.isEmpty {
        free(person: Int32(i))
        continue
      }
      guard person.isAround, !person.isFixture else { continue }
      counts.people += 1
      if person.isNear { counts.nearPeople += 1 }
      guard person.isBluezoner, person.isIDAround else { continue }
      counts.bluezoners += 1
      if person.isNear { counts.nearBluezoners += 1 }
    }
  }

  /// What the person's tracks say together.
  private mutating func update(_ person: inout Person, at now: Int64) {
    shareTxPower(person)
    takeRaise(&person)
    person.isAround = !person.tracks.isEmpty
    person.isNear = person.isAround && person.nearness.isNear
    person.isIDAround = false
    person.hintsAtApp = false
    person.dBm = -127
    for i in person.tracks {
      let track = tracks[Int(i)]
      if track.hintsAtApp { person.hintsAtApp = true }
      if track.id != nil { person.isIDAround = true }
      if person.platform == nil { person.platform = track.signs.platform }
      guard track.successor < 0 else { continue }
      person.dBm = max(person.dBm, track.strength.dBm)
      if person.isNear { person.nearestDBm = max(person.nearestDBm, track.strength.dBm) }
    }
    if person.isBluezoner { person.isWithoutID = !person.isIDAround && isHeard(person, at: now) }
    if person.isAround { learnFixture(&person, at: now) }
  }

  private func isHeard(_ person: Person, at now: Int64) -> Bool {
    person.tracks.contains { now - tracks[Int($0)].lastHeard < Self.stepMilliseconds }
  }

  /// One stream of a phone tells with which power it sends, the others do not.
  private mutating func shareTxPower(_ person: Person) {
    guard person.tracks.count > 1 else { return }
    var told: Int8?
    for i in person.tracks { told = tracks[Int(i)].txPowerDBm ?? told }
    guard let told else { return }
    for i in person.tracks { tracks[Int(i)].learnPhonesTxPower(told, near: settings.near) }
  }

  /// What its tracks have learned of their thresholds since the last step holds for what was heard before as well.
  private mutating func takeRaise(_ person: inout Person) {
    var (raised, all): (Float, Float) = (0, 0)
    for i in person.tracks where tracks[Int(i)].successor < 0 {
      // Each has its part in what was heard by how often it sends.
      let share = 1 / tracks[Int(i)].meanInterval
      raised += share * tracks[Int(i)].takeRaise()
      all += share
    }
    if raised != 0 { person.nearness.raiseThreshold(by: raised / all) }
  }

  /// What has been here for hours, or has lain still for long, is not somebody who came.
  private func learnFixture(_ person: inout Person, at now: Int64) {
    let age = now - person.firstHeard
    if person.dBm > -127, age >= Self.begunMilliseconds {
      person.leastDBm = min(person.dBm, person.leastDBm)
      person.mostDBm = max(person.dBm, person.mostDBm)
    }
    if person.dBm > -127, age >= Self.settledMilliseconds {
      let share = Float(Self.stepMilliseconds) / Self.stillMemoryMilliseconds
      person.weakestDBm = min(person.dBm, person.weakestDBm + (person.dBm - person.weakestDBm) * share)
      person.strongestDBm = max(person.dBm, person.strongestDBm + (person.dBm - person.strongestDBm) * share)
    }
    let isStill = person.strongestDBm - person.weakestDBm <= Self.stillDB
    person.isFixture = age >= settings.fixtureMilliseconds || age >= settings.stillMilliseconds && isStill
  }

  /// Smoothed RSSI says nothing of rest before it has settled.
  private static let settledMilliseconds: Int64 = 10_000
  /// But whoever comes in has gone some steps by then.
  private static let begunMilliseconds: Int64 = 2000
  /// The bounds follow so slowly: doors and people about the room change what is heard of a thing over the hours.
  private static let stillMemoryMilliseconds: Float = 900_000
  /// Smoothed RSSI of what lies still stays within so many dB; that of a person who sits does not for long.
  private static let stillDB: Float = 14
}
