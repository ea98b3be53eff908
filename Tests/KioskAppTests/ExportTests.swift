// SPDX-License-Identifier: GPL-3.0-or-later
import Crypto
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// From a daily key to evidence, with the program as staff use it.
@Suite("Exposures and exports", .serialized) struct ExportTests {
  let folder: Folder
  let key = "c0ffee112233445566778899aabbccddeeff00112233445566778899aabbcc01"
  /// Yesterday's UTC midnight, and a slot of that day with an F0, a Bluezoner and nobody else.
  let day: Int64
  let start: Int64
  private let who = ["--operator", "Trần Văn An", "--reason", "CV 45/CDC"]

  init() throws {
    folder = try Folder()
    day = Int64(Date().timeIntervalSince1970) / 86_400 * 86_400 - 86_400
    start = day + 20 * 900
    let store = try Store(dataFolder: folder.path, access: .create)
    let base = UTCTime(seconds: day - 20 * 86_400)
    _ = try IdentityFile(dataFolder: folder.path).loadOrCreate(at: base)
    // The ids come from the program, as an authority would check them.
    let ids = try Program.run("ids", "--daily-key", key).output.split(separator: "\n")
    for (id, first, last, dBm) in [
      (String(ids[20]), start + 30, start + 330, -58),
      (String(repeating: "ab", count: 12), start + 100, start + 100, -75),
      (String(repeating: "cd", count: 12), start + 7200, start + 7260, -75),
    ] {
      try store.write(
        [
          .init(
            id: try #require(Hex.bytes(id).flatMap { BluezoneID($0) }),
            span: .dated(first: UTCTime(seconds: first), last: UTCTime(seconds: last)),
            strength: .init(count: 4, nearestDBm: dBm, sumDBm: 4 * dBm - 8), platform: .android)
        ], boot: "b")
    }
  }

  private func kiosk(_ arguments: String...) throws -> Program.Result {
    try Program.start(arguments + ["--data", folder.path]).finish()
  }

  private func object(_ text: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func importing(_ key: String) throws -> Program.Result {
    let file = try folder.write(
      "\(key.prefix(4)).json",
      "{\"data\": [{\"daily_key\": \"\(key)\", \"time_start\": \(day), \"max\": 96, \"time_end\": \(day + 86_399)}]}")
    let check = try kiosk("f0", "check", file)
    #expect(check.code == 0, "\(check.messages)")
    return check
  }

  private func imported(_ key: String) throws {
    let store = try Store(dataFolder: folder.path, access: .change)
    let batch = try F0Batch(json: try Files.read("\(folder.path)/\(key.prefix(4)).json", limit: 10_000))
    _ = try store.importF0(batch, sha256: [0xAB], at: UTCTime(seconds: day + 90_000), toleranceSlots: 1)
  }

  private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test("A key gives its exposure with the right window, a key that was not there none, and checking keeps nothing")
  func endToEnd() throws {
    #expect(try importing(key).output == "1 entries; 1 contacts match, of 1 of them\n")
    #expect(try importing(String(repeating: "0d", count: 32)).output == "1 entries; 0 contacts match, of 0 of them\n")
    #expect(try kiosk("exposures", "--json").output.isEmpty)
    try imported(key)
    try imported(String(repeating: "0d", count: 32))
    let lines = try kiosk("exposures", "--json").output.split(separator: "\n")
    #expect(lines.count == 1)
    let exposure = try object(try #require(lines.first))
    #expect(exposure["state"] as? String == "new" && exposure["near"] as? Bool == true)
    #expect(exposure["nearest_dbm"] as? Int == -58 && exposure["mean_dbm"] as? Int == -60)
    #expect(exposure["minutes"] as? Int == 5 && exposure["bluezoners"] as? Int == 1)
    let began = try #require(exposure["start"] as? String)
    #expect(began.hasSuffix("+07:00"))
    #expect(ISO8601DateFormatter().date(from: began)?.timeIntervalSince1970 == Double(start + 30))

    let shown = try kiosk("exposures", "show", "1")
    #expect(shown.code == 0 && shown.output.contains("Exposure 1, new") && shown.output.contains("nearest -58 dBm"))
    #expect(try kiosk("exposures").output.contains("seen"))
    let none = try kiosk("exposures", "show", "2")
    #expect(none.code == 1 && none.messages.contains("no exposure 2"))
  }

  @Test("Evidence is two files of the owner's alone, of the window's contacts alone, and is on record") func evidence()
    throws
  {
    _ = try importing(key)
    try imported(key)
    let out = folder.path + "/out"
    let done = try Program.start(["exposures", "evidence", "1", "-o", out, "--data", folder.path] + who).finish()
    #expect(done.code == 0, "\(done.messages)")
    #expect(done.output == "\(out)/exposure-1.json\n\(out)/exposure-1-trace.txt\n")
    #expect(try mode(out + "/exposure-1.json") == 0o600 && mode(out + "/exposure-1-trace.txt") == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).count == 2)

    var identity = try IdentityFile(dataFolder: folder.path).load()
    let own = try identity.bluezoneID(in: SlotScheme.standard.slot(at: UTCTime(seconds: start))).hex.uppercased()
    let ids = try Program.run("ids", "--daily-key", key, "--slots", "21").output.split(separator: "\n")
    let f0 = ids[20].uppercased()
    let trace = try Data(contentsOf: URL(fileURLWithPath: out + "/exposure-1-trace.txt"))
    #expect(
      String(decoding: trace, as: UTF8.self)
        == "\(own)\t\(f0)\t-58\t\(start + 30)000\n\(own)\t\(f0)\t-60\t\(start + 330)000\n"
        + "\(own)\t\(String(repeating: "AB", count: 12))\t-75\t\(start + 100)000\n")
    let json = try object(try String(contentsOfFile: out + "/exposure-1.json", encoding: .utf8))
    #expect(json["operator"] as? String == "Trần Văn An" && json["tolerance_minutes"] as? Int == 15)
    #expect((json["software"] as? String)?.hasPrefix("bluezone-kiosk ") == true)
    let file = try #require(json["trace"] as? [String: Any])
    #expect(file["sha256"] as? String == SHA256.hash(data: trace).map { String(format: "%02x", $0) }.joined())
    #expect((json["batch"] as? [String: Any])?["sha256"] as? String == "ab")
    #expect(!"\(json)".lowercased().contains("c0ffee"))

    // Beside the import of the file that nobody had signed.
    let records = try kiosk("audit", "--json").output.split(separator: "\n").map { try object($0) }
    let audit = records.filter { $0["action"] as? String != "import-unsigned" }
    #expect(records.count == 3 && audit.map { $0["action"] as? String } == ["export-evidence", "export-evidence"])
    #expect(audit.map { $0["outcome"] as? String } == ["attempted", "done"])
    #expect(audit.map { $0["reason"] as? String } == ["CV 45/CDC", "CV 45/CDC"])
    #expect(audit[1]["attempt"] as? Int == audit[0]["id"] as? Int)
    // The file names the head as it was, and the chain still has it.
    let head = try #require(json["audit"] as? [String: Any])
    #expect(head["head"] as? String == audit[0]["hash"] as? String)
    #expect(head["entries"] as? Int == audit[0]["id"] as? Int && json["audit_entry"] as? Int == audit[0]["id"] as? Int)
    let verified = try kiosk("audit", "--verify", "--head", try #require(head["head"] as? String))
    #expect(verified.code == 0 && verified.output.contains("Every entry fits."), "\(verified.messages)")
    #expect(done.messages.contains("audit log: 3 entries, head \(audit[1]["hash"] as? String ?? "")"))
    #expect(try kiosk("exposures").output.contains("exported"))
    // A second time nothing is overwritten; that somebody tried is on record.
    let again = try Program.start(["exposures", "evidence", "1", "-o", out, "--data", folder.path] + who).finish()
    #expect(again.code == 1 && again.messages.contains("never overwritten"))
    let outcomes = try Store(dataFolder: folder.path, access: .look).audit().suffix(2)
    #expect(outcomes.map(\.outcome) == ["attempted", "failed"] && outcomes.last?.detail.contains("is there") == true)
    // Folders are not made on the way: that of a stick may not be plugged in.
    let none = folder.path + "/none"
    let lost = try Program.start(["exposures", "evidence", "1", "-o", none + "/out", "--data", folder.path] + who)
      .finish()
    #expect(lost.code == 1 && lost.messages.contains("the folder \(none) is not there"), "\(lost.messages)")
    #expect(!Files.isThere(none))
  }

  @Test("A key that is missing is told with the way on, and asking for it is on record") func noKey() throws {
    try FileManager.default.removeItem(atPath: folder.path + "/base-key.json")
    for command in [["identity"], ["export", "trace", "-o", folder.path + "/x.txt"]] {
      let result = try Program.start(command + ["--data", folder.path] + who).finish()
      #expect(result.code == 1 && result.output.isEmpty && result.messages.contains("kiosk begin --operator"))
    }
    let log = try Store(dataFolder: folder.path, access: .look).audit()
    #expect(log.map(\.action) == ["show-identity", "show-identity", "export-trace", "export-trace"])
    #expect(log.map(\.outcome) == ["attempted", "failed", "attempted", "failed"])
  }

  @Test("The trace holds the days asked for in the app's format; the identity is the app's InfoF; both are on record")
  func trace() throws {
    let path = folder.path + "/data_trace.txt"
    let done = try Program.start(["export", "trace", "-o", path, "--days", "3", "--data", folder.path] + who).finish()
    #expect(done.output == "\(path): 3 contacts in 5 lines\n", "\(done.messages)")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 6 && lines.last == "")
    for line in lines.dropLast() {
      #expect(line.wholeMatch(of: /[0-9A-F]{24}\t[0-9A-F]{24}\t-[0-9]+\t[0-9]{13}/) != nil)
    }
    #expect(try mode(path) == 0o600)
    let other = folder.path + "/none.txt"
    _ = try Program.start(["export", "trace", "-o", other, "--days", "1", "--data", folder.path] + who).finish()

    let identity = try Program.start(["identity", "--data", folder.path] + who).finish()
    let info = try object(identity.output)
    #expect(info.keys.sorted() == ["base_id", "daily_key", "time", "time_start"])
    let today = Int64(Date().timeIntervalSince1970) / 86_400 * 86_400
    let (made, firstTold) = (day - 20 * 86_400, today - 14 * 86_400)
    #expect(info["time"] as? Int64 == made && info["time_start"] as? Int64 == firstTold)
    // The chain from the base key leads to the daily key, by the library's SHA-256.
    var chain = try #require(Hex.bytes(info["base_id"] as? String ?? ""))
    for _ in 0..<(firstTold - made) / 86_400 { chain = Array(SHA256.hash(data: chain)) }
    #expect(Hex.string(chain).uppercased() == info["daily_key"] as? String)
    let log = try kiosk("audit", "--json").output.split(separator: "\n").map { try object($0) }
    #expect(
      log.map { $0["action"] as? String }
        == ["export-trace", "export-trace", "export-trace", "export-trace", "show-identity", "show-identity"])
    #expect(log.map { $0["outcome"] as? String } == ["attempted", "done", "attempted", "done", "attempted", "done"])
    let sha256 = SHA256.hash(data: try Data(contentsOf: URL(fileURLWithPath: path)))
      .map { String(format: "%02x", $0) }.joined()
    #expect((log[1]["detail"] as? String)?.hasSuffix(": 3 contacts, sha256 \(sha256)") == true)
  }

  @Test("An export that fails stands as attempted and failed, with the cause, and not as done") func failed() throws {
    let out = folder.path + "/none/data_trace.txt"
    let done = try Program.start(["export", "trace", "-o", out, "--data", folder.path] + who).finish()
    #expect(done.code == 1 && done.messages.contains("the folder \(folder.path)/none is not there"))
    // A disk that takes the trace and then no more.
    let full = try Program.start(["identity", "--data", folder.path] + who, output: "/dev/full").finish()
    #expect(full.code == 1 && full.messages.contains("disk is full"), "\(full.messages)")
    let log = try Store(dataFolder: folder.path, access: .look).audit()
    #expect(log.map(\.outcome) == ["attempted", "failed", "attempted", "failed"])
    #expect(log.map(\.attempt) == [nil, 1, nil, 3])
    #expect(log[1].detail.contains("is not there"))
    let words = try kiosk("audit")
    #expect(words.output.contains("failed (of 1)") && words.output.contains("attempted"))
  }

  @Test(
    "Nothing leaves without a name and a reason",
    arguments: [
      ["export", "trace"], ["identity"], ["exposures", "evidence", "1", "-o", "x"],
      ["export", "trace", "--operator", "", "--reason", "x"], ["identity", "--operator", "x"],
      ["identity", "--operator", "x", "--reason", " "], ["identity", "--operator", "x\u{1B}[2J", "--reason", "x"],
      ["capture", "-o", "x"], ["identity", "--operator", "x", "--reason", "a\u{202E}b"],
      ["identity", "--operator", "Kiosk", "--reason", "x"],
    ])
  func noAuthority(arguments: [String]) throws {
    let result = try Program.start(arguments + ["--data", folder.path]).finish()
    #expect(result.code == 64 && result.output.isEmpty)
    #expect(try kiosk("audit", "--json").output.isEmpty)
  }
}
