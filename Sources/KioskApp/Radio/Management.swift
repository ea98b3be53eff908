// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import Tracer

/// The kernel's Bluetooth management: one command on an open socket, and its answer. Blocks.
///
/// Every packet is a header of three 16-bit numbers, least significant byte first: command or event, adapter, length
/// of what follows. Events of other programs' doings come in between and are passed over.
/// Source: bluez, doc/mgmt-api.txt; kernel, include/net/bluetooth/mgmt.h.
enum Management {
  static let setPowered: UInt16 = 0x0005
  private static let commandComplete: UInt16 = 0x0001
  private static let commandStatus: UInt16 = 0x0002
  private static let headerBytes = 6

  /// Sends a command and waits for its end.
  static func perform(
    _ command: UInt16, _ parameters: [UInt8], adapter: UInt16, over fd: Int32, timeoutMilliseconds: Int64
  ) -> Result<Void, TransportFault> {
    let packet = [command, adapter, UInt16(truncatingIfNeeded: parameters.count)].flatMap(Self.bytes) + parameters
    // The kernel takes 0 bytes of a command that it refuses, and answers all the same.
    guard write(fd, packet, packet.count) >= 0 else { return .failure(TransportFault(errno: errno)) }
    let end = SystemClock.monotonic().adding(milliseconds: timeoutMilliseconds)
    var buffer = [UInt8](repeating: 0, count: 1024)
    while true {
      let left = end.milliseconds(since: SystemClock.monotonic())
      guard left > 0 else { return .failure(.system(errno: ETIMEDOUT)) }
      var waiting = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, Int32(clamping: left)) >= 0 || errno == EINTR else {
        return .failure(TransportFault(errno: errno))
      }
      let count = read(fd, &buffer, buffer.count)
      if count == 0 { return .failure(.closed) }
      if count < 0 {
        if errno == EAGAIN || errno == EINTR { continue }
        return .failure(TransportFault(errno: errno))
      }
      if let status = status(of: command, adapter: adapter, in: buffer[..<count]) { return result(status) }
    }
  }

  /// The status with which the kernel ends the command, if this event is its end; nil for any other event.
  static func status(of command: UInt16, adapter: UInt16, in event: ArraySlice<UInt8>) -> UInt8? {
    func number(at offset: Int) -> UInt16 {
      UInt16(event[event.startIndex + offset]) | UInt16(event[event.startIndex + offset + 1]) << 8
    }
    guard event.count >= headerBytes + 3, [commandComplete, commandStatus].contains(number(at: 0)),
      number(at: 2) == adapter, Int(number(at: 4)) == event.count - headerBytes, number(at: headerBytes) == command
    else { return nil }
    return event[event.startIndex + headerBytes + 2]
  }

  /// Source: bluez, doc/mgmt-api.txt, the list of error codes; kernel, mgmt.h (MGMT_STATUS_…).
  static func result(_ status: UInt8) -> Result<Void, TransportFault> {
    switch status {
    case 0x00: .success(())
    case 0x08: .failure(.system(errno: ETIMEDOUT))
    case 0x0A: .failure(.busy)
    case 0x11: .failure(.notFound)
    case 0x12: .failure(.switchedOff)
    case 0x14: .failure(.notAllowed)
    default: .failure(.system(errno: EIO))
    }
  }

  private static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8)] }
}
