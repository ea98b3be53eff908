// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Testing

@testable import KioskApp

@Suite("Words that name the cause") struct StoreErrorWordsTests {
  /// All primary codes, and all extended ones of SQLite 3.45, with some of a later version.
  private static let codes: [Int32] = {
    var codes = [Int32](1...28)
    let extended: [(primary: Int32, count: Int32)] = [
      (1, 3), (4, 2), (5, 3), (6, 2), (8, 6), (10, 33), (11, 3), (14, 6), (19, 12), (23, 1), (99, 1),
    ]
    for (primary, count) in extended {
      for number in 1...count { codes.append(primary + 256 * number) }
    }
    return codes
  }()

  @Test("Every code of SQLite has a cause and what to do, and the number behind it", arguments: codes)
  func words(code: Int32) {
    let words = StoreErrorWords.words(ResultCode(rawValue: code))
    let parts = words.split(separator: " (SQLite ")
    #expect(parts.count == 2 && parts[1] == "\(code))")
    #expect(parts[0].split(separator: " ").count >= 5 && parts[0].first?.isLowercase == true)
    let error = StoreError(DatabaseError(resultCode: ResultCode(rawValue: code)), path: "/none/kiosk.sqlite")
    #expect(error.description.contains(" ") && !error.description.contains("SQLite error"))
  }

  @Test(
    "The codes of disks name the disk",
    arguments: [
      (13, "the disk is full"), (4874, "the disk is full or failed"), (778, "the disk is full or failed"),
      (266, "the disk failed"), (10, "the disk failed"), (1034, "the disk is full or failed"),
      (8458, "file system is damaged"), (526, "a folder stands in the place"),
      (7, "no memory left"), (3082, "no memory left"), (1544, "the data folder may not be written"),
      (1, "not the shape"), (11, "damaged"), (26, "another file stands in its place"),
    ] as [(Int32, String)])
  func cause(code: Int32, words: String) {
    #expect(StoreErrorWords.words(ResultCode(rawValue: code)).contains(words))
  }

  @Test(
    "The errors of files name the cause and what to do",
    arguments: [
      (EACCES, "permission denied"), (EROFS, "read-only"), (ENOSPC, "the disk is full; free some space"),
      (EDQUOT, "quota"), (EIO, "the disk or stick failed; try another one"), (ELOOP, "links lead in a circle"),
      (ENOTDIR, "a part of the path is a file"), (EISDIR, "it is a folder; name a file"),
      (EMFILE, "too many files are open"), (ENOENT, "check the path"), (EEXIST, "never overwritten"),
      (ENAMETOOLONG, "use a shorter one"),
    ] as [(Int32, String)])
  func files(code: Int32, words: String) {
    let error = FileError("cannot write", path: "/x", errno: code)
    #expect(error.description.hasPrefix("cannot write /x: ") && error.description.contains(words))
    #expect(error.isNotAllowed == (code == EACCES))
  }

  // MARK: The program

  private let who = ["--operator", "Trần Văn An", "--reason", "CV 45/CDC"]

  private func commands(_ folder: Folder) throws -> [[String]] {
    let config = try folder.write("kiosk.toml", "[clock]\ntrust = \"always\"\n")
    return [
      ["status"], ["log"], ["log", "add"], ["history"], ["exposures"], ["f0", "list"], ["audit"],
      ["audit", "--verify"],
      ["export", "trace", "-o", "/tmp/kiosk-never-made"] + who, ["identity"] + who,
      ["capture", "-o", "/tmp/kiosk-never-made"] + who,
    ].map { $0 + ["--config", config] }
  }

  /// The program as another user; nil where this machine's tests cannot be another one.
  private func asUser(_ user: Int, _ arguments: [String]) throws -> Program.Result? {
    guard getuid() == 0, access("/usr/bin/setpriv", X_OK) == 0 else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
    process.arguments = ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", Program.path] + arguments
    let (output, messages) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = messages
    try process.run()
    let words = String(decoding: try messages.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    // The folder of the program is closed to that user.
    if words.contains("setpriv: failed to execute") { return nil }
    return Program.Result(code: process.terminationStatus, output: text, messages: words)
  }

  @Test("The wrong user is told whom to be, with 77, by every command") func wrongUser() throws {
    let folder = try Folder()
    let data = folder.path + "/data"
    try Files.createFolder(data)
    _ = try Store(dataFolder: data, access: .create)
    chmod(folder.path, 0o755)
    for (owner, words) in [
      (uid_t(0), "it belongs to root: type sudo"), (uid_t(1), "sudo -u \(Login.name(of: 1)) kiosk"),
    ] {
      chown(data, owner, owner)
      for command in try commands(folder) {
        guard let result = try asUser(65534, command + ["--data", data]) else {
          print("not checked as another user: not root, or the program cannot be run by others")
          return
        }
        #expect(result.code == 77 && result.messages.contains(words), "\(command): \(result.code) \(result.messages)")
        #expect(!result.messages.contains("SQLite"))
      }
    }
  }

  @Test("A folder in a file's place is named by every command that needs the file") func folders() throws {
    for name in ["kiosk.sqlite", "base-key.json", "control.sock"] {
      let folder = try Folder()
      if name != "kiosk.sqlite" { _ = try Store(dataFolder: folder.path, access: .create) }
      try FileManager.default.createDirectory(atPath: folder.path + "/" + name, withIntermediateDirectories: false)
      let needing: [[String]] =
        switch name {
        case "kiosk.sqlite":
          try commands(folder).filter { !["status", "capture"].contains($0[0]) }
        case "base-key.json": [["identity"] + who]
        default: [["status"]]
        }
      for command in needing {
        let result = try Program.start(command + ["--data", folder.path]).finish()
        #expect(result.code != 0, "\(command)")
        let isNamed = ["another file stands in its place", "it is a folder", "not running", "no base key"].contains {
          result.messages.contains($0)
        }
        #expect(isNamed && !result.messages.contains("SQLite error"), "\(name) \(command): \(result.messages)")
      }
    }
  }

  @Test("A table that somebody has deleted is named") func missingTable() throws {
    let folder = try Folder()
    let config = try folder.write("kiosk.toml", "[clock]\ntrust = \"always\"\n")
    _ = try Store(dataFolder: folder.path, access: .create)
    try DatabaseQueue(path: folder.path + "/kiosk.sqlite").write { try $0.execute(sql: "DROP TABLE audit") }
    for command in [["audit"], ["log", "add"], ["identity"] + who] {
      let result = try Program.start(command + ["--data", folder.path, "--config", config]).finish()
      #expect(result.code == 1 && result.messages.contains("its table audit is missing"), "\(result.messages)")
    }
  }

  @Test("A foreign file in the database's place is named, and stays as it is") func foreign() throws {
    let folder = try Folder()
    let text = String(repeating: "This is a letter and no database. ", count: 100)
    let file = try folder.write("kiosk.sqlite", text)
    for command in [["log"], ["audit"], ["f0", "list"]] {
      let result = try Program.start(command + ["--data", folder.path]).finish()
      #expect(result.code == 1 && result.messages.contains("another file stands in its place"), "\(result.messages)")
    }
    #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
  }

  @Test(
    "A page for people is told from a feed",
    arguments: [
      ("<html>Log in", nil, true), ("\u{FEFF}\r\n <!DOCTYPE HTML>", nil, true), ("<head>", nil, true),
      ("Please log in", "text/html; charset=utf-8", true), ("some text", "text/plain", false), ("", nil, false),
      ("bluezone-feed", "text/html", false), ("<?xml", nil, false),
    ] as [(String, String?, Bool)])
  func page(body: String, type: String?, isPage: Bool) {
    let bytes = body == "bluezone-feed" ? Array("bluezone-feed 1\n".utf8) : Array(body.utf8)
    if FeedEnvelope.isClaimed(by: bytes) { #expect(!CurlFeedSource.isPage(bytes, type: type)) }
    #expect(CurlFeedSource.isPage(bytes, type: type) == isPage)
  }
}
