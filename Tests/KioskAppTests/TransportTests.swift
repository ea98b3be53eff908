// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Synchronization
import Testing
import Tracer

@testable import KioskApp

/// A listening Unix socket that plays the controller, and what the transport told of it.
private final class Peer: Sendable {
  let path: String
  private let folder: Folder
  private let listener: Int32
  let news = Mutex<[TransportNews]>([])

  init() throws {
    folder = try Folder()
    path = folder.path + "/h4"
    listener = try #require(ControlSocket.stream())
    try #require(ControlSocket.withAddress(path) { bind(listener, $0, $1) } == 0)
    try #require(listen(listener, 4) == 0)
  }

  deinit { close(listener) }

  func connect() throws -> (DescriptorTransport, Int32) {
    let path = path
    let transport = DescriptorTransport(framing: .h4) { H4Socket.connectUnix(path) }
    transport.open { news in self.news.withLock { $0.append(news) } }
    let fd = accept(listener, nil, nil)
    try #require(fd >= 0)
    return (transport, fd)
  }

  var packets: [[UInt8]] {
    news.withLock { $0.flatMap { if case .packets(let packets) = $0 { packets } else { [[UInt8]]() } } }
  }

  var fault: TransportFault? {
    news.withLock { $0.compactMap { if case .failed(let fault) = $0 { fault } else { nil } }.first }
  }
}

@Suite("H4 over a socket") struct TransportTests {
  let event: [UInt8] = [4, 0x0E, 4, 1, 3, 0x0C, 0]

  @Test("Packets go both ways, whole, however the stream is cut") func bothWays() throws {
    let peer = try Peer()
    let (transport, fd) = try peer.connect()
    for byte in event + event {
      #expect(write(fd, [byte], 1) == 1)
      usleep(500)
    }
    #expect(eventually { peer.packets == [event, event] })
    transport.send([1, 3, 0x0C, 0])
    transport.send([1, 1, 0x10, 0])
    var received = [UInt8](repeating: 0, count: 8)
    var count = 0
    while count < 8 { count += max(recv(fd, &received[count], 8 - count, 0), 0) }
    #expect(received == [1, 3, 0x0C, 0, 1, 1, 0x10, 0])
    transport.close()
    #expect(recv(fd, &received, 1, 0) == 0)
    close(fd)
    #expect(peer.fault == nil)
  }

  @Test("A peer that closes is told") func closes() throws {
    let peer = try Peer()
    let (_, fd) = try peer.connect()
    close(fd)
    #expect(eventually { peer.fault == .closed })
  }

  @Test("Packets that came before the end are told before it") func closesAfterPackets() throws {
    let peer = try Peer()
    let (_, fd) = try peer.connect()
    #expect(write(fd, event, event.count) == event.count)
    close(fd)
    #expect(eventually { peer.fault == .closed })
    #expect(peer.packets == [event])
  }

  @Test("A garbled stream is told") func garbled() throws {
    let peer = try Peer()
    let (_, fd) = try peer.connect()
    #expect(write(fd, [0xEE], 1) == 1)
    #expect(eventually { peer.fault == .outOfStep })
    close(fd)
  }

  @Test("A peer that reads nothing ends in congestion, not in memory") func congested() throws {
    let peer = try Peer()
    let (transport, fd) = try peer.connect()
    for _ in 0..<20_000 { transport.send([UInt8](repeating: 1, count: 100)) }
    #expect(eventually { peer.fault == .congested })
    close(fd)
  }

  @Test("Where nobody listens, that is said") func nobody() throws {
    for open: @Sendable () -> Result<Int32, TransportFault> in [
      { H4Socket.connectUnix("/no/such/socket") }, { H4Socket.connectTCP("127.0.0.1", 1) },
      { UserChannel.open(17) },
    ] {
      guard case .failure(let fault) = open() else {
        Issue.record("opened")
        continue
      }
      #expect(!fault.description.isEmpty)
    }
  }

  @Test(
    "A radio address is read or refused",
    arguments: [
      ("hci:0", "hci:0"), ("hci:12", "hci:12"), ("hci:00:1a:7D:DA:71:13", "hci:address"),
      ("hci:usb:1-1.4", "hci:usb:1-1.4"), ("hci:usb:1", nil), ("hci:00:1A:7D:DA:71", nil), ("hci:0:0", nil),
      ("h4:unix:/run/x:y", "h4:unix:/run/x:y"),
      ("h4:tcp:localhost:99", "h4:tcp:localhost:99"), ("h4:tcp:::1:99", "h4:tcp:::1:99"), ("hci", nil), ("hci:", nil),
      ("hci:65535", nil), ("hci:-1", nil), ("h4:unix:", nil), ("h4:tcp:x", nil), ("h4:tcp:x:0", nil),
      ("h4:tcp::99", nil), ("h4:tcp:x:70000", nil), ("", nil), ("usb:0", nil),
      ("h4:unix:/" + String(repeating: "x", count: 107), nil),
    ] as [(String, String?)])
  func address(text: String, expected: String?) {
    #expect((try? RadioAddress(parsing: text))?.description == expected)
  }
}
