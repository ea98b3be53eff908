// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import KioskCore

extension Migrations {
  static func registerPacks(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("packs 1: contacts of slots that are over") { db in
      // `contactRow`: contacts that may still change, one row each, as `contact` had them. `contactPack`: those of slots that
      // are over, by `ContactPack`, in parts of bounded size. A contact stands in one of the two, once.
      // Nothing is packed here: that comes in small steps while the kiosk runs, however much there is.
      try db.execute(
        sql: """
          ALTER TABLE contact RENAME TO contactRow;
          CREATE TABLE contactPack (
            slot INTEGER NOT NULL, part INTEGER NOT NULL, ids BLOB NOT NULL, facts BLOB NOT NULL,
            PRIMARY KEY (slot, part)
          ) STRICT;
          """)
      // For people with sqlite3, and for tests: all contacts, as they were before there were packs. The kiosk itself does
      // not use it; a packed contact costs it some microseconds.
      try db.execute(
        sql: """
          CREATE VIEW contact AS
            WITH RECURSIVE place (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n + 1 < 4096)
            SELECT slot, blid, first, last, count, nearest, rssiSum, platform FROM contactRow
            UNION ALL
            SELECT slot, blid, \(number(0, 2)), \(number(2, 2)), \(number(4, 2)), nullif(\(number(6, 1)), 255) - 128,
              \(number(8, 4)) - 2147483648, nullif(\(number(7, 1)), 0)
            FROM (
              SELECT slot, substr(ids, 10 + 12 * n, 12) AS blid, hex(substr(facts, 10 + 12 * n, 12)) AS facts
              FROM contactPack CROSS JOIN place WHERE 12 * n < length(ids) - 9 AND 12 * n < length(facts) - 9);
          """)
    }
  }

  /// SQL for the number of so many bytes at an offset of a pack's facts, which stand there in hexadecimal digits.
  private static func number(_ offset: Int, _ bytes: Int) -> String {
    let digits = (0..<2 * bytes).map { digit in
      "instr('123456789ABCDEF', substr(facts, \(2 * offset + digit + 1), 1)) * \(1 << (4 * (2 * bytes - 1 - digit)))"
    }
    return digits.joined(separator: " + ")
  }
}
