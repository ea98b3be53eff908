// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import Foundation
import Glibc
import Synchronization
import Tracer

/// A transport over a descriptor, with a thread of its own that opens, reads and writes.
final class DescriptorTransport: HCITransport {
  /// How packets lie in what is read.
  enum Framing: Sendable {
    /// Every read gives one whole packet.
    case packets
    /// A byte stream.
    case h4
  }

  private let framing: Framing
  private let openDescriptor: @Sendable () -> Result<Int32, TransportFault>
  private let state = Mutex(State())
  /// A pipe that wakes the thread from its wait.
  private let wakeRead: Int32
  private let wakeWrite: Int32

  private struct State {
    var outbox: [[UInt8]] = []
    var outboxBytes = 0
    var isClosed = false
    var isCongested = false
  }

  init(framing: Framing, open: @escaping @Sendable () -> Result<Int32, TransportFault>) {
    self.framing = framing
    openDescriptor = open
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (wakeRead, wakeWrite) = (ends[0], ends[1])
  }

  deinit {
    Glibc.close(wakeRead)
    Glibc.close(wakeWrite)
  }

  func open(_ tell: @escaping @Sendable (TransportNews) -> Void) {
    let thread = Thread { [self] in
      switch openDescriptor() {
      case .failure(let fault): tellUnlessClosed(.failed(fault), tell)
      case .success(let fd):
        tellUnlessClosed(.opened, tell)
        let fault = serve(fd, tell)
        Glibc.close(fd)
        if let fault { tellUnlessClosed(.failed(fault), tell) }
      }
    }
    thread.name = "radio"
    thread.start()
  }

  func send(_ packet: [UInt8]) {
    state.withLock { state in
      guard state.outboxBytes + packet.count <= AppLimits.outboxBytes else {
        state.isCongested = true
        return
      }
      state.outbox.append(packet)
      state.outboxBytes += packet.count
    }
    wake()
  }

  func close() {
    state.withLock { $0.isClosed = true }
    wake()
  }

  private func wake() {
    var byte: UInt8 = 0
    // A full pipe is as good as another byte in it.
    _ = write(wakeWrite, &byte, 1)
  }

  private func tellUnlessClosed(_ news: TransportNews, _ tell: (TransportNews) -> Void) {
    if !state.withLock({ $0.isClosed }) { tell(news) }
  }

  /// Reads and writes until closed (nil) or failed.
  private func serve(_ fd: Int32, _ tell: (TransportNews) -> Void) -> TransportFault? {
    var framer = H4Framer()
    var buffer = [UInt8](repeating: 0, count: 8192)
    var unsent: ArraySlice<UInt8> = []
    while true {
      if unsent.isEmpty, let packet = nextToSend() { unsent = packet[...] }
      if !unsent.isEmpty {
        let count = unsent.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
        if count > 0 {
          unsent = unsent.dropFirst(count)
          if unsent.isEmpty { continue }
        } else if count < 0, errno != EAGAIN, errno != EINTR {
          return TransportFault(errno: errno)
        }
      }
      let (isClosed, isCongested) = state.withLock { ($0.isClosed, $0.isCongested) }
      if isClosed { return nil }
      if isCongested { return .congested }

      var waiting = [
        pollfd(fd: fd, events: Int16(unsent.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0),
        pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&waiting, 2, -1) >= 0 || errno == EINTR else { return TransportFault(errno: errno) }
      if waiting[1].revents != 0 { while read(wakeRead, &buffer, buffer.count) > 0 {} }
      guard waiting[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { continue }
      switch receive(fd, &buffer, &framer) {
      case .success(let packets): if !packets.isEmpty { tellUnlessClosed(.packets(packets), tell) }
      case .failure(let fault): return fault
      }
    }
  }

  private func nextToSend() -> [UInt8]? {
    state.withLock { state in
      guard !state.outbox.isEmpty else { return nil }
      let packet = state.outbox.removeFirst()
      state.outboxBytes -= packet.count
      return packet
    }
  }

  /// Reads what is there, up to a batch.
  private func receive(
    _ fd: Int32, _ buffer: inout [UInt8], _ framer: inout H4Framer
  ) -> Result<[[UInt8]], TransportFault> {
    var packets: [[UInt8]] = []
    while packets.count < AppLimits.packetsABatch {
      let count = read(fd, &buffer, buffer.count)
      if count == 0 { return packets.isEmpty ? .failure(.closed) : .success(packets) }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN { break }
        return packets.isEmpty ? .failure(TransportFault(errno: errno)) : .success(packets)
      }
      switch framing {
      case .packets: packets.append(Array(buffer[..<count]))
      case .h4:
        do {
          packets += try framer.append(buffer[..<count])
        } catch {
          return .failure(.outOfStep)
        }
      }
    }
    return .success(packets)
  }
}
