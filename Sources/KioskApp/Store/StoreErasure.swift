// SPDX-License-Identifier: GPL-3.0-or-later

import CCleanPages
import GRDB
import GRDBSQLite
import Synchronization

/// Erasing to the byte: what is deleted is in no file of the data folder any more.
///
/// `PRAGMA secure_delete` overwrites rows and pages as they are deleted; `CCleanPages` the copies of rows that SQLite leaves
/// in a page when it moves them to another. Both reach the database file only through the log ahead, which keeps what was
/// written to it before: `eraseLog` empties it after each purge. `cleanUp` does once what a version without all that left.
extension Store {
  /// What a purge has deleted, by kind. `undated`: contacts of boots that never learned the time.
  struct Purged: Equatable, Sendable {
    var contacts = 0
    var exposures = 0
    var f0Entries = 0
    var visits = 0
    var undated = 0

    var isNothing: Bool { self == Purged() }

    static func += (sum: inout Self, other: Self) {
      sum.contacts += other.contacts
      sum.exposures += other.exposures
      sum.f0Entries += other.f0Entries
      sum.visits += other.visits
      sum.undated += other.undated
    }
  }

  /// Prepares the process before its first database is opened, and each connection that writes.
  static func eraseWhatIsDeleted() throws(StoreError) {
    guard kiosk_clean_pages() == SQLITE_OK else { throw .failed(reason: "its file layer could not be put in place") }
  }

  static func eraseWhatIsDeleted(_ db: Database) throws {
    try db.execute(sql: "PRAGMA secure_delete = ON")
    // What a statement sorts or may have to take back is never in a file.
    try db.execute(sql: "PRAGMA temp_store = MEMORY")
  }

  /// Notes that rows were deleted: the log ahead still holds them.
  func noteDeleted() { hasRemains.store(true, ordering: .relaxed) }

  /// Brings the log ahead into the database and empties its file, if rows were deleted since it was last empty. Never waits
  /// for a reader.
  ///
  /// - Returns: whether nothing is left; false while another program reads or writes: try again.
  func eraseLog() throws(StoreError) -> Bool {
    guard hasRemains.exchange(false, ordering: .relaxed) else { return true }
    do throws(StoreError) {
      let isEmpty = try withoutTransaction { db in
        try db.execute(sql: "PRAGMA busy_timeout = 0")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = \(1000 * AppLimits.busySeconds)") }
        guard try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0 else { return false }
        // Pages in memory still have what the file's have no more, and would take it to the log ahead again.
        db.releaseMemory()
        return true
      }
      if !isEmpty { noteDeleted() }
      return isEmpty
    } catch {
      noteDeleted()
      throw error
    }
  }

  // MARK: Once

  /// Whether the database was made, or has been rewritten, by a version that overwrites what it deletes.
  func isClean() throws(StoreError) -> Bool {
    try read { db in try Bool.fetchOne(db, sql: "SELECT isClean FROM erasure") ?? false }
  }

  enum CleanUp: Equatable {
    case done
    /// So many bytes of the disk are needed and not free.
    case noRoom(bytes: Int64)
  }

  /// Rewrites the whole database if a version made it that did not overwrite deleted rows; one of this version is left as
  /// it is. Where it is broken off, all of it comes again. Meanwhile others read, and nobody writes.
  ///
  /// - Parameter freeBytes: of the disk, where not the real ones.
  func cleanUp(freeBytes: Int64? = nil) throws(StoreError) -> CleanUp {
    let (isClean, bytes) = try read { db in
      (
        try Bool.fetchOne(db, sql: "SELECT isClean FROM erasure") ?? false,
        try Int64.fetchOne(db, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") ?? 0
      )
    }
    guard !isClean else { return .done }
    // A copy beside it (`SQLITE_TMPDIR`), which is gone at once, and one in the log ahead.
    let needed = 2 * bytes + AppLimits.cleanUpSpareBytes
    guard freeBytes ?? Files.freeBytes(path) >= needed else { return .noRoom(bytes: needed) }
    do throws(StoreError) {
      try withoutTransaction { db in
        // Of the rows that are left, however many: not in memory.
        try db.execute(sql: "PRAGMA temp_store = FILE")
        defer { try? db.execute(sql: "PRAGMA temp_store = MEMORY") }
        try db.execute(sql: "VACUUM")
        try db.execute(sql: "UPDATE erasure SET isClean = 1")
      }
    } catch {
      noteDeleted()
      throw error
    }
    noteDeleted()
    return .done
  }
}
