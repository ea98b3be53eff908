// SPDX-License-Identifier: GPL-3.0-or-later

import GRDB
import KioskCore

/// Which exposures staff have looked at: the staff's line shows that there are others.
extension Store {
  /// Exposed contacts that staff have not looked at.
  func unseenExposures() throws(StoreError) -> Int {
    try read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM exposure WHERE NOT EXISTS (
            SELECT 1 FROM seenExposure AS seen
            WHERE seen.f0 = exposure.f0 AND seen.slot = exposure.slot AND seen.blid = exposure.blid)
          """) ?? 0
    }
  }
}
