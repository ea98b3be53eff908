// SPDX-License-Identifier: GPL-3.0-or-later

/// Another transport, with every packet noted on its way: a sent one before it is sent, so that its answer comes after
/// it in a recording, and received ones before they are told. What is noted as sent may still fail to reach the
/// controller; a `failed` follows then.
///
/// Order and back-pressure are those of the other transport: nothing is queued here, and noting never waits for a disk.
final class CapturingTransport: HCITransport {
  private let transport: any HCITransport
  private let capture: Capture

  init(_ transport: any HCITransport, into capture: Capture) {
    self.transport = transport
    self.capture = capture
  }

  func open(_ tell: @escaping @Sendable (TransportNews) -> Void) {
    transport.open { [capture] news in
      if case .packets(let packets) = news { capture.note(packets, isReceived: true) }
      tell(news)
    }
  }

  func send(_ packet: [UInt8]) {
    capture.note([packet], isReceived: false)
    transport.send(packet)
  }

  func close() { transport.close() }
}
