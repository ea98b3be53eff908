// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Simulator
import Tracer

/// What a kiosk is told in some minutes, as events that can be told to any number of kiosks: each does the same with them,
/// since all it knows comes from its events.
struct Traffic {
  var name: String
  /// One packet at a time, with the commands' answers among them, and the ticks between.
  var events: [(event: Kiosk.Event, moment: Moment)] = []
  /// The packets of `events` alone.
  var packets: [(bytes: [UInt8], moment: Moment)] = []
  var reports = 0
  let start: Moment

  /// The kiosk that they were told first.
  private var kiosk: Kiosk
  private var generation = 0

  private init(_ name: String, from start: Moment) {
    self.name = name
    self.start = start
    kiosk = Self.kiosk(at: start)
  }

  static func kiosk(at start: Moment) -> Kiosk {
    let baseDay = start.utc.milliseconds / SlotScheme.dayMilliseconds - 1
    let identity = BluezoneKey([UInt8](repeating: 9, count: BluezoneKey.byteCount)).map {
      BluezoneIdentity(baseKey: $0, baseDay: baseDay)
    }
    return Kiosk(settings: Settings(), identity: identity, startingAt: start, randomBits: { 0x1234_5678_9ABC_DEF0 })
  }

  // MARK: Where it comes from

  /// A simulated rush hour: some 120 people in the hall, two in five with the app.
  static func rushHour(minutes: Int64) -> Traffic {
    var run = CrowdRun(.rushHour)
    var traffic = Traffic("rush hour, \(minutes) min", from: run.start)
    traffic.tell(.start, at: run.start)
    run.run(for: minutes * 60_000) { packets, moment in
      var sent: [[UInt8]] = []
      if packets.isEmpty { sent += traffic.tell(.tick, at: moment) }
      for packet in packets { sent += traffic.hear(packet, at: moment) }
      return .init(packets: sent, deadline: traffic.kiosk.nextDeadline)
    }
    return traffic.counted()
  }

  /// All recordings of a folder one after the other, each room a folder in it; a controller in software answers the
  /// kiosk's commands.
  static func recordings(_ folder: String) throws -> Traffic {
    var packets: [(milliseconds: Int64, bytes: [UInt8])] = []
    for room in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + room)) ?? []
      for file in files.sorted() where file.hasSuffix(".btsnoop") {
        let path = URL(fileURLWithPath: folder + "/" + room + "/" + file)
        var reader = try BtsnoopReader([UInt8](try Data(contentsOf: path)))
        let offset = packets.last?.milliseconds ?? 0
        var first: Int64?
        while let record = try reader.next() {
          let zero = first ?? record.microseconds
          first = zero
          // A recording's clock may step back; time does not.
          let time = max(offset + (record.microseconds - zero) / 1000, packets.last?.milliseconds ?? 0)
          if record.isReceived { packets.append((time, record.packet)) }
        }
      }
    }
    let start = Moment(monotonic: .init(milliseconds: 5000), utc: .init(seconds: 1_763_683_200))
    var traffic = Traffic("recordings of real phones", from: start)
    var controller = SoftwareController()
    func moment(_ time: MonotonicTime) -> Moment { Moment(monotonic: time, utc: start.utc(at: time)) }
    /// Time up to `end` passes, and both sides say what they have to.
    func pass(to end: MonotonicTime) {
      repeat {
        let due = [traffic.kiosk.nextDeadline, controller.nextDeadline].compactMap(\.self).min() ?? end
        let now = moment(min(max(due, traffic.events.last?.moment.monotonic ?? due), end))
        controller.advance(to: now.monotonic, utc: now.utc)
        var sent = traffic.kiosk.nextDeadline <= now.monotonic ? traffic.tell(.tick, at: now) : []
        repeat {
          for packet in sent { controller.receive(packet) }
          sent = []
          for packet in controller.output { sent += traffic.hear(packet, at: now) }
          controller.output = []
        } while !sent.isEmpty
        guard now.monotonic < end else { return }
      } while true
    }
    for packet in traffic.tell(.start, at: start) { controller.receive(packet) }
    for packet in packets {
      let now = start.monotonic.adding(milliseconds: packet.milliseconds)
      pass(to: now)
      for answer in traffic.hear(packet.bytes, at: moment(now)) { controller.receive(answer) }
    }
    return traffic.counted()
  }

  // MARK: Told and kept

  private mutating func hear(_ packet: [UInt8], at moment: Moment) -> [[UInt8]] {
    packets.append((packet, moment))
    return tell(.packets([packet], generation: generation), at: moment)
  }

  /// Tells the kiosk, and what follows from it. Returns what it sends.
  @discardableResult
  private mutating func tell(_ event: Kiosk.Event, at moment: Moment) -> [[UInt8]] {
    events.append((event, moment))
    kiosk.handle(event, at: moment)
    var sent: [[UInt8]] = []
    for effect in kiosk.takeEffects() {
      switch effect {
      case .radio(.open(let new)):
        generation = new
        sent += tell(.radioOpened(generation: new), at: moment)
      case .radio(.send(let packet)): sent.append(packet)
      case .write: sent += tell(.contactsWritten, at: moment)
      case .writeVisits: sent += tell(.visitsWritten, at: moment)
      default: break
      }
    }
    return sent
  }

  private consuming func counted() -> Traffic {
    reports = kiosk.host.counters.reports
    return self
  }
}
