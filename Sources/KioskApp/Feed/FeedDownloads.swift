// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Crypto
import FoundationEssentials
import Glibc
import KioskCore
import Tracer

/// Batches on their way, in the folder `feed` of the data folder: what has come of each, and those that are whole, until
/// they are applied. Held by one process.
final class FeedDownloads {
  private let folder: String
  private let lock: Int32

  convenience init(dataFolder: String) throws(FeedFault) { try self.init(folder: dataFolder + "/feed") }

  init(folder: String) throws(FeedFault) {
    self.folder = folder
    let path = folder + "/lock"
    try FeedFault.onDisk { () throws(FileError) in try Files.createFolder(folder) }
    let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw .file(FileError("cannot write in", path: folder, errno: errno)) }
    guard kiosk_lock(fd) == 0 else {
      close(fd)
      throw .busy
    }
    lock = fd
  }

  deinit { close(lock) }

  /// Whether the batch is there, whole and checked.
  func isComplete(_ batch: FeedManifest.Batch) -> Bool { Files.isThere(path(batch.sha256, "json")) }

  /// What has come of a batch so far.
  func resume(_ batch: FeedManifest.Batch) throws(FeedFault) -> FeedDownload {
    try FeedFault.onDisk { () throws(FileError) in
      try FeedDownload(
        path: path(batch.sha256, "part"), validatorPath: path(batch.sha256, "etag"), bytes: batch.bytes)
    }
  }

  /// Checks size and hash of what has come, and keeps it as a whole batch. What is wrong is thrown away.
  ///
  /// - Parameter number: of the batch, for people.
  func finish(_ download: FeedDownload, as batch: FeedManifest.Batch, number: Int) throws(FeedFault) {
    let found = download.count
    guard found == batch.bytes else {
      try FeedFault.onDisk { () throws(FileError) in try download.discard() }
      throw .refused(.wrongSize(batch: number, found: found, stated: batch.bytes))
    }
    let sha256 = try FeedFault.onDisk { () throws(FileError) in try download.sha256() }
    guard sha256 == batch.sha256 else {
      try FeedFault.onDisk { () throws(FileError) in try download.discard() }
      throw .refused(.wrongHash(batch: number))
    }
    try FeedFault.onDisk { () throws(FileError) in try download.keep(as: path(batch.sha256, "json")) }
  }

  /// Reads a whole batch.
  func read(_ batch: FeedManifest.Batch, number: Int) throws(FeedFault) -> F0Batch {
    let bytes = try FeedFault.onDisk { () throws(FileError) in
      try Files.read(path(batch.sha256, "json"), limit: CoreLimits.feedBatchBytes)
    }
    let read: F0Batch
    do throws(F0Batch.Refusal) { read = try F0Batch(json: bytes) } catch {
      throw .refused(.malformedBatch(number, error))
    }
    guard read.entries.count == batch.entries else {
      throw .refused(.wrongEntries(batch: number, found: read.entries.count, stated: batch.entries))
    }
    return read
  }

  /// Removes all that belongs to none of these.
  func keep(only batches: [FeedManifest.Batch]) {
    let wanted = Set(batches.map { Hex.string($0.sha256) })
    for name in Files.names(in: folder) where name != "lock" {
      if !wanted.contains(String(name.prefix { $0 != "." })) { unlink("\(folder)/\(name)") }
    }
  }

  /// Removes what has not changed since `time`: the feed has been silent for so long that its days are over. Not while a
  /// round runs.
  static func forget(before time: UTCTime, dataFolder: String) {
    let folder = dataFolder + "/feed"
    guard Files.isThere(folder), let downloads = try? FeedDownloads(folder: folder) else { return }
    for name in Files.names(in: folder) where name != "lock" {
      var file = stat()
      if stat("\(folder)/\(name)", &file) == 0, Int64(file.st_mtim.tv_sec) < time.seconds {
        unlink("\(folder)/\(name)")
      }
    }
    withExtendedLifetime(downloads) {}
  }

  /// Gone are the whole ones, once they are applied.
  func remove(_ batches: [FeedManifest.Batch]) {
    for batch in batches { unlink(path(batch.sha256, "json")) }
  }

  private func path(_ sha256: [UInt8], _ kind: String) -> String { "\(folder)/\(Hex.string(sha256)).\(kind)" }
}

/// One batch as far as it has come. What is there survives the process; whether it is right is seen at its end.
final class FeedDownload {
  /// Bytes it will have.
  let bytes: Int
  private(set) var count: Int
  private let path: String
  private let validatorPath: String
  private let fd: Int32

  init(path: String, validatorPath: String, bytes: Int) throws(FileError) {
    let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw FileError("cannot write", path: path, errno: errno) }
    let end = lseek(fd, 0, SEEK_END)
    self.fd = fd
    self.path = path
    self.validatorPath = validatorPath
    self.bytes = bytes
    count = Int(max(end, 0))
    // More than there can be, or as much and still not taken: it is wrong.
    if count >= bytes { try restart(validator: nil) }
  }

  deinit { close(fd) }

  /// What the server calls the version of the file that this is a part of; nil where it must begin anew.
  var validator: String? {
    guard count > 0, let bytes = try? Files.read(validatorPath, limit: AppLimits.feedValidatorBytes) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Begins anew, with a file of that version.
  func restart(validator: String?) throws(FileError) {
    guard ftruncate(fd, 0) == 0, lseek(fd, 0, SEEK_SET) == 0 else {
      throw FileError("cannot write", path: path, errno: errno)
    }
    count = 0
    unlink(validatorPath)
    if let validator { try Files.create(validatorPath, Array(validator.utf8)) }
  }

  func append(_ piece: [UInt8]) throws(FileError) {
    let code = Files.writeAll(fd, piece)
    guard code == 0 else { throw FileError("cannot write", path: path, errno: code) }
    count += piece.count
  }

  func sha256() throws(FileError) -> [UInt8] {
    guard lseek(fd, 0, SEEK_SET) == 0 else { throw FileError("cannot read", path: path, errno: errno) }
    var sha = SHA256()
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError("cannot read", path: path, errno: errno) }
      if count == 0 { return Array(sha.finalize()) }
      sha.update(data: chunk[..<count])
    }
  }

  func discard() throws(FileError) {
    try restart(validator: nil)
    unlink(path)
  }

  func keep(as whole: String) throws(FileError) {
    guard fsync(fd) == 0, rename(path, whole) == 0 else { throw FileError("cannot write", path: whole, errno: errno) }
    unlink(validatorPath)
  }
}
