// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Row {
  /// A column's value. Where a row has rotted in a way that SQLite does not see (one bit makes NULL of a 0) this is an error;
  /// GRDB's own subscript would end the program, with the row in its last words.
  func get<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ column: String) throws -> Value {
    try decode(forColumn: column)
  }
}
