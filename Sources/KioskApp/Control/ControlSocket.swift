// SPDX-License-Identifier: GPL-3.0-or-later

import Foundation
import Glibc
import KioskCore
import Synchronization
import Tracer

/// What the running kiosk can be asked through its socket: one line in, one JSON value out, and
/// with `capture` bytes behind it.
enum ControlRequest: Equatable, Sendable, RawRepresentable {
  case status
  /// A person has decided about what is missing in the data folder (`kiosk begin`): look again.
  case begun
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
  /// Another process has taken so many of them back.
  case peopleTakenBack(Int, at: UTCTime)
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
    case ("begun", 1): self = .begun
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
    case ("people-taken-back", 3):
      guard let count = Int(words[1]), let second = Int64(words[2]), (1...AppLimits.visitsAdded).contains(count)
      else { return nil }
      self = .peopleTakenBack(count, at: UTCTime(seconds: second))
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
    case .begun: "begun"
    case .f0Imported: "f0-imported"
    case .f0Sync: "f0-sync"
    case .exposuresSeen: "exposures-seen"
    case .databaseDamaged: "database-damaged"
    case .capture: "capture"
    case .calibrate(let seconds, let floor): "calibrate \(seconds) \(floor)"
    case .calibration: "calibration"
    case .calibrationEnd: "calibration-end"
    case .peopleAdded(let count, let time): "people-added \(count) \(time.seconds)"
    case .peopleTakenBack(let count, let time): "people-taken-back \(count) \(time.seconds)"
    }
  }
}

/// Where the socket is, and how to talk over it.
enum ControlSocket {
  static func path(dataFolder: String) -> String { dataFolder + "/control.sock" }

  /// Where it may be, in the order in which it is sought and made: in the data folder, or, where that is absent, full or
  /// read-only, in a folder of /run, under a name made of the data folder's path.
  static func paths(dataFolder: String) -> [String] {
    var name: UInt64 = 0xCBF2_9CE4_8422_2325
    let absolute = dataFolder.hasPrefix("/") ? dataFolder : currentFolder + "/" + dataFolder
    // FNV-1a. Source: draft-eastlake-fnv.
    for byte in absolute.utf8 { name = (name ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    let runtime = getenv("RUNTIME_DIRECTORY").map { String(cString: $0) }?.split(separator: ":").first.map(String.init)
    let folders = Set([runtime, runtimeFolder].compactMap { $0 }).sorted()
    return [path(dataFolder: dataFolder)] + folders.map { "\($0)/\(String(name, radix: 16)).sock" }
  }

  /// Of the service (`RuntimeDirectory`).
  static let runtimeFolder = "/run/bluezone-kiosk"

  private static var currentFolder: String {
    guard let path = getcwd(nil, 0) else { return "" }
    defer { free(path) }
    return String(cString: path)
  }

  /// A connection to the running kiosk, wherever its socket is; nil when none runs.
  static func reach(dataFolder: String) throws(FileError) -> Int32? {
    var refusal: FileError?
    for path in paths(dataFolder: dataFolder) {
      guard let fd = stream() else { throw FileError("cannot make a socket for", path: path, errno: errno) }
      if withAddress(path, { connect(fd, $0, $1) }) == 0 { return fd }
      if ![ENOENT, ENOTDIR, ECONNREFUSED, ENAMETOOLONG].contains(errno) {
        refusal = refusal ?? FileError("cannot reach the kiosk at", path: path, errno: errno)
      }
      close(fd)
    }
    if let refusal { throw refusal }
    return nil
  }

  /// Asks the running kiosk; nil when none runs.
  static func ask(_ request: ControlRequest, dataFolder: String) throws(FileError) -> String? {
    guard let answer = try exchange(request, dataFolder: dataFolder, limit: AppLimits.answerBytes), !answer.isEmpty
    else { return nil }
    return String(decoding: answer, as: UTF8.self)
  }

  /// Whether a kiosk listens there; nothing is asked of it.
  static func isAnybodyThere(dataFolder: String) throws(FileError) -> Bool {
    let path = path(dataFolder: dataFolder)
    guard let fd = stream() else { throw FileError("cannot make a socket for", path: path, errno: errno) }
    defer { close(fd) }
    if withAddress(path, { connect(fd, $0, $1) }) == 0 { return true }
    guard errno == ENOENT || errno == ECONNREFUSED else {
      throw FileError("cannot reach the kiosk at", path: path, errno: errno)
    }
    return false
  }

  /// Asks the running kiosk and reads until it has said all; nil when none runs, empty when it does not know the
  /// question or is too busy. An answer that breaks off looks like a short one: long ones carry their length.
  static func exchange(
    _ request: ControlRequest, dataFolder: String, limit: Int
  ) throws(FileError) -> [UInt8]? {
    guard let fd = try reach(dataFolder: dataFolder) else { return nil }
    defer { close(fd) }
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
    guard answer.count <= limit else { throw FileError("the kiosk answers more than \(limit) bytes") }
    return answer
  }

  /// Whether a kiosk runs with that data folder.
  static func isAnswering(dataFolder: String) -> Bool {
    guard let fd = try? reach(dataFolder: dataFolder) else { return false }
    close(fd)
    return true
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
  private let dataFolder: String
  private let answer: @Sendable (ControlRequest) -> [UInt8]
  private let state = Mutex(State())

  private struct State {
    var listeners: [Listener] = []
    var isClosed = false
  }

  private struct Listener {
    var path: String
    var descriptor: Int32
    var file: FileNumber
  }

  /// - Parameter answer: called on the server's thread; may block until the core has answered.
  init(dataFolder: String, answer: @escaping @Sendable (ControlRequest) -> [UInt8]) {
    self.dataFolder = dataFolder
    self.answer = answer
  }

  /// Listens where it can be found, unless it does already. Call it again when the data folder may have come or gone.
  func listen() throws(FileError) {
    var refusal: FileError?
    for path in ControlSocket.paths(dataFolder: dataFolder) {
      let number = FileNumber(path)
      if state.withLock({ $0.listeners.contains { $0.path == path && $0.file == number } }) { return }
      do throws(FileError) { return try listen(path) } catch { refusal = refusal ?? error }
    }
    if let refusal { throw refusal }
  }

  private func listen(_ path: String) throws(FileError) {
    guard let fd = ControlSocket.stream() else {
      throw FileError("cannot make the control socket", path: path, errno: errno)
    }
    if path.hasPrefix(ControlSocket.runtimeFolder + "/") { mkdir(ControlSocket.runtimeFolder, 0o750) }
    // A socket file that is there is a dead one, unless somebody answers.
    guard ControlSocket.withAddress(path, { connect(fd, $0, $1) }) != 0 else {
      Glibc.close(fd)
      throw FileError(StoreError.inUse(folder: dataFolder).description)
    }
    unlink(path)
    guard ControlSocket.withAddress(path, { bind(fd, $0, $1) }) == 0, chmod(path, 0o660) == 0, Glibc.listen(fd, 8) == 0,
      let number = FileNumber(path)
    else {
      let code = errno
      Glibc.close(fd)
      throw FileError("cannot make the control socket", path: path, errno: code)
    }
    let isClosed = state.withLock { state in
      if !state.isClosed { state.listeners.append(Listener(path: path, descriptor: fd, file: number)) }
      return state.isClosed
    }
    guard !isClosed else {
      unlink(path)
      Glibc.close(fd)
      return
    }
    let thread = Thread { [self] in serve(fd) }
    thread.name = "control"
    thread.start()
  }

  func close() {
    let listeners = state.withLock { state in
      defer { state.listeners = [] }
      state.isClosed = true
      return state.listeners
    }
    for listener in listeners {
      shutdown(listener.descriptor, Int32(SHUT_RDWR))
      if FileNumber(listener.path) == listener.file { unlink(listener.path) }
    }
  }

  private func serve(_ listener: Int32) {
    while true {
      let client = accept(listener, nil, nil)
      if state.withLock({ $0.isClosed }) {
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
