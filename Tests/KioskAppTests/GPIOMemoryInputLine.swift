// SPDX-License-Identifier: GPL-3.0-or-later
import Dispatch
import Glibc
import Synchronization
import Tracer

@testable import KioskApp

/// An input line in memory: its level is moved by hand.
final class MemoryInputLine: InputLine {
  private struct State {
    var level = false
    var edges: [InputEdge] = []
    var error: LineError?
    var isClosed = false
    var wasRead = false
  }

  /// What the kernel queues for one line.
  private static let queueLimit = 16

  let address: LineAddress
  let isDebounced: Bool
  /// Readable while a byte for each edge waits.
  private let pipe = WakePipe()
  private let state: Mutex<State>
  private let firstRead = DispatchSemaphore(value: 0)

  init(_ address: LineAddress, isActive: Bool = false, isDebounced: Bool = false) {
    self.address = address
    self.isDebounced = isDebounced
    state = Mutex(State(level: isActive))
  }

  var descriptor: Int32 { pipe.descriptor }
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Waits until somebody has looked at the level, as whoever opens the line does; false after 30 s.
  func waitUntilRead() -> Bool { firstRead.wait(timeout: .now() + 30) == .success }

  /// Moves the level. As in the kernel, the newest edges are lost when nobody takes them.
  func move(to isActive: Bool, at time: MonotonicTime) {
    let isTold = state.withLock { state in
      guard state.level != isActive, !state.isClosed else { return false }
      state.level = isActive
      guard state.edges.count < Self.queueLimit else { return false }
      state.edges.append(InputEdge(isActive: isActive, time: time))
      return true
    }
    if isTold { pipe.wake() }
  }

  /// From now on every call fails with `error`.
  func fail(with error: LineError) {
    state.withLock { $0.error = error }
    pipe.wake()
  }

  func takeEdges() throws(LineError) -> [InputEdge] {
    var bytes = [UInt8](repeating: 0, count: Self.queueLimit)
    _ = read(pipe.descriptor, &bytes, bytes.count)
    return try state.withLock { state throws(LineError) in
      try check(state)
      defer { state.edges = [] }
      return state.edges
    }
  }

  func isActive() throws(LineError) -> Bool {
    try state.withLock { state throws(LineError) in
      try check(state)
      if !state.wasRead { firstRead.signal() }
      state.wasRead = true
      return state.level
    }
  }

  func close() { state.withLock { $0.isClosed = true } }

  private func check(_ state: State) throws(LineError) {
    if let error = state.error { throw error }
    if state.isClosed { throw .closed(address) }
  }
}
