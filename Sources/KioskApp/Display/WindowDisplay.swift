// SPDX-License-Identifier: GPL-3.0-or-later
#if Window
  import CPangoCairo
  import CSDL2
  import Dispatch
  import Glibc
  import KioskCore
  import Synchronization

  /// The developer's window. Every call into SDL is made on one thread of the window's own.
  final class WindowDisplay: Display {
    private let shared: Shared
    private let thread: pthread_t

    /// Opens a window of `size` pixels, which may be resized.
    ///
    /// `onQuit` is called once, on the window's thread, when the window is closed or Escape or q is pressed;
    /// the window stays until `close`, which `onQuit` must not call. `driver` is one of SDL's, such as
    /// `dummy`; `nil` lets SDL choose. Throws `noWindow` when there is no graphical session.
    init(
      size: ScreenSize, driver: String? = nil, onQuit: @escaping @Sendable () -> Void
    ) throws(DisplayError) {
      let shared = Shared(size: size, driver: driver, onQuit: onQuit)
      self.shared = shared
      var thread = pthread_t()
      let argument = Unmanaged.passRetained(shared).toOpaque()
      let code = pthread_create(
        &thread, nil,
        { argument in
          if let argument {
            WindowThread(Unmanaged<Shared>.fromOpaque(argument).takeRetainedValue()).run()
          }
          return nil
        }, argument)
      guard code == 0 else {
        Unmanaged<Shared>.fromOpaque(argument).release()
        throw .noWindow(reason: "no thread could be started (error \(code))")
      }
      self.thread = thread
      shared.opened.wait()
      if let failure = shared.state.withLock({ $0.failure }) {
        pthread_join(thread, nil)
        throw failure
      }
    }

    /// A window that was not closed goes away by itself, after this.
    deinit {
      if shared.stop() { pthread_detach(thread) }
    }

    var size: ScreenSize { shared.state.withLock { $0.size } }

    /// By the mouse.
    var hasTouch: Bool { true }
    var touches: Int { shared.state.withLock { $0.touches } }
    func observe(_ observer: DisplayObserver) { shared.state.withLock { $0.observer = observer } }

    func show(_ scene: Scene) throws(DisplayError) {
      let failure: DisplayError? = shared.state.withLock { state in
        if state.isStopping { return .closed }
        if state.scene != scene {
          state.scene = scene
          state.isNew = true
        }
        defer { state.failure = nil }
        return state.failure
      }
      shared.wake()
      if let failure { throw failure }
    }

    func close() throws(DisplayError) {
      // Joined, not only told: SDL takes its time, and a process that exits meanwhile crashes in it.
      if shared.stop() { pthread_join(thread, nil) }
    }

    /// What the window's thread and its callers share.
    fileprivate final class Shared: Sendable {
      let state: Mutex<State>
      let opened = DispatchSemaphore(value: 0)
      let driver: String?
      let onQuit: @Sendable () -> Void

      struct State: ~Copyable {
        var size: ScreenSize
        var scene: Scene?
        var isNew = false
        var isStopping = false
        /// SDL's number for the event that wakes its thread; `nil` while there is no window.
        var wakeEvent: UInt32?
        var failure: DisplayError?
        var touches = 0
        var observer = DisplayObserver()
      }

      init(size: ScreenSize, driver: String?, onQuit: @escaping @Sendable () -> Void) {
        state = Mutex(State(size: size))
        self.driver = driver
        self.onQuit = onQuit
      }

      /// Makes the thread look at the state. SDL allows `SDL_PushEvent` from any thread.
      func wake() {
        state.withLock { state in
          guard let type = state.wakeEvent else { return }
          var event = SDL_Event()
          event.type = type
          SDL_PushEvent(&event)
        }
      }

      /// Asks the thread to end; whether this was the first time.
      @discardableResult
      func stop() -> Bool {
        let isFirst = state.withLock { state in
          defer { state.isStopping = true }
          return !state.isStopping
        }
        if isFirst { wake() }
        return isFirst
      }
    }
  }

  /// The window's thread: its loop, its canvas and every call into SDL.
  private final class WindowThread {
    private let shared: WindowDisplay.Shared
    private var canvas: Canvas?
    private var hasQuit = false

    /// The loop looks at its state at least this often, should a wake event be lost in a full queue.
    private static let patienceMilliseconds: Int32 = 500
    /// `SDL_WINDOWPOS_CENTERED`. Source: SDL_video.h.
    private static let centred: Int32 = 0x2FFF_0000

    init(_ shared: WindowDisplay.Shared) { self.shared = shared }

    func run() {
      let size = shared.state.withLock { $0.size }
      // The kiosk handles its own signals, and a screen saver is no business of a developer's window.
      SDL_SetHint("SDL_NO_SIGNAL_HANDLERS", "1")
      SDL_SetHint("SDL_VIDEO_ALLOW_SCREENSAVER", "1")
      if let driver = shared.driver { SDL_SetHint("SDL_VIDEODRIVER", driver) }
      guard SDL_InitSubSystem(SDL_INIT_VIDEO) == 0 else { return refuse() }
      defer { SDL_QuitSubSystem(SDL_INIT_VIDEO) }
      let flags = SDL_WINDOW_RESIZABLE.rawValue | SDL_WINDOW_SHOWN.rawValue
      guard
        let window = SDL_CreateWindow(
          "Bluezone kiosk", Self.centred, Self.centred, Int32(clamping: size.width),
          Int32(clamping: size.height), flags)
      else { return refuse() }
      defer { SDL_DestroyWindow(window) }
      SDL_SetWindowMinimumSize(window, 320, 240)
      measure(window)
      shared.state.withLock { $0.wakeEvent = SDL_RegisterEvents(1) }
      shared.opened.signal()

      while !shared.state.withLock({ $0.isStopping }) {
        present(in: window)
        var event = SDL_Event()
        guard SDL_WaitEventTimeout(&event, Self.patienceMilliseconds) == 1 else { continue }
        handle(event, of: window)
      }
      shared.state.withLock { $0.wakeEvent = nil }
    }

    private func refuse() {
      let reason = SDL_GetError().map { String(cString: $0) } ?? "unknown error"
      shared.state.withLock {
        $0.failure = .noWindow(reason: reason)
        $0.isStopping = true  // The initialiser joins the thread, nobody else does.
      }
      shared.opened.signal()
    }

    private func handle(_ event: SDL_Event, of window: OpaquePointer) {
      switch SDL_EventType(event.type) {
      case SDL_QUIT: quit()
      case SDL_MOUSEBUTTONUP:
        let observer = shared.state.withLock { state in
          state.touches += 1
          return state.observer
        }
        observer.touched(ScreenPoint(x: Int(event.button.x), y: Int(event.button.y)))
      case SDL_KEYDOWN:
        let key = event.key.keysym.sym
        if key == Int32(SDLK_ESCAPE.rawValue) || key == Int32(SDLK_q.rawValue) { quit() }
      case SDL_WINDOWEVENT:
        switch SDL_WindowEventID(UInt32(event.window.event)) {
        case SDL_WINDOWEVENT_SIZE_CHANGED:
          measure(window)
          repaint(window)
        case SDL_WINDOWEVENT_EXPOSED, SDL_WINDOWEVENT_SHOWN: repaint(window)
        default: break
        }
      default: break
      }
    }

    private func quit() {
      guard !hasQuit else { return }
      hasQuit = true
      shared.onQuit()
    }

    private func measure(_ window: OpaquePointer) {
      var (width, height): (Int32, Int32) = (0, 0)
      SDL_GetWindowSize(window, &width, &height)
      let size = ScreenSize(width: Int(width), height: Int(height))
      let observer: DisplayObserver? = shared.state.withLock { state in
        defer { state.size = size }
        return state.size == size ? nil : state.observer
      }
      observer?.sizeChanged()
    }

    /// Draws the newest scene, and brings to the window what that changed.
    private func present(in window: OpaquePointer) {
      let scene = shared.state.withLock { state in
        defer { state.isNew = false }
        return state.isNew ? state.scene : nil
      }
      guard let scene else { return }
      do throws(DisplayError) {
        let canvas: Canvas
        if let known = self.canvas, known.size == scene.size {
          canvas = known
        } else {
          canvas = try Canvas(size: scene.size)
        }
        self.canvas = canvas
        copy(canvas, try canvas.draw(scene), to: window)
      } catch {
        shared.state.withLock { $0.failure = error }
      }
    }

    private func repaint(_ window: OpaquePointer) {
      guard let canvas else { return }
      copy(canvas, [Box(x: 0, y: 0, width: canvas.size.width, height: canvas.size.height)], to: window)
    }

    private func copy(_ canvas: Canvas, _ boxes: [Box], to window: OpaquePointer) {
      guard !boxes.isEmpty, let target = SDL_GetWindowSurface(window) else { return }
      let source = canvas.withPixels { pixels, pitch in
        SDL_CreateRGBSurfaceWithFormatFrom(
          UnsafeMutableRawPointer(mutating: pixels.baseAddress), Int32(clamping: canvas.size.width),
          Int32(clamping: canvas.size.height), 32, Int32(clamping: pitch),
          UInt32(SDL_PIXELFORMAT_XRGB8888.rawValue))
      }
      guard let source else { return }
      defer { SDL_FreeSurface(source) }
      for box in boxes {
        var rectangle = SDL_Rect(
          x: Int32(clamping: box.x), y: Int32(clamping: box.y), w: Int32(clamping: box.width),
          h: Int32(clamping: box.height))
        var place = rectangle
        SDL_UpperBlit(source, &rectangle, target, &place)
        if place.w > 0, place.h > 0 { SDL_UpdateWindowSurfaceRects(window, &place, 1) }
      }
    }
  }
#endif
