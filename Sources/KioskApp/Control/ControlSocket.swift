// SPDX-License-Identifier: GPL-3.0-or-later

import Foundation
import Glibc
import KioskCore
import Synchronization
import Tracer

/// What the running kiosk can be asked through the socket in its data folder: one line in, one JSON value out, and
/// with `capture` bytes behind it.
enum ControlRequest: Equatable, Sendable, RawRepresentable {
  case status
  /// F0 data was imported by another process: look again.
  case f0Imported
  /// Make a round of the feed now. `status` tells how it goes.
  case f0Sync
  /// Staff have looked at the exposures.
  case exposuresSeen
  /// Another process came upon damage in the database: look at it.
  case databaseDamaged
  /// Another process has added so many people without a phone to the log.
  case peopleAdded(Int, at: UTCTime)
  /// The newest packets: `CaptureAnswer`, a line feed, a btsnoop file.
  case capture
  /// Listen for the near thresholds: `CalibrationAnswer`, as of the next two.
  case calibrate(seconds: Int, floorDBm: Int)
  case calibration
  case calibrationEnd

  init?(rawValue: String) {
    let words = rawValue.split(separator: " ", omittingEmptySubsequences: false)
    switch (words.first, words.count) {
    case ("status", 1): self = .status
    case ("f0-imported", 1): self = .f0Imported
    case ("f0-sync", 1): self = .f0Sync
    case ("exposures-seen", 1): self = .exposuresSeen
    case ("database-damaged", 1): self = .databaseDamaged
    case ("capture", 1): self = .capture
    case ("calibration", 1): self = .calibration
    case ("calibration-end", 1): self = .calibrationEnd
    case ("calibrate", 3):
      guard let seconds = Int(words[1]), let floor = Int(words[2]),
        (1...CoreLimits.calibrationSeconds).contains(seconds),
        (-100 ... -20).contains(floor)
      else { return nil }
      self = .calibrate(seconds: seconds, floorDBm: floor)
    case ("people-added", 3):
      guard let count = Int(words[1]), let second = Int64(words[2]), (1...AppLimits.visitsAdded).contains(count)
      else { return nil }
      self = .peopleAdded(count, at: UTCTime(seconds: second))
    default: return nil
    }
  }

  var rawValue: String {
    switch self {
    case .status: "status"
    case .f0Imported: "f0-imported"
    case .f0Sync: "f0-sync"
    case .exposuresSeen: "exposures-seen"
    case .databaseDamaged: "database-damaged"
    case .capture: "capture"
    case .calibrate(let seconds, let floor): "calibrate \(seconds) \(floor)"
    case .calibration: "calibration"
    case .calibrationEnd: "calibration-end"
    case .peopleAdded(let count, let time): "people-added \(count) \(time.seconds)"
    }
  }
}

/// Where the socket is, and how to talk over it.
enum ControlSocket {
  static func path(dataFolder: String) -> String { dataFolder + "/control.sock" }

  /// Asks the running kiosk; nil when none runs.
  static func ask(_ request: ControlRequest, dataFolder: String) throws(FileError) -> String? {
    guard let answer = try exchange(request, dataFolder: dataFolder, limit: AppLimits.answerBytes), !answer.isEmpty
    else { return nil }
    return String(decoding: answer, as: UTF8.self)
  }

  /// Asks the running kiosk and reads until it has said all; nil when none runs, empty when it does not know the
  /// question or is too busy. An answer that breaks off looks like a short one: long ones carry their length.
  static func exchange(
    _ request: ControlRequest, dataFolder: String, limit: Int
  ) throws(FileError) -> [UInt8]? {
    let path = path(dataFolder: dataFolder)
    guard let fd = stream() else { throw FileError("cannot make a socket for", path: path, errno: errno) }
    defer { close(fd) }
    guard withAddress(path, { connect(fd, $0, $1) }) == 0 else {
      if errno == ENOENT || errno == ECONNREFUSED { return nil }
      throw FileError("cannot reach the kiosk at", path: path, errno: errno)
    }
    setTimeouts(fd, milliseconds: 5 * AppLimits.controlMilliseconds)
    guard send(fd, Array("\(request.rawValue)\n".utf8)) else { return nil }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while answer.count <= limit {
      let count = read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      answer += chunk[..<count]
    }
    guard answer.count <= limit else { throw FileError("the kiosk at \(path) answers more than \(limit) bytes") }
    return answer
  }

  static func stream() -> Int32? {
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    return fd >= 0 ? fd : nil
  }

  /// Calls with the socket's address; a path that is too long gives −1 and ENAMETOOLONG.
  static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return -1
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  static func setTimeouts(_ fd: Int32, milliseconds: Int) {
    var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  /// Sends all, unless the other end takes nothing for a while, or too little in all.
  static func send(_ fd: Int32, _ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    let end = ContinuousClock.now + .milliseconds(5 * AppLimits.controlMilliseconds)
    while !rest.isEmpty, ContinuousClock.now < end {
      let count = rest.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return rest.isEmpty
  }
}

/// The appliance's end of the socket: a thread that answers one client at a time.
final class ControlServer: Sendable {
  private let path: String
  private let listener: Int32
  private let isClosed = Mutex(false)

  /// - Parameter answer: called on the server's thread; may block until the core has answered.
  init(dataFolder: String, answer: @escaping @Sendable (ControlRequest) -> [UInt8]) throws(FileError) {
    let path = ControlSocket.path(dataFolder: dataFolder)
    self.path = path
    guard let fd = ControlSocket.stream() else {
      throw FileError("cannot make the control socket", path: path, errno: errno)
    }
    // The data folder's lock is held: a socket file that is there is a dead one.
    unlink(path)
    guard ControlSocket.withAddress(path, { bind(fd, $0, $1) }) == 0, chmod(path, 0o660) == 0, listen(fd, 8) == 0
    else {
      let code = errno
      Glibc.close(fd)
      throw FileError("cannot make the control socket", path: path, errno: code)
    }
    listener = fd
    let thread = Thread { [self] in serve(answer) }
    thread.name = "control"
    thread.start()
  }

  func close() {
    let wasClosed = isClosed.withLock { closed in
      defer { closed = true }
      return closed
    }
    guard !wasClosed else { return }
    shutdown(listener, Int32(SHUT_RDWR))
    unlink(path)
  }

  private func serve(_ answer: (ControlRequest) -> [UInt8]) {
    while true {
      let client = accept(listener, nil, nil)
      if isClosed.withLock({ $0 }) {
        if client >= 0 { Glibc.close(client) }
        break
      }
      if client < 0 {
        // Out of descriptors, or a client that left at once: go on, but never spin.
        usleep(10_000)
        continue
      }
      ControlSocket.setTimeouts(client, milliseconds: AppLimits.controlMilliseconds)
      if let request = readRequest(client) { _ = ControlSocket.send(client, answer(request)) }
      Glibc.close(client)
    }
    Glibc.close(listener)
  }

  private func readRequest(_ fd: Int32) -> ControlRequest? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < AppLimits.controlBytes, read(fd, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") { return ControlRequest(rawValue: String(decoding: line, as: UTF8.self)) }
      line.append(byte)
    }
    return nil
  }
}
