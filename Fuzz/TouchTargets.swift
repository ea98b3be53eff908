// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// Bytes of /dev/input/eventN, whatever the panel says it is.
  static let touch = FuzzTarget(
    name: "touch", seeds: [touchSeed(slots: 10, .time64), touchSeed(slots: 0, .time32), touchSeed(slots: 1, .time32)]
  ) { input in
    var input = FuzzInput(input)
    let layout: InputEventReader.Layout = input.uint8() & 1 == 0 ? .time64 : .time32
    var abilities = InputAbilities()
    let slots = input.uint8()
    let range = 0...Int32(max(1, input.uint16()))
    abilities.isDirect = true
    abilities.hasTouch = true
    (abilities.x, abilities.y) = (range, range)
    if slots > 0 { (abilities.slots, abilities.slotX, abilities.slotY) = (Int(slots), range, range) }
    guard let panel = TouchPanel(abilities) else { fail("a panel is one") }
    let pieceBytes = Int(input.uint8() % 97) + 1
    let stream = input.rest()

    var whole = InputEventReader(layout: layout)
    let events = whole.append(stream)
    hold(events.count == stream.count / layout.eventBytes, "every event is read")
    hold(whole.heldBytes == stream.count % layout.eventBytes, "the rest is held back")
    var reader = InputEventReader(layout: layout)
    var pieces: [InputEvent] = []
    var at = 0
    while at < stream.count {
      pieces += reader.append(stream[at..<min(at + pieceBytes, stream.count)])
      hold(reader.heldBytes < layout.eventBytes, "little is held back")
      at += pieceBytes
    }
    hold(pieces == events, "pieces give what the whole gives")

    var tracker = TouchTracker(panel)
    var last: Tap?
    for event in events {
      let taps = tracker.take(event)
      hold(taps.isEmpty || event.type == 0 && event.code == 0, "a tap comes with a report")
      hold(tracker.contacts <= panel.slots ?? 1, "no more contacts than fingers are told apart")
      for tap in taps {
        hold((0..<1).contains(tap.position.x) && (0..<1).contains(tap.position.y), "a tap is on the screen")
        hold(tap.time == event.time, "a tap has its report's time")
        if let last {
          let pause = tap.time.milliseconds(since: last.time)
          hold(!(0..<CoreLimits.tapPauseMilliseconds).contains(pause), "taps do not bounce")
        }
        last = tap
      }
      if tracker.needsState {
        hold(tracker.contacts == 0, "after lost events nothing is known")
        let value = event.value
        tracker.synchronise(slot: Int(value), positions: [(value, event.value), (1, 2)])
        hold(!tracker.needsState, "the state is known again")
      }
    }
  }

  private static func touchSeed(slots: UInt8, _ layout: InputEventReader.Layout) -> [UInt8] {
    let half = layout == .time32 ? 4 : 8
    func event(_ milliseconds: Int, _ type: UInt16, _ code: UInt16, _ value: Int32) -> [UInt8] {
      func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
      }
      return number(UInt64(milliseconds / 1000), half) + number(UInt64(milliseconds % 1000) * 1000, half)
        + number(UInt64(type), 2) + number(UInt64(code), 2) + number(UInt64(UInt32(bitPattern: value)), 4)
    }
    let down =
      slots > 0
      ? [event(9000, 3, 0x2F, 0), event(9000, 3, 0x39, 7), event(9000, 3, 0x35, 400), event(9000, 3, 0x36, 9)]
      : [event(9000, 1, 0x14A, 1), event(9000, 3, 0, 400), event(9000, 3, 1, 9)]
    let up = slots > 0 ? event(9100, 3, 0x39, -1) : event(9100, 1, 0x14A, 0)
    let lost = event(9200, 0, 3, 0) + event(9200, 0, 0, 0)
    let tap = down.flatMap(\.self) + event(9000, 0, 0, 0) + up + event(9100, 0, 0, 0)
    return [layout == .time64 ? 0 : 1, slots, 0xE7, 3, 40] + tap + lost + tap
  }

  /// Texts that end with a zero byte.
  static let uevent = FuzzTarget(
    name: "uevent",
    seeds: [
      Array("change@/devices/card1\0ACTION=change\0SUBSYSTEM=drm\0HOTPLUG=1\0CONNECTOR=33\0DEVNAME=dri/card1\0".utf8),
      Array("add@/x\0ACTION=add\0SUBSYSTEM=input\0DEVNAME=input/event4\0".utf8),
    ]
  ) { input in
    let event = UEvent(input)
    var texts: [[UInt8]] = [[]]
    for byte in input { if byte == 0 { texts.append([]) } else { texts[texts.count - 1].append(byte) } }
    texts.removeAll(where: \.isEmpty)
    hold((event != nil) == (texts.first?.contains(UInt8(ascii: "@")) ?? false), "a message begins with its device")
    guard let event else { return }
    let lasts = texts.dropFirst().filter { $0.starts(with: Array("SUBSYSTEM=".utf8)) }
    hold(
      event.subsystem == (lasts.last.map { String(decoding: $0.dropFirst(10), as: UTF8.self) } ?? ""),
      "the subsystem is the last told")
  }
}
