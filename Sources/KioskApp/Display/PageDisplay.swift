// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization

/// Lays out pages and hands them to a display, off the core's task. A page that is replaced before its turn is
/// never laid out.
final class PageDisplay: Sendable {
  private let display: any Display
  private let onFault: @Sendable (DisplayError) -> Void
  private let queue = DispatchQueue(label: "display")
  private let waiting = Mutex<HomePage?>(nil)
  private let last = Mutex<HomePage?>(nil)

  /// - Parameters:
  ///   - onTouch: called on the display's thread with the pixel that was tapped.
  ///   - onFault: called on the queue, once for each fault that differs from the one before.
  init(
    _ display: any Display, onTouch: @escaping @Sendable (ScreenPoint) -> Void = { _ in },
    onFault: @escaping @Sendable (DisplayError) -> Void
  ) {
    self.display = display
    self.onFault = onFault
    display.observe(DisplayObserver(touched: onTouch) { [weak self] in self?.showAgain() })
  }

  /// Why nothing new is seen; nil when all is well.
  var fault: DisplayError? { lastFault.withLock { $0 } }
  /// What is shown where, for people.
  var words: String? { display.words }
  /// Taps so far.
  var touches: Int { display.touches }

  /// Lays out the newest page anew: the screen has another size now.
  private func showAgain() {
    guard let page = last.withLock({ $0 }) else { return }
    let isFirst = waiting.withLock { waiting in
      // One that waits is newer, and will be laid out for the new size.
      guard waiting == nil else { return false }
      waiting = page
      return true
    }
    if isFirst { queue.async { self.showWaiting() } }
  }

  func show(_ page: HomePage) {
    let isFirst = waiting.withLock { waiting in
      defer { waiting = page }
      return waiting == nil
    }
    if isFirst { queue.async { self.showWaiting() } }
  }

  /// Shows what is waiting and lets go of the screen. Blocks.
  func close() {
    queue.sync {
      showWaiting()
      do throws(DisplayError) { try display.close() } catch { onFault(error) }
    }
  }

  private let lastFault = Mutex<DisplayError?>(nil)

  private func showWaiting() {
    let page = waiting.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    guard let page else { return }
    last.withLock { $0 = page }
    do throws(DisplayError) {
      try display.show(page.scene(size: display.size))
      lastFault.withLock { $0 = nil }
    } catch {
      let isNew = lastFault.withLock { last in
        defer { last = error }
        return last != error
      }
      if isNew { onFault(error) }
    }
  }
}
