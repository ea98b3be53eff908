// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Dispatch
import Foundation
import Glibc
import KioskCore
import Synchronization
import Tracer

/// The machine's touch screens, found by what they can do, as they come and go. A thread of its own reads them.
final class TouchInput: Sendable {
  private let stop = WakePipe()
  private let isClosed = Mutex(false)
  private let hasEnded = DispatchSemaphore(value: 0)
  private let isRunning: Bool
  private let panels = Panels()

  /// How many touch screens there are now.
  private final class Panels: Sendable {
    let count = Mutex(0)
  }

  /// Whether there is a touch screen now.
  var isThere: Bool { panels.count.withLock { $0 > 0 } }

  static let usualFolder = "/dev/input"

  /// - Parameter onTap: is called on the thread.
  init(
    folder: String = TouchInput.usualFolder, isUsed: Bool = true, onTap: @escaping @Sendable (TouchPosition) -> Void
  ) {
    isRunning = isUsed && stop.descriptor >= 0
    guard isRunning else { return }
    let (stop, hasEnded, panels) = (stop, hasEnded, panels)
    let thread = Thread {
      var watch = TouchWatch(folder: folder, onTap: onTap) { count in panels.count.withLock { $0 = count } }
      watch.run(until: stop)
      hasEnded.signal()
    }
    thread.name = "touch"
    thread.start()
  }

  deinit { close() }

  /// Gives every device back. Blocks; a second call does nothing.
  func close() {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    guard isFirst, isRunning else { return }
    stop.wake()
    hasEnded.wait()
  }
}

/// What the thread does.
private struct TouchWatch {
  private let folder: String
  private let onTap: @Sendable (TouchPosition) -> Void
  private let onCount: (Int) -> Void
  private let events = KernelEvents()
  private var panels: [String: EvdevPanel] = [:]
  /// Devices that are something else, so that they are not opened each time.
  private var others: Set<String> = []
  /// When the folder is looked at again, in order.
  private var looks: [MonotonicTime] = []

  init(
    folder: String, onTap: @escaping @Sendable (TouchPosition) -> Void, onCount: @escaping (Int) -> Void
  ) {
    (self.folder, self.onTap, self.onCount) = (folder, onTap, onCount)
  }

  mutating func run(until stop: borrowing WakePipe) {
    look()
    while true {
      onCount(panels.count)
      let names = Array(panels.keys)
      var waiting = ([stop.descriptor, events.descriptor] + names.compactMap { panels[$0]?.descriptor })
        .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      _ = poll(&waiting, nfds_t(waiting.count), timeout())
      if waiting[0].revents != 0 { break }
      for (index, name) in names.enumerated() where waiting[index + 2].revents != 0 { read(name) }
      if waiting[1].revents != 0 { takeEvents() }
      if looks.first.map({ Self.now() >= $0 }) ?? false { look() }
    }
    for panel in panels.values { panel.close() }
  }

  private func timeout() -> Int32 {
    looks.first.map { Int32(clamping: max(0, $0.milliseconds(since: Self.now())) + 1) } ?? -1
  }

  private mutating func read(_ name: String) {
    guard let taps = panels[name]?.takeTaps() else {
      panels.removeValue(forKey: name)?.close()
      return
    }
    for tap in taps { onTap(tap.position) }
  }

  private mutating func takeEvents() {
    let (events, isComplete) = events.take(of: "input")
    for event in events {
      // The name may come back as another device.
      if let name = event.deviceName?.split(separator: "/").last { others.remove(String(name)) }
    }
    if !isComplete { others = [] }
    guard !events.isEmpty || !isComplete else { return }
    let now = Self.now()
    looks = [now] + AppLimits.touchSettleMilliseconds.map { now.adding(milliseconds: $0) }
  }

  /// Takes the touch screens that have come, and lets go of what has gone.
  private mutating func look() {
    let now = Self.now()
    looks.removeAll { $0 <= now }
    if looks.isEmpty, events.descriptor < 0 {
      looks = [now.adding(milliseconds: AppLimits.touchRetryMilliseconds)]
      // Nobody tells when a name has become another device.
      others = []
    }
    let names = Set(Files.names(in: folder).filter { $0.hasPrefix("event") })
    others.formIntersection(names)
    for name in panels.keys where !names.contains(name) { panels.removeValue(forKey: name)?.close() }
    for name in names.sorted() where panels[name] == nil && !others.contains(name) {
      guard panels.count < AppLimits.touchScreens else { return }
      switch EvdevPanel.open("\(folder)/\(name)") {
      case .panel(let panel): panels[name] = panel
      case .noPanel: others.insert(name)
      case .failed: break  // No rights yet, or gone already: the next look tells.
      }
    }
  }

  private static func now() -> MonotonicTime {
    MonotonicTime(milliseconds: kiosk_clock_nanoseconds(CLOCK_MONOTONIC) / 1_000_000)
  }
}
