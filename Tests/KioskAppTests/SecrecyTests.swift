// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Foundation
import Glibc
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// What a running kiosk shows to others: no core file, no id in its messages.
@Suite("Nothing of the memory leaks", .serialized) struct MemorySecrecyTests {
  private func demo(_ folder: Folder, in working: String? = nil) throws -> Program.Running {
    try Program.start(["run", "--demo", "--data", folder.path, "--display", "none"])
  }

  @Test("A process that keeps its memory secret cannot be dumped, and others can") func notDumpable() async {
    await #expect(processExitsWith: .exitCode(10)) {
      let before = kiosk_is_dumpable()
      let code = kiosk_keep_memory_secret()
      var limit = rlimit()
      let isLimited = getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 && limit.rlim_max == 0
      exit(before == 1 && code == 0 && kiosk_is_dumpable() == 0 && isLimited ? 10 : 1)
    }
  }

  @Test("The kiosk writes no core file, whatever kills it, and no id or address in its messages") func messages() throws
  {
    let folder = try Folder()
    let kiosk = try demo(folder)
    let pid = kiosk.process.processIdentifier
    let store = try #require(
      try eventually(within: 60) {
        (try? Store(dataFolder: folder.path, access: .look).contacts(
          from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000)
        ).isEmpty) == false
      }
        ? Store(dataFolder: folder.path, access: .look) : nil)
    let limits = String(decoding: try Files.read("/proc/\(pid)/limits", limit: 1 << 16), as: UTF8.self)
    let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
    #expect(core.split(separator: " ").dropFirst(4) == ["0", "0", "bytes"])
    // What cannot be dumped is root's; a kiosk that root runs shows it by its limit alone.
    var owner = stat()
    #expect(stat("/proc/\(pid)/maps", &owner) == 0 && owner.st_uid == 0)
    let ids = try store.contacts(from: UTCTime(seconds: 0), to: UTCTime(seconds: 4_000_000_000)).map(\.id.hex)
    let key = try IdentityFile(dataFolder: folder.path).load().baseKey.hex
    let ended = try kiosk.terminate()
    #expect(ended.code == 0 && !ended.messages.isEmpty)
    let words = (ended.messages + ended.output).lowercased()
    for secret in ids + [key] { #expect(!words.contains(secret.lowercased())) }
    #expect(!ids.isEmpty)
    #expect(words.firstMatch(of: #/[0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{24}/#) == nil)
  }

  @Test("Killed by a fault it leaves no core file", arguments: [SIGSEGV, SIGABRT]) func noCore(signal: Int32) throws {
    let folder = try Folder()
    let kiosk = try demo(folder)
    #expect(eventually { Files.isThere(folder.path + "/kiosk.sqlite") })
    kill(kiosk.process.processIdentifier, signal)
    let ended = try kiosk.finish()
    // Nor does it show what registers pointed at.
    #expect(ended.code == -signal && !ended.messages.contains("rax") && !ended.messages.contains("Registers"))
    let pattern = String(decoding: try Files.read("/proc/sys/kernel/core_pattern", limit: 4096), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let place = pattern.hasPrefix("/") ? Files.folder(of: pattern) : FileManager.default.currentDirectoryPath
    let pid = String(kiosk.process.processIdentifier)
    let cores = Files.names(in: place).filter { $0 == "core" || $0.hasPrefix("core") && $0.contains(pid) }
    #expect(pattern.hasPrefix("|") || cores.isEmpty)
  }
}
