// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import Tracer

/// Connects to a controller that speaks H4 over a stream socket: bumble's, or a serial adapter behind a bridge.
enum H4Socket {
  static func connectUnix(_ path: String) -> Result<Int32, TransportFault> {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else { return .failure(.notFound) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  static func connectTCP(_ host: String, _ port: UInt16) -> Result<Int32, TransportFault> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return .failure(.notFound) }
    defer { freeaddrinfo(list) }
    var result: Result<Int32, TransportFault> = .failure(.notFound)
    var next = list
    while let entry = next?.pointee {
      result = connect(entry.ai_family, entry.ai_addr, entry.ai_addrlen)
      if case .success = result { return result }
      next = entry.ai_next
    }
    return result
  }

  private static func connect(
    _ family: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t
  ) -> Result<Int32, TransportFault> {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let fd = socket(family, type, 0)
    guard fd >= 0 else { return .failure(TransportFault(errno: errno)) }
    var code: Int32 = Glibc.connect(fd, address, length) == 0 ? 0 : errno
    if code == EINPROGRESS {
      var waiting = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
      let ready = poll(&waiting, 1, AppLimits.connectMilliseconds)
      var size = socklen_t(MemoryLayout<Int32>.size)
      code = ready == 1 ? 0 : ETIMEDOUT
      if ready == 1 { getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) }
    }
    guard code == 0 else {
      Glibc.close(fd)
      return .failure(TransportFault(errno: code))
    }
    return .success(fd)
  }
}
