// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import KioskCore
import Tracer

/// How a node begins: its key and its log are made together, once, and a power cut in between is gone on from. Where only
/// one of them is there later, something was lost, and nothing is made until a person says so (`kiosk begin`).
///
/// The first start is: the file `beginning`, the log, the key, and `beginning` is removed; each is on the disk before the
/// next. So while that file is there the first start has not ended, and what is missing never was.
struct Beginning {
  /// One of the two, as the data folder shows it.
  enum Part: Hashable, Sendable {
    case missing, there
    /// Nothing can be said of it.
    case unreadable(reason: String)
  }

  /// A log that is a file without a byte counts as missing, with or without files that SQLite has left beside it.
  struct Parts: Hashable, Sendable {
    var key: Part
    var log: Part
    /// Whether the file `beginning` is there.
    var isBeginning: Bool
  }

  enum Step: Hashable, Sendable {
    case use, make
    case wait(DiskState.Wait)
  }

  struct Plan: Hashable, Sendable {
    var key: Step
    var log: Step
  }

  let dataFolder: String
  private var mark: String { dataFolder + "/beginning" }
  var database: String { dataFolder + "/kiosk.sqlite" }

  // MARK: The rules

  static func plan(_ parts: Parts) -> Plan {
    let isFirst = parts.isBeginning || (parts.key == .missing && parts.log == .missing)
    return Plan(key: step(parts.key, isFirst, missing: .key), log: step(parts.log, isFirst, missing: .log))
  }

  private static func step(_ part: Part, _ isFirst: Bool, missing: Lost) -> Step {
    switch part {
    case .there: .use
    case .unreadable(let reason): .wait(.disk(reason: reason))
    case .missing: isFirst ? .make : .wait(.person(reason: missing.words))
    }
  }

  /// What is missing beside the other.
  enum Lost: Hashable, Sendable {
    case key, log

    var name: String { self == .key ? "the key (base-key.json)" : "the log (kiosk.sqlite)" }

    var words: String {
      let other = self == .key ? "the log is there: nothing is advertised" : "the key is there: what is heard waits"
      return "\(name) is missing, and \(other). Put it back from a backup, or go on without it: sudo -u "
        + "\(Login.name(of: geteuid())) kiosk begin --operator NAME --reason TEXT"
    }
  }

  // MARK: The folder

  func parts() -> Parts {
    var attributes = stat()
    return Parts(
      key: Self.part(IdentityFile(dataFolder: dataFolder).path) { _ in true },
      // One that a repair was putting into its place when the power went is there, too.
      log: Files.isThere(Salvage.salvaged(database))
        ? .there : Self.part(database) { $0.st_mode & S_IFMT != S_IFREG || $0.st_size > 0 },
      isBeginning: stat(mark, &attributes) == 0)
  }

  private static func part(_ path: String, _ counts: (stat) -> Bool) -> Part {
    var attributes = stat()
    guard stat(path, &attributes) != 0 else { return counts(attributes) ? .there : .missing }
    let code = errno
    // ENOENT of a folder that is not there says nothing of what is in it.
    if code == ENOENT, Files.isThere(Files.folder(of: path)) { return .missing }
    return .unreadable(reason: StoreError(ofFolder: Files.folder(of: path), errno: code).description)
  }

  func begin() throws(FileError) {
    if !Files.isThere(mark) { try Files.create(mark, []) }
  }

  /// Nothing is missing any more.
  func end() throws(FileError) {
    guard unlink(mark) == 0 else {
      if errno == ENOENT { return }
      throw FileError("cannot remove", path: mark, errno: errno)
    }
    try Files.synchroniseFolder(of: mark)
  }
}
