// SPDX-License-Identifier: GPL-3.0-or-later
import Dispatch
import Glibc
import KioskCore
import Synchronization

/// Keeps the newest scene as a picture in a folder, for tests, remote looks and screens of other programs.
///
/// The picture is replaced in one step, so a reader never sees half of it. Drawing and encoding happen on a
/// queue of their own, at most once a second; scenes that were replaced before that are never drawn at all.
final class PNGDisplay: Display {
  let size: ScreenSize
  /// Where the picture is.
  let path: String

  private let temporaryPath: String
  private let interval: DispatchTimeInterval
  private let queue = DispatchQueue(label: "png display")
  private let state: Mutex<State>

  /// The name of the picture in its folder.
  static let fileName = "screen.png"

  private struct State: ~Copyable {
    var waiting: Scene?
    var last: Scene?
    var isBusy = false
    var isClosed = false
    var failure: DisplayError?
    var written = 0
  }

  /// A display that writes `screen.png` into `folder`, which is made if it is not there.
  ///
  /// Throws `folder` if it cannot be made or written to.
  init(folder: String, size: ScreenSize, interval: DispatchTimeInterval = .seconds(1)) throws(DisplayError) {
    self.size = size
    self.interval = interval
    path = "\(folder)/\(PNGDisplay.fileName)"
    temporaryPath = "\(folder)/.\(PNGDisplay.fileName).\(getpid())"
    state = Mutex(State())
    try PNGDisplay.make(folder)
  }

  /// How many pictures were written, once the queue has done what it can do now.
  var picturesWritten: Int {
    queue.sync { state.withLock { $0.written } }
  }

  func show(_ scene: Scene) throws(DisplayError) {
    enum Outcome {
      case nothing
      case start
      case failed(DisplayError)
    }
    let outcome: Outcome = state.withLock { state in
      if state.isClosed { return .failed(.closed) }
      if state.last != scene {
        state.last = scene
        state.waiting = scene
      }
      if let failure = state.failure {
        state.failure = nil
        // Try the same scene again at the next call.
        state.last = nil
        return .failed(failure)
      }
      guard state.waiting != nil, !state.isBusy else { return .nothing }
      state.isBusy = true
      return .start
    }
    switch outcome {
    case .nothing: return
    case .failed(let failure): throw failure
    case .start: queue.async { self.writeAndRest() }
    }
  }

  func close() throws(DisplayError) {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    queue.sync { write() }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  // MARK: On the queue

  private let easel = Easel()

  /// Holds the canvas. Unchecked, because a canvas cannot be sent and nothing tells the compiler that all that touch
  /// it run on the queue, one at a time.
  private final class Easel: @unchecked Sendable {
    var canvas: Canvas?
  }

  private func writeAndRest() {
    write()
    queue.asyncAfter(deadline: .now() + interval) { [weak self] in self?.wake() }
  }

  private func wake() {
    let more = state.withLock { state in
      state.isBusy = state.waiting != nil && !state.isClosed
      return state.isBusy
    }
    if more { writeAndRest() }
  }

  private func write() {
    let scene = state.withLock { state in
      defer { state.waiting = nil }
      return state.waiting
    }
    guard let scene else { return }
    do throws(DisplayError) {
      let canvas: Canvas
      if let known = easel.canvas { canvas = known } else { canvas = try Canvas(size: size) }
      easel.canvas = canvas
      try canvas.draw(scene)
      try canvas.writePNG(to: temporaryPath)
      guard rename(temporaryPath, path) == 0 else {
        throw DisplayError.writing(path: path, reason: PNGDisplay.words(errno))
      }
      state.withLock { $0.written += 1 }
    } catch {
      unlink(temporaryPath)
      state.withLock { $0.failure = error }
    }
  }

  // MARK: Folder

  /// Makes the folder and the folders it is in, and sees whether it can be written to.
  private static func make(_ folder: String) throws(DisplayError) {
    var path = folder.hasPrefix("/") ? "/" : ""
    for part in folder.split(separator: "/") {
      path += "\(part)/"
      if mkdir(path, 0o755) != 0, errno != EEXIST {
        let code = errno
        // On the way there may be folders that exist and cannot be written; only the last must be.
        if access(path, F_OK) != 0 { throw .folder(path: folder, reason: words(code)) }
      }
    }
    if path.isEmpty { path = "./" }
    if access(path, W_OK | X_OK) != 0 { throw .folder(path: folder, reason: words(errno)) }
    // A file of that name also passes mkdir with EEXIST.
    var status = stat()
    if stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
      throw .folder(path: folder, reason: words(ENOTDIR))
    }
  }

  private static func words(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
