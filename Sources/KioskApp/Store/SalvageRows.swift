// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore

/// Brings the rows of a damaged database into a new one.
///
/// Every page is read by itself, and its rows go into the table whose shape they have: no inner page, header or schema is
/// needed for that. Where the trees are whole they are followed nevertheless: their pages come first, so that a page that
/// was left over from before does not outdo them, and free pages are passed over.
struct SalvageRows {
  private let db: Database
  private let old: SalvageFile
  private let path: String
  private let shapes: [StoredShape]
  /// Where the tables begin in the new file: the same place as in the old one if that was made by this version.
  private let freshRoots: [UInt32: String]
  /// Rows that a new database has from its beginning.
  private var firstRows: [(table: String, rows: [Row])] = []
  /// The table or index that a page belongs to, as far as the trees could be followed.
  private var owners: [UInt32: String] = [:]
  private var free: Set<UInt32> = []
  private var overflow: Set<UInt32> = []
  private var hasSchema = false
  private var names: Set<String> = []
  private var sequences: [String: Int64] = [:]
  private var migrations: Set<String> = []
  private(set) var report = Salvage.Report()

  init(_ db: Database, _ old: SalvageFile, path: String) throws {
    self.db = db
    self.old = old
    self.path = path
    shapes = try SalvageShapes.all(db)
    let roots = try Row.fetchAll(db, sql: "SELECT rootpage, name FROM sqlite_schema WHERE type = 'table'")
    freshRoots = Dictionary(try roots.map { (try $0.get("rootpage"), try $0.get("name")) }) { first, _ in first }
  }

  /// - Throws: `inItsPlace` when the file is not the kiosk's, `newerSchema` when a newer kiosk made it.
  mutating func save() throws {
    let triggers = try String.fetchAll(db, sql: "SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
    for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
      try db.execute(sql: "DROP TRIGGER \(SalvageShapes.quoted(name))")
    }
    try takeFirstRows()
    report.rottenFrames = old.rottenFrames
    report.missingPages = old.missingPages
    followTrees()
    findFreePages()
    let pages = rowPages()
    for number in pages { try saveRows(of: number) }
    try refuseOthers()
    for number in pages { try restoreRows(of: number) }
    countUnreadable()
    try putFirstRowsBack()
    try saveSequences()
    for trigger in triggers { try db.execute(sql: trigger) }
  }

  // MARK: Which pages

  private func read(_ number: UInt32) -> StoredPage? {
    guard let bytes = old.page(number) else { return nil }
    return StoredPage(bytes.span, isFirst: number == 1, usable: old.usable)
  }

  private mutating func follow(from root: UInt32, as name: String) {
    var next = [root]
    while let number = next.popLast() {
      guard number > 0, number <= old.pages, owners[number] == nil else { continue }
      owners[number] = name
      if let page = read(number), page.kind.isInterior { next += page.children }
    }
  }

  private mutating func followTrees() {
    follow(from: 1, as: "sqlite_schema")
    for number in Array(owners.keys) {
      guard let bytes = old.page(number), let page = read(number), page.kind == .tableLeaf else { continue }
      for cell in page.cells {
        guard let row = payload(cell, bytes), let values = try? StoredRow.values(row.span), values.count == 5,
          case .text(let bytes) = values[1], case .integer(let root) = values[3]
        else { continue }
        hasSchema = true
        let name = String(decoding: bytes, as: UTF8.self)
        names.insert(name)
        if root > 1, root <= Int64(old.pages) { follow(from: UInt32(root), as: name) }
      }
    }
  }

  /// Source: sqlite.org/fileformat2.html, 1.5 The Freelist.
  private mutating func findFreePages() {
    guard old.hasHeader, let head = old.page(1) else { return }
    var trunk = Self.number(head, 32)
    while trunk > 0, trunk <= old.pages, owners[trunk] == nil, free.insert(trunk).inserted, let page = old.page(trunk) {
      let count = Int(Self.number(page, 4))
      guard count <= old.usable / 4 - 2 else {
        free.remove(trunk)
        return
      }
      for i in 0..<count {
        let leaf = Self.number(page, 8 + 4 * i)
        if owners[leaf] == nil { free.insert(leaf) }
      }
      trunk = Self.number(page, 0)
    }
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    guard offset + 4 <= bytes.count else { return 0 }
    return bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func rowPages() -> [UInt32] {
    guard old.pages > 0 else { return [] }
    let all = (1...old.pages).filter { number in !free.contains(number) && read(number)?.kind.holdsRows == true }
    return all.filter { owners[$0] != nil } + all.filter { owners[$0] == nil }
  }

  /// Pages that should hold something and hold nothing that can be understood.
  private mutating func countUnreadable() {
    guard old.pages > 0 else { return }
    for number in 1...old.pages where !free.contains(number) && !overflow.contains(number) && read(number) == nil {
      // Behind what was written there may be pages that were never used.
      if owners[number] == nil, old.page(number)?.allSatisfy({ $0 == 0 }) ?? false { continue }
      report.unreadablePages += 1
    }
  }

  // MARK: Rows

  private mutating func payload(_ cell: StoredPage.Cell, _ page: [UInt8]) -> [UInt8]? {
    var used: [UInt32] = []
    let payload = StoredPage.payload(of: cell, on: page.span, usable: old.usable) { number in
      guard used.count <= Int(old.pages) else { return nil }
      used.append(number)
      return old.page(number)
    }
    if payload != nil { overflow.formUnion(used) }
    return payload
  }

  private mutating func saveRows(of number: UInt32) throws {
    guard let bytes = old.page(number), let page = read(number) else { return }
    report.damagedRows += page.damagedCells
    for cell in page.cells {
      guard let row = payload(cell, bytes), let values = try? StoredRow.values(row.span) else {
        report.damagedRows += 1
        continue
      }
      switch SalvageShapes.table(of: values, cell, in: shapes, owner: owners[number], freshRoot: freshRoots[number]) {
      case .none: report.damagedRows += 1
      case .known: break
      case .table(let shape): try save(values, rowID: cell.rowID, as: shape)
      }
    }
  }

  private mutating func save(_ values: [StoredValue], rowID: Int64?, as shape: StoredShape) throws {
    switch (shape.table, values.first) {
    case ("grdb_migrations", .text(let name)):
      migrations.insert(String(decoding: name, as: UTF8.self))
      return
    case ("sqlite_sequence", .text(let name)):
      guard case .integer(let number) = values[1] else { return }
      let name = String(decoding: name, as: UTF8.self)
      sequences[name] = max(number, sequences[name] ?? 0)
      return
    case ("contactPack", .integer(let slot)):
      guard case .blob(let ids) = values[2], case .blob(let facts) = values[3],
        (try? ContactPack.contacts(ids: ids.span, facts: facts.span, slot: slot)) != nil
      else {
        report.lostSlots.insert(slot)
        report.damagedRows += 1
        return
      }
    default: break
    }
    if try SalvageShapes.insert(db, values, rowID: rowID, as: shape, &report.damagedRows) {
      report.rows[shape.table, default: 0] += 1
    }
  }

  // MARK: What an index knows

  /// Rows whose own page is lost may stand in an index: an entry whole but for its batch, a batch's hash, a pack's place.
  private mutating func restoreRows(of number: UInt32) throws {
    guard let bytes = old.page(number), let page = read(number), page.kind != .tableLeaf else { return }
    for cell in page.cells {
      guard let row = payload(cell, bytes), let values = try? StoredRow.values(row.span) else { continue }
      switch (values.count, values.first, values.last) {
      case (5, .blob(let key), .integer(let id)) where key.count == 32:
        guard case .integer(let start) = values[1], case .integer(let end) = values[2],
          case .integer(let slots) = values[3]
        else { continue }
        // The batch is not in the index: 0 is no batch, and `SalvageRepairs` makes a stand-in of it.
        try restore(
          """
          INSERT OR IGNORE INTO f0Entry (id, batch, dailyKey, start, "end", slotsPerDay) VALUES (?, 0, ?, ?, ?, ?)
          """, [id, Data(key), start, end, slots])
      case (2, .blob(let sha256), .integer(let id)) where sha256.count == 32:
        try restore(
          "INSERT OR IGNORE INTO f0Batch (id, importedAt, sha256, entries) VALUES (?, 0, ?, 0)", [id, Data(sha256)])
      case (3, .integer(let slot), .integer):
        guard case .integer(let part) = values[1] else { continue }
        let place = try db.cachedStatement(sql: "SELECT 1 FROM contactPack WHERE slot = ? AND part = ?")
        if try Bool.fetchOne(place, arguments: [slot, part]) == nil { report.lostSlots.insert(slot) }
      default: break
      }
    }
  }

  private mutating func restore(_ sql: String, _ arguments: StatementArguments) throws {
    let statement = try db.cachedStatement(sql: sql)
    try statement.execute(arguments: arguments)
    report.restoredRows += db.changesCount
  }

  // MARK: Around the rows

  /// A file that only stands in the database's place is left alone.
  private func refuseOthers() throws {
    let known = Migrations.migrator.migrations
    // A newer version has made all of this one's steps, and others: where one is missing, its name has rotted.
    if !migrations.isSubset(of: known), migrations.isSuperset(of: known) {
      throw StoreError.newerSchema(path: path)
    }
    let ours = Set(shapes.map(\.table)).union(["contact"]).subtracting(["grdb_migrations", "sqlite_sequence"])
    // Rows of these stand the test of a checksum or a length that no other program's are likely to.
    let telling = ["contactPack", "contactRow", "undatedContact", "f0Entry", "exposure", "seenExposure"]
    let isOurs =
      !migrations.isDisjoint(with: known) || names.intersection(ours).count > 1
      || !hasSchema && telling.contains { report.rows[$0] != nil }
    guard isOurs else { throw StoreError.inItsPlace(path: path, of: "the database") }
  }

  private mutating func takeFirstRows() throws {
    for shape in shapes where !["grdb_migrations", "sqlite_sequence"].contains(shape.table) {
      let table = SalvageShapes.quoted(shape.table)
      let rows = try Row.fetchAll(db, sql: "SELECT * FROM \(table)")
      guard !rows.isEmpty else { continue }
      firstRows.append((shape.table, rows))
      try db.execute(sql: "DELETE FROM \(table)")
    }
  }

  private func putFirstRowsBack() throws {
    for (table, rows) in firstRows {
      let table = SalvageShapes.quoted(table)
      guard try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") == 0 else { continue }
      for row in rows {
        let names = row.columnNames.map(SalvageShapes.quoted).joined(separator: ", ")
        let marks = row.columnNames.map { _ in "?" }.joined(separator: ", ")
        try db.execute(
          sql: "INSERT INTO \(table) (\(names)) VALUES (\(marks))", arguments: StatementArguments(row.databaseValues))
      }
    }
  }

  /// Entries are numbered without gaps.
  private func lostAudit(highest: Int64) throws -> Salvage.Report.LostAudit {
    var lost = Salvage.Report.LostAudit(hasUnknownEnd: sequences["audit"] == nil)
    var next: Int64 = 1
    let ids = try Int64.fetchCursor(db, sql: "SELECT id FROM audit ORDER BY id")
    while let id = try ids.next() {
      if id > next { lost.gaps.append(next...id - 1) }
      next = id + 1
    }
    if highest >= next { lost.gaps.append(next...highest) }
    return lost
  }

  /// Numbers that must never be used again are not, also where the rows that had them are lost.
  private mutating func saveSequences() throws {
    for table in try String.fetchAll(
      db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
    {
      let highest = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM \(SalvageShapes.quoted(table))") ?? 0
      // Where the number itself is lost, some may have been given after the highest that was found.
      let number = max(highest, sequences[table] ?? (highest + AppLimits.salvagedNumbersSkipped))
      if table == "audit" { report.lostAudit = try lostAudit(highest: max(highest, sequences[table] ?? highest)) }
      try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
      try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, number])
    }
  }
}
