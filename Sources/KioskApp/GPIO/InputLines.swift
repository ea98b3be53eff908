// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Synchronization
import Tracer

/// The kiosk's input lines: presence sensor, staff's button, language button, each only where one is wired. A thread
/// of its own waits for their edges.
///
/// A line that cannot be opened or read does not stop the others, nor the kiosk: its fault is told. One that chatters is
/// given back for a while, so that it costs nothing, and is told once.
final class InputLines: Sendable {
  /// Where one line is wired, and how.
  struct Wire: Hashable, Sendable {
    var address: LineAddress
    var options: InputOptions
  }

  typealias Wiring = [InputRole: Wire]

  /// Opens one line: the real one, or a fake.
  typealias Opener = @Sendable (_ address: LineAddress, _ options: InputOptions) throws(LineError) -> any InputLine

  /// What is wrong with one line.
  enum Fault: Equatable, Sendable, CustomStringConvertible {
    case line(InputRole, LineError)
    case chatters(InputRole, LineAddress)

    /// Which line, what is wrong, and what to do next.
    var description: String {
      switch self {
      case .line(let role, let error): "Input \(role.rawValue): \(error)"
      case .chatters(let role, let address):
        """
        Input \(role.rawValue): GPIO line \(address) changes without end, as a wire does that leads nowhere. Check \
        its wiring, or give it a bias; it is tried again every \(CoreLimits.inputRestMilliseconds / 1000) s.
        """
      }
    }
  }

  private let stop: WakePipe
  private let isClosed = Mutex(false)
  private let thread: DeadlineThread?

  /// Opens every line that is wired and watches it.
  /// - Parameters:
  ///   - onChange: is called on the thread for each change that is no bouncing, first for a line that is active at
  ///     once. At most `CoreLimits.inputChanges` a window come from one line.
  ///   - onFault: is told each fault once.
  init(
    _ wiring: Wiring,
    open: @escaping Opener = { (address, options) throws(LineError) in try GpiodInputLine(address, options) },
    onChange: @escaping @Sendable (InputChange) -> Void, onFault: @escaping @Sendable (Fault) -> Void
  ) {
    let stop = WakePipe()
    self.stop = stop
    guard !wiring.isEmpty, stop.descriptor >= 0 else {
      thread = nil
      // Out of descriptors: a thread that could not be ended is not begun.
      for (role, wire) in wiring { onFault(.line(role, .system(wire.address, errno: EMFILE))) }
      return
    }
    // The thread waits in poll(2), not at a deadline: it has no work after the one call.
    thread = DeadlineThread(name: "inputs") {
      var watch = InputWatch(wiring, open: open, onChange: onChange, onFault: onFault)
      watch.run(until: stop)
      return nil
    }
  }

  deinit { close() }

  /// Gives every line back. Blocks; a second call does nothing.
  func close() {
    guard
      isClosed.withLock({ isClosed in
        defer { isClosed = true }
        return !isClosed
      })
    else { return }
    stop.wake()
    thread?.end()
  }
}

extension InputLines.Wire {
  /// From the configuration; nil where none is wired.
  /// - Throws: an address that is none.
  init?(_ input: Settings.Input) throws(LineAddressError) {
    guard let address = input.address else { return nil }
    let bias: InputOptions.Bias =
      switch input.bias {
      case .asIs: .asIs
      case .pullUp: .pullUp
      case .pullDown: .pullDown
      }
    self.init(
      address: try LineAddress(address),
      options: InputOptions(
        activeLow: input.activeLow, bias: bias, debounceMilliseconds: input.debounceMilliseconds))
  }
}

extension InputLines {
  /// From the configuration.
  /// - Throws: the first address that is none.
  static func wiring(_ inputs: Settings.Inputs) throws(LineAddressError) -> Wiring {
    var wiring: Wiring = [:]
    wiring[.presence] = try Wire(inputs.presence)
    wiring[.acknowledge] = try Wire(inputs.acknowledge)
    wiring[.language] = try Wire(inputs.language)
    return wiring
  }
}
