// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerFeed(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("feed 1: what is held of it") { db in
      // The last manifest that was applied, one a region, as it was signed. `lastSync`: when it was last found to be
      // current, by a synchronised clock; `etag`, `lastModified`: what `source` calls it.
      // `f0Batch.region`, `version`: of the feed that first brought it, NULL for a file that nobody had signed.
      try db.execute(
        sql: """
          CREATE TABLE feed (
            region TEXT PRIMARY KEY, version INTEGER NOT NULL, manifest BLOB NOT NULL, lastSync INTEGER,
            source TEXT, etag TEXT, lastModified TEXT
          ) STRICT;
          ALTER TABLE f0Batch ADD COLUMN region TEXT;
          ALTER TABLE f0Batch ADD COLUMN version INTEGER;
          """)
    }
  }
}
