// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A finger came down and went up again, at one place.
public struct Tap: Hashable, Sendable {
  /// Where it came down: that was aimed at, the finger rolls afterwards.
  public var position: TouchPosition
  /// When it went up.
  public var time: MonotonicTime
}

/// Events of a touch screen → taps.
///
/// Several fingers at once are no tap: a hand leans on the panel, or it is wet. A contact that stays for longer than a
/// tap may last counts as dirt, and no longer keeps others from tapping.
public struct TouchTracker: Hashable, Sendable {
  private struct Contact: Hashable {
    var since: MonotonicTime
    var startX: Int32
    var startY: Int32
    var isTap = true
  }

  /// One finger's place; the coordinates stay when it goes, since the kernel tells only what changes.
  private struct Slot: Hashable {
    var x: Int32 = 0
    var y: Int32 = 0
    var contact: Contact?
    // Of the report that is being read.
    var hasLifted = false
    var hasBegun = false
    var isPalm = false
  }

  private let panel: TouchPanel
  private var slots: [Slot]
  /// nil: one that we do not follow.
  private var current: Int? = 0
  private var isDropping = false
  private var lastTap: MonotonicTime?
  /// Events were lost: whoever reads the device must call `synchronise`.
  public private(set) var needsState = false

  public init(_ panel: TouchPanel) {
    self.panel = panel
    slots = Array(repeating: Slot(), count: max(1, min(panel.slots ?? 1, CoreLimits.touchSlots)))
  }

  /// Contacts that are down now.
  public var contacts: Int { slots.count { $0.contact != nil } }

  /// The state as it is read from the device, at its opening and when `needsState`: the slot that the next event means,
  /// and where each slot's contact is or was. Contacts that are down then come to nothing.
  public mutating func synchronise(slot: Int, positions: [(x: Int32, y: Int32)]) {
    needsState = false
    current = panel.slots == nil ? 0 : slots.indices.contains(slot) ? slot : nil
    for index in slots.indices {
      slots[index] = Slot()
      if index < positions.count { (slots[index].x, slots[index].y) = positions[index] }
    }
  }

  /// Takes one event; the taps it completes, in order.
  public mutating func take(_ event: InputEvent) -> [Tap] {
    if event.type == InputCode.syn {
      switch event.code {
      case InputCode.synDropped:
        isDropping = true
        return []
      case InputCode.synReport:
        if isDropping {
          isDropping = false
          forget()
          return []
        }
        return report(at: event.time)
      default: return []
      }
    }
    guard !isDropping else { return [] }
    if panel.slots == nil { takeSingle(event) } else { takeSlotted(event) }
    return []
  }

  /// After lost events nothing is known any more; an answer that does not come leaves us with the first slot.
  private mutating func forget() {
    for index in slots.indices {
      slots[index].contact = nil
      (slots[index].hasLifted, slots[index].hasBegun, slots[index].isPalm) = (false, false, false)
    }
    needsState = true
  }

  private mutating func takeSingle(_ event: InputEvent) {
    switch (event.type, event.code) {
    case (InputCode.abs, InputCode.absX): slots[0].x = event.value
    case (InputCode.abs, InputCode.absY): slots[0].y = event.value
    case (InputCode.key, InputCode.buttonTouch), (InputCode.key, InputCode.buttonLeft):
      if event.value == 1 { slots[0].hasBegun = true }
      if event.value == 0 { slots[0].hasLifted = true }
    default: break
    }
  }

  private mutating func takeSlotted(_ event: InputEvent) {
    guard event.type == InputCode.abs else { return }
    if event.code == InputCode.slot {
      let number = Int(event.value)
      current = slots.indices.contains(number) ? number : nil
      return
    }
    guard let current else { return }
    switch event.code {
    case InputCode.slotX: slots[current].x = event.value
    case InputCode.slotY: slots[current].y = event.value
    case InputCode.toolType: slots[current].isPalm = event.value == InputCode.toolPalm
    case InputCode.trackingID:
      // Another number without a -1 between is another finger.
      slots[current].hasLifted = slots[current].hasLifted || event.value < 0 || slots[current].contact != nil
      slots[current].hasBegun = event.value >= 0
    default: break
    }
  }

  private mutating func report(at time: MonotonicTime) -> [Tap] {
    var taps: [Tap] = []
    for index in slots.indices {
      let slot = slots[index]
      let isQuick = slot.hasLifted && slot.hasBegun && slot.contact == nil
      if slot.hasLifted, let contact = slot.contact {
        // What comes with the next finger is where that one is.
        if !slot.hasBegun { follow(index, contact) }
        if let contact = slots[index].contact, let tap = tap(contact, liftedAt: time) { taps.append(tap) }
        slots[index].contact = nil
      } else if let contact = slot.contact {
        follow(index, contact)
      }
      // Down and up in one report is no touch that a finger can make.
      if slot.hasBegun, !isQuick { begin(index, at: time) }
      if slot.isPalm { slots[index].contact?.isTap = false }
      (slots[index].hasLifted, slots[index].hasBegun) = (false, false)
      if slots[index].contact == nil { slots[index].isPalm = false }
    }
    return taps
  }

  private mutating func begin(_ index: Int, at time: MonotonicTime) {
    guard slots[index].contact == nil else { return }
    var contact = Contact(since: time, startX: slots[index].x, startY: slots[index].y)
    for other in slots.indices where other != index {
      guard let since = slots[other].contact?.since, isShort(from: since, to: time) else { continue }
      slots[other].contact?.isTap = false
      contact.isTap = false
    }
    slots[index].contact = contact
  }

  private mutating func follow(_ index: Int, _ contact: Contact) {
    if moved(slots[index].x, contact.startX, panel.x) || moved(slots[index].y, contact.startY, panel.y) {
      slots[index].contact?.isTap = false
    }
  }

  private func moved(_ value: Int32, _ start: Int32, _ range: ClosedRange<Int32>) -> Bool {
    let length = Int64(range.upperBound) - Int64(range.lowerBound)
    return abs(Int64(value) - Int64(start)) * CoreLimits.tapMovementShare > length
  }

  private func isShort(from start: MonotonicTime, to end: MonotonicTime) -> Bool {
    (0...CoreLimits.longestTapMilliseconds).contains(end.milliseconds(since: start))
  }

  private mutating func tap(_ contact: Contact, liftedAt time: MonotonicTime) -> Tap? {
    guard contact.isTap, isShort(from: contact.since, to: time) else { return nil }
    // A worn panel bounces as a button does.
    if let lastTap, (0..<CoreLimits.tapPauseMilliseconds).contains(time.milliseconds(since: lastTap)) { return nil }
    lastTap = time
    let position = TouchPosition(x: share(contact.startX, panel.x), y: share(contact.startY, panel.y))
    return Tap(position: position, time: time)
  }

  private func share(_ value: Int32, _ range: ClosedRange<Int32>) -> Double {
    let value = min(max(value, range.lowerBound), range.upperBound)
    let length = Int64(range.upperBound) - Int64(range.lowerBound) + 1
    return Double(Int64(value) - Int64(range.lowerBound)) / Double(length)
  }
}
