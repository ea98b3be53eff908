// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore

/// Drives the output lines off the core's task: setting a line is a system call that can block.
final class LinesQueue: Sendable {
  private let lines: OutputLines
  private let onFault: @Sendable (OutputLines.Fault) -> Void
  private let queue = DispatchQueue(label: "lines", qos: .userInteractive)

  /// Opens the lines; those that cannot be opened are told to `onFault`.
  init(_ wiring: OutputLines.Wiring, onFault: @escaping @Sendable (OutputLines.Fault) -> Void) {
    lines = OutputLines(wiring)
    self.onFault = onFault
    for fault in lines.faults { onFault(fault) }
  }

  func apply(_ states: LineStates) {
    queue.async { for fault in self.lines.apply(states) { self.onFault(fault) } }
  }

  /// Every line inactive and given back. Blocks.
  func close() {
    queue.sync { for fault in lines.close() { onFault(fault) } }
  }
}
