// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("Importing a file that nobody signed") struct F0ImportTests {
  private let folder: Folder
  private let store: Store
  private let authority: AuditEntry.Authority
  private let now = UTCTime(seconds: 1_763_769_600)

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
    authority = try AuditEntry.Authority(operatorName: "An", reason: "test")
  }

  private struct Held: Equatable {
    var entries: Int
    var batches: Int
    var audit: Int
  }

  private func held() throws -> Held {
    try DatabaseQueue(path: store.path).read { db in
      let count = { (table: String) in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? -1 }
      return Held(entries: try count("f0Entry"), batches: try count("f0Batch"), audit: try count("audit"))
    }
  }

  /// Of the day before a time, with keys in no order.
  private func entries(_ count: Int, set: UInt8 = 1, endingBefore time: UTCTime? = nil) throws -> [F0Entry] {
    let start = UTCTime(seconds: (time ?? now).seconds - 86_400)
    let end = UTCTime(seconds: start.seconds + 86_399)
    var bytes = [UInt8](repeating: set, count: 32)
    return try (0..<count).map { number in
      let scattered = UInt32(truncatingIfNeeded: number) &* 0x9E37_79B1
      for place in 0..<4 { bytes[place] = UInt8(truncatingIfNeeded: scattered >> (8 * UInt32(place))) }
      return F0Entry(dailyKey: try #require(BluezoneKey(bytes)), start: start, end: end)
    }
  }

  private func add(_ entries: [F0Entry], sha256: UInt8) throws -> Store.Unsigned {
    try store.addUnsigned(authority: authority, at: now) { each in
      try entries.forEach(each)
      return [UInt8](repeating: sha256, count: 32)
    }
  }

  @Test("takes in more than are written together, counted, under the file's hash") func groups() throws {
    let many = try entries(AppLimits.entriesAddedAtOnce + 3)
    #expect(try add(many + many.prefix(2), sha256: 7) == .init(entries: many.count + 2, new: many.count))
    #expect(try held() == Held(entries: many.count, batches: 1, audit: 1))
    let batch = try #require(try store.batches().first)
    #expect(batch.sha256 == [UInt8](repeating: 7, count: 32))
    #expect(batch.entries == many.count + 2 && batch.operatorName == "An" && batch.region == nil)
  }

  @Test("of the same file again nothing is new; what had been forgotten of it comes back under its first batch")
  func again() throws {
    let few = try entries(5)
    #expect(try add(few, sha256: 7).new == 5)
    try DatabaseQueue(path: store.path).write { try $0.execute(sql: "DELETE FROM f0Entry WHERE id <= 2") }
    #expect(try add(few, sha256: 7) == .init(entries: 5, new: 2))
    #expect(try held() == Held(entries: 5, batches: 1, audit: 2))
    let batches = try DatabaseQueue(path: store.path).read {
      try Int.fetchOne($0, sql: "SELECT count(DISTINCT batch) FROM f0Entry JOIN f0Batch ON f0Batch.id = batch")
    }
    #expect(batches == 1)
  }

  @Test("an error at its end leaves nothing, and comes out as it is") func refusedAtTheEnd() throws {
    let many = try entries(AppLimits.entriesAddedAtOnce + 1)
    let refusal = F0Batch.Refusal(entry: many.count + 1, reason: "max is missing")
    let thrown = #expect(throws: F0Batch.Refusal.self) {
      try store.addUnsigned(authority: authority, at: now) { each in
        try many.forEach(each)
        throw refusal
      }
    }
    #expect(thrown == refusal)
    #expect(try held() == Held(entries: 0, batches: 0, audit: 0))
    // The store goes on.
    #expect(try add(Array(many.prefix(3)), sha256: 1).new == 3)
  }

  @Test("the command: refused in the last entry nothing is kept, and the entry is named; good it is whole")
  func command() throws {
    let good = F0Batch(entries: try entries(3000)).json
    let text = String(decoding: good, as: UTF8.self)
    let last = try #require(text.range(of: "\"max\":96", options: .backwards))
    let bad = try folder.write("bad.json", text.replacingCharacters(in: last, with: "\"max\":9600"))
    func kiosk(_ file: String) throws -> Program.Result {
      try Program.run("f0", "import", file, "--operator", "An", "--reason", "test", "--data", folder.path)
    }
    let refused = try kiosk(bad)
    #expect(refused.code == 1 && refused.output.isEmpty)
    #expect(refused.messages.contains("nothing of it is used: entry 3000: max is 9600"), "\(refused.messages)")
    // That it was tried, and why it failed, stands on record.
    #expect(try held() == Held(entries: 0, batches: 0, audit: 2))
    // Without a name it is refused for the same reason first.
    #expect(try Program.run("f0", "import", bad, "--data", folder.path).messages.contains("entry 3000"))
    let imported = try kiosk(try folder.write("good.json", text))
    #expect(imported.code == 0, "\(imported.messages)")
    #expect(imported.output.hasPrefix("3000 entries, 3000 of them new; 3000 entries compared"), "\(imported.output)")
    #expect(try store.batches().map(\.sha256) == [FeedSignature.sha256(good)])
  }

  @Test("a pipe, a device, a socket and a folder are told as such and not waited for") func notAFile() throws {
    let pipe = folder.path + "/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    for (path, words) in [(pipe, "is a pipe"), ("/dev/zero", "is a device"), ("/dev/full", "is a device")] {
      let result = try Program.run(
        "f0", "import", path, "--operator", "An", "--reason", "test", "--data", folder.path)
      #expect(result.code == 1 && result.messages.contains("\(path) \(words)"), "\(result.messages)")
    }
    #expect(throws: FileError.self) { try FileReader(folder.path) }
    #expect(throws: FileError.self) { try FileReader(folder.path + "/none") }
  }

  @Test("a file is given in pieces and hashed in the same pass; what it begins with is looked at before") func reader()
    throws
  {
    let bytes = (0..<AppLimits.importChunkBytes * 2 + 5).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let path = folder.path + "/file"
    try Files.create(path, bytes)
    let file = try FileReader(path)
    #expect(try file.peek() == Array(bytes.prefix(AppLimits.importChunkBytes)))
    var read: [UInt8] = []
    var shares: [Double] = []
    while case let piece = try file.next(), !piece.isEmpty {
      #expect(piece.count <= AppLimits.importChunkBytes)
      read += piece
      shares.append(file.share)
    }
    #expect(read == bytes && file.sha256 == FeedSignature.sha256(bytes))
    #expect(shares.count == 3 && shares == shares.sorted() && shares.last == 1)
    let empty = try FileReader(try folder.write("empty", ""))
    #expect(try empty.next().isEmpty && empty.sha256 == FeedSignature.sha256([]))
  }

  @Test("entries are forgotten by their own end, however many stand between those that stay") func forgotten() throws {
    let before = UTCTime(seconds: now.seconds - 40 * 86_400)
    let old = try entries(AppLimits.entriesAddedAtOnce, set: 2, endingBefore: before)
    let new = try entries(20, set: 3)
    #expect(try add(Array(new.prefix(10)) + old, sha256: 1).new == 10 + old.count)
    #expect(try add(Array(new.suffix(10)), sha256: 2).new == 10)
    try store.purge(before: UTCTime(seconds: now.seconds - 14 * 86_400), boot: "")
    #expect(try held().entries == 20)
    try store.purge(before: now, boot: "")
    #expect(try held().entries == 0)
  }
}
