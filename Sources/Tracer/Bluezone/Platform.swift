// SPDX-License-Identifier: GPL-3.0-or-later

/// What kind of phone sent an id. Raw values stand in the database.
public enum Platform: Int, Hashable, Sendable, CaseIterable {
  case android = 1
  case ios = 2
}
