// SPDX-License-Identifier: GPL-3.0-or-later

/// What an input device tells of itself, as far as it decides whether fingers touch a screen with it.
public struct InputAbilities: Hashable, Sendable {
  /// Its coordinates are places on the screen (INPUT_PROP_DIRECT), or move a pointer (INPUT_PROP_POINTER).
  public var isDirect = false
  public var isPointer = false
  /// It tells of movements (REL_X): a mouse.
  public var isRelative = false
  /// BTN_TOUCH, BTN_LEFT.
  public var hasTouch = false
  public var hasLeft = false
  /// ABS_X and ABS_Y, and those of the multi-touch protocol; nil where there are none.
  public var x: ClosedRange<Int32>?
  public var y: ClosedRange<Int32>?
  public var slotX: ClosedRange<Int32>?
  public var slotY: ClosedRange<Int32>?
  /// Contacts told apart (ABS_MT_SLOT's maximum and one); nil without slots.
  public var slots: Int?

  public init() {}
}

/// A touch screen: how its events are to be read.
public struct TouchPanel: Hashable, Sendable {
  /// Contacts told apart by protocol B; nil: one at a time, by its button.
  public var slots: Int?
  public var x: ClosedRange<Int32>
  public var y: ClosedRange<Int32>

  public init(slots: Int?, x: ClosedRange<Int32>, y: ClosedRange<Int32>) {
    self.slots = slots
    self.x = x
    self.y = y
  }

  /// nil for what is no touch screen: keyboards, mice, touchpads, joysticks, axes of no length.
  ///
  /// Beside screens with INPUT_PROP_DIRECT it takes absolute pointers with a left button: cheap resistive USB panels
  /// call themselves so, and the tablets of virtual machines.
  public init?(_ abilities: InputAbilities) {
    guard abilities.isDirect || !abilities.isPointer, !abilities.isRelative else { return nil }
    if let slots = abilities.slots, slots > 0, let x = abilities.slotX, let y = abilities.slotY,
      x.lowerBound < x.upperBound, y.lowerBound < y.upperBound
    {
      self.init(slots: min(slots, CoreLimits.touchSlots), x: x, y: y)
      return
    }
    guard abilities.hasTouch || abilities.hasLeft, let x = abilities.x, let y = abilities.y,
      x.lowerBound < x.upperBound, y.lowerBound < y.upperBound
    else { return nil }
    self.init(slots: nil, x: x, y: y)
  }
}

/// A place on a touch screen, as shares of its width and height: from 0 up to, but not including, 1.
public struct TouchPosition: Hashable, Sendable {
  public var x: Double
  public var y: Double

  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}
