// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One event of the kernel's input layer. Source: linux/input.h, struct input_event.
public struct InputEvent: Hashable, Sendable {
  public var time: MonotonicTime
  public var type: UInt16
  public var code: UInt16
  public var value: Int32

  public init(time: MonotonicTime, type: UInt16, code: UInt16, value: Int32) {
    self.time = time
    self.type = type
    self.code = code
    self.value = value
  }
}

/// What a touch screen speaks of. Source: linux/input-event-codes.h, Documentation/input/multi-touch-protocol.rst.
enum InputCode {
  static let syn: UInt16 = 0
  static let key: UInt16 = 1
  static let abs: UInt16 = 3

  static let synReport: UInt16 = 0
  /// The kernel's queue ran over: events up to the next report are to be thrown away, and the state read anew.
  static let synDropped: UInt16 = 3

  static let buttonLeft: UInt16 = 0x110
  static let buttonTouch: UInt16 = 0x14A

  static let absX: UInt16 = 0
  static let absY: UInt16 = 1
  static let slot: UInt16 = 0x2F
  static let slotX: UInt16 = 0x35
  static let slotY: UInt16 = 0x36
  static let toolType: UInt16 = 0x37
  static let trackingID: UInt16 = 0x39

  static let toolPalm: Int32 = 2
}

/// Bytes read from /dev/input/eventN → events.
public struct InputEventReader: Hashable, Sendable {
  /// How the time lies in an event: two numbers of 32 bits each in 32-bit programs, of 64 bits in others.
  public enum Layout: Hashable, Sendable, CaseIterable {
    case time32, time64

    /// This program's.
    public static let own: Layout = MemoryLayout<Int>.size == 4 ? .time32 : .time64

    /// Bytes of one event.
    public var eventBytes: Int { self == .time32 ? 16 : 24 }
  }

  private let layout: Layout
  private var held: [UInt8] = []

  public init(layout: Layout = .own) { self.layout = layout }

  /// Bytes of an event that has not come whole yet; fewer than one has.
  public var heldBytes: Int { held.count }

  /// Takes what was read; gives the events that are whole.
  public mutating func append(_ bytes: some Collection<UInt8>) -> [InputEvent] {
    held.append(contentsOf: bytes)
    let size = layout.eventBytes
    var events: [InputEvent] = []
    events.reserveCapacity(held.count / size)
    var at = 0
    while held.count - at >= size {
      events.append(event(at: at))
      at += size
    }
    held.removeFirst(at)
    return events
  }

  private func event(at start: Int) -> InputEvent {
    let half = layout == .time32 ? 4 : 8
    // Seconds of 32 bits since boot do not run out; as a number without a sign they reach further.
    let seconds = Int64(truncatingIfNeeded: number(at: start, bytes: half))
    let microseconds = Int64(truncatingIfNeeded: number(at: start + half, bytes: half))
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    let time = MonotonicTime(milliseconds: overflow ? (seconds < 0 ? .min : .max) : whole)
    let rest = start + 2 * half
    return InputEvent(
      time: time.adding(milliseconds: microseconds / 1000),
      type: UInt16(truncatingIfNeeded: number(at: rest, bytes: 2)),
      code: UInt16(truncatingIfNeeded: number(at: rest + 2, bytes: 2)),
      value: Int32(truncatingIfNeeded: number(at: rest + 4, bytes: 4)))
  }

  /// In the machine's own order of bytes.
  private func number(at start: Int, bytes count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<count {
      #if _endian(little)
        value |= UInt64(held[start + index]) << UInt64(8 * index)
      #else
        value = value << 8 | UInt64(held[start + index])
      #endif
    }
    return value
  }
}
