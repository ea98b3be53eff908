// SPDX-License-Identifier: GPL-3.0-or-later
import Crypto
import Foundation
import GRDB
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("A round of the feed") struct FeedRoundTests {
  private let folder: Folder
  private let store: Store
  private let clock = SystemClock(trust: .always)
  private let office: FeedOffice
  private let root: FeedKey

  init() throws {
    folder = try Folder()
    store = try Store(dataFolder: folder.path, access: .create)
    office = FeedOffice(now: clock.now().utc)
    root = office.publicKey
  }

  private func run(
    region: String = "VN-HN", sourceName: String? = "https://x/", clock: SystemClock? = nil
  ) -> Result<FeedRound.Result, FeedFault> {
    Result { () throws(FeedFault) in
      try FeedRound(
        region: region, roots: [root], sourceName: sourceName, source: office, store: store,
        downloads: try FeedDownloads(dataFolder: folder.path), clock: clock ?? self.clock
      ).run()
    }
  }

  private func refusal(_ result: Result<FeedRound.Result, FeedFault>) -> FeedRefusal? {
    if case .failure(.refused(let refusal)) = result { refusal } else { nil }
  }

  private struct Held: Equatable {
    var version: Int64?
    var entries: Int
    var batches: Int
  }

  private func held() throws -> Held {
    try DatabaseQueue(path: store.path).read { db in
      Held(
        version: try Int64.fetchOne(db, sql: "SELECT version FROM feed"),
        entries: try Int.fetchOne(db, sql: "SELECT count(*) FROM f0Entry") ?? -1,
        batches: try Int.fetchOne(db, sql: "SELECT count(*) FROM f0Batch") ?? -1)
    }
  }

  private func entries(_ count: Int, from first: UInt8 = 1) -> [F0Entry] {
    FeedOffice.entries(count, from: first, at: clock.now().utc.adding(milliseconds: -86_400_000))
  }

  @Test("applies version, figures and batches, and next time finds them current without fetching") func good() throws {
    office.manifest.communityTotal = 7
    office.publish(entries(3))
    office.publish(entries(2, from: 2))
    let first = try run().get()
    #expect(first.outcome == .applied(batches: 2, newEntries: 5, withdrawnEntries: 0) && first.version == 2)
    #expect(try held() == Held(version: 2, entries: 5, batches: 2))
    let state = try #require(try store.feed(region: "VN-HN")).state
    #expect(state.communityTotal == 7 && state.lastSync != nil && state.keys == [root])
    #expect(try run().get().outcome == .unchanged)
    #expect(office.asked == [nil, FeedValidators(etag: "\"2\"")] && office.fetched.count == 2)
    #expect(Files.names(in: folder.path + "/feed") == ["lock"])
  }

  @Test("fetches only what is new, for matching to find") func increment() throws {
    office.publish(entries(3))
    _ = try run().get()
    let ill = entries(1, from: 9)[0]
    var sent: BluezoneID?
    ill.forEachID { id, from, _ in if from == ill.start { sent = id } }
    let heard = ill.start.adding(milliseconds: 60_000)
    try store.write(
      [.init(id: try #require(sent), span: .dated(first: heard, last: heard), strength: .init())], boot: "b")
    office.publish([ill])
    let second = try run().get()
    #expect(second.outcome == .applied(batches: 1, newEntries: 1, withdrawnEntries: 0))
    #expect(office.fetched.count == 2)
    #expect(try store.matchF0(toleranceSlots: 1, at: clock.now().utc).newExposedContacts == 1)
    #expect(try store.exposures().count == 1)
  }

  @Test("is refused for each of the reasons, changes nothing, and the next good one succeeds") func refusals() throws {
    office.publish(entries(3))
    let first = office.envelope.bytes
    _ = try run().get()
    office.publish()
    _ = try run().get()
    let before = try held()
    let good = (office.manifest, office.files)
    func expect(
      _ expected: FeedRefusal, at line: SourceLocation = #_sourceLocation, _ change: (FeedOffice) -> Void
    ) throws {
      (office.manifest, office.files) = good
      office.publish(entries(4, from: 3))
      change(office)
      #expect(refusal(run()) == expected, sourceLocation: line)
      #expect(try held() == before, sourceLocation: line)
      office.served = nil
    }
    let stranger = FeedOffice(now: clock.now().utc)
    try expect(.unknownKey(signedBy: [stranger.publicKey.id])) { office in
      stranger.manifest = office.manifest
      office.served = stranger.envelope.bytes
    }
    try expect(.wrongSignature(key: root.id)) { office in
      var forged = office.envelope
      forged.manifest[20] ^= 1
      office.served = forged.bytes
    }
    try expect(.wrongRegion("VN-SG", expected: "VN-HN")) { $0.manifest.region = "VN-SG" }
    try expect(.rollback(version: 1, held: 2)) { $0.served = first }
    try expect(.otherContent(version: 2)) { office in
      office.manifest.version = 2
      office.served = office.envelope.bytes
    }
    let expired = UTCTime(seconds: clock.now().utc.seconds - 5)
    try expect(.expired(expired)) { office in
      office.manifest.issued = expired.adding(milliseconds: -86_400_000)
      office.manifest.expires = expired
    }
    func replace(_ office: FeedOffice, _ change: (inout [UInt8]) -> Void) {
      guard let path = office.manifest.batches.last?.path, var bytes = office.files[path] else { return }
      change(&bytes)
      office.files[path] = bytes
    }
    try expect(.wrongHash(batch: 2)) { replace($0) { $0[30] ^= 1 } }
    let size = F0Batch(entries: entries(4, from: 3)).json.count
    try expect(.wrongSize(batch: 2, found: size - 1, stated: size)) { replace($0) { $0.removeLast() } }
    try expect(.malformedBatch(2, .init(entry: 1, reason: "max is 0; it must be 1 to 1440"))) { office in
      (office.manifest, office.files) = good
      office.manifest.version += 1
      let key = String(repeating: "ab", count: 32)
      office.add(
        Array("{\"data\":[{\"daily_key\":\"\(key)\",\"time_start\":1,\"max\":0,\"time_end\":1}]}".utf8), entries: 1)
    }
    try expect(.wrongEntries(batch: 2, found: 4, stated: 5)) { $0.manifest.batches[1].entries = 5 }
    try expect(.notAFeed("it does not begin with \"bluezone-feed\"")) { $0.served = Array("<html>".utf8) }
    (office.manifest, office.files) = good
    office.publish(entries(4, from: 3))
    #expect(try run().get().outcome == .applied(batches: 1, newEntries: 4, withdrawnEntries: 0))
    #expect(try held() == Held(version: 3, entries: 7, batches: 2))
  }

  @Test("cut off goes on where it was, and applies nothing before it is whole") func resume() throws {
    office.publish(entries(10))
    let size = try #require(office.files.values.first).count
    office.cutAfter = size / 4
    for round in 1...3 {
      guard case .failure(.cutOff) = run() else { return #expect(Bool(false), "round \(round) went well") }
      let part = try #require(Files.names(in: folder.path + "/feed").first { $0.hasSuffix(".part") })
      #expect(try Files.read(folder.path + "/feed/" + part, limit: size).count == round * (size / 4))
      #expect(try held() == Held(version: nil, entries: 0, batches: 0))
    }
    office.cutAfter = nil
    #expect(try run().get().outcome == .applied(batches: 1, newEntries: 10, withdrawnEntries: 0))
    #expect(Files.names(in: folder.path + "/feed") == ["lock"])
  }

  @Test("\"Not modified\" is believed by who holds something that has not expired") func notModified() throws {
    office.answersNotModified = true
    guard case .failure(.unexpectedNotModified) = run() else { return #expect(Bool(false)) }
    office.answersNotModified = false
    office.manifest.issued = clock.now().utc.adding(milliseconds: -1000)
    office.manifest.expires = UTCTime(seconds: clock.now().utc.seconds + 2)
    office.publish(entries(1))
    _ = try run().get()
    office.answersNotModified = true
    #expect(try run().get().outcome == .unchanged)
    let lastSync = try #require(try store.feed(region: "VN-HN")).state.lastSync
    #expect(eventually { refusal(run()) == .expired(office.manifest.expires) })
    #expect(lastSync != nil)
  }

  @Test("An ETag is said back to whom it came from alone") func otherSource() throws {
    office.publish(entries(1))
    _ = try run().get()
    #expect(try run(sourceName: "https://y/").get().outcome == .unchanged)
    #expect(try run(sourceName: "https://y/").get().outcome == .unchanged)
    #expect(office.asked == [nil, nil, FeedValidators(etag: "\"1\"")])
  }

  @Test("Withdrawn batches are forgotten, but not what stands in another one") func withdrawal() throws {
    let (right, wrong) = (entries(3), entries(2, from: 5))
    office.publish(right + wrong)
    office.publish([wrong[0]])
    _ = try run().get()
    #expect(try held() == Held(version: 2, entries: 5, batches: 2))
    let ids = try DatabaseQueue(path: store.path).read {
      try Int64.fetchAll($0, sql: "SELECT id FROM f0Entry ORDER BY id")
    }
    office.manifest.withdrawn = [office.manifest.batches.removeFirst().sha256]
    office.publish(right)
    let result = try run().get()
    #expect(result.outcome == .applied(batches: 2, newEntries: 0, withdrawnEntries: 1))
    #expect(try held() == Held(version: 3, entries: 4, batches: 2))
    let left = try DatabaseQueue(path: store.path).read {
      try Int64.fetchAll($0, sql: "SELECT id FROM f0Entry ORDER BY id")
    }
    #expect(Set(left).isSubset(of: ids))
    #expect(try run().get().outcome == .unchanged)
  }

  @Test("Batches that the feed lists no longer stay until their entries are purged") func aged() throws {
    office.publish(entries(3))
    _ = try run().get()
    office.manifest.batches = []
    office.publish()
    _ = try run().get()
    #expect(try held() == Held(version: 2, entries: 3, batches: 1))
    try store.purge(before: clock.now().utc.adding(milliseconds: 86_400_000), boot: "b")
    office.publish()
    _ = try run().get()
    #expect(try held() == Held(version: 3, entries: 0, batches: 0))
  }

  @Test("Keys that a manifest lists are trusted by the next round, retired ones are not") func rotation() throws {
    let oldKey = office.key
    let newKey = Curve25519.Signing.PrivateKey()
    let new = try #require(FeedKey(Array(newKey.publicKey.rawRepresentation)))
    office.publish(entries(1))
    office.manifest.keys = [root, new]
    _ = try run().get()
    office.key = newKey
    office.publish()
    office.manifest.keys = [new]
    office.manifest.retiredKeys = [root]
    #expect(try run().get().version == 2)
    office.key = oldKey
    office.publish()
    #expect(refusal(run()) == .unknownKey(signedBy: [root.id]))
    office.key = newKey
    #expect(try run().get().version == 3)
  }

  @Test("A clock that may be wrong leaves no time of the last sync") func unsynchronised() throws {
    office.publish(entries(1))
    _ = try run().get()
    let noted = try #require(try store.feed(region: "VN-HN")?.state.lastSync)
    var later = clock.now()
    later.utc = later.utc.adding(milliseconds: 3_600_000)
    later.isSynchronised = false
    try store.feedIsCurrent(region: "VN-HN", source: "https://x/", validators: nil, at: later)
    #expect(try store.feed(region: "VN-HN")?.state.lastSync == noted)
    later.isSynchronised = true
    try store.feedIsCurrent(region: "VN-HN", source: "https://x/", validators: nil, at: later)
    #expect(try store.feed(region: "VN-HN")?.state.lastSync == UTCTime(seconds: later.utc.seconds))
  }

  @Test("A version that went back meanwhile is refused within the transaction") func raced() throws {
    office.publish(entries(1))
    _ = try run().get()
    var old = office.manifest
    old.version = 0
    #expect(throws: FeedFault.self) {
      try store.apply(
        old, json: old.json, source: nil, validators: nil, at: clock.now(), batches: []
      ) { _, _ throws(FeedFault) in throw .cancelled }
    }
    #expect(try held().version == 1)
  }

  @Test("One process syncs at a time") func busy() throws {
    let other = try FeedDownloads(dataFolder: folder.path)
    let result = Result { () throws(FeedFault) in try FeedDownloads(dataFolder: folder.path) }
    guard case .failure(.busy) = result else { return #expect(Bool(false), "both have it") }
    withExtendedLifetime(other) {}
  }

  @Test("Without region or keys it says what to set") func notConfigured() throws {
    var settings = Settings()
    settings.dataFolder = folder.path
    let result = Result { () throws(FeedFault) in
      try FeedRound(settings: settings, source: office, sourceName: nil, store: store, clock: clock) { _ in }
    }
    guard case .failure(let fault) = result else { return #expect(Bool(false)) }
    #expect(fault.description.contains("feed.region and feed.keys"))
  }

  @Test("A file that nobody signed is kept with who answers for it") func unsigned() throws {
    let authority = try AuditEntry.Authority(operatorName: "Nguyễn Văn An", reason: "Fax of the CDC")
    let sha256 = [UInt8](repeating: 5, count: 32)
    let now = clock.now().utc
    #expect(try store.addUnsigned(F0Batch(entries: entries(2)), sha256: sha256, authority: authority, at: now) == 2)
    let summary = try #require(try store.batches().first)
    #expect(summary.region == nil && summary.operatorName == "Nguyễn Văn An" && summary.reason == "Fax of the CDC")
    #expect(try store.audit().map(\.action) == ["import-unsigned"])
  }

  @Test("A batch that the feed brings after somebody had imported it counts as signed") func signedLater() throws {
    // Made once: they lie a day before now, to the second.
    let list = entries(2)
    let bytes = F0Batch(entries: list).json
    let authority = try AuditEntry.Authority(operatorName: "An", reason: "Fax")
    let sha256 = FeedSignature.sha256(bytes)
    _ = try store.addUnsigned(try F0Batch(json: bytes), sha256: sha256, authority: authority, at: clock.now().utc)
    office.publish(list)
    #expect(try run().get().outcome == .applied(batches: 1, newEntries: 0, withdrawnEntries: 0))
    #expect(try store.batches().map(\.region) == ["VN-HN"])
  }

  // MARK: Listed means held

  private func raw(_ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false  // as in the sqlite3 program
    try DatabaseQueue(path: store.path, configuration: configuration).write { try $0.execute(sql: sql) }
  }

  private var settings: Settings {
    var settings = Settings()
    settings.feed.region = "VN-HN"
    settings.feed.keys = [root]
    settings.dataFolder = folder.path
    return settings
  }

  private func list() throws -> Program.Result {
    let key = Hex.string(root.bytes)
    let config = try folder.write("kiosk.toml", "[feed]\nregion = \"VN-HN\"\nkeys = [\"\(key)\"]\n")
    return try Program.run("f0", "list", "--config", config, "--data", folder.path)
  }

  @Test(
    "What is missing is told, and fetched again by the next round",
    arguments: [
      ("DELETE FROM f0Entry", 2, 5), ("DELETE FROM f0Entry WHERE batch = 2", 1, 2),
      ("DELETE FROM f0Entry WHERE id = 1", 1, 1), ("DELETE FROM f0Batch WHERE id = 2", 1, 2),
      ("DELETE FROM f0Batch", 2, 5), ("DELETE FROM f0Batch; DELETE FROM f0Entry", 2, 5),
      ("UPDATE f0Entry SET \"end\" = 5 WHERE id = 1", 1, 1),
    ], [false, true])
  func missing(attack: (sql: String, batches: Int, entries: Int), saysNotModified: Bool) throws {
    office.publish(entries(3))
    office.publish(entries(2, from: 2))
    _ = try run().get()
    #expect(try store.feedState(settings, at: clock.now())?.freshness(at: clock.now()) == .fresh)
    #expect(try !list().output.contains("not held"))
    try raw(attack.sql)
    let state = try #require(try store.feedState(settings, at: clock.now()))
    #expect(state.missingBatches == attack.batches && state.missingEntries == attack.entries)
    #expect(state.freshness(at: clock.now()) == .incomplete)
    let told = try list().output
    #expect(told.split(separator: "\n").count { $0.contains("not held") } == attack.batches, "\(told)")
    // Whatever the server says of the manifest.
    office.answersNotModified = saysNotModified
    guard case .applied(attack.batches, _, 0) = try run().get().outcome else { return #expect(Bool(false)) }
    office.answersNotModified = false
    #expect(try held().batches == 2)
    // An entry whose end was altered is another one; the right one is there again.
    #expect(try held().entries == (attack.sql.hasPrefix("UPDATE") ? 6 : 5))
    #expect(try store.feedState(settings, at: clock.now())?.freshness(at: clock.now()) == .fresh)
    #expect(try !list().output.contains("not held"))
    #expect(try run().get().outcome == .unchanged)
  }

  @Test("What a wrong clock purged is missing once the clock is right, and comes back with its exposure")
  func wrongClock() throws {
    let ill = entries(1, from: 9)[0]
    var sent: BluezoneID?
    ill.forEachID { id, from, _ in if from == ill.start { sent = id } }
    let heard = ill.start.adding(milliseconds: 60_000)
    let contact = ContactUpdate(
      id: try #require(sent), span: .dated(first: heard, last: heard), strength: .init())
    try store.write([contact], boot: "b")
    office.publish([ill])
    _ = try run().get()
    #expect(try store.matchF0(toleranceSlots: 1, at: clock.now().utc).newExposedContacts == 1)
    // A month ahead all of it is too old; nothing is missing by that clock.
    var ahead = clock.now()
    ahead.utc = ahead.utc.adding(milliseconds: 30 * 86_400_000)
    try store.purge(before: ahead.utc.adding(milliseconds: -14 * 86_400_000), boot: "b")
    #expect(try held() == Held(version: 1, entries: 0, batches: 1))
    #expect(try store.feedState(settings, at: ahead)?.missingBatches == 0)
    #expect(try store.feedState(settings, at: clock.now())?.missingEntries == 1)
    #expect(try list().output.contains("not held: 1 of 1 entries missing, taken with the next round or import"))
    #expect(try run().get().outcome == .applied(batches: 1, newEntries: 1, withdrawnEntries: 0))
    // The contact went with the purge; it is written again here.
    try store.write([contact], boot: "b")
    _ = try store.matchF0(toleranceSlots: 1, at: clock.now().utc)
    #expect(try store.exposures().count == 1)
  }

  @Test("What was deleted is missing by a clock that is far ahead, too") func aheadAndMissing() throws {
    office.publish(entries(5))
    _ = try run().get()
    try store.purge(before: clock.now().utc.adding(milliseconds: -14 * 86_400_000), boot: "b")
    try raw("DELETE FROM f0Entry WHERE id = 2")
    for days in [0, 13, 40, 4000] as [Int64] {
      var moment = clock.now()
      moment.utc = moment.utc.adding(milliseconds: days * 86_400_000)
      #expect(try store.feedState(settings, at: moment)?.missingEntries == 1, "\(days) days ahead")
    }
  }

  @Test("After a repair all that the feed lists is fetched again, and what it has withdrawn is not kept")
  func repaired() throws {
    office.publish(entries(3))
    office.publish(entries(2, from: 2))
    _ = try run().get()
    let batches = try #require(try store.feed(region: "VN-HN")?.manifest.batches)
    // What is left of the first batch after a page has rotted: its entries, put back from an index.
    try raw("DELETE FROM f0Expected; DELETE FROM journal")
    try raw("PRAGMA foreign_keys = OFF; UPDATE f0Entry SET batch = 0 WHERE batch = 1")
    let report = try store.salvage()
    #expect(!report.rows.isEmpty)
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 2)
    #expect(try list().output.contains("not held"))
    #expect(try list().output.contains("a damaged page"))
    office.manifest.batches.removeFirst()
    office.manifest.withdrawn = [batches[0].sha256]
    office.publish()
    _ = try run().get()
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 0)
    #expect(try held().entries == 2)
    #expect(try !list().output.contains("a damaged page"))
  }

  @Test("Entries that the retention let go are not missing, synchronised or not") func purged() throws {
    let old = FeedOffice.entries(2, from: 7, at: clock.now().utc.adding(milliseconds: -20 * 86_400_000))
    office.publish(old + entries(3))
    _ = try run().get()
    try store.purge(before: clock.now().utc.adding(milliseconds: -14 * 86_400_000), boot: "b")
    #expect(try held().entries == 3)
    var doubtful = clock.now()
    doubtful.isSynchronised = false
    doubtful.utc = UTCTime(seconds: 0)
    for moment in [clock.now(), doubtful] {
      #expect(try store.feedState(settings, at: moment)?.missingBatches == 0)
    }
    #expect(try run().get().outcome == .unchanged)
    try raw("DELETE FROM f0Entry WHERE id = (SELECT max(id) FROM f0Entry)")
    for moment in [clock.now(), doubtful] {
      #expect(try store.feedState(settings, at: moment)?.missingEntries == 1)
    }
  }

  @Test("An entry of two batches stands once and is missing from neither, and from both when it is gone")
  func shared() throws {
    let both = entries(2, from: 3)
    office.publish(entries(2) + both)
    office.publish(both + entries(1, from: 5))
    _ = try run().get()
    #expect(try held() == Held(version: 2, entries: 5, batches: 2))
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 0)
    try raw("DELETE FROM f0Entry WHERE hex(dailyKey) LIKE '03%'")
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 2)
    // The first is listed no more: the second alone brings them back.
    office.manifest.batches.removeFirst()
    office.publish()
    #expect(try run().get().outcome == .applied(batches: 1, newEntries: 2, withdrawnEntries: 0))
    #expect(try held() == Held(version: 3, entries: 5, batches: 2))
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 0)
  }

  @Test("A manifest that cannot be read any more is told, and fetched again") func unreadable() throws {
    office.publish(entries(3))
    _ = try run().get()
    try raw("UPDATE feed SET manifest = x'00'")
    #expect(try store.feedState(settings, at: clock.now()) == nil)
    #expect(try list().messages.contains("cannot be read; the next round fetches it again"))
    #expect(try run().get().outcome == .applied(batches: 0, newEntries: 0, withdrawnEntries: 0))
    #expect(try store.feedState(settings, at: clock.now())?.freshness(at: clock.now()) == .fresh)
  }

  @Test("Batches of a version that did not count are whole, or fetched once") func countedAfterwards() throws {
    office.publish(entries(3))
    office.publish(entries(2, from: 2))
    _ = try run().get()
    // As the version before left them.
    try raw(
      """
      DELETE FROM f0Entry WHERE id = (SELECT max(id) FROM f0Entry);
      DELETE FROM grdb_migrations WHERE identifier LIKE 'held 1%';
      DROP TABLE f0Expected; DROP TABLE f0Shared; DROP TABLE f0Purge; DROP INDEX f0EntryBatch;
      ALTER TABLE f0Batch DROP COLUMN isAccounted
      """)
    let store = try Store(dataFolder: folder.path, access: .change)
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 1)
    #expect(try run().get().outcome == .applied(batches: 1, newEntries: 1, withdrawnEntries: 0))
    #expect(try store.feedState(settings, at: clock.now())?.missingBatches == 0)
  }
}
