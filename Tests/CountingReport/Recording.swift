// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
import Simulator
import Tracer

/// A scenario as the kiosk's host heard it, with what is true of it; to be counted as often as one likes.
struct Recording {
  struct Batch {
    var moment: Moment
    var sightings: Range<Int>
    /// The controller began to scan before them.
    var isScanBegin = false
  }

  let crowd: Crowd
  let truth: GroundTruth
  /// What a perfect receiver would have logged, by the kiosk's own settings; and what it would have with thresholds
  /// one decibel higher and lower.
  let perfect: [PerfectReceiver.Visit]
  let strict: [PerfectReceiver.Visit]
  let lenient: [PerfectReceiver.Visit]
  /// What a perfect receiver would have logged that hears all three channels at once.
  let allChannels: [PerfectReceiver.Visit]
  let owners: Owners
  let start: Moment
  let sightings: [Sighting]
  let batches: [Batch]

  /// Milliseconds of the monotonic clock when the scenario began.
  var zero: Int64 { start.monotonic.milliseconds }

  init(_ scenario: Scenario, settings: People.Settings) {
    var run = CrowdRun(scenario)
    run.air.perfect = [0, Self.toleranceDB, -Self.toleranceDB].map {
      PerfectReceiver(Self.rule(settings, raisedBy: $0))
    }
    var rule = Self.rule(settings, raisedBy: 0)
    rule.hearsAllChannels = true
    run.air.perfect.append(PerfectReceiver(rule))
    crowd = run.crowd
    start = run.start
    truth = GroundTruth(run.crowd)
    owners = Owners(run.crowd)
    var listener = Listener(at: run.start.monotonic)
    run.run { listener.take($0, at: $1) }
    let visits = run.air.perfect.map { $0.finished() }
    (perfect, strict, lenient, allChannels) = (visits[0], visits[1], visits[2], visits[3])
    sightings = listener.sightings
    batches = listener.batches
  }

  /// Who is near by less than this may be missed, and who is not by less may be counted. A controller's RSSI is good to
  /// 6 dB. Source: Core 5.4, vol. 4, part E, 7.5.4.
  static let toleranceDB: Float = 1

  private static func rule(_ settings: People.Settings, raisedBy dB: Float) -> PerfectReceiver.Rule {
    let near = settings.near
    var rule = PerfectReceiver.Rule(
      iosDBm: Float(near.iosDBm), androidDBm: Float(near.androidDBm), hysteresisDB: Float(near.hysteresisDB))
    rule.iosReferenceTxPowerDBm = Float(near.iosReferenceTxPowerDBm)
    rule.iosDBm += dB
    rule.androidDBm += dB
    rule.smoothingMilliseconds = Float(settings.smoothingMilliseconds)
    rule.dwellMilliseconds = settings.dwellMilliseconds
    rule.awayMilliseconds = settings.awayMilliseconds
    rule.fixtureMilliseconds = settings.fixtureMilliseconds
    return rule
  }
}

/// The kiosk's host between the air and a recording of what it heard.
private struct Listener {
  private var host = HCIHost()
  private var slot: Slot?
  private var scanStarts = 0
  private var random = SplitMix64(seed: 77)
  private(set) var sightings: [Sighting] = []
  private(set) var batches: [Recording.Batch] = []

  init(at time: MonotonicTime) { host.start(at: time) }

  mutating func take(_ packets: [[UInt8]], at moment: Moment) -> CrowdRun.Answer {
    host.sightings.removeAll(keepingCapacity: true)
    let slot = SlotScheme.standard.slot(at: moment.utc)
    if self.slot != slot {
      self.slot = slot
      host.advertise(
        .init(
          address: .resolvableForm(random: random.next()),
          id: BluezoneID(Array(repeating: UInt8(slot.index), count: 12)), slot: slot),
        at: moment.monotonic)
    }
    for packet in packets { host.receive(packet, generation: 1, at: moment.monotonic) }
    host.tick(at: moment.monotonic)
    let answer = settle(at: moment.monotonic)
    batches.append(
      .init(
        moment: moment, sightings: sightings.count..<sightings.count + host.sightings.count,
        isScanBegin: host.scanStarts != scanStarts))
    scanStarts = host.scanStarts
    sightings += host.sightings
    return .init(packets: answer, deadline: host.nextDeadline)
  }

  private mutating func settle(at time: MonotonicTime) -> [[UInt8]] {
    var sent: [[UInt8]] = []
    while true {
      let effects = host.takeEffects()
      if effects.isEmpty { return sent }
      for effect in effects {
        switch effect {
        case .open(let generation): host.transportOpened(generation: generation, at: time)
        case .send(let packet): sent.append(packet)
        case .close, .recover: break
        }
      }
    }
  }
}
