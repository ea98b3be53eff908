// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Glibc
import KioskCore

/// An input device of the kernel's that is a touch screen, read as it is (evdev).
struct EvdevPanel {
  /// What opening a device came to.
  enum Opening {
    case panel(EvdevPanel)
    case noPanel
    /// A positive errno.
    case failed(Int32)
  }

  let descriptor: Int32
  private let panel: TouchPanel
  private var reader = InputEventReader()
  private var tracker: TouchTracker

  static func open(_ path: String) -> Opening {
    let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { return .failed(errno) }
    var device = kiosk_touch_device()
    guard kiosk_touch_read(fd, &device) == 0, let panel = TouchPanel(InputAbilities(device)) else {
      Glibc.close(fd)
      return .noPanel
    }
    // Without, times jump when the clock is set, and a touch during that is none.
    _ = kiosk_touch_use_monotonic_clock(fd)
    var one = EvdevPanel(descriptor: fd, panel: panel, tracker: TouchTracker(panel))
    one.synchronise(device)
    return .panel(one)
  }

  private init(descriptor: Int32, panel: TouchPanel, tracker: TouchTracker) {
    (self.descriptor, self.panel, self.tracker) = (descriptor, panel, tracker)
  }

  func close() { Glibc.close(descriptor) }

  /// Reads what waits; nil when the device is gone.
  mutating func takeTaps() -> [Tap]? {
    var taps: [Tap] = []
    var bytes = [UInt8](
      repeating: 0, count: AppLimits.touchEvents * InputEventReader.Layout.own.eventBytes)
    while true {
      let count = read(descriptor, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN { return taps }
      guard count > 0 else { return nil }
      for event in reader.append(bytes[..<count]) {
        taps += tracker.take(event)
        if tracker.needsState {
          var device = kiosk_touch_device()
          guard kiosk_touch_read(descriptor, &device) == 0 else { return nil }
          synchronise(device)
        }
      }
    }
  }

  private mutating func synchronise(_ device: kiosk_touch_device) {
    guard let slots = panel.slots else {
      return tracker.synchronise(slot: 0, positions: [(device.x.value, device.y.value)])
    }
    var x = [Int32](repeating: 0, count: slots)
    var y = x
    _ = kiosk_touch_read_slots(descriptor, &x, &y, slots)
    tracker.synchronise(slot: Int(device.slot.value), positions: zip(x, y).map { ($0, $1) })
  }
}

extension InputAbilities {
  init(_ device: kiosk_touch_device) {
    func range(_ axis: kiosk_axis) -> ClosedRange<Int32>? {
      axis.is_there != 0 && axis.minimum <= axis.maximum ? axis.minimum...axis.maximum : nil
    }
    self.init()
    isDirect = device.is_direct != 0
    isPointer = device.is_pointer != 0
    isRelative = device.is_relative != 0
    hasTouch = device.has_touch != 0
    hasLeft = device.has_left != 0
    (x, y) = (range(device.x), range(device.y))
    (slotX, slotY) = (range(device.slot_x), range(device.slot_y))
    if let slot = range(device.slot) { slots = Int(slot.upperBound) + 1 }
  }
}
