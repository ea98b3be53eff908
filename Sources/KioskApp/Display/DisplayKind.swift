// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// Which display to use, as it is written in the configuration and on the command line.
enum DisplayKind: Equatable, Sendable {
  /// `png:DIR`: a picture in a folder.
  case png(folder: String)
  /// `window`: the developer's window.
  case window
  /// `drm`, `drm:CONNECTOR`: a screen of this machine's; nil takes the first that is plugged in.
  case drm(connector: String?)
  /// `fbdev`, `fbdev:/dev/fbN`: a framebuffer device, where there is no DRM driver.
  case framebuffer(path: String)
  /// `none`: no screen at all.
  case off

  /// Every way to write one, for messages and usage.
  static let choices = "drm, drm:CONNECTOR, fbdev, fbdev:/dev/fbN, window, png:DIR, none"

  static let usualFramebuffer = "/dev/fb0"

  /// Reads what stands in the configuration.
  ///
  /// Throws `unknownKind`, `missingFolder` or `missingName`.
  init(parsing text: String) throws(DisplayError) {
    if text.hasPrefix("png:") {
      let folder = String(text.dropFirst(4))
      guard !folder.isEmpty else { throw .missingFolder }
      self = .png(folder: folder)
      return
    }
    for kind in ["drm:", "fbdev:"] where text.hasPrefix(kind) {
      let name = String(text.dropFirst(kind.count))
      guard !name.isEmpty else { throw .missingName(kind) }
      self = kind == "drm:" ? .drm(connector: name) : .framebuffer(path: name)
      return
    }
    switch text {
    case "png": throw .missingFolder
    case "window": self = .window
    case "none": self = .off
    case "drm": self = .drm(connector: nil)
    case "fbdev": self = .framebuffer(path: DisplayKind.usualFramebuffer)
    default: throw .unknownKind(text)
    }
  }

  /// Opens the display; `nil` for `none`, so that nobody lays out pages nobody sees.
  ///
  /// `onQuit` is called from the window's thread, once, when the user closes the window.
  /// Screens of the kernel's have a size of their own; `size` is what pages are laid out for until one is there.
  func open(
    size: ScreenSize, rotation: ScreenRotation = .none, onQuit: @escaping @Sendable () -> Void
  ) throws(DisplayError) -> (any Display)? {
    switch self {
    case .png(let folder): return try PNGDisplay(folder: folder, size: size)
    case .off: return nil
    case .drm(let connector):
      return ScanoutDisplay(usualSize: size, rotation: rotation, takesConsole: false) {
        DRMPresenter(cards: KernelCard.cards, connectorName: connector, rotation: rotation)
      }
    case .framebuffer(let path):
      return ScanoutDisplay(usualSize: size, rotation: rotation, takesConsole: true) {
        FramebufferPresenter(path: path, rotation: rotation) { (path) throws(CardError) in
          try KernelFramebuffer(path)
        }
      }
    case .window:
      #if Window
        return try WindowDisplay(size: size, onQuit: onQuit)
      #else
        throw .builtWithoutWindow
      #endif
    }
  }
}

extension DisplayKind: CustomStringConvertible {
  var description: String {
    switch self {
    case .png(let folder): "png:\(folder)"
    case .window: "window"
    case .drm(let connector): connector.map { "drm:\($0)" } ?? "drm"
    case .framebuffer(let path): path == Self.usualFramebuffer ? "fbdev" : "fbdev:\(path)"
    case .off: "none"
    }
  }
}
