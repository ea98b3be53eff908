// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// Which display to use, as it is written in the configuration and on the command line.
enum DisplayKind: Equatable, Sendable {
  /// `png:DIR`: a picture in a folder.
  case png(folder: String)
  /// `window`: the developer's window.
  case window
  /// `none`: no screen at all.
  case off

  /// Every way to write one, for messages and usage.
  static let choices = "png:DIR, window, none, drm"

  /// Reads what stands in the configuration.
  ///
  /// Throws `unknownKind`, `missingFolder`, or `notInThisVersion` for `drm`.
  init(parsing text: String) throws(DisplayError) {
    if text.hasPrefix("png:") {
      let folder = String(text.dropFirst(4))
      guard !folder.isEmpty else { throw .missingFolder }
      self = .png(folder: folder)
      return
    }
    switch text {
    case "png": throw .missingFolder
    case "window": self = .window
    case "none": self = .off
    case "drm": throw .notInThisVersion("drm")
    default: throw .unknownKind(text)
    }
  }

  /// Opens the display; `nil` for `none`, so that nobody lays out pages nobody sees.
  ///
  /// `onQuit` is called from the window's thread, once, when the user closes the window.
  func open(size: ScreenSize, onQuit: @escaping @Sendable () -> Void) throws(DisplayError) -> (any Display)? {
    switch self {
    case .png(let folder): return try PNGDisplay(folder: folder, size: size)
    case .off: return nil
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
    case .off: "none"
    }
  }
}
