// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB

extension Migrations {
  /// `at`: seconds since 1970 UTC. `user`: the system's number of the user whose program wrote the row. The triggers
  /// also stop `INSERT OR REPLACE`, whose deleting fires none.
  static func registerAudit(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("audit 1: append-only log") { db in
      try db.execute(
        sql: """
          CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, action TEXT NOT NULL, operator TEXT NOT NULL,
            reason TEXT NOT NULL, detail TEXT NOT NULL, user INTEGER NOT NULL
          ) STRICT;
          CREATE TRIGGER auditIsNotChanged BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
          CREATE TRIGGER auditIsNotDeleted BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
          CREATE TRIGGER auditIsNotReplaced BEFORE INSERT ON audit
            WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
          """)
    }
  }

  static func registerAuditChain(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("audit 2: outcomes, and a chain of hashes") { db in
      // `outcome`: AuditEntry.Outcome. `attempt`: the row that said `attempted`. `hash`: AuditChain.
      // Earlier versions wrote a row before the act, but that of an unsigned import with it.
      // `settingsSeen`: SHA-256 of the settings' file at the kiosk's last start.
      try db.execute(
        sql: """
          DROP TRIGGER auditIsNotChanged;
          ALTER TABLE audit ADD COLUMN outcome TEXT;
          ALTER TABLE audit ADD COLUMN attempt INTEGER;
          ALTER TABLE audit ADD COLUMN hash BLOB;
          UPDATE audit SET outcome = CASE action WHEN 'import-unsigned' THEN 'done' ELSE 'attempted' END;
          CREATE TABLE settingsSeen (id INTEGER PRIMARY KEY CHECK (id = 1), sha256 BLOB NOT NULL) STRICT;
          """)
      try Store.chainOldAudit(db, at: SystemClock.utc())
      try db.execute(
        sql: """
          CREATE TRIGGER auditIsNotChanged BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
          """)
    }
  }
}
