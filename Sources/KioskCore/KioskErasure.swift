// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// This node's own keys of days that nobody asks for any more are forgotten, in memory and on the disk.
extension Kiosk {
  /// - Parameter contactsBefore: what is purged of the log. Contacts after it keep their own ids, and the health office
  ///   its days.
  mutating func forgetOwnKeys(contactsBefore: UTCTime) {
    let retention = Int64(settings.contactRetentionDays) * SlotScheme.dayMilliseconds
    let today = SlotScheme.standard.slot(at: contactsBefore.adding(milliseconds: retention)).day
    let day = min(SlotScheme.standard.slot(at: contactsBefore).day, today - CoreLimits.ownKeyDays)
    // Where the clock stands too far ahead, nothing is forgotten.
    if let ratcheted = try? identity?.ratcheted(to: day) { identity = ratcheted }
    effects.append(.forgetOwnKeys(before: day))
  }
}
