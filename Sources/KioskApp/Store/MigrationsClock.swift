// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerClock(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("clock 1: operating time") { db in
      // `clock`: the last `ClockRecord`, as JSON. `boot`: for the age of rows without a date; `operating`: the operating time
      // at which the monotonic clock of that boot stood at zero, milliseconds; `latest`: an offset (wall clock minus operating
      // time) that this boot cannot have exceeded, NULL until a later boot knows one. Operating time begins with this step:
      // rows of earlier boots count as written now.
      try db.execute(
        sql: """
          CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL) STRICT;
          CREATE TABLE boot (id TEXT PRIMARY KEY, operating INTEGER NOT NULL, latest INTEGER) STRICT, WITHOUT ROWID;
          INSERT INTO boot (id, operating) SELECT boot, -max(age) FROM (
            SELECT boot, max(last) AS age FROM undatedContact GROUP BY boot
            UNION ALL SELECT boot, max("end") * 1000 FROM visit WHERE boot IS NOT NULL GROUP BY boot
          ) GROUP BY boot;
          """)
    }
  }
}
