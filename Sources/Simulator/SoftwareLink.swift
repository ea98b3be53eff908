// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// One connection in the controller: packets wait for connection events, and a peer that is gone is found out.
struct SoftwareLink: Sendable {
  /// What came of one step.
  struct Step {
    /// Packets of the host that the peer has taken.
    var completed = 0
    /// Frames for the host.
    var frames: [[UInt8]] = []
    /// Why the connection is over.
    var reason: UInt8?
  }

  let handle: UInt16
  let role: LERole
  let address: BluetoothAddress
  private(set) var peer: VirtualPeer
  /// Time between two connection events, and until the connection counts as lost, milliseconds.
  let interval: Int64
  let supervision: Int64
  private let anchor: MonotonicTime
  private var isEstablished = false
  private var lastHeard: MonotonicTime
  private var toPeer: [[UInt8]] = []
  private var toHost: [(event: MonotonicTime, frame: [UInt8])] = []
  private var ending: (at: MonotonicTime, reason: UInt8)?
  private var wake: MonotonicTime

  init(
    handle: UInt16, role: LERole, address: BluetoothAddress, peer: VirtualPeer, interval: Int64,
    supervision: Int64, at now: MonotonicTime
  ) {
    self.handle = handle
    self.role = role
    self.address = address
    self.peer = peer
    self.interval = max(interval, 1)
    self.supervision = supervision
    anchor = now
    lastHeard = now
    wake = now.adding(milliseconds: self.interval)
  }

  /// Packets of the host that wait for their event.
  var waitingPackets: Int { toPeer.count }

  var nextDeadline: MonotonicTime {
    var next = wake
    if let event = toHost.first?.event { next = min(next, event) }
    if let ending { next = min(next, ending.at) }
    return next
  }

  mutating func send(_ packet: [UInt8], at now: MonotonicTime) {
    toPeer.append(packet)
    if isEstablished { wake = min(wake, event(after: now)) }
  }

  /// The host ends it. A peer that is gone cannot confirm: the timeout ends it then.
  mutating func disconnect(at now: MonotonicTime) {
    guard ending == nil else { return }
    let end =
      peer.isReachable(at: now) ? event(after: now) : lastHeard.adding(milliseconds: max(supervision, interval))
    // 0x16: by the local host.
    ending = (max(end, now), 0x16)
  }

  mutating func advance(to now: MonotonicTime, utc: UTCTime, random: inout SplitMix64) -> Step {
    var step = Step()
    if let ending, now >= ending.at {
      step.reason = ending.reason
      return step
    }
    guard peer.isReachable(at: now) else {
      step.reason = missing(at: now)
      return step
    }
    lastHeard = now
    // Looked at now and then: a peer that leaves makes no event.
    wake = now.adding(milliseconds: Self.checkMilliseconds)
    if !isEstablished {
      isEstablished = true
      for frame in peer.start() { answer(frame, at: now, random: &random) }
    }
    while step.completed < Self.packetsAnEvent, !toPeer.isEmpty {
      step.completed += 1
      if let frame = peer.receive(toPeer.removeFirst(), utc: utc) { answer(frame, at: now, random: &random) }
    }
    while let first = toHost.first, first.event <= now {
      step.frames.append(first.frame)
      toHost.removeFirst()
    }
    if !toPeer.isEmpty { wake = event(after: now) }
    // 0x13: by the remote user.
    if peer.leaves, ending == nil { ending = (event(after: now), 0x13) }
    return step
  }

  private mutating func missing(at now: MonotonicTime) -> UInt8? {
    // Six events without an answer. Source: Core 5.4, vol. 6, part B, 4.5.2.
    let limit =
      isEstablished
      ? lastHeard.adding(milliseconds: supervision) : anchor.adding(milliseconds: 6 * interval)
    wake = max(limit, now.adding(milliseconds: 1))
    toHost.removeAll()
    return now >= limit ? (isEstablished ? 0x08 : 0x3E) : nil
  }

  /// A phone takes one to three connection intervals to answer.
  private mutating func answer(_ frame: [UInt8], at now: MonotonicTime, random: inout SplitMix64) {
    let events = Int64.random(in: 1...3, using: &random)
    let due = event(after: now.adding(milliseconds: (events - 1) * interval))
    toHost.append((max(due, toHost.last?.event ?? due), frame))
  }

  private func event(after time: MonotonicTime) -> MonotonicTime {
    anchor.adding(milliseconds: (max(time.milliseconds(since: anchor), 0) / interval + 1) * interval)
  }

  private static let packetsAnEvent = 4
  private static let checkMilliseconds: Int64 = 500
}
