// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The other end of a connection: a phone that answers, or a central that reads.
public struct VirtualPeer: Sendable {
  /// How a phone that is asked behaves.
  public enum Behaviour: Hashable, Sendable {
    case answers
    /// Accepts the connection and says nothing.
    case silent
    /// Its characteristic holds so many bytes.
    case wrongLength(Int)
    /// Out of reach after so many requests; with 0, before the connection stands.
    case goesAway(afterRequests: Int)
  }

  private enum Side: Sendable {
    case phone(VirtualDevice, GATTServer)
    case reader(GATTReader)
    case nobody
  }

  private var side: Side
  private var behaviour: Behaviour
  private var requests = 0
  private var reassembler = L2CAPReassembler()
  /// What a central's reading came to.
  public private(set) var outcome: GATTReader.Outcome?

  /// A phone as it stands near the kiosk.
  init(_ device: VirtualDevice) {
    behaviour = device.behaviour
    side = .phone(device, GATTServer(database: device.database))
  }

  private init(side: Side, behaviour: Behaviour) {
    self.side = side
    self.behaviour = behaviour
  }

  /// Reads the kiosk as a phone does, and leaves.
  public static let reader = Self(side: .reader(GATTReader()), behaviour: .answers)
  /// Connects to the kiosk, and says nothing.
  public static let silentCentral = Self(side: .reader(GATTReader()), behaviour: .silent)
  /// Was heard, and is not there.
  static let absent = Self(side: .nobody, behaviour: .silent)

  func isReachable(at time: MonotonicTime) -> Bool {
    if case .goesAway(let count) = behaviour, requests >= count { return false }
    switch side {
    case .phone(let device, _): return device.isPresent(at: time)
    case .reader: return true
    case .nobody: return false
    }
  }

  /// Whether it has what it came for and leaves.
  var leaves: Bool { outcome != nil }

  /// What it says by itself once the connection stands.
  mutating func start() -> [[UInt8]] {
    guard behaviour != .silent else { return [] }
    switch side {
    case .reader(var reader):
      let first = reader.start()
      side = .reader(reader)
      return [L2CAPFrame(channel: .attributeProtocol, payload: first).bytes]
    // An iPhone is a client as well, and asks for its MTU.
    case .phone(let device, _) where device.asksForMTU:
      return [L2CAPFrame(channel: .attributeProtocol, payload: [0x02, 0x00, 0x02]).bytes]
    case .phone, .nobody: return []
    }
  }

  /// One ACL packet of the kiosk's host.
  ///
  /// - Returns: the frame it sends in answer.
  mutating func receive(_ packet: [UInt8], utc: UTCTime) -> [UInt8]? {
    guard let acl = try? ACLData(packet: packet.span), let frame = reassembler.append(acl, in: packet.span),
      behaviour != .silent, frame.channel == .attributeProtocol
    else { return nil }
    requests += 1
    var answer: [UInt8]?
    switch side {
    case .phone(let device, var server):
      server.bluezoneID = device.bluezoneID(at: utc)
      answer = server.respond(to: frame.payload)
      side = .phone(device, server)
    case .reader(var reader):
      switch reader.receive(frame.payload) {
      case .send(let next): answer = next
      case .done(let outcome): self.outcome = outcome
      case .wait, .notMine: break
      }
      side = .reader(reader)
    case .nobody: break
    }
    return answer.map { L2CAPFrame(channel: .attributeProtocol, payload: $0).bytes }
  }
}
