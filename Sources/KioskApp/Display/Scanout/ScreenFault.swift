// SPDX-License-Identifier: GPL-3.0-or-later

/// Why nothing is seen on a screen of the kernel's. Each is looked at again every few seconds; each message says what
/// to do.
enum ScreenFault: Error, Equatable {
  /// Not looked at yet.
  case starting
  /// There is no /dev/dri/card*.
  case noCard
  /// There are cards, and none that shows pictures from memory.
  case noUsableCard
  /// The device may not be opened.
  case notAllowed(path: String)
  /// Nothing is plugged in anywhere.
  case noScreen
  /// The settings name a connector that no card has.
  case noConnector(String, available: [String])
  /// Nothing is plugged into the connector.
  case unplugged(connector: String)
  /// The screen offers no mode at all.
  case noModes(connector: String)
  /// No display controller of the card can serve the connector.
  case noController(connector: String)
  /// Another program shows something there.
  case inUse(path: String)
  /// The kernel refused; `doing` says what, `reason` is the system's.
  case refused(doing: String, reason: String)
  /// There is no such framebuffer device.
  case noFramebuffer(path: String)
  /// The framebuffer's pixels are of a form we do not draw.
  case unknownPixels(path: String, bitsPerPixel: Int)
}

extension ScreenFault: CustomStringConvertible {
  var description: String {
    switch self {
    case .starting: "The screen is being looked for."
    case .noCard:
      "This machine has no display driver (/dev/dri/card*). Load one, or use fbdev if there is a /dev/fb0."
    case .noUsableCard:
      "No graphics card of this machine can show a picture by itself. Use another display, or fbdev if there is a /dev/fb0."
    case .notAllowed(let path):
      "The kiosk may not use \(path). Add its user to the group video, as the service file does."
    case .noScreen:
      "No screen is plugged in, or it is switched off. Plug one in; it is used within seconds."
    case .noConnector(let name, let available):
      "There is no connector \(name). "
        + (available.isEmpty ? "There is none at all." : "Use one of: \(available.joined(separator: ", ")).")
    case .unplugged(let connector):
      "No screen is plugged in at \(connector), or it is switched off. Plug one in; it is used within seconds."
    case .noModes(let connector):
      "The screen at \(connector) tells no resolution. Check its cable, or give one on the kernel's command line: "
        + "video=\(connector):1280x720@60."
    case .noController(let connector):
      "The card has no display controller free for \(connector). Unplug another screen, or name another connector."
    case .inUse(let path):
      "Another program has the screen (\(path)). End it, such as a desktop or login manager: "
        + "systemctl disable --now display-manager."
    case .refused(let doing, let reason):
      "The display driver refused \(doing): \(reason). It is tried again; if it stays so, look into dmesg."
    case .noFramebuffer(let path):
      "There is no framebuffer \(path). Load its driver, or use drm."
    case .unknownPixels(let path, let bitsPerPixel):
      "The framebuffer \(path) has \(bitsPerPixel) bits a pixel in a form that is not known. Set 16 or 32 bits, or use drm."
    }
  }
}
