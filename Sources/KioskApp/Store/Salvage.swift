// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import GRDB
import Glibc
import KioskCore
import Synchronization
import Tracer

/// Makes a whole database of a damaged one: from every page that can be read by itself, the rows on it.
///
/// The new file is complete and on the disk before the old one is touched. It is named `kiosk.sqlite-salvaged` from then
/// on; that name says that what is left to do is to take the old files away and to put this one in their place, and
/// `finish` does so after a crash, too. The old write-ahead log goes first: it must never meet the new file.
enum Salvage {
  /// Salvages the database at a path. Nobody in this process may have it open; other processes are waited for.
  ///
  /// - Throws: `inItsPlace` for a file that is not the kiosk's, `busy` when a command has it open for too long, `full` and
  ///   the like when the new file cannot be written. Nothing has changed then.
  static func run(path: String, at now: UTCTime = wallTime) throws(StoreError) -> Report {
    try StoreRegistry.shared.alone(with: path) { () throws(StoreError) in
      try finish(path: path)
      let old = try SalvageFile(path: path, forWriting: true)
      try old.lockOut(milliseconds: AppLimits.salvageLockMilliseconds)
      let fresh = path + "-salvage"
      remove(fresh)
      defer { remove(fresh) }
      try checkRoom(old, path: path)
      let report = try fill(fresh, from: old, path: path, at: now)
      try publish(fresh, like: old, path: path)
      try swap(path: path, old: old)
      return report
    }
  }

  /// Whether SQLite would open the database at a path, and see less than is there.
  static func isNeeded(path: String) -> Bool {
    guard Files.isThere(path + "-wal"), let file = try? SalvageFile(path: path, forWriting: false) else { return false }
    return file.hasHiddenCommits
  }

  /// Whether the file there holds nothing but zeros, with what stands beside it.
  static func isEmpty(path: String) -> Bool {
    guard !StoreRegistry.shared.isOpen(path), let file = try? SalvageFile(path: path, forWriting: false),
      file.pages > 0,
      file.pages <= AppLimits.foreignPagesLooked
    else { return false }
    return (1...file.pages).allSatisfy { file.page($0)?.allSatisfy { $0 == 0 } ?? false }
  }

  /// Removes a file that holds nothing.
  static func forget(path: String) throws(StoreError) {
    for end in ["-wal", "-shm", "-journal", ""] {
      guard unlink(path + end) == 0 || errno == ENOENT else { throw fault("an empty file cannot be removed") }
    }
  }

  /// Ends a salvage that a crash broke off after the new file was complete.
  static func finish(path: String) throws(StoreError) {
    // One that it broke off before is begun again.
    remove(path + "-salvage")
    guard Files.isThere(salvaged(path)) else { return }
    guard Files.isThere(path) else { return try swap(path: path, old: nil) }
    let old = try SalvageFile(path: path, forWriting: true)
    try old.lockOut(milliseconds: AppLimits.salvageLockMilliseconds)
    try swap(path: path, old: old)
  }

  /// Whether a database may be damaged in such a way that salvage helps. `SQLITE_ERROR`: its tables are not those that it
  /// says it has.
  static func isDamage(_ error: any Error) -> Bool {
    if error is RowDecodingError { return true }
    guard let code = (error as? DatabaseError)?.resultCode else { return false }
    return [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(code)
  }

  static var wallTime: UTCTime { UTCTime(milliseconds: SystemClock.utcMicroseconds() / 1000) }

  // MARK: Files

  static func salvaged(_ path: String) -> String { path + "-salvaged" }

  private static func remove(_ fresh: String) { for end in ["", "-journal", "-wal", "-shm"] { unlink(fresh + end) } }

  /// Beside the old file: a rename over it must not leave the folder's disk.
  private static func checkRoom(_ old: SalvageFile, path: String) throws(StoreError) {
    var disk = statvfs()
    guard statvfs(Files.folder(of: path), &disk) == 0 else { return }
    guard UInt64(disk.f_bavail) * UInt64(disk.f_frsize) > UInt64(old.fileBytes + old.journalBytes) else { throw .full }
  }

  /// From here on the new file counts.
  private static func publish(_ fresh: String, like old: SalvageFile, path: String) throws(StoreError) {
    let descriptor = open(fresh, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed(reason: "the repaired file cannot be opened") }
    defer { close(descriptor) }
    // Owner, group and rights as they were: staff read it too.
    var facts = stat()
    if fstat(old.descriptor, &facts) == 0 {
      _ = fchown(descriptor, facts.st_uid, facts.st_gid)
      fchmod(descriptor, facts.st_mode & 0o7777)
    }
    guard fsync(descriptor) == 0 else { throw Self.fault("the repaired file cannot be written") }
    guard rename(fresh, salvaged(path)) == 0 else { throw Self.fault("the repaired file cannot be named") }
    synchroniseFolder(of: path)
  }

  private static func fault(_ what: String) -> StoreError {
    switch errno {
    case ENOSPC, EDQUOT: .full
    case EROFS, EACCES, EPERM: .readOnly
    default: .failed(reason: "\(what): \(String(cString: strerror(errno)))")
    }
  }

  /// Puts the salvaged file in the old one's place. Each step may be the last before a crash: until the rename the
  /// salvaged file is there by its name, and after it by the database's.
  private static func swap(path: String, old: SalvageFile?) throws(StoreError) {
    let journal = open(path + "-wal", O_RDWR | O_CLOEXEC)
    defer { if journal >= 0 { close(journal) } }
    for end in ["-wal", "-shm", "-journal"] {
      guard unlink(path + end) == 0 || errno == ENOENT else { throw Self.fault("the old files cannot be removed") }
    }
    synchroniseFolder(of: path)
    guard rename(salvaged(path), path) == 0 else { throw Self.fault("the repaired file cannot be named") }
    synchroniseFolder(of: path)
    // What was recorded must not outlive its days in a file that nobody sees.
    if journal >= 0 { SalvageFile.erase(journal) }
    if let old { SalvageFile.erase(old.descriptor) }
  }

  private static func synchroniseFolder(of path: String) {
    let descriptor = open(Files.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  // MARK: Filling

  private static func fill(
    _ fresh: String, from old: SalvageFile, path: String, at now: UTCTime
  ) throws(StoreError) -> Report {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    configuration.publicStatementArguments = false
    configuration.prepareDatabase { db in
      // It is nothing before it is complete, and written to the disk once, then.
      try db.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
    }
    do {
      let database = try DatabaseQueue(path: fresh, configuration: configuration)
      defer { try? database.close() }
      try Migrations.migrator.migrate(database)
      return try database.write { db in
        var rows = try SalvageRows(db, old, path: path)
        try rows.save()
        var report = rows.report
        try SalvageRepairs.run(db, &report, at: now)
        let entry = AuditEntry(
          at: now, action: .salvage,
          authority: .kiosk,
          detail: report.description)
        try Store.addAudit(db, entry)
        return report
      }
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(error, path: path)
    }
  }
}

/// Who in this process has which database open: SQLite's locks keep out other processes only.
final class StoreRegistry: Sendable {
  static let shared = StoreRegistry()

  private struct State {
    var opened: [String: Int] = [:]
    var salvaged: Set<String> = []
  }
  private let state = Mutex(State())

  /// Counts a connection that is about to be opened, after waiting for a salvage that runs.
  ///
  /// - Parameter isSalvage: whether it is part of that.
  func enter(_ path: String) {
    while true {
      let isIn = state.withLock { state in
        guard !state.salvaged.contains(path) else { return false }
        state.opened[path, default: 0] += 1
        return true
      }
      if isIn { return }
      usleep(20_000)
    }
  }

  func isOpen(_ path: String) -> Bool { state.withLock { $0.opened[path, default: 0] > 0 } }

  func leave(_ path: String) { state.withLock { $0.opened[path, default: 1] -= 1 } }

  /// Runs it while nobody else in this process has the database open.
  ///
  /// - Throws: `busy` when somebody has for too long.
  func alone<T>(with path: String, _ body: () throws(StoreError) -> T) throws(StoreError) -> T {
    var waited = 0
    while true {
      let isAlone = state.withLock { state in
        guard state.opened[path, default: 0] == 0, !state.salvaged.contains(path) else { return false }
        state.salvaged.insert(path)
        return true
      }
      if isAlone { break }
      guard waited < AppLimits.salvageLockMilliseconds else { throw .busy }
      usleep(20_000)
      waited += 20
    }
    defer { _ = state.withLock { $0.salvaged.remove(path) } }
    return try body()
  }
}
