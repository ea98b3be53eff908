// SPDX-License-Identifier: GPL-3.0-or-later

/// A way to bring a failed radio back, the mildest first.
public enum RecoveryStep: String, Hashable, Sendable, CaseIterable, Comparable {
  /// HCI Reset over the transport that is open, and the whole start after it.
  case reset
  /// The transport is closed and opened again. On the user channel the kernel closes the adapter and opens it anew.
  case reopen
  /// The kernel powers the adapter off, on and off again; with that its own driver starts it from the beginning.
  case powerCycle = "power cycle"
  /// The driver is taken from the adapter's device and given to it again, which is next to pulling it out.
  ///
  /// Nothing less helps an adapter whose controller was silent when it was plugged in: its setup has failed, the
  /// kernel refuses its user channel as busy and does not show it to the management, even after `hciconfig hci0 up`
  /// has set it up (kernel 6.1, Tests/VM).
  case rebind
  /// The machine is started anew.
  case reboot

  public static func < (a: Self, b: Self) -> Bool { a.height < b.height }

  private var height: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// Whether whoever owns the transport does it, while the transport is closed.
  public var isOutside: Bool { self > .reopen }
}

extension RadioFault {
  /// Whether the controller is still there to be told Reset.
  var mayYieldToReset: Bool {
    switch self {
    case .transport, .openTimedOut, .noLowEnergy: false
    case .noReply, .refused, .stateLost, .nothingHeard, .noCredits, .malformedReply, .hardwareError: true
    }
  }

  /// Whether the kernel's management could help against it.
  var mayYieldToPowerCycle: Bool {
    switch self {
    // It is not there or hidden from the management, or a person must allow it or switch it on.
    case .transport(.notFound), .transport(.notSetUp), .transport(.notAllowed), .transport(.switchedOff),
      .transport(.noBluetooth),
      .noLowEnergy:
      false
    default: true
    }
  }

  /// Whether a driver that starts from the beginning, or a machine that does, could help against it.
  var mayYieldToRebind: Bool {
    mayYieldToPowerCycle || self == .transport(.notFound) || self == .transport(.notSetUp)
  }
}
