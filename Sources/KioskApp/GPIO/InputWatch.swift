// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Glibc
import KioskCore
import Tracer

/// What the thread of the inputs does: it waits for edges, filters them, and opens again what has rested.
struct InputWatch {
  private struct Entry {
    let role: InputRole
    let wire: InputLines.Wire
    /// nil while it cannot be used, or rests.
    var line: (any InputLine)?
    var filter: InputFilter?
    /// When opening it is tried again.
    var reopensAt: MonotonicTime?
    /// What was told last, so that a fault which lasts is told once.
    var fault: InputLines.Fault?
    /// What was last told of it, across openings.
    var isActive = false
  }

  private var entries: [Entry]
  private let open: InputLines.Opener
  private let onChange: @Sendable (InputChange) -> Void
  private let onFault: @Sendable (InputLines.Fault) -> Void

  init(
    _ wiring: InputLines.Wiring, open: @escaping InputLines.Opener,
    onChange: @escaping @Sendable (InputChange) -> Void, onFault: @escaping @Sendable (InputLines.Fault) -> Void
  ) {
    entries = InputRole.allCases.compactMap { role in wiring[role].map { Entry(role: role, wire: $0) } }
    (self.open, self.onChange, self.onFault) = (open, onChange, onFault)
  }

  /// Watches until woken by `stop`, then gives the lines back.
  mutating func run(until stop: borrowing WakePipe) {
    for index in entries.indices { openLine(at: index, now: Self.now()) }
    while true {
      let lines = entries.indices.compactMap { index in entries[index].line.map { (index, $0.descriptor) } }
      var waiting = lines.map { pollfd(fd: $0.1, events: Int16(POLLIN), revents: 0) }
      waiting.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0))
      _ = poll(&waiting, nfds_t(waiting.count), timeout(at: Self.now()))
      if waiting.last?.revents != 0 { break }
      let now = Self.now()
      for (place, line) in lines.enumerated() {
        let events = Int32(waiting[place].revents)
        if events & POLLIN != 0 {
          takeEdges(of: line.0, now: now)
        } else if events != 0 {
          // An error alone would wake this thread for ever.
          fail(line.0, .system(entries[line.0].wire.address, errno: ENODEV), now: now)
        }
      }
      for index in entries.indices { readIfDue(index, now: now) }
    }
    for entry in entries { entry.line?.close() }
  }

  /// Milliseconds to the next deadline, one more so that it has passed; -1: none.
  private func timeout(at now: MonotonicTime) -> Int32 {
    let deadlines = entries.compactMap { $0.reopensAt ?? $0.filter?.nextDeadline }
    guard let next = deadlines.min() else { return -1 }
    return Int32(clamping: max(next.milliseconds(since: now), 0) + 1)
  }

  // MARK: One line

  private mutating func openLine(at index: Int, now: MonotonicTime) {
    let wire = entries[index].wire
    entries[index].reopensAt = nil
    do throws(LineError) {
      let line = try open(wire.address, wire.options)
      let level = try line.isActive()
      // Whoever is there when the kiosk starts has come; a button that is held then was not pressed.
      entries[index].isActive = entries[index].role == .presence ? false : level
      entries[index].line = line
      entries[index].filter = InputFilter(
        debounceMilliseconds: line.isDebounced ? 0 : wire.options.debounceMilliseconds,
        isActive: entries[index].isActive, at: now)
      if let isActive = entries[index].filter?.read(level, at: now) { tell(isActive, index) }
    } catch {
      fail(index, error, now: now)
    }
  }

  private mutating func takeEdges(of index: Int, now: MonotonicTime) {
    guard let line = entries[index].line else { return }
    do throws(LineError) {
      for edge in try line.takeEdges() {
        if let isActive = entries[index].filter?.edge(to: edge.isActive, at: edge.time, now: now) {
          tell(isActive, index)
        }
      }
      restIfChattering(index)
    } catch {
      fail(index, error, now: now)
    }
  }

  private mutating func readIfDue(_ index: Int, now: MonotonicTime) {
    if let reopensAt = entries[index].reopensAt {
      if now >= reopensAt { openLine(at: index, now: now) }
      return
    }
    guard entries[index].filter?.nextDeadline.map({ now >= $0 }) ?? false else { return }
    // An edge that has come meanwhile has its own time: the level alone does not tell it.
    takeEdges(of: index, now: now)
    guard let line = entries[index].line, let due = entries[index].filter?.nextDeadline, now >= due else { return }
    do throws(LineError) {
      if let isActive = entries[index].filter?.read(try line.isActive(), at: now) {
        tell(isActive, index)
        // It works: should it fail again, that is news.
        entries[index].fault = nil
      }
      restIfChattering(index)
    } catch {
      fail(index, error, now: now)
    }
  }

  private mutating func restIfChattering(_ index: Int) {
    guard let rest = entries[index].filter?.restsUntil else { return }
    release(index, until: rest)
    tell(.chatters(entries[index].role, entries[index].wire.address), index)
  }

  private mutating func fail(_ index: Int, _ error: LineError, now: MonotonicTime) {
    release(index, until: now.adding(milliseconds: CoreLimits.inputRestMilliseconds))
    tell(.line(entries[index].role, error), index)
  }

  /// A line that is not watched counts as inactive: nobody is there, nothing is pressed.
  private mutating func release(_ index: Int, until time: MonotonicTime) {
    entries[index].line?.close()
    entries[index].line = nil
    entries[index].filter = nil
    entries[index].reopensAt = time
    if entries[index].isActive { tell(false, index) }
  }

  private mutating func tell(_ isActive: Bool, _ index: Int) {
    entries[index].isActive = isActive
    onChange(InputChange(entries[index].role, isActive: isActive))
  }

  private mutating func tell(_ fault: InputLines.Fault, _ index: Int) {
    guard entries[index].fault != fault else { return }
    entries[index].fault = fault
    onFault(fault)
  }

  /// The clock of the edges.
  private static func now() -> MonotonicTime {
    MonotonicTime(milliseconds: kiosk_clock_nanoseconds(CLOCK_MONOTONIC) / 1_000_000)
  }
}
