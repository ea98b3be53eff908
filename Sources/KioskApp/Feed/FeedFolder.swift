// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Glibc
import KioskCore
import Tracer

/// A feed as it lies in a folder that a web server, object storage or a CDN serves.
///
/// Whoever reads it at whatever moment finds a whole feed: batches are there before the manifest that names them, and the
/// manifest changes by one rename.
final class FeedFolder {
  let path: String
  private let lock: Int32

  /// Opens the folder, for one publisher at a time.
  ///
  /// - Parameter makes: whether a folder that is not there is made.
  init(_ path: String, makes: Bool) throws(FileError) {
    self.path = path
    for folder in [path, path + "/batches"] where makes && !Files.isThere(folder) {
      try Files.createFolder(folder)
      guard chmod(folder, 0o755) == 0 else { throw FileError("cannot open up", path: folder, errno: errno) }
    }
    let fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0 else { throw FileError("cannot open the feed's folder", path: path, errno: errno) }
    guard kiosk_lock(fd) == 0 else {
      close(fd)
      throw FileError("somebody else is publishing into \(path); wait for it to end")
    }
    lock = fd
  }

  deinit { close(lock) }

  /// What is published; nil where nothing is.
  func envelope() throws -> FeedEnvelope? {
    let file = path + "/" + FeedEnvelope.fileName
    guard Files.isThere(file) else { return nil }
    return try FeedEnvelope(try Files.read(file, limit: CoreLimits.feedManifestBytes))
  }

  /// The entries of a batch that is published.
  func read(_ batch: FeedManifest.Batch) throws(FileError) -> F0Batch {
    let file = "\(path)/\(batch.path)"
    let bytes = try Files.read(file, limit: CoreLimits.feedBatchBytes)
    guard FeedSignature.sha256(bytes) == batch.sha256, let read = try? F0Batch(json: bytes) else {
      throw FileError("\(file) is not what was published; put it back, or --withdraw it")
    }
    return read
  }

  func write(_ sha256: [UInt8], _ bytes: [UInt8]) throws(FileError) {
    try Files.replace("\(path)/\(FeedManifest.Batch.path(sha256))", bytes, mode: 0o644)
  }

  func write(_ envelope: FeedEnvelope) throws(FileError) {
    try Files.replace("\(path)/\(FeedEnvelope.fileName)", envelope.bytes, mode: 0o644)
  }

  /// Removes batches: a withdrawn one at once, an old one when nobody can be reading the manifest that listed it. What
  /// was left by a publisher that broke off goes with them.
  ///
  /// - Returns: how many.
  func clean(_ manifest: FeedManifest, at now: UTCTime) -> Int {
    let listed = Set(manifest.batches.map { Hex.string($0.sha256) })
    let withdrawn = Set(manifest.withdrawn.map { Hex.string($0) })
    let keptSeconds = (CoreLimits.feedBatchDays + CoreLimits.feedLifetimeDays) * 86_400
    var removed = 0
    for name in Files.names(in: path + "/batches") {
      let file = "\(path)/batches/\(name)"
      let hash = String(name.prefix { $0 != "." })
      guard !listed.contains(hash) else { continue }
      var attributes = stat()
      guard stat(file, &attributes) == 0 else { continue }
      let isOld = Int64(attributes.st_mtim.tv_sec) < now.seconds - keptSeconds
      if withdrawn.contains(hash) || name.contains(".new-") || isOld, unlink(file) == 0 { removed += 1 }
    }
    return removed
  }
}
