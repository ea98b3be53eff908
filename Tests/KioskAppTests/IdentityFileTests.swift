// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing
import Tracer

@testable import KioskApp

@Suite("Identity file") struct IdentityFileTests {
  let now = UTCTime(seconds: 1_598_313_600 + 40_000)

  @Test("The key is made once, for its owner alone, and kept") func madeOnce() throws {
    let folder = try Folder()
    let file = IdentityFile(dataFolder: folder.path)
    let first = try file.loadOrCreate(at: now)
    let later = try file.loadOrCreate(at: UTCTime(seconds: now.seconds + 86_400 * 40))
    #expect(first.baseKey == later.baseKey && first.baseDay == later.baseDay)
    #expect(first.baseDay == 1_598_313_600 / 86_400)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["base-key.json"])
  }

  @Test("Two kiosks have different keys") func different() throws {
    let (a, b) = (try Folder(), try Folder())
    let first = try IdentityFile(dataFolder: a.path).loadOrCreate(at: now)
    let second = try IdentityFile(dataFolder: b.path).loadOrCreate(at: now)
    #expect(first.baseKey != second.baseKey)
  }

  @Test("Permissions that are too wide are narrowed") func narrowed() throws {
    let folder = try Folder()
    let file = IdentityFile(dataFolder: folder.path)
    _ = try file.loadOrCreate(at: now)
    chmod(file.path, 0o644)
    _ = try file.loadOrCreate(at: now)
    #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
  }

  @Test(
    "A damaged file is refused and left as it is",
    arguments: [
      "", "{", "{}", "[1]", "{\"base_key\": \"00\", \"base_day\": 0}",
      "{\"base_key\": \"\(String(repeating: "0g", count: 32))\", \"base_day\": 0}",
      "{\"base_key\": \"\(String(repeating: "00", count: 32))\", \"base_day\": 1}",
      "{\"base_key\": \"\(String(repeating: "00", count: 32))\", \"base_day\": -86400}",
    ])
  func damaged(text: String) throws {
    let folder = try Folder()
    let path = try folder.write("base-key.json", text)
    #expect(throws: FileError.self) { try IdentityFile(dataFolder: folder.path).loadOrCreate(at: now) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test("A folder that cannot be written is said") func unwritable() {
    #expect(throws: FileError.self) { try IdentityFile(dataFolder: "/proc").loadOrCreate(at: now) }
  }
}
