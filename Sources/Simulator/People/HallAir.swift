// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The air of a hall: a software controller at the kiosk and a crowd around it. Time is told to it; by the same crowd
/// and times it always does the same.
///
/// Strength at the kiosk = level at 1 m − path loss − body + shadowing + fading. Path loss is log-distance with
/// exponent 2.2. The deviations are those of the recorded adverts, see `Spread`.
public struct HallAir: Sendable {
  public var controller: SoftwareController
  /// Advertisements sent so far, and those of them that the receiver could make out.
  public private(set) var sent = 0
  public private(set) var received = 0

  /// Begins again when the scenario is over, for a demo without end.
  public var repeats = false
  /// They hear the same with perfect ears.
  public var perfect: [PerfectReceiver] = []

  private let crowd: Crowd
  private var start: MonotonicTime
  /// What the wall clock showed at `start`, by the last moment told.
  private var utcAtStart: UTCTime
  private var random: SplitMix64
  private var people: Places<Carrier> = .init()
  private var radios: Places<Radio> = .init()
  private var senders: Places<Sender> = .init()
  private var sendings = TimeHeap()
  private var nextArrival = 0
  /// Milliseconds since the scenario began.
  private var now: Int64 = 0
  /// Audible sendings of this second and the chance of losing one, from those of the second before.
  private var load: (second: Int64, sendings: Int, loss: Float) = (0, 0, 0.03)

  /// A person or a thing that carries radios.
  private struct Carrier {
    var walk: Walk
    var leg = 0
    var isFixture: Bool
    var radios = 0
    /// When the rest was last worked out; it holds for `period`.
    var updated = Int64.min
    var period: Int64 = 0
    var pathLossDB: Float = 0
    /// How far it faces the kiosk, 1 to −1.
    var towards: Float = 1
    var isMoving = false
    var shadowDB: Float
  }

  private struct Radio {
    var carrier: Int
    var device: Handset
    /// Whose it is; nil for a thing.
    var owner: PerfectReceiver.Key?
    var senders = 0
    var updated = Int64.min
    var meanDBm: Float = -120
    var isInHand = false
    var slowDB: Float
    /// Above the mean on channels 37, 38 and 39: the echoes differ.
    var channelsDB: SIMD4<Float>
  }

  private struct Sender {
    var radio: Int
    var advertiser: Advertiser
    var period: Advertiser.Period?
    var isInHand = false
  }

  public init(
    _ crowd: Crowd, startingAt start: Moment, abilities: SoftwareController.Abilities = .init()
  ) {
    self.crowd = crowd
    self.start = start.monotonic
    utcAtStart = start.utc
    random = SplitMix64(seed: crowd.scenario.seed ^ 0x6169_7220_6F66_2061)
    controller = SoftwareController(abilities: abilities, seed: ~crowd.scenario.seed)
    controller.countsConnections = false
    addFixtures()
  }

  private mutating func addFixtures() {
    for fixture in crowd.fixtures {
      add(
        Walk(startingAt: 0, position: fixture.position), devices: [fixture.device], person: nil)
    }
  }

  /// Lets time pass up to `moment`; what was sent until then is on its way to the host.
  public mutating func advance(to moment: Moment) {
    beginAgain(at: moment.monotonic)
    let end = moment.monotonic.milliseconds(since: start)
    utcAtStart = moment.utc(at: start)
    while true {
      var due = sendings.first?.time ?? Int64.max
      if nextArrival < crowd.people.count { due = min(due, crowd.people[nextArrival].span.lowerBound) }
      if let deadline = controller.nextDeadline { due = min(due, deadline.milliseconds(since: start)) }
      guard due <= end else { break }
      pass(to: due)
      while nextArrival < crowd.people.count, crowd.people[nextArrival].span.lowerBound <= now {
        let person = crowd.people[nextArrival]
        nextArrival += 1
        add(person.walk, devices: person.handsets, person: person.number)
      }
      while let first = sendings.first, first.time <= now {
        if let next = send(first.index) {
          sendings.replaceFirst(time: max(next, now + 1), index: first.index)
        } else {
          sendings.removeFirst()
          leave(first.index)
        }
      }
    }
    pass(to: end)
  }

  /// When something is next sent, somebody comes, or a connection has something to do.
  public var nextDeadline: MonotonicTime? {
    var due = sendings.first?.time ?? Int64.max
    if nextArrival < crowd.people.count { due = min(due, crowd.people[nextArrival].span.lowerBound) }
    let own = due == .max ? nil : start.adding(milliseconds: due)
    return [own, controller.nextDeadline].compactMap(\.self).min()
  }

  /// Devices whose owners are here, fixtures included.
  public var radioCount: Int { radios.count }

  private mutating func beginAgain(at time: MonotonicTime) {
    let duration = crowd.scenario.durationMilliseconds
    while repeats, duration > 0, time.milliseconds(since: start) >= duration {
      start = start.adding(milliseconds: duration)
      (people, radios, senders, sendings) = (.init(), .init(), .init(), .init())
      (now, nextArrival, load.second) = (0, 0, 0)
      addFixtures()
    }
  }

  private mutating func pass(to time: Int64) {
    now = max(now, time)
    controller.advance(to: start.adding(milliseconds: now), utc: utcAtStart.adding(milliseconds: now))
  }

  // MARK: Coming and going

  private mutating func add(_ walk: Walk, devices: [Handset], person: Int?) {
    let isFixture = person == nil
    guard devices.contains(where: { !$0.advertisers.isEmpty }) else { return }
    let carrier = people.insert(
      Carrier(walk: walk, isFixture: isFixture, shadowDB: Fading.normal(&random) * Spread.shadowDB))
    for (number, device) in devices.enumerated() where !device.advertisers.isEmpty {
      let channels = SIMD4<Float>(
        Fading.normal(&random), Fading.normal(&random), Fading.normal(&random), 0)
      let radio = radios.insert(
        Radio(
          carrier: carrier, device: device,
          owner: device.kind.isPhone ? person.map { PerfectReceiver.Key(person: $0, handset: number) } : nil,
          slowDB: 0, channelsDB: channels * Spread.channelDB))
      people.all[carrier].radios += 1
      for advertiser in device.advertisers {
        let sender = senders.insert(Sender(radio: radio, advertiser: advertiser))
        radios.all[radio].senders += 1
        let first = max(advertiser.active.lowerBound, now)
        sendings.insert(
          time: first + Int64.random(in: 0..<advertiser.intervalMilliseconds, using: &random), index: sender)
      }
    }
  }

  private mutating func leave(_ sender: Int) {
    let radio = senders.all[sender].radio
    senders.free(sender)
    radios.all[radio].senders -= 1
    guard radios.all[radio].senders == 0 else { return }
    let carrier = radios.all[radio].carrier
    radios.free(radio)
    people.all[carrier].radios -= 1
    if people.all[carrier].radios == 0 { people.free(carrier) }
  }

  // MARK: Sending

  /// - Returns: when it sends next, nil when it has sent for the last time.
  private mutating func send(_ i: Int) -> Int64? {
    let advertiser = senders.all[i].advertiser
    guard now < advertiser.active.upperBound else { return nil }
    // Advertisers add up to 10 ms to every interval. Source: Core 5.4, vol. 6, part B, 4.4.2.2.
    let bits = random.next()
    let next = now + advertiser.intervalMilliseconds + Int64(bits & 0xFFFF) * 11 >> 16
    if let duty = advertiser.duty {
      let position = duty.position(at: now)
      if position >= duty.on {
        return now + duty.on + duty.off - position + Int64(bits >> 16 & 0xFFFF) * advertiser.intervalMilliseconds >> 16
      }
    }
    sent += 1
    let radio = senders.all[i].radio
    update(radio)
    let mean = radios.all[radio].meanDBm + advertiser.powerDB
    guard mean > -105 else { return next }
    // A scanner listens on one of the three channels at a time, and so hears an advertisement once.
    let listening = controller.listeningChannel
    tellPerfect(radios.all[radio], advertiser, channel: listening)
    guard let channel = listening else { return next }
    let rssi = mean + radios.all[radio].channelsDB[channel] + Fading.normal(&random) * Spread.instantDB
    guard isReceived(rssi) else { return next }
    received += 1
    refresh(i, radio: radio)
    hear(i, radio: radio, rssiDBm: Int8(clamping: Int(min(max(rssi, -127), -20).rounded())))
    return next
  }

  private mutating func tellPerfect(_ radio: Radio, _ advertiser: Advertiser, channel: Int?) {
    guard let owner = radio.owner, !perfect.isEmpty else { return }
    let mean = radio.meanDBm + advertiser.powerDB
    let all = mean + radio.channelsDB.sum() / 3
    let one = channel.map { mean + radio.channelsDB[$0] }
    // As weak as the kiosk's own radio may hear it.
    guard all > Self.leastDBm else { return }
    for i in perfect.indices {
      guard let levelDBm = perfect[i].rule.hearsAllChannels ? all : one else { continue }
      perfect[i].hear(
        owner, radio.device.platform, levelDBm: levelDBm, txPowerDBm: radio.device.txPowerDBm,
        isBluezone: advertiser.payload.isBluezone, at: now)
    }
  }

  private mutating func hear(_ i: Int, radio: Int, rssiDBm: Int8) {
    guard let transmission = senders.all[i].period?.transmission else { return }
    let advertiser = senders.all[i].advertiser
    // Who is there is asked when somebody looks for it.
    let peer =
      controller.initiatingPeer == transmission.address
      ? peer(of: radios.all[radio], while: advertiser.active) : nil
    controller.hear(transmission, rssiDBm: rssiDBm, eventType: advertiser.isConnectable ? 0 : 3, peer: peer)
  }

  private func peer(of radio: Radio, while active: Range<Int64>) -> VirtualPeer? {
    let hasBluezone = radio.device.bluezoneSince.map { now >= $0 } ?? false
    guard radio.device.kind == .iPhone, var device = hasBluezone ? radio.device.bluezone : radio.device.otherApp else {
      return nil
    }
    let last = radio.device.advertisers.map(\.active.upperBound).max() ?? active.upperBound
    device.presence = start..<start.adding(milliseconds: max(last, 1))
    return VirtualPeer(device)
  }

  /// What it sends now, made anew when its address changes or its phone is taken out.
  private mutating func refresh(_ i: Int, radio: Int) {
    let isInHand = radios.all[radio].isInHand
    if let period = senders.all[i].period, now < period.until, senders.all[i].isInHand == isInHand { return }
    senders.all[i].isInHand = isInHand
    senders.all[i].period = senders.all[i].advertiser.period(
      at: now, utc: utcAtStart.adding(milliseconds: now), isInHand: isInHand,
      bluezone: radios.all[radio].device.bluezone
    )
  }

  /// Weak ones are lost to noise, some of all to each other: an advertisement of 31 bytes takes 0.38 ms, and meets
  /// another if that begins within as long before or after; half of those that do are strong enough all the same.
  private mutating func isReceived(_ rssi: Float) -> Bool {
    guard rssi > Self.leastDBm else { return false }
    let second = now / 1000
    if second != load.second {
      load = (second, 0, min(0.03 + Float(load.sendings) * 0.000_38, 0.5))
    }
    load.sendings += 1
    let weakness = min(max((Self.sureDBm - rssi) / (Self.sureDBm - Self.leastDBm), 0), 1)
    let heard = (1 - weakness) * (1 - load.loss)
    return Fading.uniform(&random) < heard
  }

  private static let leastDBm: Float = -98
  private static let sureDBm: Float = -90

  // MARK: Strength

  private mutating func update(_ i: Int) {
    let carrier = radios.all[i].carrier
    if now - people.all[carrier].period >= people.all[carrier].updated { place(carrier) }
    guard radios.all[i].updated < people.all[carrier].updated else { return }
    let elapsed = radios.all[i].updated == .min ? 60 : Float(people.all[carrier].updated - radios.all[i].updated) / 1000
    radios.all[i].updated = people.all[carrier].updated
    let isFixture = people.all[carrier].isFixture
    let isMoving = people.all[carrier].isMoving
    let spread = isFixture ? Spread.fixture : isMoving ? Spread.moving : Spread.standing
    radios.all[i].slowDB = Fading.step(
      radios.all[i].slowDB, elapsed: elapsed, tau: spread.slowSeconds, deviation: spread.slowDB, &random)
    for channel in 0..<3 {
      radios.all[i].channelsDB[channel] = Fading.step(
        radios.all[i].channelsDB[channel], elapsed: elapsed, tau: spread.channelSeconds, deviation: Spread.channelDB,
        &random)
    }
    let isInHand = radios.all[i].device.isInHand(at: now)
    radios.all[i].isInHand = isInHand
    let body = radios.all[i].device.bodyLoss(towards: people.all[carrier].towards, isInHand: isInHand)
    radios.all[i].meanDBm =
      radios.all[i].device.levelDBm - people.all[carrier].pathLossDB - body + people.all[carrier].shadowDB
      + radios.all[i].slowDB
  }

  private mutating func place(_ i: Int) {
    let elapsed = people.all[i].updated == .min ? 0 : Float(now - people.all[i].updated) / 1000
    people.all[i].updated = now
    let place = people.all[i].walk.place(at: now, leg: &people.all[i].leg)
    let square = max((place.position * place.position).sum(), 0.09)
    let spread = people.all[i].isFixture ? Spread.fixture : place.isMoving ? Spread.moving : Spread.standing
    people.all[i].period = spread.periodMilliseconds
    people.all[i].isMoving = place.isMoving
    people.all[i].towards = -(place.facing * place.position).sum() / square.squareRoot()
    // 10 · 2.2 · log10(d) = 3.311 · log2(d²).
    people.all[i].pathLossDB = 3.311 * Fading.log2(square) + (place.position.y < -1.5 ? Spread.wallDB : 0)
    people.all[i].shadowDB = Fading.step(
      people.all[i].shadowDB, elapsed: elapsed, tau: spread.shadowSeconds, deviation: Spread.shadowDB, &random)
  }
}
