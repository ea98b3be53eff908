// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing
import Tracer

@testable import KioskApp

@Suite("Own keys are ratcheted away") struct IdentityRatchetTests {
  private let folder: Folder
  private let file: IdentityFile
  private let first: BluezoneIdentity
  private let day: Int64 = 18_500

  init() throws {
    folder = try Folder()
    file = IdentityFile(dataFolder: folder.path)
    first = try file.loadOrCreate(at: UTCTime(seconds: day * 86_400 + 40_000))
  }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }

  /// The keys that the folder's files hold as text.
  private func isAnywhere(_ key: BluezoneKey) throws -> Bool {
    try !ByteSearch([Array(key.hex.utf8)]).search(folder.path).strings.isEmpty
  }

  @Test("The file keeps the later day's key alone, and all ids from that day on are the same") func ratchet() throws {
    var before = first
    try file.ratchet(to: day + 20)
    var after = try file.load()
    #expect(after.baseDay == day + 20)
    #expect(try after.baseKey == before.dailyKey(of: day + 20))
    for slot in [Slot(day: day + 20, index: 0), Slot(day: day + 20, index: 95), Slot(day: day + 41, index: 7)] {
      #expect(try after.bluezoneID(in: slot) == before.bluezoneID(in: slot))
    }
    #expect(throws: BluezoneIdentity.Failure.beforeBaseDay) { try after.dailyKey(of: day + 19) }
    #expect(try names() == ["base-key.json"] && !isAnywhere(first.baseKey) && isAnywhere(after.baseKey))
    #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
    // Again, and back.
    try file.ratchet(to: day + 20)
    try file.ratchet(to: day)
    #expect(try file.load().baseKey == after.baseKey && file.load().baseDay == day + 20)
  }

  @Test("A day beyond all use is refused, and the key stays") func tooFar() throws {
    #expect(throws: FileError.self) { try file.ratchet(to: day + 10_000_000) }
    #expect(try file.load().baseKey == first.baseKey)
  }

  @Test("A damaged file is left as it is") func damaged() throws {
    let path = try folder.write("base-key.json", "{")
    #expect(throws: FileError.self) { try file.ratchet(to: day + 20) }
    #expect(throws: FileError.self) { try file.putRight(to: day - 20) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "{" && names() == ["base-key.json"])
  }

  @Test(
    "A power cut after any step leaves a whole key, and the next attempt leaves it alone",
    arguments: IdentityFile.Step.allCases)
  func cutOff(step: IdentityFile.Step) throws {
    let identity = first
    let (key, later) = (first.baseKey, try identity.ratcheted(to: day + 20).baseKey)
    for _ in 0..<2 {
      #expect(throws: FileError.self) {
        try file.ratchet(to: day + 20) { passed throws(FileError) in
          if passed == step { throw FileError("power cut") }
        }
        // Where there is nothing left to do the later steps do not come.
        throw FileError("done")
      }
      let now = try file.load()
      switch step {
      case .cleared, .written, .named: #expect(now.baseKey == key && now.baseDay == day)
      case .replaced, .erased: #expect(now.baseKey == later && now.baseDay == day + 20)
      }
    }
    try file.ratchet(to: day + 20)
    #expect(try file.load().baseKey == later && names() == ["base-key.json"] && !isAnywhere(key))
  }

  @Test("What making the key left when it was cut off is erased too") func leftovers() throws {
    // Its own name beside, as a link that was not taken away, and a file of another attempt.
    #expect(link(file.path, file.path + ".new-1") == 0)
    _ = try folder.write("base-key.json.new-2", "{\"base_key\":\"\(String(repeating: "ab", count: 32))\"}")
    try file.ratchet(to: day)
    #expect(try names() == ["base-key.json"] && file.load().baseKey == first.baseKey)
  }

  @Test("A disk that refuses leaves the key, and says so") func refused() throws {
    // A folder in the new file's place.
    #expect(mkdir(file.path + ".new", 0o700) == 0)
    #expect(throws: FileError.self) { try file.ratchet(to: day + 20) }
    #expect(try file.load().baseKey == first.baseKey)
  }

  @Test("A key of a future day gets the present one, another stays", arguments: IdentityFile.Step.allCases)
  func putRight(step: IdentityFile.Step) throws {
    try file.putRight(to: day)
    try file.putRight(to: day + 1)
    #expect(try file.load().baseDay == day)
    #expect(throws: FileError.self) {
      try file.putRight(to: day - 30) { passed throws(FileError) in
        if passed == step { throw FileError("power cut") }
      }
    }
    #expect(try file.load().baseKey == first.baseKey && [day, day - 30].contains(file.load().baseDay))
    #expect(try file.putRight(to: day - 30).baseDay == day - 30)
    #expect(try file.load().baseDay == day - 30 && file.load().baseKey == first.baseKey)
    #expect(try names() == ["base-key.json"])
  }
}
