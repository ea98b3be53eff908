// SPDX-License-Identifier: GPL-3.0-or-later

@preconcurrency import Dispatch

/// One wake-up at a time, set anew after each event.
final class DeadlineTimer: Sendable {
  private let timer: any DispatchSourceTimer

  init(_ fire: @escaping @Sendable () -> Void) {
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "timer"))
    timer.setEventHandler(handler: fire)
    timer.schedule(deadline: .distantFuture)
    timer.resume()
  }

  /// Replaces the wake-up that was set.
  func fire(after milliseconds: Int64) {
    let delay = Int(clamping: min(max(milliseconds, 1), 3_600_000))
    timer.schedule(deadline: .now() + .milliseconds(delay), leeway: .milliseconds(1))
  }

  func cancel() { timer.cancel() }
}
