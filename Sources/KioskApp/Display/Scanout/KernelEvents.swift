// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Glibc
import KioskCore

/// What the kernel tells of devices, from its own socket: there with and without udev, and nothing to be installed.
///
/// Where a service may not open it, nothing is told: whoever waits here looks from time to time as well.
final class KernelEvents {
  /// To be polled for input; -1: nothing will ever be told.
  let descriptor: Int32

  init() { descriptor = max(-1, kiosk_uevents_open()) }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Those that wait, of one subsystem. `isComplete` is false when some were lost: then anything may have changed.
  func take(of subsystem: String) -> (events: [UEvent], isComplete: Bool) {
    guard descriptor >= 0 else { return ([], true) }
    var events: [UEvent] = []
    var bytes = [UInt8](repeating: 0, count: AppLimits.ueventBytes)
    while true {
      let count = Int(kiosk_uevents_take(descriptor, &bytes, bytes.count))
      if count == 0 { return (events, true) }
      if count < 0 { return (events, false) }
      guard let event = UEvent(Array(bytes[..<min(count, bytes.count)])), event.subsystem == subsystem else { continue }
      events.append(event)
    }
  }
}
