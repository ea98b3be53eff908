// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Runs a scenario through whatever hosts the controller: packets go in, HCI commands come out.
public struct CrowdRun: Sendable {
  public let crowd: Crowd
  public var air: HallAir
  public private(set) var now: Moment
  public let start: Moment
  /// Packets reach the host in bunches of this length, as a busy controller sends them; while something is connected
  /// or looked for, at once.
  public var stepMilliseconds: Int64 = 10

  /// A btsnoop recording of both directions, by the wall clock of the scenario; nil unless asked for.
  public private(set) var recording: [UInt8]?

  /// Keeps a recording from now on, in memory: 24 bytes and the packet for each.
  public mutating func record() { recording = BtsnoopWriter.fileHeader }

  /// What a host answers.
  public struct Answer: Sendable {
    /// Whole HCI packets for the controller, in order.
    public var packets: [[UInt8]]
    /// When it wants to be called even if nothing has come in; nil for never.
    public var deadline: MonotonicTime?

    public init(packets: [[UInt8]], deadline: MonotonicTime?) {
      self.packets = packets
      self.deadline = deadline
    }
  }

  /// The host: takes packets from the controller, none when only time has passed.
  public typealias Host = (_ packets: [[UInt8]], _ moment: Moment) throws -> Answer

  private var deadline: MonotonicTime?

  /// - Parameter abilities: of the controller.
  public init(_ scenario: Scenario, abilities: SoftwareController.Abilities = .init()) {
    self.init(Crowd(scenario), abilities: abilities)
  }

  public init(_ crowd: Crowd, abilities: SoftwareController.Abilities = .init()) {
    self.crowd = crowd
    start = Moment(
      monotonic: MonotonicTime(milliseconds: 5000), utc: crowd.scenario.start, utcOffsetSeconds: 7 * 3600)
    now = start
    deadline = start.monotonic
    air = HallAir(crowd, startingAt: start, abilities: abilities)
  }

  /// Milliseconds since the scenario began, and whether it is over.
  public var elapsed: Int64 { now.monotonic.milliseconds(since: start.monotonic) }
  public var isOver: Bool { elapsed >= crowd.scenario.durationMilliseconds }

  /// Lets so much time pass, at most until the scenario is over.
  public mutating func run(for milliseconds: Int64 = .max, _ host: Host) rethrows {
    let left = min(milliseconds, crowd.scenario.durationMilliseconds - elapsed)
    let end = now.monotonic.adding(milliseconds: left)
    while now.monotonic < end {
      try exchange(host)
      var next = now.monotonic.adding(milliseconds: isBusy ? Self.busyMilliseconds : stepMilliseconds)
      // An empty hall needs no steps.
      if let due = air.nextDeadline { next = max(next, due) } else { next = end }
      if let deadline { next = min(next, max(deadline, now.monotonic.adding(milliseconds: 1))) }
      next = min(next, end)
      now.utc = now.utc(at: next)
      now.monotonic = next
      air.advance(to: now)
    }
    try exchange(host)
  }

  private var isBusy: Bool { air.controller.connectionCount > 0 || air.controller.initiatingPeer != nil }
  private static let busyMilliseconds: Int64 = 5

  /// Packets back and forth until neither side has more to say at this moment.
  private mutating func exchange(_ host: Host) rethrows {
    for _ in 0..<Self.roundsAtOnce {
      let packets = air.controller.output
      let isDue = deadline.map { $0 <= now.monotonic } ?? false
      guard !packets.isEmpty || isDue else { return }
      air.controller.output.removeAll(keepingCapacity: true)
      let answer = try host(packets, now)
      deadline = answer.deadline
      note(packets, answer.packets)
      for packet in answer.packets { air.controller.receive(packet) }
      if answer.packets.isEmpty, air.controller.output.isEmpty { return }
    }
  }

  private mutating func note(_ received: [[UInt8]], _ sent: [[UInt8]]) {
    guard var bytes = recording else { return }
    recording = nil
    let time = now.utc.milliseconds * 1000
    for packet in received {
      _ = BtsnoopWriter.append(packet, microseconds: time, isReceived: true, drops: 0, to: &bytes)
    }
    for packet in sent {
      _ = BtsnoopWriter.append(packet, microseconds: time, isReceived: false, drops: 0, to: &bytes)
    }
    recording = bytes
  }

  /// More than any host needs; a pair that never comes to rest goes on a millisecond later.
  private static let roundsAtOnce = 200
}
