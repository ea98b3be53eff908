// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Tracer

/// The real host among a crowd, for what the host alone can tell.
final class HostedCrowd {
  var run: CrowdRun
  let truth: GroundTruth
  private let start: Moment
  private var host: HCIHost
  private var generation: Int?
  private var slot: Slot?
  private var bits: SplitMix64
  /// Called with each sighting; the time is milliseconds since the scenario began.
  var heard: (Sighting, Int64) -> Void = { _, _ in }
  /// Called with each packet from the controller.
  var packet: ([UInt8], Moment) -> Void = { _, _ in }

  init(_ crowd: Crowd, configuration: HCIHostConfiguration = .init()) {
    run = CrowdRun(crowd)
    truth = GroundTruth(crowd)
    start = run.start
    host = HCIHost(configuration: configuration)
    bits = SplitMix64(seed: ~crowd.scenario.seed)
  }

  convenience init(_ scenario: Scenario) { self.init(Crowd(scenario)) }

  var counters: HCIHost.Counters { host.counters }
  var reading: ReadScheduler.Counters { host.reading }

  func go(for milliseconds: Int64 = .max) {
    run.run(for: milliseconds) { packets, moment in answer(packets, moment) }
  }

  private func answer(_ packets: [[UInt8]], _ moment: Moment) -> CrowdRun.Answer {
    let now = moment.monotonic
    let present = SlotScheme.standard.slot(at: moment.utc)
    if slot != present {
      slot = present
      let id = BluezoneID((0..<12).map { _ in UInt8(truncatingIfNeeded: bits.next()) })
      host.advertise(.init(address: .resolvableForm(random: bits.next()), id: id, slot: present), at: now)
      host.start(at: now)
    }
    for packet in packets {
      self.packet(packet, moment)
      host.receive(packet, generation: generation ?? 0, at: now)
    }
    if packets.isEmpty { host.tick(at: now) }
    let elapsed = now.milliseconds(since: start.monotonic)
    for sighting in host.sightings { heard(sighting, elapsed) }
    host.sightings.removeAll(keepingCapacity: true)
    var commands: [[UInt8]] = []
    var effects = host.takeEffects()
    while !effects.isEmpty {
      for effect in effects {
        switch effect {
        case .open(let generation):
          self.generation = generation
          host.transportOpened(generation: generation, at: now)
        case .close: generation = nil
        case .send(let packet): commands.append(packet)
        default: break
        }
      }
      effects = host.takeEffects()
    }
    // Slots are looked at each second.
    let second = now.adding(milliseconds: 1000)
    return .init(packets: commands, deadline: min(host.nextDeadline ?? second, second))
  }
}
