// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// A way to one controller. It is opened once; after it has failed or was closed, a new one is made.
protocol HCITransport: Sendable {
  /// Starts to open; everything that follows is told to `tell`, from a thread of the transport's own. `tell` may
  /// block while its receiver is behind.
  func open(_ tell: @escaping @Sendable (TransportNews) -> Void)
  /// Queues one whole packet. Failures are told as news.
  func send(_ packet: [UInt8])
  /// Lets go. No news follows.
  func close()
}

/// What a transport tells.
enum TransportNews: Sendable {
  case opened
  case packets([[UInt8]])
  case failed(TransportFault)
}
