// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore

/// Where the controller is: `hci:N`, `hci:AA:BB:CC:DD:EE:FF`, `hci:usb:BUS-PORT[.PORT…]`, `h4:unix:PATH` or
/// `h4:tcp:HOST:PORT`.
enum RadioAddress: Equatable, CustomStringConvertible {
  /// The user channel of an adapter of this machine.
  case userChannel(AdapterChoice)
  case unixSocket(path: String)
  case tcp(host: String, port: UInt16)

  struct ParseFailure: Error, CustomStringConvertible {
    let description: String
  }

  init(parsing text: String) throws(ParseFailure) {
    if text.hasPrefix("hci:") {
      // What was meant for an adapter's address is not repeated: this goes into the log.
      guard let choice = AdapterChoice(parsing: String(text.dropFirst(4))) else {
        throw ParseFailure(
          description: "the radio's hci: must be followed by a number (hci:0), the adapter's address "
            + "(hci:AA:BB:CC:DD:EE:FF) or its USB path (hci:usb:1-1.4)")
      }
      self = .userChannel(choice)
      return
    }
    let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    switch parts.first {
    case "h4" where parts.count == 3 && parts[1] == "unix":
      // The kernel's limit. Source: unix(7), sun_path.
      guard !parts[2].isEmpty, parts[2].utf8.count < 108 else {
        throw ParseFailure(description: "radio \(text): the socket's path must have 1 to 107 bytes")
      }
      self = .unixSocket(path: parts[2])
      return
    case "h4" where parts.count == 3 && parts[1] == "tcp":
      guard let colon = parts[2].lastIndex(of: ":"), let port = UInt16(parts[2][parts[2].index(after: colon)...]),
        port > 0, colon > parts[2].startIndex
      else { break }
      self = .tcp(host: String(parts[2][..<colon]), port: port)
      return
    default: break
    }
    throw ParseFailure(
      description: "radio \(text) is none of hci:N, hci:ADDRESS, hci:usb:PATH, h4:unix:PATH, h4:tcp:HOST:PORT "
        + "(for example hci:0)")
  }

  /// For the log and the status; of an adapter's address only that there is one.
  var description: String {
    switch self {
    case .userChannel(let choice): choice.description
    case .unixSocket(let path): "h4:unix:\(path)"
    case .tcp(let host, let port): "h4:tcp:\(host):\(port)"
    }
  }

  func makeTransport() -> any HCITransport {
    switch self {
    case .userChannel(let choice): DescriptorTransport(framing: .packets) { UserChannel.open(choice) }
    case .unixSocket(let path): DescriptorTransport(framing: .h4) { H4Socket.connectUnix(path) }
    case .tcp(let host, let port): DescriptorTransport(framing: .h4) { H4Socket.connectTCP(host, port) }
    }
  }
}
