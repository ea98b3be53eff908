// SPDX-License-Identifier: GPL-3.0-or-later

/// What the kernel tells of a device that came, went or changed: texts that end with a zero byte, first
/// `ACTION@PATH`, then `NAME=VALUE`. Source: lib/kobject_uevent.c.
public struct UEvent: Hashable, Sendable {
  /// add, remove, change and others.
  public var action = ""
  /// drm, input, graphics and others.
  public var subsystem = ""
  /// The file in /dev, such as `dri/card0`.
  public var deviceName: String?
  /// Of a screen: something was plugged in, or out.
  public var isHotplug = false
  /// Of a hotplug: the connector's number, when the driver tells it.
  public var connector: UInt32?

  /// nil for what is no such message.
  public init?(_ bytes: [UInt8]) {
    let texts = bytes.split(separator: 0)
    guard let first = texts.first, first.contains(UInt8(ascii: "@")) else { return nil }
    for text in texts.dropFirst() {
      guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = String(decoding: text[(equals + 1)...], as: UTF8.self)
      switch String(decoding: text[..<equals], as: UTF8.self) {
      case "ACTION": action = value
      case "SUBSYSTEM": subsystem = value
      case "DEVNAME": deviceName = value
      case "HOTPLUG": isHotplug = value == "1"
      case "CONNECTOR": connector = UInt32(value)
      default: break
      }
    }
  }
}
