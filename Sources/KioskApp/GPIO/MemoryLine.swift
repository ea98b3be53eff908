// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

/// An output line in memory, for tests and for a run without hardware. It belongs to a `Board`, which opened
/// it.
final class MemoryLine: OutputLine {
  let address: LineAddress
  private let board: Board
  /// Tells this opening of the line from a later one.
  private let opening: Int

  fileprivate init(_ address: LineAddress, on board: Board, opening: Int) {
    self.address = address
    self.board = board
    self.opening = opening
  }

  func set(_ active: Bool) throws(LineError) { try board.set(address, opening: opening, active) }

  func close() { board.close(address, opening: opening) }

  deinit { close() }
}

extension MemoryLine {
  /// One thing that happened to a line.
  struct Event: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
      case opened(activeLow: Bool)
      case active
      case inactive
      case closed
    }

    var address: LineAddress
    var kind: Kind

    init(_ address: LineAddress, _ kind: Kind) {
      self.address = address
      self.kind = kind
    }
  }

  /// Lines that remember what was done to them, and fail when told to. Opens any line, each once at a time.
  final class Board: Sendable {
    /// Events kept; past that the oldest ones go, so that a demonstration can run for weeks.
    static let timelineLimit = 4096

    private struct Open {
      var opening: Int
      var active = false
    }

    private struct State {
      var open: [LineAddress: Open] = [:]
      var openings = 0
      var timeline: [Event] = []
      var openFaults: [LineAddress: LineError] = [:]
      var setFaults: [LineAddress: LineError] = [:]

      mutating func record(_ address: LineAddress, _ kind: Event.Kind) {
        if timeline.count >= Board.timelineLimit { timeline.removeFirst() }
        timeline.append(Event(address, kind))
      }
    }

    private let state = Mutex(State())

    /// What happened, in order: openings, changes of state, closings. Setting a line to what it is already is
    /// no change.
    var timeline: [Event] { state.withLock { $0.timeline } }
    /// Lines that are open now.
    var openCount: Int { state.withLock { $0.open.count } }
    /// Lines that are active now.
    var activeLines: Set<LineAddress> { state.withLock { Set($0.open.filter(\.value.active).keys) } }

    /// From now on opening the line fails with `error`; nil: it works again.
    func failOpening(_ address: LineAddress, with error: LineError?) {
      state.withLock { $0.openFaults[address] = error }
    }

    /// From now on setting the line fails with `error`; nil: it works again. Closing it works all the same.
    func failSetting(_ address: LineAddress, with error: LineError?) {
      state.withLock { $0.setFaults[address] = error }
    }

    /// Opens a line, inactive.
    /// - Throws: `.busy` when it is open, and what `failOpening` said.
    func open(_ address: LineAddress, activeLow: Bool) throws(LineError) -> MemoryLine {
      let opening = try state.withLock { state throws(LineError) in
        if let error = state.openFaults[address] { throw error }
        guard state.open[address] == nil else { throw .busy(address, holder: GpiodLine.consumer) }
        state.openings += 1
        state.open[address] = Open(opening: state.openings)
        state.record(address, .opened(activeLow: activeLow))
        return state.openings
      }
      return MemoryLine(address, on: self, opening: opening)
    }

    fileprivate func set(_ address: LineAddress, opening: Int, _ active: Bool) throws(LineError) {
      try state.withLock { state throws(LineError) in
        guard let open = state.open[address], open.opening == opening else { throw .closed(address) }
        if let error = state.setFaults[address] { throw error }
        guard open.active != active else { return }
        state.open[address]?.active = active
        state.record(address, active ? .active : .inactive)
      }
    }

    fileprivate func close(_ address: LineAddress, opening: Int) {
      state.withLock { state in
        guard let open = state.open[address], open.opening == opening else { return }
        state.open[address] = nil
        if open.active { state.record(address, .inactive) }
        state.record(address, .closed)
      }
    }
  }
}
