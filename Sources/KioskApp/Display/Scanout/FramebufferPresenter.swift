// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Tracer

/// A framebuffer device (/dev/fbN): the kernel's, or one in memory.
protocol FramebufferDevice: AnyObject {
  /// What it is now. Throws when it is gone.
  func form() throws(CardError) -> FramebufferForm
  /// Its memory, all of it.
  var memory: UnsafeMutableRawBufferPointer { get }
  func close()
}

/// How a framebuffer's memory is seen on its screen.
struct FramebufferForm: Equatable {
  var size: ScreenSize
  /// Bytes from one row to the next, and before the first that is seen.
  var pitch: Int
  var offset: Int
  var bitsPerPixel: Int
  /// nil: one that we do not draw.
  var format: PixelFormat?
  /// Millimetres; 0 or below: not told.
  var width = 0
  var height = 0
}

/// Shows scenes through a framebuffer device, for machines whose display driver knows nothing else.
///
/// There is one buffer only, so a picture may be seen while it changes; and the driver tells nothing of plugs.
final class FramebufferPresenter: ScreenPresenter {
  typealias Opener = @Sendable (String) throws(CardError) -> any FramebufferDevice

  private let path: String
  private let open: Opener
  private let rotation: ScreenRotation

  private struct Output {
    var device: any FramebufferDevice
    var form: FramebufferForm
    var target: ScanoutTarget
    var canvas: Canvas
    var wholeAt: MonotonicTime
  }

  private var output: Output?
  private var scene: Scene?
  private(set) var fault: ScreenFault? = .starting
  private var lookAt: MonotonicTime?

  init(path: String, rotation: ScreenRotation, open: @escaping Opener) {
    (self.path, self.rotation, self.open) = (path, rotation, open)
  }

  var size: ScreenSize? { output.map { rotation.size(of: $0.form.size) } }

  var physicalSize: PhysicalSize? {
    guard let form = output?.form else { return nil }
    return PhysicalSize(told: form.width, form.height, pixels: form.size)?.turned(rotation)
  }

  var words: String? {
    guard let form = output?.form else { return nil }
    return "\(form.size), \(form.bitsPerPixel) bits a pixel" + (physicalSize.map { ", \($0.words)" } ?? "")
  }

  let descriptor: Int32 = -1

  var nextDeadline: MonotonicTime? { lookAt ?? MonotonicTime(milliseconds: .min) }

  func show(_ scene: Scene) { self.scene = scene }

  func hotplug(connector: UInt32?, at now: MonotonicTime) { lookAt = nil }

  func advance(at now: MonotonicTime) throws(DisplayError) {
    if lookAt.map({ now >= $0 }) ?? true { look(at: now) }
    guard var output, let scene, scene.size == size else { return }
    var boxes = try output.canvas.draw(scene)
    if now >= output.wholeAt {
      // The kernel's console may have written over it, and nobody tells.
      boxes = [Box(x: 0, y: 0, width: scene.size.width, height: scene.size.height)]
      output.wholeAt = now.adding(milliseconds: AppLimits.framebufferMilliseconds)
    }
    output.canvas.withPixels { pixels, pitch in
      for box in boxes { output.target.copy(box, of: pixels, pitch: pitch, rotation: rotation) }
    }
    self.output = output
  }

  func close() {
    // A page that stands still must not be taken for one that lives; a console draws its own over it.
    if scene != nil { output?.target.clear() }
    output?.device.close()
    output = nil
  }

  private func look(at now: MonotonicTime) {
    lookAt = now.adding(milliseconds: AppLimits.screenRetryMilliseconds)
    if let output {
      if let form = try? output.device.form(), form == output.form { return }
      close()
    }
    do throws(CardError) {
      try start(on: try open(path), at: now)
    } catch {
      switch error.code {
      case EACCES, EPERM: fault = .notAllowed(path: path)
      case ENOENT, ENODEV, ENXIO: fault = .noFramebuffer(path: path)
      default: fault = .refused(doing: path, reason: error.words)
      }
    }
  }

  private func start(on device: any FramebufferDevice, at now: MonotonicTime) throws(CardError) {
    do throws(CardError) {
      let form = try device.form()
      let all = device.memory
      guard let format = form.format, form.offset >= 0, form.offset < all.count,
        let target = ScanoutTarget(
          memory: UnsafeMutableRawBufferPointer(rebasing: all[form.offset...]), size: form.size, pitch: form.pitch,
          format: format)
      else {
        device.close()
        fault = .unknownPixels(path: path, bitsPerPixel: form.bitsPerPixel)
        return
      }
      guard let canvas = try? Canvas(size: rotation.size(of: form.size)) else { throw CardError(code: ENOMEM) }
      output = Output(device: device, form: form, target: target, canvas: canvas, wholeAt: now)
      fault = nil
    } catch {
      device.close()
      throw error
    }
  }
}
