// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One input line's edges → its changes: a level counts once it has been stable for the debounce time.
///
/// The time of an edge is the kernel's, so a press is seen also when it is read late. An input that never settles down
/// (a wire that hangs in the air) gives no changes, and is put to rest at `CoreLimits.inputEdges`.
public struct InputFilter: Hashable, Sendable {
  private let debounceMilliseconds: Int64
  /// What was last told.
  public private(set) var isActive: Bool
  /// A level that is not stable yet, and since when.
  private var pending: (isActive: Bool, since: MonotonicTime)? {
    get { pendingSince.map { (pendingIsActive, $0) } }
    set { (pendingIsActive, pendingSince) = (newValue?.isActive ?? false, newValue?.since) }
  }
  private var pendingIsActive = false
  private var pendingSince: MonotonicTime?
  private var windowStart: MonotonicTime
  private var edges = 0
  private var changes = 0
  /// When an input that chattered is to be opened again; nil while it is in use.
  public private(set) var restsUntil: MonotonicTime?

  /// - Parameters:
  ///   - debounceMilliseconds: 0 when the kernel debounces the line.
  ///   - isActive: the level when the line was opened. It is no change.
  public init(debounceMilliseconds: Int64, isActive: Bool, at now: MonotonicTime) {
    self.debounceMilliseconds = debounceMilliseconds
    self.isActive = isActive
    windowStart = now
  }

  /// The line was seen to go to a level at `time`, and this is read at `now`.
  ///
  /// - Returns: a level that has become stable: the one that the edge ends, or its own where nothing is to be waited for.
  public mutating func edge(to level: Bool, at time: MonotonicTime, now: MonotonicTime) -> Bool? {
    // A clock that is not ours must not hold the line still.
    let time = min(time, now)
    var settled = settle(at: time)
    pending = (level, time)
    edges += 1
    if debounceMilliseconds == 0 { settled = settle(at: time) }
    noteChatter(at: now)
    return settled
  }

  /// Time has passed, all edges are taken, and the line reads `level`: it is right also when the kernel's queue of edges
  /// ran over.
  public mutating func read(_ level: Bool, at now: MonotonicTime) -> Bool? {
    if let pending, pending.isActive != level {
      self.pending = (level, now)
      return nil
    }
    if pending == nil, level != isActive {
      pending = (level, now)
      return nil
    }
    let settled = settle(at: now)
    noteChatter(at: now)
    return settled
  }

  /// When `read` is due, or the line is to be opened again.
  public var nextDeadline: MonotonicTime? {
    restsUntil ?? pending?.since.adding(milliseconds: debounceMilliseconds)
  }

  /// The pending level counts if it has been stable for long enough at `time`.
  private mutating func settle(at time: MonotonicTime) -> Bool? {
    guard let pending, time.milliseconds(since: pending.since) >= debounceMilliseconds else { return nil }
    self.pending = nil
    guard pending.isActive != isActive else { return nil }
    isActive = pending.isActive
    changes += 1
    return isActive
  }

  private mutating func noteChatter(at now: MonotonicTime) {
    if now.milliseconds(since: windowStart) >= CoreLimits.inputWindowMilliseconds {
      (windowStart, edges, changes) = (now, 0, 0)
    }
    guard edges > CoreLimits.inputEdges || changes > CoreLimits.inputChanges else { return }
    restsUntil = now.adding(milliseconds: CoreLimits.inputRestMilliseconds)
  }
}
