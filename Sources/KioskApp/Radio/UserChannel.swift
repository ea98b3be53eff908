// SPDX-License-Identifier: GPL-3.0-or-later

import CBluetooth
import Glibc
import Tracer

/// Opens the HCI user channel of an adapter of this machine.
enum UserChannel {
  /// Finds the adapter first: since the last time it may have got another number.
  static func open(_ choice: AdapterChoice, among adapters: Adapters = Adapters()) -> Result<Int32, TransportFault> {
    adapters.index(of: choice).flatMap(open)
  }

  static func open(_ adapter: UInt16) -> Result<Int32, TransportFault> {
    var result = kiosk_hci_open_user_channel(adapter)
    if result == -EBUSY, kiosk_hci_state(adapter) == 1 {
      // The kernel gives the channel only while the adapter is down. If somebody else holds the channel, taking it
      // down is refused, and so is the next attempt. An adapter that the kernel is still making ready is left alone:
      // taken down in the middle it stays half made, and busy for ever (seen on Linux 6.1).
      _ = kiosk_hci_take_down(adapter)
      result = kiosk_hci_open_user_channel(adapter)
    }
    if result == -EBUSY, kiosk_hci_state(adapter) == 0 {
      // Nobody holds it, and still it is refused: its setup is to come, or has failed (docs/kernel.md).
      return .failure(.notSetUp)
    }
    return result >= 0 ? .success(result) : .failure(TransportFault(errno: -result))
  }
}

extension TransportFault {
  init(errno code: Int32) {
    self =
      switch code {
      case ENODEV, ENOENT, ENXIO, ECONNREFUSED: .notFound
      case EBUSY, EALREADY, EUSERS: .busy
      case EACCES, EPERM: .notAllowed
      case ERFKILL: .switchedOff
      case EAFNOSUPPORT: .noBluetooth
      case EPIPE, ECONNRESET, ENETDOWN, EBADFD: .closed
      default: .system(errno: code)
      }
  }
}
