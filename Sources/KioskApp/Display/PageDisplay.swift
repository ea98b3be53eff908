// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization

/// Lays out pages and hands them to a display, off the core's task. A page that is replaced before its turn is
/// never laid out.
final class PageDisplay: Sendable {
  private let display: any Display
  private let diagonalInches: Double?
  private let touch: Bool?
  private let onAction: @Sendable (ScreenAction) -> Void
  private let onFault: @Sendable (DisplayError) -> Void
  private let queue = DispatchQueue(label: "display")
  private let waiting = Mutex<ScreenState?>(nil)
  private let last = Mutex<ScreenState?>(nil)
  private let targets = Mutex<[TouchTarget]>([])

  /// - Parameters:
  ///   - diagonalInches: of the screen, where its own word is not to be believed.
  ///   - touch: whether it can be touched; nil asks the display.
  ///   - onAction: called on the thread that says `touched`.
  ///   - onFault: called on the queue, once for each fault that differs from the one before.
  init(
    _ display: any Display, diagonalInches: Double? = nil, touch: Bool? = nil,
    onAction: @escaping @Sendable (ScreenAction) -> Void = { _ in },
    onFault: @escaping @Sendable (DisplayError) -> Void
  ) {
    self.display = display
    self.diagonalInches = diagonalInches
    self.touch = touch
    self.onAction = onAction
    self.onFault = onFault
    display.observe(
      DisplayObserver(
        touched: { [weak self] in self?.touched(x: $0.x, y: $0.y) }, sizeChanged: { [weak self] in self?.showAgain() }))
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

  func show(_ page: ScreenState) {
    let isFirst = waiting.withLock { waiting in
      defer { waiting = page }
      return waiting == nil
    }
    if isFirst { queue.async { self.showWaiting() } }
  }

  /// A pixel of the display was touched: what that asks for, by what is to be seen now, is passed on. Called from any
  /// thread.
  func touched(x: Int, y: Int) {
    let pixel = Box(x: x, y: y, width: 1, height: 1)
    let target = targets.withLock { $0.first { $0.box.contains(pixel) } }
    if let target { onAction(target.action) }
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
    guard var page else { return }
    last.withLock { $0 = page }
    page.site.hasTouch = touch ?? display.hasTouch
    do throws(DisplayError) {
      let size = display.size
      let physical = diagonalInches.map { PhysicalSize(diagonalInches: $0, pixels: size) } ?? display.physicalSize
      let scene = page.scene(size: size, physical: physical)
      try display.show(scene)
      targets.withLock { $0 = scene.touchTargets }
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
