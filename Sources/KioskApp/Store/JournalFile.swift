// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Glibc
import KioskCore

/// Why the journal could not be used. Holds nothing of what is in it.
struct JournalError: Error, Equatable, CustomStringConvertible {
  let description: String
  /// Whether another attempt may succeed without anybody doing something to the file.
  var isLasting = false

  static let full = Self("the journal is full")
  static let missing = Self("there is no journal")

  init(_ description: String, isLasting: Bool = false) {
    self.description = description
    self.isLasting = isLasting
  }

  init(_ what: String, path: String, errno code: Int32) {
    self.init(FileError(what, path: path, errno: code).description)
  }
}

/// Where the journal's pages lie: the file, or memory that fails in a test.
protocol JournalMedium: Sendable {
  var pageCount: Int { get }
  /// Bytes that it lacked when it was opened; all of them where there was none.
  var lackedBytes: Int { get }
  /// All of it, page after page.
  func read() throws(JournalError) -> [UInt8]
  /// Whole pages from a page on. Durable after `sync`.
  func write(_ bytes: [UInt8], at page: Int) throws(JournalError)
  func sync() throws(JournalError)
}

/// `kiosk.journal` in the data folder. Its room is taken and written once when it is made, so that later writes change no
/// more of the file system than a time.
final class JournalFile: JournalMedium {
  let path: String
  let pageCount = AppLimits.journalPages
  let lackedBytes: Int
  private let descriptor: Int32

  static func path(dataFolder: String) -> String { dataFolder + "/kiosk.journal" }

  /// Makes the file where there is none.
  init(dataFolder: String) throws(JournalError) {
    path = Self.path(dataFolder: dataFolder)
    // Not blocking: opening a pipe would wait for its other end.
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else {
      let code = errno
      guard code != EISDIR, code != ELOOP else { throw Self.foreign(path) }
      throw JournalError("cannot open", path: path, errno: code)
    }
    Self.readWithoutAhead(descriptor)
    let size = (try? Self.size(descriptor, path)) ?? nil
    lackedBytes = size.map { max(AppLimits.journalPages * JournalPage.byteCount - $0, 0) } ?? 0
    try prepare()
    // What was read in larger pieces before, by others too, leaves the cache.
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Keeps the file in the page cache in single pages. Newer kernels cache what is read ahead or written at once in pieces of
  /// up to 2 MiB, and count, or write, all of one for each page that is written in it.
  private static func readWithoutAhead(_ descriptor: Int32) {
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
  }

  /// Also where `prepare` failed.
  deinit { close(descriptor) }

  /// The content of a journal for one that only looks: empty when there is none.
  static func look(dataFolder: String) throws(JournalError) -> [UInt8] {
    let path = path(dataFolder: dataFolder)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      guard code != ENOENT else { return [] }
      throw code == ELOOP ? foreign(path) : JournalError("cannot open", path: path, errno: code)
    }
    defer { close(descriptor) }
    guard try size(descriptor, path) != nil else { throw foreign(path) }
    readWithoutAhead(descriptor)
    return try read(descriptor, path)
  }

  static func foreign(_ path: String) -> JournalError {
    JournalError(
      "\(path) is no journal of the kiosk: move it away; until then the database is written to each 10 s",
      isLasting: true)
  }

  /// nil unless it is an ordinary file.
  private static func size(_ descriptor: Int32, _ path: String) throws(JournalError) -> Int? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw JournalError("cannot read", path: path, errno: errno) }
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  private func prepare() throws(JournalError) {
    guard let size = try Self.size(descriptor, path) else { throw Self.foreign(path) }
    let wanted = pageCount * JournalPage.byteCount
    guard size < wanted else { return }
    let isForeign = JournalContent(try read()).isForeign
    guard !isForeign else { throw Self.foreign(path) }
    let code = posix_fallocate(descriptor, 0, off_t(wanted))
    guard code == 0 else { throw JournalError("cannot take room for", path: path, errno: code) }
    // From the page on in which it ended; what is there stays.
    let from = size / JournalPage.byteCount * JournalPage.byteCount
    var kept = size > from ? Array(try read()[from..<size]) : []
    kept += [UInt8](repeating: 0, count: wanted - size)
    try write(kept, at: from / JournalPage.byteCount)
    guard fsync(descriptor) == 0 else { throw JournalError("cannot write", path: path, errno: errno) }
    try? Files.synchroniseFolder(of: path)
  }

  func read() throws(JournalError) -> [UInt8] { try Self.read(descriptor, path) }

  private static func read(_ descriptor: Int32, _ path: String) throws(JournalError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: AppLimits.journalPages * JournalPage.byteCount)
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(
          descriptor, $0.baseAddress.map { $0 + offset }, min($0.count - offset, JournalPage.byteCount), off_t(offset))
      }
      if count < 0, errno == EINTR { continue }
      // A page that cannot be read counts as empty: all others are read.
      if count < 0, errno == EIO {
        offset = (offset / JournalPage.byteCount + 1) * JournalPage.byteCount
        continue
      }
      guard count >= 0 else { throw JournalError("cannot read", path: path, errno: errno) }
      if count == 0 { break }
      offset += count
    }
    return bytes
  }

  func write(_ bytes: [UInt8], at page: Int) throws(JournalError) {
    var offset = 0
    while offset < bytes.count {
      let place = off_t(page * JournalPage.byteCount + offset)
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + offset }, min($0.count - offset, JournalPage.byteCount), place)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw JournalError("cannot write", path: path, errno: count == 0 ? EIO : errno) }
      offset += count
    }
  }

  func sync() throws(JournalError) {
    guard fdatasync(descriptor) == 0 else { throw JournalError("cannot write", path: path, errno: errno) }
  }
}
