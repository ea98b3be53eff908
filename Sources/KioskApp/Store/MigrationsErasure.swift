// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerErasure(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("erasure 1: whether old bytes are gone") { db in
      // `isClean`: 0 while the file may hold deleted rows of a version that did not overwrite them. See `Store.cleanUp`.
      try db.execute(
        sql: """
          CREATE TABLE erasure (id INTEGER PRIMARY KEY CHECK (id = 1), isClean INTEGER NOT NULL) STRICT;
          INSERT INTO erasure VALUES (1, 0);
          """)
    }
  }
}
