// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import GRDB
import KioskCore

/// The shapes of the tables of a database, and what it takes to put rows into them.
enum SalvageShapes {
  static func all(_ db: Database) throws -> [StoredShape] {
    let tables = try Row.fetchAll(
      db,
      sql: """
        SELECT name, wr FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND name <> 'sqlite_schema'
        """)
    return try tables.map { try shape($0["name"], hasRowID: !($0["wr"] as Bool), db) }
  }

  private static func shape(_ table: String, hasRowID: Bool, _ db: Database) throws -> StoredShape {
    var rows = try Row.fetchAll(db, sql: "SELECT * FROM pragma_table_info(?)", arguments: [table])
    let keys = rows.count { ($0["pk"] as Int) > 0 }
    // Without rowids the key stands first. Source: sqlite.org/fileformat2.html, 2.4.
    if !hasRowID {
      rows.sort { key($0) < key($1) }
    }
    var least = 0
    let columns = rows.enumerated().map { i, row in
      let type = (row["type"] as String).uppercased()
      let isKey = (row["pk"] as Int) > 0
      let isRequired = row["notnull"] as Bool && (row["dflt_value"] as DatabaseValue).isNull
      if isKey || isRequired { least = i + 1 }
      return StoredShape.Column(
        name: row["name"], kind: kind(type), isNullable: !(row["notnull"] as Bool) && !(isKey && !hasRowID),
        isRowID: hasRowID && isKey && keys == 1 && type == "INTEGER")
    }
    return StoredShape(table: table, hasRowID: hasRowID, columns: columns, leastColumns: least)
  }

  private static func key(_ row: Row) -> (Int, Int) {
    let place = row["pk"] as Int
    return (place > 0 ? place : Int.max, row["cid"])
  }

  private static func kind(_ type: String) -> StoredShape.Kind {
    switch type {
    case "INTEGER", "INT": .integer
    case "REAL": .real
    case "TEXT": .text
    case "BLOB": .blob
    default: .any
    }
  }

  enum Choice {
    case table(StoredShape)
    /// What belongs to the schema or an index: it is made again.
    case known
    case none
  }

  /// The table of a row: the one that it fits; of several the one that its page belongs to.
  static func table(
    of values: [StoredValue], _ cell: StoredPage.Cell, in shapes: [StoredShape], owner: String?, freshRoot: String?
  ) -> Choice {
    let fitting = shapes.filter { $0.hasRowID == (cell.rowID != nil) && $0.fits(values) }
    if fitting.count == 1 { return .table(fitting[0]) }
    for name in [owner, freshRoot] {
      if let shape = fitting.first(where: { $0.table == name }) { return .table(shape) }
    }
    // So is one that fits several and stands in an index.
    if let owner, cell.rowID == nil, !shapes.contains(where: { $0.table == owner }) { return .known }
    // On a page of a table that has no rowids it is one of its rows, and has rotted.
    if fitting.isEmpty, let owner, shapes.contains(where: { $0.table == owner && !$0.hasRowID }) { return .none }
    // Elsewhere a row without a rowid that fits no table is one of an index.
    if fitting.isEmpty, cell.rowID == nil || owner == "sqlite_schema" || isOfSchema(values) { return .known }
    return .none
  }

  /// A row of the schema, whose first page may be lost. Source: sqlite.org/schematab.html.
  private static func isOfSchema(_ values: [StoredValue]) -> Bool {
    guard values.count == 5, case .text(let kind) = values[0], case .text = values[1], case .text = values[2],
      case .integer = values[3]
    else { return false }
    return ["table", "index", "view", "trigger"].contains(String(decoding: kind, as: UTF8.self))
  }

  /// - Returns: whether it is in the table now, and was not before.
  static func insert(
    _ db: Database, _ values: [StoredValue], rowID: Int64?, as shape: StoredShape, _ damagedRows: inout Int
  ) throws -> Bool {
    let columns = shape.columns.prefix(values.count)
    let names = columns.map { quoted($0.name) }.joined(separator: ", ")
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    let statement = try db.cachedStatement(sql: "INSERT INTO \(quoted(shape.table)) (\(names)) VALUES (\(marks))")
    var arguments: [DatabaseValue] = []
    for (column, value) in zip(columns, values) {
      switch value {
      case .null: arguments.append(column.isRowID ? rowID.databaseValue : .null)
      case .integer(let number): arguments.append(number.databaseValue)
      case .real(let number): arguments.append(number.databaseValue)
      case .blob(let bytes): arguments.append(Data(bytes).databaseValue)
      case .text(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          damagedRows += 1
          return false
        }
        arguments.append(text.databaseValue)
      }
    }
    do {
      try statement.execute(arguments: StatementArguments(arguments))
      return true
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      // A page that was left over from before may hold a row again.
      let isDouble = [.SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_ROWID].contains(
        error.extendedResultCode)
      if !isDouble { damagedRows += 1 }
      return false
    }
  }

  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
