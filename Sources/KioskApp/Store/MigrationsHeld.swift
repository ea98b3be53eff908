// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerHeld(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("held 1: which entries each batch must have") { db in
      // `f0Expected`: how many entries stand under a batch (`f0Entry.batch`), by their end, as they were when it was applied.
      // `f0Shared`: entries that it lists and that stand under another batch. A purge leaves both as they are: what may be
      // missing is judged by the time of the question, so that a purge by a wrong clock shows.
      // `isAccounted`: whether the two are known of the batch; where they are not, it is fetched again.
      // `f0Purge`: the latest time before which entries were purged.
      try db.execute(
        sql: """
          ALTER TABLE f0Batch ADD COLUMN isAccounted INTEGER NOT NULL DEFAULT 0;
          CREATE INDEX f0EntryBatch ON f0Entry (batch, "end");
          CREATE TABLE f0Expected (
            batch INTEGER NOT NULL REFERENCES f0Batch (id) ON DELETE CASCADE, "end" INTEGER NOT NULL,
            entries INTEGER NOT NULL, PRIMARY KEY (batch, "end")
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE f0Shared (
            batch INTEGER NOT NULL REFERENCES f0Batch (id) ON DELETE CASCADE, entry INTEGER NOT NULL,
            "end" INTEGER NOT NULL, PRIMARY KEY (batch, entry)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE f0Purge (id INTEGER PRIMARY KEY CHECK (id = 1), through INTEGER NOT NULL) STRICT;
          UPDATE f0Batch SET isAccounted = 1
            WHERE entries = (SELECT count(*) FROM f0Entry WHERE f0Entry.batch = f0Batch.id);
          INSERT INTO f0Expected SELECT batch, "end", count(*) FROM f0Entry
            WHERE batch IN (SELECT id FROM f0Batch WHERE isAccounted) GROUP BY batch, "end";
          """)
    }
  }
}
