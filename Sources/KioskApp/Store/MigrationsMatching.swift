// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  static func registerMatching(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("matching 1: state of entries and exposures") { db in
      // `toleranceSlots`: with what the entry is compared with the log, NULL before its first time. `isMatched`: whether
      // it has been, with that. What came before this step is compared again.
      // `f0Revision` counts changes to the entries, whoever makes them, for what is kept of them in memory.
      // `exposedCase`: an entry that was here. `id` is never used again: files that left the kiosk name it.
      // `state`: 2 when evidence was made of all its contacts, else 0; what staff have seen stands in `seenExposure`.
      // `foundAt`: seconds since 1970 UTC, when its newest contact was found.
      try db.execute(
        sql: """
          ALTER TABLE f0Entry ADD COLUMN toleranceSlots INTEGER;
          ALTER TABLE f0Entry ADD COLUMN isMatched INTEGER NOT NULL DEFAULT 0;
          CREATE INDEX f0EntryUnmatched ON f0Entry (id) WHERE isMatched = 0;
          ALTER TABLE exposure ADD COLUMN platform INTEGER;

          CREATE TABLE f0Revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL) STRICT;
          INSERT INTO f0Revision VALUES (1, 0);
          CREATE TRIGGER f0EntryIsNew AFTER INSERT ON f0Entry
            BEGIN UPDATE f0Revision SET number = number + 1; END;
          CREATE TRIGGER f0EntryIsChanged AFTER UPDATE OF toleranceSlots ON f0Entry
            BEGIN UPDATE f0Revision SET number = number + 1; END;
          CREATE TRIGGER f0EntryIsGone AFTER DELETE ON f0Entry
            BEGIN UPDATE f0Revision SET number = number + 1; END;

          CREATE TABLE exposedCase (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            f0 INTEGER NOT NULL UNIQUE REFERENCES f0Entry (id) ON DELETE CASCADE,
            state INTEGER NOT NULL, foundAt INTEGER NOT NULL
          ) STRICT;
          INSERT INTO exposedCase (f0, state, foundAt) SELECT f0, 0, max(last) FROM exposure GROUP BY f0;
          """)
    }
  }
}
