// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import CLinux
import Glibc
import KioskCore
import Tracer

struct BeginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "begin",
    abstract: "Go on without a key or a log that was lost: makes the one that is missing, and puts it on record.",
    discussion: """
      A kiosk whose key or log is missing beside the other waits, because a backup may have it. What is there is kept. \
      Where both are missing the kiosk begins by itself.
      """)

  @OptionGroup var options: SettingsOptions
  @OptionGroup var authority: OperatorOptions

  func run() throws {
    // What is made is for the kiosk's own user.
    umask(0o077)
    let settings = try options.settings()
    do {
      let authority = try authority.authority()
      let beginning = Beginning(dataFolder: settings.dataFolder)
      let lost = try lost(beginning)
      let now = SystemClock(trust: .always).now().utc
      let entry = AuditEntry(
        at: now, action: .begin, authority: authority, detail: "\(lost.name) was missing and is new")
      Exit.message("\(lost.name) is missing; it is being made, and what is there is kept.")
      switch lost {
      case .key:
        try Store(dataFolder: settings.dataFolder, access: .change).addAudit(entry)
        try IdentityFile(dataFolder: settings.dataFolder).create(at: now)
      case .log: try beginning.makeLog { store throws(StoreError) in try store.addAudit(entry) }
      }
      _ = try? ControlSocket.ask(.begun, dataFolder: settings.dataFolder)
      print("\(lost.name) was made.")
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  /// - Throws: when nothing is missing, or that cannot be told.
  private func lost(_ beginning: Beginning) throws -> Beginning.Lost {
    var attributes = stat()
    guard stat(beginning.dataFolder, &attributes) == 0 else {
      throw StoreError(ofFolder: beginning.dataFolder, errno: errno)
    }
    // What another user makes, the kiosk could not use.
    guard attributes.st_uid == geteuid() else { throw StoreError(ofFolder: beginning.dataFolder, errno: EACCES) }
    let parts = beginning.parts()
    if case .unreadable(let reason) = parts.key { throw Exit.failure(reason) }
    if case .unreadable(let reason) = parts.log { throw Exit.failure(reason) }
    switch (parts.key, parts.log) {
    case _ where parts.isBeginning:
      throw Exit.failure("the first start has not ended: the kiosk goes on with it by itself")
    case (.missing, .missing): throw Exit.failure("neither key nor log is there: the kiosk makes both when it starts")
    case (.missing, _): return .key
    case (_, .missing): return .log
    default:
      // What is there and cannot be read is not missing.
      _ = try IdentityFile(dataFolder: beginning.dataFolder).load()
      do throws(StoreError) { _ = try Store(dataFolder: beginning.dataFolder, access: .look) } catch {
        // As a pattern of the catch this breaks Swift 6.2.3.
        guard case .notThere = error else { throw error }
        return .log
      }
      throw Exit.failure("nothing is missing: key and log are there")
    }
  }
}

extension Beginning {
  /// Makes the log beside the others, with what `body` writes into it, and puts it in its place whole.
  func makeLog(_ body: (Store) throws(StoreError) -> Void) throws {
    let new = dataFolder + "/begin-\(getpid())"
    guard mkdir(new, 0o700) == 0 else { throw FileError("cannot make", path: new, errno: errno) }
    let made = Beginning(dataFolder: new).database
    defer {
      for end in ["", "-wal", "-shm"] { unlink(made + end) }
      rmdir(new)
    }
    do {
      let store = try Store(dataFolder: new, access: .create)
      try body(store)
      try store.leaveOneFile()
    }
    // What was left of the one that is lost does not belong to this one.
    for end in ["-wal", "-shm"] { unlink(database + end) }
    guard rename(made, database) == 0 else { throw FileError("cannot make", path: database, errno: errno) }
    try Files.synchroniseFolder(of: database)
  }
}
