// SPDX-License-Identifier: GPL-3.0-or-later

/// Which side of a connection this device is. Raw values as in the connection complete events.
/// Source: Core 5.4, vol. 4, part E, 7.7.65.1.
public enum LERole: UInt8, Sendable {
  case central = 0x00
  case peripheral = 0x01
}
