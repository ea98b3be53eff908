// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

/// The database's shape, step by step. A step that has shipped is never changed; a new one is added.
enum Migrations {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: contacts, F0 entries, exposures") { db in
      // One row an id and slot. `slot`: quarter hours since 1970 UTC; `first`, `last`: seconds into it;
      // `count`: reports with a known RSSI, `nearest` the strongest, `rssiSum` their sum, dBm.
      // Slots first in the key: rows are written, read and purged by time.
      try db.execute(
        sql: """
          CREATE TABLE contact (
            slot INTEGER NOT NULL, blid BLOB NOT NULL CHECK (length(blid) = 12),
            first INTEGER NOT NULL, last INTEGER NOT NULL,
            count INTEGER NOT NULL, nearest INTEGER, rssiSum INTEGER NOT NULL,
            PRIMARY KEY (slot, blid)
          ) STRICT, WITHOUT ROWID;
          """)
      // What was heard before the wall clock could be believed. `boot`: the kernel's id of the boot; `quarter`,
      // `first`, `last`: quarter hours and milliseconds since then. A row whose boot never learned the time can
      // never be dated; it goes with the next purge after a synchronised clock.
      try db.execute(
        sql: """
          CREATE TABLE undatedContact (
            boot TEXT NOT NULL, quarter INTEGER NOT NULL, blid BLOB NOT NULL CHECK (length(blid) = 12),
            first INTEGER NOT NULL, last INTEGER NOT NULL,
            count INTEGER NOT NULL, nearest INTEGER, rssiSum INTEGER NOT NULL,
            PRIMARY KEY (boot, quarter, blid)
          ) STRICT, WITHOUT ROWID;
          """)
      try db.execute(
        sql: """
          CREATE TABLE f0Batch (
            id INTEGER PRIMARY KEY, importedAt INTEGER NOT NULL, sha256 BLOB NOT NULL UNIQUE,
            entries INTEGER NOT NULL
          ) STRICT;
          """)
      // Times in seconds since 1970 UTC.
      try db.execute(
        sql: """
          CREATE TABLE f0Entry (
            id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES f0Batch (id),
            dailyKey BLOB NOT NULL CHECK (length(dailyKey) = 32), start INTEGER NOT NULL, "end" INTEGER NOT NULL,
            slotsPerDay INTEGER NOT NULL, UNIQUE (dailyKey, start, "end", slotsPerDay)
          ) STRICT;
          """)
      // A contact that an entry matches, as it was when it was matched. `first`, `last`: seconds since 1970 UTC.
      try db.execute(
        sql: """
          CREATE TABLE exposure (
            f0 INTEGER NOT NULL REFERENCES f0Entry (id) ON DELETE CASCADE,
            slot INTEGER NOT NULL, blid BLOB NOT NULL CHECK (length(blid) = 12),
            first INTEGER NOT NULL, last INTEGER NOT NULL,
            count INTEGER NOT NULL, nearest INTEGER, rssiSum INTEGER NOT NULL,
            PRIMARY KEY (f0, slot, blid)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("2: platform of a contact") { db in
      // 1 Android, 2 iOS; NULL for rows from before.
      for table in ["contact", "undatedContact"] {
        try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN platform INTEGER")
      }
    }
    migrator.registerMigration("3: entry log") { db in
      // `start`, `end`: seconds since 1970 UTC, or since the boot that `boot` names, while the clock could not be believed.
      // `kind`: Visit.Kind. Nothing here leads to a contact, and nothing from a contact to here.
      try db.execute(
        sql: """
          CREATE TABLE visit (
            id INTEGER PRIMARY KEY, boot TEXT, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
            kind INTEGER NOT NULL, platform INTEGER, nearest INTEGER,
            prompted INTEGER NOT NULL, installed INTEGER NOT NULL, open INTEGER NOT NULL
          ) STRICT;
          CREATE INDEX visitStart ON visit (start);
          CREATE INDEX visitOpen ON visit (id) WHERE open;
          CREATE INDEX visitUndated ON visit (boot) WHERE boot IS NOT NULL;
          """)
    }
    migrator.registerMigration("4: exposures that staff have looked at") { db in
      // Goes with its exposure. A table of its own, because exposures are written anew with each import.
      try db.execute(
        sql: """
          CREATE TABLE seenExposure (
            f0 INTEGER NOT NULL, slot INTEGER NOT NULL, blid BLOB NOT NULL CHECK (length(blid) = 12),
            PRIMARY KEY (f0, slot, blid)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    registerAudit(&migrator)
    registerMatching(&migrator)
    registerFeed(&migrator)
    registerPacks(&migrator)
    registerClock(&migrator)
    registerErasure(&migrator)
    registerAuditChain(&migrator)
    registerHeld(&migrator)
    registerAdditions(&migrator)
    registerJournal(&migrator)
    return migrator
  }
}
