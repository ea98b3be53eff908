// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import Glibc

/// SQLite's result codes in words: the cause, and what to do. The number stands behind them, for the technician.
/// Source: sqlite.org/rescode.html.
enum StoreErrorWords {
  static func words(_ code: ResultCode) -> String {
    let words = extended[code.rawValue] ?? primary[code.primaryResultCode.rawValue] ?? unexpected
    return "\(words) (SQLite \(code.rawValue))"
  }

  /// Words for a table that somebody has deleted; nil for any other error.
  static func missingTable(_ error: DatabaseError) -> String? {
    let start = "no such table: "
    guard let message = error.message, message.hasPrefix(start) else { return nil }
    let path = message.dropFirst(start.count).prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" }
    let name = path.split(separator: ".").last ?? ""
    return "its table \(name) is missing: another program has changed the file; keep it as it is, and put a backup in "
      + "its place (SQLite \(error.extendedResultCode.rawValue))"
  }

  private static let unexpected = "a fault of the program; restart the kiosk, and report it"
  private static let failing =
    "the disk failed; look for its faults in the system's log (dmesg), and exchange the card or disk if there are any"
  private static let full = "the disk is full; free some space"
  private static let memory = "the machine has no memory left; end other programs, or restart it"
  private static let readOnly =
    "it may not be written; check who owns the data folder, and that the disk is not read-only"
  private static let inUse = "another program uses it for too long; end that program, or try again"
  private static let rotten =
    "a part of it is damaged; keep the file as it is, and put a backup in its place if the kiosk does not put it right"

  private static let primary: [Int32: String] = [
    1: "it has not the shape that this version needs; start the kiosk once, or put a backup in its place",
    2: unexpected, 3: readOnly, 4: "the transaction was broken off; try again", 5: inUse, 6: inUse, 7: memory,
    8: readOnly, 9: "it was interrupted; try again", 10: failing, 11: rotten, 12: unexpected, 13: full,
    14: "it cannot be opened; check that the data folder is there and may be written",
    15: "its lock cannot be had; end other programs that use it, and try again",
    16: unexpected, 17: "another program changed its shape meanwhile; try again",
    18: "a value is too large for it; report this", 19: "it refuses the row; nothing was changed; report this",
    20: unexpected, 21: unexpected, 22: "the disk's file system cannot hold so large a file; use another one",
    23: "it may not be used by this user", 24: unexpected, 25: unexpected,
    26: "another file stands in its place, or its beginning is damaged; keep that file, and put a backup in its place",
    27: unexpected, 28: unexpected,
  ]

  private static let extended: [Int32: String] = {
    func code(_ primary: Int32, _ number: Int32) -> Int32 { primary | number << 8 }
    var words: [Int32: String] = [:]
    // IOERR: reading and locking fail with the disk; what needs room fails when it is full as well.
    let room = "the disk is full or failed; free some space, and look for its faults in the system's log (dmesg)"
    for number: Int32 in [3, 4, 6, 19, 21, 24, 30] { words[code(10, number)] = room }
    words[code(10, 12)] = memory
    words[code(10, 13)] = "the data folder cannot be looked into; check who owns it, and that the disk is still there"
    words[code(10, 18)] =
      "the file kiosk.sqlite-shm cannot be opened; check who owns the data folder, and that the disk is not read-only"
    words[code(10, 10)] = "a file beside the database cannot be deleted; check who owns the data folder"
    for number: Int32 in [8, 9, 14, 15, 20] {
      words[code(10, number)] = "its lock cannot be had; use a local disk, not a network's, and try again"
    }
    words[code(10, 25)] = "there is no folder for temporary files; see that /tmp is there and may be written"
    words[code(10, 32)] = rotten
    words[code(10, 33)] = "the disk's file system is damaged; check it (fsck), or exchange the card"
    // CANTOPEN
    words[code(14, 1)] = "there is no folder for temporary files; see that /tmp is there and may be written"
    words[code(14, 2)] = "a folder stands in the place of the database; move it away"
    words[code(14, 6)] = "a symbolic link stands in the place of the database; put the file itself there"
    // READONLY
    words[code(8, 1)] = "an earlier run left it unfinished, and this user may not put it right; start the kiosk once"
    words[code(8, 2)] = "its lock file may not be written; run this as the user who owns the data folder"
    words[code(8, 3)] = "an earlier run left it unfinished, and this user may not put it right; start the kiosk once"
    words[code(8, 4)] = "the file was moved or deleted meanwhile; put it back, and restart the kiosk"
    words[code(8, 5)] = "its lock file cannot be made; run this as the user who owns the data folder"
    words[code(8, 6)] = "the data folder may not be written; run this as the user who owns it"
    words[code(11, 3)] = "an index of it is damaged; keep the file as it is, and put a backup in its place"
    words[code(19, 7)] = "it refuses to have its record altered; nothing was changed"
    return words
  }()

  /// Why a database cannot be opened, by what stands in its place.
  static func cannotOpen(_ path: String) -> StoreError {
    var facts = stat()
    guard stat(path, &facts) == 0 else {
      if errno == EACCES { return .notAllowed(path: path) }
      let code = errno == ENOENT ? unlisted(path) : errno
      return .cannotOpen(
        path: path,
        reason: code == ENOENT
          ? "it cannot be made; check the data folder, and look for faults of the disk in the system's log (dmesg)"
          : FileError.cause(code))
    }
    switch facts.st_mode & S_IFMT {
    case S_IFDIR: return .cannotOpen(path: path, reason: "a folder stands in its place; move it away")
    case S_IFREG: break
    default: return .cannotOpen(path: path, reason: "it is no file but a device or a pipe; move it away")
    }
    if access(path, R_OK) != 0, errno == EACCES { return .notAllowed(path: path) }
    return .cannotOpen(
      path: path, reason: "it cannot be opened; check that the data folder is there and may be written")
  }

  static func isFolder(_ path: String) -> Bool {
    var facts = stat()
    return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }

  /// It is not there: why it cannot be made.
  private static func unlisted(_ path: String) -> Int32 {
    let folder = Files.folder(of: path)
    var facts = stat()
    if stat(folder, &facts) != 0 { return errno }
    if access(folder, W_OK) != 0 { return errno }
    return ENOENT
  }
}
