// SPDX-License-Identifier: GPL-3.0-or-later

import Crypto
import Glibc

/// Reads a regular file piece by piece, once: what it holds is hashed as it is read, so that hash and content are of the same
/// bytes, whatever is done to the file meanwhile.
final class FileReader {
  let path: String
  /// When it was opened, bytes.
  let size: Int
  private(set) var offset = 0
  private let fd: Int32
  private var hash = SHA256()
  private var head: [UInt8]?

  /// - Throws: also when `path` is a pipe, a device or a folder; a pipe is not waited for.
  init(_ path: String) throws(FileError) {
    self.path = path
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var attributes = stat()
    // A socket cannot be opened, but its attributes can be read.
    guard (fd >= 0 ? fstat(fd, &attributes) : stat(path, &attributes)) == 0 else {
      let code = errno
      if fd >= 0 { close(fd) }
      throw FileError("cannot open", path: path, errno: code)
    }
    let kind: String? =
      switch attributes.st_mode & S_IFMT {
      case S_IFREG: nil
      case S_IFDIR: "folder"
      case S_IFIFO: "pipe"
      case S_IFSOCK: "socket"
      default: "device"
      }
    if let kind {
      if fd >= 0 { close(fd) }
      throw FileError("\(path) is a \(kind); name a file")
    }
    guard fd >= 0 else { throw FileError("cannot open", path: path, errno: errno) }
    size = Int(attributes.st_size)
  }

  deinit { if fd >= 0 { close(fd) } }

  /// What the file begins with, which `next` still gives.
  func peek() throws(FileError) -> [UInt8] {
    if let head { return head }
    let piece = try read()
    head = piece
    return piece
  }

  /// The next piece; an empty one at the end.
  func next() throws(FileError) -> [UInt8] {
    let piece = try peek()
    head = nil
    hash.update(data: piece)
    offset += piece.count
    return piece
  }

  /// Of all that `next` has given.
  var sha256: [UInt8] { Array(hash.finalize()) }

  /// How much of the file has been given, 0 to 1.
  var share: Double { Double(offset) / Double(max(size, offset, 1)) }

  private func read() throws(FileError) -> [UInt8] {
    while true {
      var code: Int32 = 0
      let piece = [UInt8](unsafeUninitializedCapacity: AppLimits.importChunkBytes) { buffer, count in
        let result = Glibc.read(fd, buffer.baseAddress, buffer.count)
        code = result < 0 ? errno : 0
        count = max(result, 0)
      }
      if code == EINTR { continue }
      guard code == 0 else { throw FileError("cannot read", path: path, errno: code) }
      return piece
    }
  }
}
