// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// What can go wrong with a display. Each message says what to do next.
enum DisplayError: Error, Equatable {
  /// No such kind of display; `kind` is what was written.
  case unknownKind(String)
  /// `png:` without a folder after it.
  case missingFolder
  /// `drm:` or `fbdev:` without a connector or device after it; `kind` is what was written.
  case missingName(String)
  /// This program was built without the developer's window.
  case builtWithoutWindow
  /// No window could be opened; `reason` is SDL's.
  case noWindow(reason: String)
  /// The folder for pictures cannot be made or written; `reason` is the system's.
  case folder(path: String, reason: String)
  /// A picture could not be written; `reason` is the system's.
  case writing(path: String, reason: String)
  /// The address has too many bytes for a QR code.
  case addressTooLong(bytes: Int)
  /// The QR library refused for another reason; `code` is its errno.
  case qr(code: Int32)
  /// The box is too small for one pixel a module.
  case qrTooSmall(modules: Int, pixels: Int)
  /// The font of the pages is not installed.
  case fontMissing(family: String)
  /// There was no memory for a picture of this size, or Cairo refused it.
  case drawing(size: ScreenSize, reason: String)
  /// The screen cannot be used now; it is looked at again.
  case screen(ScreenFault)
  /// Nothing can be shown any more: the display was closed.
  case closed
}

extension DisplayError: CustomStringConvertible {
  var description: String {
    switch self {
    case .unknownKind(let kind):
      "There is no display \"\(kind)\". Use one of: \(DisplayKind.choices)."
    case .missingFolder:
      "The display png: needs a folder to put screen.png in. Write for example png:screen."
    case .missingName(let kind):
      "The display \(kind) needs a name after the colon: drm:HDMI-A-1 or fbdev:/dev/fb0, or nothing: drm, fbdev."
    case .builtWithoutWindow:
      "This program was built without the window. Use png:DIR or none, or build with the trait Window."
    case .noWindow(let reason):
      "No window could be opened: \(reason). Start it in a graphical session, or use png:DIR or none."
    case .folder(let path, let reason):
      "Pictures cannot be put in \(path): \(reason). Choose another, or let the kiosk write there."
    case .writing(let path, let reason):
      "The picture \(path) could not be written: \(reason). Check the folder and the free space on its disk."
    case .addressTooLong(let bytes):
      "The install address has \(bytes) bytes, a QR code at most \(QRCode.longestAddress). Use a shorter one."
    case .qr(let code):
      "The QR code could not be made (error \(code)). Check that the install address is not empty."
    case .qrTooSmall(let modules, let pixels):
      "\(modules) QR modules do not fit in \(pixels) pixels. Use a shorter address or a larger screen."
    case .fontMissing(let family):
      "The font \(family) is not installed, and pages are shown in no other. Do: apt-get install fonts-inter"
    case .drawing(let size, let reason):
      "A picture of \(size) could not be drawn: \(reason). Choose a smaller screen size."
    case .screen(let fault): fault.description
    case .closed:
      "The display is closed. Start the kiosk again to show something."
    }
  }
}
