// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// Carries out what the host asks of the transport, and brings its news to the core in bounded portions.
final class RadioLink: Sendable {
  private let makeTransport: @Sendable () -> any HCITransport
  /// nil where nothing can be done from outside.
  private let recovery: AdapterRecovery?
  private let deliver: @Sendable (Kiosk.Event) -> Void
  private let current = Mutex<(any HCITransport)?>(nil)
  /// Batches the core has not taken yet.
  private let room = DispatchSemaphore(value: 0)
  private let isEnded = Mutex(false)

  /// - Parameter deliver: queues an event for the core. For each `packets` event the core calls `taken`.
  init(
    makeTransport: @escaping @Sendable () -> any HCITransport, recovery: AdapterRecovery? = nil,
    deliver: @escaping @Sendable (Kiosk.Event) -> Void
  ) {
    self.makeTransport = makeTransport
    self.recovery = recovery
    self.deliver = deliver
    // Not as its first value: libdispatch traps when a semaphore goes while it stands below that.
    for _ in 0..<AppLimits.packetBatches { room.signal() }
  }

  func apply(_ effect: HCIHost.Effect) {
    switch effect {
    case .open(let generation):
      let transport = makeTransport()
      current.withLock { old in
        old?.close()
        old = transport
      }
      transport.open { [self] news in tell(news, generation) }
    case .close:
      current.withLock { old in
        old?.close()
        old = nil
      }
    case .recover(let step):
      guard let recovery else { return deliver(.radioRecovered(step, fault: nil)) }
      recovery.perform(step) { [deliver] result in
        guard case .failure(let fault) = result else { return deliver(.radioRecovered(step, fault: nil)) }
        deliver(.radioRecovered(step, fault: AdapterRecovery.words(step, fault)))
      }
    case .send(let packet): current.withLock { $0?.send(packet) }
    }
  }

  /// The radio runs: what carries the adapter is noted, for when it is lost.
  func runs() { recovery?.remember() }

  /// The core has taken one batch.
  func taken() { room.signal() }

  /// The core takes nothing any more.
  func end() {
    isEnded.withLock { $0 = true }
    apply(.close)
  }

  private func tell(_ news: TransportNews, _ generation: Int) {
    switch news {
    case .opened: deliver(.radioOpened(generation: generation))
    case .failed(let fault): deliver(.radioFailed(fault, generation: generation))
    case .packets(let packets):
      // The thread waits here while the core is behind; the kernel's buffer holds what comes meanwhile.
      while room.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
        if isEnded.withLock({ $0 }) { return }
      }
      deliver(.packets(packets, generation: generation))
    }
  }
}
