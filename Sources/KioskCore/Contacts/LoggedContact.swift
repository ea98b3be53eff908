// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A contact as the log keeps it: one id in one log slot.
public struct LoggedContact: Hashable, Sendable {
  public var id: BluezoneID
  /// When it was first and last heard, seconds into the slot; a contact that was dated afterwards may reach over its end.
  public var first: Int64
  public var last: Int64
  public var strength: ContactUpdate.Strength
  /// nil when nobody told.
  public var platform: Platform?

  public init(
    id: BluezoneID, first: Int64, last: Int64, strength: ContactUpdate.Strength, platform: Platform? = nil
  ) {
    self.id = id
    self.first = first
    self.last = last
    self.strength = strength
    self.platform = platform
  }
}
