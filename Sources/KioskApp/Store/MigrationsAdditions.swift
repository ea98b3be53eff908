// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerAdditions(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("additions 1: what staff counted by hand") { db in
      // `addedAt`: seconds since 1970 UTC, when it was entered. `visit.addition`: which addition made the row; NULL for what
      // the kiosk saw. A row here is kept as long as it can be taken back.
      try db.execute(
        sql: """
          CREATE TABLE addition (id INTEGER PRIMARY KEY AUTOINCREMENT, addedAt INTEGER NOT NULL) STRICT;
          ALTER TABLE visit ADD COLUMN addition INTEGER;
          CREATE INDEX visitAddition ON visit (addition) WHERE addition IS NOT NULL;
          """)
    }
  }
}
