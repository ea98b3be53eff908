// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerJournal(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("journal 1: what of the journal stands here") { db in
      // `epoch`: of the journal's file; `sequence`: the newest of its pages whose content stands here. Both are 64 bits
      // without a sign. `clock`: what was kept with it, as the core gave it.
      try db.execute(
        sql: """
          CREATE TABLE journal (
            id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, clock BLOB
          ) STRICT;
          """)
    }
    migrator.registerMigration("journal 2: the clock stands in its own table") { db in
      try db.execute(sql: "ALTER TABLE journal DROP COLUMN clock")
    }
  }
}
