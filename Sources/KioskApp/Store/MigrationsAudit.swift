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
}
