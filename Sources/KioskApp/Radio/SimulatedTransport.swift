// SPDX-License-Identifier: GPL-3.0-or-later

import Simulator
import Synchronization
import Tracer

/// The demo's controller, in this process: the real host speaks HCI packets to it.
final class SimulatedTransport: HCITransport {
  private let clock: SystemClock
  private let state: Mutex<State>

  private struct State {
    var air: HallAir
    var tell: (@Sendable (TransportNews) -> Void)?
    var timer: DeadlineTimer?
  }

  /// How often the air is looked at. Reports come in bunches of this length, as a busy controller sends them.
  private static let stepMilliseconds: Int64 = 20

  init(clock: SystemClock, seed: UInt64) {
    self.clock = clock
    state = Mutex(State(air: HallAir.demo(seed: seed, startingAt: clock.now())))
  }

  func open(_ tell: @escaping @Sendable (TransportNews) -> Void) {
    let timer = DeadlineTimer { [weak self] in self?.step() }
    state.withLock {
      $0.tell = tell
      $0.timer = timer
    }
    tell(.opened)
    timer.fire(after: 0)
  }

  /// Its answer comes with the next step, a few milliseconds on, as a real controller's does.
  func send(_ packet: [UInt8]) {
    state.withLock {
      $0.air.controller.receive(packet)
      $0.timer?.fire(after: 0)
    }
  }

  func close() {
    state.withLock {
      $0.timer?.cancel()
      $0.timer = nil
      $0.tell = nil
    }
  }

  private func step() {
    let now = clock.now()
    let (tell, packets) = state.withLock { state in
      state.air.advance(to: now)
      state.timer?.fire(after: Self.stepMilliseconds)
      defer { state.air.controller.output.removeAll(keepingCapacity: true) }
      return (state.tell, state.air.controller.output)
    }
    if !packets.isEmpty { tell?(.packets(packets)) }
  }
}
