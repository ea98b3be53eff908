// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import KioskCore

/// Bytes of events as the kernel gives them.
private func bytes(_ event: InputEvent, _ layout: InputEventReader.Layout) -> [UInt8] {
  func little(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
  let half = layout == .time32 ? 4 : 8
  let (seconds, rest) = event.time.milliseconds.quotientAndRemainder(dividingBy: 1000)
  return little(UInt64(seconds), half) + little(UInt64(rest) * 1000 + 999, half) + little(UInt64(event.type), 2)
    + little(UInt64(event.code), 2) + little(UInt64(UInt32(bitPattern: event.value)), 4)
}

@Suite("Bytes of input events")
struct InputEventReaderTests {
  private static let events = [
    InputEvent(time: MonotonicTime(milliseconds: 1_234_567), type: 3, code: 0x35, value: 4095),
    InputEvent(time: MonotonicTime(milliseconds: 4_000_000_123), type: 3, code: 0x39, value: -1),
    InputEvent(time: MonotonicTime(milliseconds: 0), type: 0, code: 0, value: 0),
  ]

  @Test("are read in both layouts, in whatever pieces they come", arguments: InputEventReader.Layout.allCases)
  func pieces(layout: InputEventReader.Layout) {
    let all = Self.events.flatMap { bytes($0, layout) }
    #expect(all.count == 3 * layout.eventBytes)
    for size in 1...all.count {
      var reader = InputEventReader(layout: layout)
      var found: [InputEvent] = []
      var at = 0
      while at < all.count {
        found += reader.append(all[at..<min(at + size, all.count)])
        at += size
      }
      #expect(found == Self.events, "pieces of \(size)")
      #expect(reader.heldBytes == 0)
    }
  }

  @Test("that are cut off are held back, and never more than a part of one")
  func cut() {
    var reader = InputEventReader(layout: .time64)
    #expect(reader.append([UInt8](repeating: 7, count: 23)).isEmpty)
    #expect(reader.heldBytes == 23)
    #expect(reader.append([7]).count == 1)
  }

  @Test("of this machine's kernel are as long as its words say")
  func own() {
    #expect(InputEventReader.Layout.own == (MemoryLayout<Int>.size == 8 ? .time64 : .time32))
  }

  @Test("may carry any time at all")
  func times() {
    var reader = InputEventReader(layout: .time64)
    let events = reader.append([UInt8](repeating: 0xFF, count: 8) + [UInt8](repeating: 0x7F, count: 16))
    #expect(events.count == 1)
    #expect(
      reader.append([0, 0, 0, 0, 0, 0, 0, 0x80] + [UInt8](repeating: 0xFF, count: 16))[0].time.milliseconds == .min)
  }
}

@Suite("Taps")
struct TouchTrackerTests {
  /// Plays events to a tracker.
  private struct Finger {
    var tracker: TouchTracker
    var time: Int64 = 10_000

    init(slots: Int? = 10) {
      tracker = TouchTracker(TouchPanel(slots: slots, x: 0...999, y: 0...499))
      tracker.synchronise(slot: 0, positions: [])
    }

    mutating func send(_ events: [(UInt16, UInt16, Int32)]) -> [Tap] {
      (events + [(0, 0, 0)]).flatMap {
        tracker.take(InputEvent(time: MonotonicTime(milliseconds: time), type: $0.0, code: $0.1, value: $0.2))
      }
    }

    mutating func wait(_ milliseconds: Int64) { time += milliseconds }

    mutating func down(slot: Int32 = 0, id: Int32 = 5, _ x: Int32, _ y: Int32) -> [Tap] {
      send([(3, 0x2F, slot), (3, 0x39, id), (3, 0x35, x), (3, 0x36, y)])
    }

    mutating func move(_ x: Int32, _ y: Int32) -> [Tap] {
      send([(3, 0x35, x), (3, 0x36, y)])
    }

    mutating func up(_ slot: Int32 = 0) -> [Tap] { send([(3, 0x2F, slot), (3, 0x39, -1)]) }
  }

  private func place(_ taps: [Tap]) -> [TouchPosition] { taps.map(\.position) }

  @Test("are where the finger came down, when it goes up")
  func tap() {
    var finger = Finger()
    #expect(finger.down(500, 125).isEmpty)
    finger.wait(80)
    #expect(finger.move(510, 130).isEmpty)
    finger.wait(80)
    #expect(finger.up() == [Tap(position: TouchPosition(x: 0.5, y: 0.25), time: MonotonicTime(milliseconds: 10_160))])
    #expect(finger.tracker.contacts == 0)
  }

  @Test("at the same place come without coordinates: the kernel tells only what changes")
  func samePlace() {
    var finger = Finger()
    _ = finger.down(300, 200)
    finger.wait(100)
    _ = finger.up()
    finger.wait(500)
    _ = finger.send([(3, 0x39, 6)])
    finger.wait(100)
    #expect(place(finger.up()) == [TouchPosition(x: 0.3, y: 0.4)])
  }

  @Test("of panels without slots come with the button", arguments: [UInt16(0x14A), 0x110])
  func single(button: UInt16) {
    var finger = Finger(slots: nil)
    _ = finger.send([(3, 0, 250), (3, 1, 499)])
    _ = finger.send([(1, button, 1)])
    finger.wait(100)
    #expect(place(finger.send([(1, button, 0)])) == [TouchPosition(x: 0.25, y: 0.998)])
    // With the coordinates in the same report, and in the order in which the kernel sends them.
    finger.wait(500)
    _ = finger.send([(1, button, 1), (3, 0, 100), (3, 1, 100)])
    finger.wait(100)
    #expect(place(finger.send([(1, button, 0)])) == [TouchPosition(x: 0.1, y: 0.2)])
    finger.wait(500)
    #expect(finger.send([(1, button, 2), (1, button, 0)]).isEmpty, "a repetition is no press")
  }

  @Test("are short: a finger that rests is none", arguments: [1500, 1501])
  func duration(milliseconds: Int64) {
    var finger = Finger()
    _ = finger.down(1, 1)
    finger.wait(milliseconds)
    #expect(finger.up().count == (milliseconds <= CoreLimits.longestTapMilliseconds ? 1 : 0))
  }

  @Test("do not move far, in either direction, not even for a moment")
  func movement() {
    let moves: [(Int32, Int32, Bool)] = [
      (549, 225, true), (550, 225, false), (451, 225, true), (450, 225, false), (500, 249, true), (500, 250, false),
      (500, 201, true), (500, 200, false),
    ]
    for (x, y, isTap) in moves {
      var finger = Finger()
      _ = finger.down(500, 225)
      finger.wait(50)
      _ = finger.move(x, y)
      finger.wait(50)
      _ = finger.move(500, 225)
      finger.wait(50)
      #expect(finger.up().count == (isTap ? 1 : 0), "\(x),\(y)")
    }
  }

  @Test("are of one finger: a hand that leans on the screen is none")
  func hand() {
    var finger = Finger()
    _ = finger.down(slot: 0, id: 1, 100, 100)
    finger.wait(30)
    _ = finger.down(slot: 1, id: 2, 400, 100)
    finger.wait(30)
    #expect(finger.up(0).isEmpty)
    #expect(finger.up(1).isEmpty)
    finger.wait(500)
    _ = finger.down(slot: 0, id: 3, 100, 100)
    finger.wait(30)
    #expect(finger.up(0).count == 1, "the next one is a tap again")
  }

  @Test("are still felt while something sticks to the screen")
  func dirt() {
    var finger = Finger()
    _ = finger.down(slot: 0, id: 1, 10, 10)
    finger.wait(CoreLimits.longestTapMilliseconds + 1)
    _ = finger.down(slot: 1, id: 2, 700, 100)
    finger.wait(100)
    #expect(place(finger.up(1)) == [TouchPosition(x: 0.7, y: 0.2)])
    #expect(finger.up(0).isEmpty)
  }

  @Test("are none of a palm")
  func palm() {
    var finger = Finger()
    _ = finger.send([(3, 0x39, 5), (3, 0x37, 2), (3, 0x35, 1), (3, 0x36, 1)])
    finger.wait(100)
    #expect(finger.up().isEmpty)
  }

  @Test("do not bounce")
  func bouncing() {
    var finger = Finger()
    var taps = 0
    for _ in 0..<10 {
      _ = finger.down(500, 100)
      finger.wait(5)
      taps += finger.up().count
      finger.wait(5)
    }
    #expect(taps == 2, "at 5 ms, and at 85 ms")
  }

  @Test("follow upon each other when a slot's number changes without a pause")
  func changeOfNumber() {
    var finger = Finger()
    _ = finger.down(id: 5, 500, 100)
    finger.wait(100)
    #expect(place(finger.down(id: 6, 100, 100)) == [TouchPosition(x: 0.5, y: 0.2)])
    finger.wait(100)
    #expect(place(finger.up()) == [TouchPosition(x: 0.1, y: 0.2)])
  }

  @Test("come to nothing when events were lost, and are felt again once the state is read")
  func dropped() {
    var finger = Finger()
    _ = finger.down(slot: 2, id: 5, 500, 100)
    finger.wait(50)
    #expect(finger.send([(0, 3, 0), (3, 0x39, -1), (3, 0x2F, 4), (3, 0x39, 8)]).isEmpty)
    #expect(finger.tracker.needsState)
    // The device says: its next event means slot 4, whose contact lies at 200, 300.
    finger.tracker.synchronise(slot: 4, positions: [(0, 0), (0, 0), (500, 100), (0, 0), (200, 300)])
    #expect(!finger.tracker.needsState)
    #expect(finger.send([(3, 0x39, -1)]).isEmpty, "it began while nobody listened")
    finger.wait(500)
    _ = finger.send([(3, 0x39, 9)])
    finger.wait(100)
    #expect(place(finger.send([(3, 0x39, -1)])) == [TouchPosition(x: 0.2, y: 0.6)])
  }

  @Test("in slots that are not followed do not disturb")
  func farSlots() {
    var finger = Finger(slots: 2)
    #expect(finger.down(slot: 7, 1, 1).isEmpty)
    #expect(finger.down(slot: -3, 1, 1).isEmpty)
    _ = finger.down(slot: 1, 100, 100)
    finger.wait(50)
    #expect(finger.up(7).isEmpty)
    #expect(finger.up(1).count == 1)
  }

  @Test("outside of the axes are at their ends")
  func outside() {
    var finger = Finger()
    _ = finger.down(-70, 5000)
    finger.wait(50)
    #expect(place(finger.up()) == [TouchPosition(x: 0, y: 0.998)])
  }

  @Test("are pixels of the picture, however that is turned")
  func pixels() {
    let panel = ScreenSize(width: 800, height: 480)
    let position = TouchPosition(x: 0.25, y: 0.999)
    #expect(position.point(panel: panel, rotation: .none) == ScreenPoint(x: 200, y: 479))
    #expect(position.point(panel: panel, rotation: .right) == ScreenPoint(x: 479, y: 599))
    #expect(position.point(panel: panel, rotation: .upsideDown) == ScreenPoint(x: 599, y: 0))
    #expect(position.point(panel: panel, rotation: .left) == ScreenPoint(x: 0, y: 200))
    #expect(TouchPosition(x: 1, y: -1).point(panel: panel, rotation: .none) == ScreenPoint(x: 799, y: 0))
  }
}

@Suite("A touch screen")
struct TouchPanelTests {
  private static func device(_ change: (inout InputAbilities) -> Void) -> InputAbilities {
    var abilities = InputAbilities()
    change(&abilities)
    return abilities
  }

  @Test("is what has slots, and what has places and a button")
  func screens() {
    // Goodix and FT5406 panels on DSI and I2C; USB HID panels.
    let multi = Self.device {
      ($0.isDirect, $0.hasTouch) = (true, true)
      ($0.x, $0.y, $0.slotX, $0.slotY, $0.slots) = (0...799, 0...479, 0...799, 0...479, 10)
    }
    #expect(TouchPanel(multi) == TouchPanel(slots: 10, x: 0...799, y: 0...479))
    // ADS7846 on SPI: one finger.
    let single = Self.device { ($0.isDirect, $0.hasTouch, $0.x, $0.y) = (true, true, 0...4095, 0...4095) }
    #expect(TouchPanel(single) == TouchPanel(slots: nil, x: 0...4095, y: 0...4095))
    // A resistive USB panel that calls itself an absolute mouse; a virtual machine's tablet.
    let mouse = Self.device { ($0.hasLeft, $0.x, $0.y) = (true, 0...32767, 0...32767) }
    #expect(TouchPanel(mouse)?.slots == nil)
    #expect(TouchPanel(mouse)?.x == 0...32767)
    var many = multi
    many.slots = 1000
    #expect(TouchPanel(many)?.slots == CoreLimits.touchSlots)
  }

  @Test("is no touchpad, mouse, joystick, keyboard, nor what has no length")
  func others() {
    let touchpad = Self.device {
      ($0.isPointer, $0.hasTouch, $0.hasLeft) = (true, true, true)
      ($0.x, $0.y, $0.slotX, $0.slotY, $0.slots) = (0...1500, 0...900, 0...1500, 0...900, 5)
    }
    let mouse = Self.device { ($0.isRelative, $0.hasLeft) = (true, true) }
    let joystick = Self.device { ($0.x, $0.y) = (-127...127, -127...127) }
    let flat = Self.device { ($0.isDirect, $0.hasTouch, $0.x, $0.y) = (true, true, 5...5, 0...4095) }
    for device in [touchpad, mouse, joystick, flat, InputAbilities()] { #expect(TouchPanel(device) == nil) }
  }
}

@Suite("A message of the kernel about a device")
struct UEventTests {
  @Test("tells what came or changed")
  func hotplug() {
    // As the kernel sent it when an HDMI plug was pulled.
    let text =
      "change@/devices/platform/gpu/drm/card1|ACTION=change|DEVPATH=/devices/platform/gpu/drm/card1"
      + "|SUBSYSTEM=drm|HOTPLUG=1|CONNECTOR=33|MAJOR=226|MINOR=1|DEVNAME=dri/card1|DEVTYPE=drm_minor|SEQNUM=2121"
    let event = UEvent(text.split(separator: "|").flatMap { Array($0.utf8) + [0] })
    #expect(event?.action == "change")
    #expect(event?.subsystem == "drm")
    #expect(event?.isHotplug == true)
    #expect(event?.connector == 33)
    #expect(event?.deviceName == "dri/card1")
  }

  @Test("is refused when it is none", arguments: ["", "libudev\0\u{1}", "ACTION=add\0SUBSYSTEM=drm\0"])
  func others(text: String) { #expect(UEvent(Array(text.utf8)) == nil) }

  @Test("may be cut off anywhere")
  func cut() {
    let bytes = Array("add@/x\0ACTION=add\0SUBSYSTEM=input\0DEVNAME=input/event4\0".utf8)
    for count in 0...bytes.count { _ = UEvent(Array(bytes[..<count])) }
    #expect(UEvent(bytes)?.deviceName == "input/event4")
    #expect(UEvent(bytes)?.isHotplug == false)
    #expect(UEvent(bytes)?.connector == nil)
  }
}
