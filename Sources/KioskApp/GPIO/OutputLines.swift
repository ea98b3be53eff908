// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Synchronization

/// The kiosk's output lines: green, amber, buzzer and the staff's, each only where one is wired.
///
/// A line that cannot be opened or set does not stop the others, nor the kiosk: its fault is told. Every line
/// is inactive after `close()`, which also happens by itself when nobody refers to this object any more.
///
/// Its calls block as those of `OutputLine` do, so they belong on a thread of their own, not on the
/// cooperative pool.
final class OutputLines: Sendable {
  /// Where one line is wired, and how.
  struct Wire: Hashable, Sendable {
    var address: LineAddress
    /// The line is active when its level is low.
    var activeLow = false
  }

  /// Where the lines are wired; nil where none is.
  struct Wiring: Hashable, Sendable {
    var green: Wire?
    var amber: Wire?
    var buzzer: Wire?
    var staff: Wire?

    fileprivate subscript(role: LineRole) -> Wire? {
      switch role {
      case .green: green
      case .amber: amber
      case .buzzer: buzzer
      case .staff: staff
      }
    }
  }

  /// What is wrong with one line.
  struct Fault: Equatable, Sendable, CustomStringConvertible {
    var role: LineRole
    var error: LineError

    /// Which line, what is wrong, and what to do next.
    var description: String { "Line \(role.rawValue): \(error)" }
  }

  /// Opens one line: the real one, or a fake.
  typealias Opener = (_ address: LineAddress, _ activeLow: Bool) throws(LineError) -> any OutputLine

  private struct Entry {
    let role: LineRole
    /// nil when the line could not be opened.
    let line: (any OutputLine)?
    /// What the line is known to be; nil after a setting that failed, so that the next one is tried in any
    /// case.
    var active: Bool?
    var error: LineError?
  }

  private let entries: Mutex<[Entry]>

  /// Opens every line that is wired, all inactive. Which could not be opened is in `faults`.
  init(
    _ wiring: Wiring,
    open: Opener = { address, activeLow throws(LineError) in
      try GpiodLine(address, activeLow: activeLow)
    }
  ) {
    var entries: [Entry] = []
    for role in LineRole.allCases {
      guard let wire = wiring[role] else { continue }
      do throws(LineError) {
        let line = try open(wire.address, wire.activeLow)
        entries.append(Entry(role: role, line: line, active: false, error: nil))
      } catch {
        entries.append(Entry(role: role, line: nil, active: nil, error: error))
      }
    }
    self.entries = Mutex(entries)
  }

  deinit { close() }

  /// What is wrong now, in the order of the roles.
  var faults: [Fault] {
    entries.withLock { entries in
      entries.compactMap { entry in entry.error.map { Fault(role: entry.role, error: $0) } }
    }
  }

  /// Sets the lines that are to change; nothing after `close()`. A line whose last setting failed is tried
  /// again.
  /// - Returns: the faults that are new with this call, so that one which lasts is told once.
  @discardableResult
  func apply(_ states: LineStates) -> [Fault] {
    entries.withLock { entries in
      entries.indices.compactMap { Self.set(&entries[$0], active: states[entries[$0].role]) }
    }
  }

  /// Makes every line inactive and gives it back, whatever the others say. A second call does nothing.
  /// - Returns: the lines that could not be made inactive: look at what they drive.
  @discardableResult
  func close() -> [Fault] {
    entries.withLock { entries in
      var faults: [Fault] = []
      for index in entries.indices {
        entries[index].error = nil
        if let fault = Self.set(&entries[index], active: false) { faults.append(fault) }
        entries[index].line?.close()
      }
      entries = []
      return faults
    }
  }

  /// Sets one line if it is open and not so already; a fault is given back when it was not there before.
  private static func set(_ entry: inout Entry, active: Bool) -> Fault? {
    guard let line = entry.line, entry.active != active else { return nil }
    do throws(LineError) {
      try line.set(active)
      entry.active = active
      entry.error = nil
      return nil
    } catch {
      entry.active = nil
      let isNew = entry.error != error
      entry.error = error
      return isNew ? Fault(role: entry.role, error: error) : nil
    }
  }
}

extension OutputLines.Wiring {
  /// From the configuration.
  /// - Throws: the first address that is none.
  init(_ lines: Settings.Lines) throws(LineAddressError) {
    func wire(_ line: Settings.Line) throws(LineAddressError) -> OutputLines.Wire? {
      guard let address = line.address else { return nil }
      return OutputLines.Wire(address: try LineAddress(address), activeLow: line.activeLow)
    }
    self.init(
      green: try wire(lines.green), amber: try wire(lines.amber), buzzer: try wire(lines.buzzer),
      staff: try wire(lines.staff))
  }
}
