// SPDX-License-Identifier: GPL-3.0-or-later
import Tracer

/// One input line that is open, watched for both edges.
protocol InputLine: AnyObject, Sendable {
  /// Readable, for poll(2), while edges wait. It belongs to the line.
  var descriptor: Int32 { get }
  /// Whether the kernel leaves out what bounces.
  var isDebounced: Bool { get }
  /// The edges that wait, at most `CGPIOD_EDGES`, oldest first; none when none waits. Does not block.
  /// Errors: `.closed` after `close()`; `.system` when the chip has been unplugged.
  func takeEdges() throws(LineError) -> [InputEdge]
  /// Whether the line is active now, whichever level that is. Errors as of `takeEdges`.
  func isActive() throws(LineError) -> Bool
  /// Gives the line back; a second call does nothing. A line that is no longer referred to closes itself.
  func close()
}

/// An edge, as the kernel saw it.
struct InputEdge: Hashable, Sendable {
  /// What the line became.
  var isActive: Bool
  /// On CLOCK_MONOTONIC.
  var time: MonotonicTime
}

/// How an input line is requested.
struct InputOptions: Hashable, Sendable {
  enum Bias: Hashable, Sendable { case asIs, pullUp, pullDown }

  /// The line is active when its level is low.
  var activeLow = false
  var bias = Bias.asIs
  /// How long a level must be stable to count.
  var debounceMilliseconds: Int64 = 0
}
