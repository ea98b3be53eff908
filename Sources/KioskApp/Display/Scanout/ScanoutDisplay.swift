// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import CPangoCairo
import Dispatch
import Foundation
import Glibc
import KioskCore
import Synchronization
import Tracer

/// A screen of the kernel's, DRM or framebuffer, with a thread of its own, and the touch screen on it.
///
/// A screen that is not there is no failure of opening it: `show` throws why nothing is seen for as long as that is so, and
/// the screen is used once it is there.
final class ScanoutDisplay: Display {
  typealias PresenterMaker = @Sendable () -> any ScreenPresenter

  private let shared: Shared
  private let touch: TouchInput
  private let hasEnded = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - usualSize: for pages until there is a screen.
  ///   - takesConsole: the kernel's console is told to leave the screen alone.
  ///   - make: makes the presenter, on the display's thread.
  init(
    usualSize: ScreenSize, rotation: ScreenRotation, takesConsole: Bool, findsTouch: Bool = true,
    make: @escaping PresenterMaker
  ) {
    let shared = Shared(size: usualSize)
    self.shared = shared
    touch = TouchInput(isUsed: findsTouch) { [weak shared] in shared?.touched(at: $0, rotation: rotation) }
    let hasEnded = hasEnded
    let thread = Thread {
      ScanoutThread(shared, make(), takesConsole: takesConsole).run()
      hasEnded.signal()
    }
    thread.name = "display"
    thread.start()
  }

  deinit { shared.stop() }

  var size: ScreenSize { shared.state.withLock { $0.size } }
  var physicalSize: PhysicalSize? { shared.state.withLock { $0.physicalSize } }
  var hasTouch: Bool { touch.isThere }
  var words: String? { shared.state.withLock { $0.words } }
  var touches: Int { shared.state.withLock { $0.touches } }

  func observe(_ observer: DisplayObserver) { shared.state.withLock { $0.observer = observer } }

  func show(_ scene: Scene) throws(DisplayError) {
    let failure: DisplayError? = shared.state.withLock { state in
      if state.isStopping { return .closed }
      if state.scene != scene {
        state.scene = scene
        state.isNew = true
      }
      if let failure = state.failure {
        state.failure = nil
        return failure
      }
      return state.fault.map { .screen($0) }
    }
    shared.wake.wake()
    if let failure { throw failure }
  }

  func close() throws(DisplayError) {
    guard shared.stop() else { return }
    touch.close()
    // So that the screen is handed back before the process ends. A driver that hangs must not hold up the end.
    _ = hasEnded.wait(timeout: .now() + .milliseconds(AppLimits.screenCloseMilliseconds))
  }

  /// What the thread and its callers share.
  final class Shared: Sendable {
    struct State: ~Copyable {
      var size: ScreenSize
      var physicalSize: PhysicalSize?
      var words: String?
      /// Why nothing is seen; nil before the first look.
      var fault: ScreenFault?
      var hasScreen = false
      var scene: Scene?
      var isNew = false
      var isStopping = false
      var failure: DisplayError?
      var touches = 0
      var observer = DisplayObserver()
    }

    let state: Mutex<State>
    let wake = WakePipe()

    init(size: ScreenSize) { state = Mutex(State(size: size)) }

    /// Asks the thread to end; whether this was the first time.
    @discardableResult
    func stop() -> Bool {
      let isFirst = state.withLock { state in
        defer { state.isStopping = true }
        return !state.isStopping
      }
      if isFirst { wake.wake() }
      return isFirst
    }

    fileprivate func touched(at position: TouchPosition, rotation: ScreenRotation) {
      let (point, observer) = state.withLock { state in
        // Where nothing is seen nothing can be meant.
        guard state.hasScreen else { return (ScreenPoint?.none, state.observer) }
        state.touches += 1
        return (position.point(panel: rotation.size(of: state.size), rotation: rotation), state.observer)
      }
      if let point { observer.touched(point) }
    }
  }
}

/// The thread's loop.
private final class ScanoutThread {
  private let shared: ScanoutDisplay.Shared
  private let presenter: any ScreenPresenter
  private let takesConsole: Bool
  private let events = KernelEvents()

  init(_ shared: ScanoutDisplay.Shared, _ presenter: any ScreenPresenter, takesConsole: Bool) {
    (self.shared, self.presenter, self.takesConsole) = (shared, presenter, takesConsole)
  }

  func run() {
    let console = takesConsole ? Console() : nil
    while true {
      let (scene, isStopping) = shared.state.withLock { state in
        defer { state.isNew = false }
        return (state.isNew ? state.scene : nil, state.isStopping)
      }
      if isStopping { break }
      if let scene { presenter.show(scene) }
      do throws(DisplayError) {
        try presenter.advance(at: Self.now())
      } catch {
        shared.state.withLock { $0.failure = error }
      }
      publish()
      wait()
    }
    presenter.close()
    // After the last picture, so that the console draws over it.
    _ = consume console
  }

  private func publish() {
    let observer: DisplayObserver? = shared.state.withLock { state in
      let isOther = presenter.size.map { $0 != state.size } ?? false
      let isBack = presenter.size != nil && !state.hasScreen
      state.hasScreen = presenter.size != nil
      if let size = presenter.size { state.size = size }
      state.physicalSize = presenter.physicalSize
      state.words = presenter.words
      state.fault = presenter.fault == .starting ? nil : presenter.fault
      return isOther || isBack ? state.observer : nil
    }
    observer?.sizeChanged()
  }

  private func wait() {
    var waiting = [shared.wake.descriptor, events.descriptor, presenter.descriptor]
      .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var milliseconds: Int32 = -1
    if let deadline = presenter.nextDeadline {
      milliseconds = Int32(clamping: max(0, deadline.milliseconds(since: Self.now())))
    }
    _ = poll(&waiting, nfds_t(waiting.count), milliseconds)
    if waiting[0].revents != 0 { shared.wake.drain() }
    if waiting[1].revents != 0 {
      let (events, isComplete) = events.take(of: "drm")
      if !isComplete { presenter.hotplug(connector: nil, at: Self.now()) }
      // A card that comes has no HOTPLUG in its message.
      for event in events { presenter.hotplug(connector: event.connector, at: Self.now()) }
    }
  }

  private static func now() -> MonotonicTime {
    MonotonicTime(milliseconds: kiosk_clock_nanoseconds(CLOCK_MONOTONIC) / 1_000_000)
  }
}
